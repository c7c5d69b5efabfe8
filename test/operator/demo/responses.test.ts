// The demo provider's responses: whole, streamed, stored, and with tools.
import OpenAI from "openai";
import { describe, expect, it } from "vitest";
import { runningDemo } from "./demo.ts";

const demo = runningDemo();
const model = "demo-chat";
const tool = {
  type: "function" as const,
  name: "get_weather",
  strict: true,
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false },
};

describe("responses", () => {
  it("answers a plain input, with usage and the request's fields repeated", async () => {
    const response = await demo.client.responses.create({ model, input: "hello there", instructions: "be kind", metadata: { a: "b" } });
    expect(response.output_text).toMatch(/^You said: "hello there"\. My instructions end with: "be kind"\./);
    expect(response).toMatchObject({ status: "completed", instructions: "be kind", metadata: { a: "b" }, tool_choice: "auto", tools: [] });
    expect(response.usage?.total_tokens).toBe((response.usage?.input_tokens ?? 0) + (response.usage?.output_tokens ?? 0));
  });

  it("streams every event in order, numbered from 0 without a gap", async () => {
    const types: string[] = [];
    const numbers: number[] = [];
    for await (const event of await demo.client.responses.create({ model, input: "hi", stream: true })) {
      if (types.at(-1) !== event.type) types.push(event.type);
      numbers.push(event.sequence_number);
    }
    expect(types).toEqual([
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.content_part.added",
      "response.output_text.delta",
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.completed",
    ]);
    expect(numbers).toEqual(numbers.map((_, at) => at));
  });

  it("is put together by the SDK to the same as the whole answer", async () => {
    const whole = await demo.client.responses.create({ model, input: "count the ships" });
    const streamed = await demo.client.responses.stream({ model, input: "count the ships" }).finalResponse();
    expect(streamed.output_text).toBe(whole.output_text);
    expect(streamed.usage).toEqual(whole.usage);
  });

  it("names each event on its event line, and sends no [DONE]", async () => {
    const text = await (await demo.post("/v1/responses", { model, input: "hi", stream: true })).text();
    for (const block of text.trimEnd().split("\n\n")) {
      const [, name, data] = /^event: (\S+)\ndata: (.*)$/.exec(block) ?? [];
      expect(JSON.parse(data ?? "").type).toBe(name);
    }
    expect(text).not.toContain("[DONE]");
  });

  it("calls a tool, streamed as whole, and goes on from its result and the response before", async () => {
    const first = await demo.client.responses.stream({ model, input: "weather in Paris?", tools: [tool] }).finalResponse();
    const call = first.output[0];
    if (call?.type !== "function_call") throw new Error("no call was made");
    expect(JSON.parse(call.arguments)).toEqual({ city: "Paris" });
    expect(first.status).toBe("completed");
    const second = await demo.client.responses.create({
      model,
      tools: [tool],
      previous_response_id: first.id,
      input: [{ type: "function_call_output", call_id: call.call_id, output: "rain" }],
    });
    expect(second.output_text).toMatch(/^The tool says: rain\. /);
    const replayed = await demo.client.responses.create({
      model,
      input: [{ role: "user", content: "x" }, call, { type: "function_call_output", call_id: call.call_id, output: "sun" }],
    });
    expect(replayed.output_text).toMatch(/^get_weather says: sun\. /);
  });

  it("gives a custom tool free text, streamed", async () => {
    const response = await demo.client.responses
      .stream({ model, input: "draw a cat", tools: [{ type: "custom", name: "draw" }] })
      .finalResponse();
    expect(response.output[0]).toMatchObject({ type: "custom_tool_call", name: "draw", input: "draw a cat" });
  });

  it("is incomplete at the token limit, and says so at the end of the stream", async () => {
    const response = await demo.client.responses.stream({ model, input: "hello", max_output_tokens: 3 }).finalResponse();
    expect(response.status).toBe("incomplete");
    expect(response.incomplete_details).toEqual({ reason: "max_output_tokens" });
    expect(response.usage?.output_tokens).toBe(3);
  });

  it("answers a schema with an instance of it", async () => {
    const schema = { type: "object", properties: { ok: { type: "boolean" } }, required: ["ok"], additionalProperties: false };
    const response = await demo.client.responses.create({
      model,
      input: "x",
      text: { format: { type: "json_schema", name: "ok", schema, strict: true } },
    });
    expect(JSON.parse(response.output_text)).toEqual({ ok: true });
  });

  it("keeps responses to be read and deleted, unless told not to", async () => {
    const kept = await demo.client.responses.create({ model, input: "keep me" });
    expect((await demo.client.responses.retrieve(kept.id)).id).toBe(kept.id);
    expect((await demo.client.responses.inputItems.list(kept.id)).data[0]).toMatchObject({ role: "user", content: [{ text: "keep me" }] });
    await demo.client.responses.delete(kept.id);
    await expect(demo.client.responses.retrieve(kept.id)).rejects.toThrow(OpenAI.NotFoundError);
    const loose = await demo.client.responses.create({ model, input: "forget me", store: false });
    await expect(demo.client.responses.retrieve(loose.id)).rejects.toThrow(OpenAI.NotFoundError);
    await expect(demo.client.responses.create({ model, input: "x", previous_response_id: loose.id })).rejects.toMatchObject({
      status: 400,
      code: "previous_response_not_found",
    });
  });

  it("counts the tokens of an input as the answer to it would", async () => {
    const { input_tokens } = await demo.client.responses.inputTokens.count({ model, input: "how long is this" });
    const response = await demo.client.responses.create({ model, input: "how long is this" });
    expect(input_tokens).toBe(response.usage?.input_tokens);
  });
});
