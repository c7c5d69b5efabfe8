// The demo provider's chat completions, asked through OpenAI's SDK and byte by byte.
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { describe, expect, it } from "vitest";
import { eventsOf, runningDemo } from "./demo.ts";

const demo = runningDemo();
const model = "demo-chat";
const hello = [{ role: "user" as const, content: "Tell me about the sea" }];

const weather = {
  type: "function" as const,
  function: {
    name: "get_weather",
    parameters: {
      type: "object",
      properties: {
        city: { type: "string" },
        unit: { type: "string", enum: ["celsius", "fahrenheit"] },
        days: { type: "integer", minimum: 1 },
      },
      required: ["city"],
    },
  },
};
const clockTool = {
  type: "function" as const,
  function: { name: "get_time", parameters: { type: "object", properties: { zone: { type: "string" } } } },
};

describe("chat completions", () => {
  it("restates the user's words and says what it is", async () => {
    const completion = await demo.client.chat.completions.create({ model, messages: hello });
    expect(completion.choices[0]?.message.content).toContain('"Tell me about the sea"');
    expect(completion.choices[0]?.message.content).toContain("demo provider of the gateway");
    expect(completion.choices[0]?.finish_reason).toBe("stop");
    expect(completion.id).toMatch(/^chatcmpl-[0-9a-f]{29}$/);
  });

  it("streams the very text and the very usage of the whole answer", async () => {
    const whole = await demo.client.chat.completions.create({ model, messages: hello });
    const stream = demo.client.chat.completions.stream({ model, messages: hello, stream_options: { include_usage: true } });
    const deltas: string[] = [];
    stream.on("content", (delta) => void deltas.push(delta));
    const final = await stream.finalChatCompletion();
    expect(final.choices[0]?.message.content).toBe(whole.choices[0]?.message.content);
    expect(final.usage).toEqual(whole.usage);
    expect(deltas.length).toBeGreaterThan(15);
  });

  it("counts real tokens of the answer", async () => {
    const { choices, usage } = await demo.client.chat.completions.create({ model, messages: hello });
    expect(usage?.completion_tokens).toBe(countTokens(choices[0]?.message.content ?? ""));
    expect(usage?.prompt_tokens).toBe(3 + 4 + countTokens("Tell me about the sea"));
    expect(usage?.total_tokens).toBe((usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0));
  });

  it("sends a role chunk, one chunk per word, a finish chunk and the terminator, and no usage unless asked", async () => {
    const response = await demo.post("/v1/chat/completions", { model, messages: hello, stream: true });
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    const events = await eventsOf(response);
    expect(events.at(-1)).toBe("[DONE]");
    const chunks = events.slice(0, -1).map((data) => JSON.parse(data));
    expect(chunks[0].choices[0].delta).toEqual({ role: "assistant", content: "", refusal: null });
    expect(chunks.at(-1).choices[0]).toEqual({ index: 0, delta: {}, logprobs: null, finish_reason: "stop" });
    expect(chunks.every((chunk) => chunk.object === "chat.completion.chunk" && !("usage" in chunk))).toBe(true);
    expect(chunks.slice(1, -1).every((chunk) => /^\s?\S+$/.test(chunk.choices[0].delta.content))).toBe(true);
  });

  it("sends null usage on every chunk but a last one without choices when usage is asked for", async () => {
    const response = await demo.post("/v1/chat/completions", {
      model,
      messages: hello,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = (await eventsOf(response)).slice(0, -1).map((data) => JSON.parse(data));
    expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true);
    expect(chunks.at(-1).choices).toEqual([]);
    expect(chunks.at(-1).usage.prompt_tokens_details).toEqual({ cached_tokens: 0, audio_tokens: 0 });
  });

  it("answers n choices, interleaved in a stream, and bills each", async () => {
    const one = await demo.client.chat.completions.create({ model, messages: hello });
    const three = await demo.client.chat.completions
      .stream({ model, messages: hello, n: 3, stream_options: { include_usage: true } })
      .finalChatCompletion();
    expect(three.choices.map((choice) => choice.index)).toEqual([0, 1, 2]);
    expect(three.choices.every((choice) => choice.message.content === one.choices[0]?.message.content)).toBe(true);
    expect(three.usage?.completion_tokens).toBe(3 * (one.usage?.completion_tokens ?? 0));
  });

  it("stops before a stop sequence", async () => {
    const { choices } = await demo.client.chat.completions.create({ model, messages: hello, stop: [" I am", " about"] });
    expect(choices[0]?.message.content).toBe('You said: "Tell me');
    expect(choices[0]?.finish_reason).toBe("stop");
  });

  it.each(["max_tokens", "max_completion_tokens"])("ends with length at %s", async (field) => {
    const { choices, usage } = await demo.client.chat.completions.create({ model, messages: hello, [field]: 4 });
    expect(choices[0]?.finish_reason).toBe("length");
    expect(usage?.completion_tokens).toBe(4);
    expect(countTokens(choices[0]?.message.content ?? "")).toBe(4);
  });

  it("writes exactly as many words as were asked for", async () => {
    const { choices } = await demo.client.chat.completions.create({
      model,
      messages: [{ role: "user", content: "Write 300 words about rain" }],
    });
    expect(choices[0]?.message.content?.split(" ")).toHaveLength(300);
  });

  it("hears instructions in both their roles, earlier turns and images", async () => {
    const image = { type: "image_url" as const, image_url: { url: "data:image/png;base64,AAAA" } };
    const { choices } = await demo.client.chat.completions.create({
      model,
      messages: [
        { role: "developer", content: "be brief" },
        { role: "user", content: "first" },
        { role: "assistant", content: "yes" },
        { role: "user", content: [{ type: "text", text: "what is this" }, image, image] },
      ],
    });
    expect(choices[0]?.message.content).toMatch(
      /^You said: "what is this"\. I was shown 2 images: image\/png of 3 bytes, image\/png of 3 bytes\. My instructions end with: "be brief"\. This was your message number 2\./,
    );
  });

  it("survives a text that would choke a tokenizer, and control words in a text", async () => {
    // Uncut, this one word takes half a minute: the test would run into its limit.
    const content = `${"x".repeat(200_000)} <|endoftext|>`;
    const { usage } = await demo.client.chat.completions.create({ model, messages: [{ role: "user", content }] });
    expect(usage?.prompt_tokens).toBeGreaterThan(20_000);
  });

  it("gives the same answer to the same request, under a new id", async () => {
    const ask = () => demo.client.chat.completions.create({ model, messages: hello });
    const [first, second] = [await ask(), await ask()];
    expect({ ...second, id: "" }).toEqual({ ...first, id: "" });
    expect(second.id).not.toBe(first.id);
  });
});

describe("chat tools", () => {
  const asking = (content: string) => [{ role: "user" as const, content }];

  it("calls the first tool with arguments of its schema, made of the prompt's words", async () => {
    const { choices } = await demo.client.chat.completions.create({
      model,
      messages: asking("How warm is it in Paris?"),
      tools: [weather, clockTool],
    });
    const call = choices[0]?.message.tool_calls?.[0];
    expect(choices[0]?.finish_reason).toBe("tool_calls");
    expect(choices[0]?.message.content).toBeNull();
    expect(choices[0]?.message.tool_calls).toHaveLength(1);
    expect(call?.id).toMatch(/^call_[0-9a-f]{29}$/);
    expect(call?.type === "function" && call.function.name).toBe("get_weather");
    expect(call?.type === "function" && JSON.parse(call.function.arguments)).toEqual({ city: "Paris", unit: "celsius", days: 1 });
  });

  it("streams calls that the SDK puts together to the same", async () => {
    const request = { model, messages: asking("use get_weather and get time for Oslo, 3 days"), tools: [weather, clockTool] };
    const whole = await demo.client.chat.completions.create(request);
    const streamed = await demo.client.chat.completions.stream(request).finalChatCompletion();
    const calls = (completion: typeof whole) =>
      completion.choices[0]?.message.tool_calls?.map((call) =>
        call.type === "function" ? [call.function.name, call.function.arguments] : [],
      );
    expect(calls(whole)).toEqual([
      ["get_weather", '{"city":"days","unit":"celsius","days":3}'],
      ["get_time", '{"zone":"days"}'],
    ]);
    expect(calls(streamed)).toEqual(calls(whole));
  });

  it("tells id and name on a call's first fragment only, under dense indices", async () => {
    const response = await demo.post("/v1/chat/completions", {
      model,
      stream: true,
      messages: asking("get_weather and get_time"),
      tools: [weather, clockTool],
    });
    const fragments = (await eventsOf(response)).slice(0, -1).flatMap((data) => JSON.parse(data).choices[0].delta.tool_calls ?? []);
    expect(fragments.filter((fragment) => fragment.id !== undefined).map((fragment) => [fragment.index, fragment.function])).toEqual([
      [0, { name: "get_weather", arguments: "" }],
      [1, { name: "get_time", arguments: "" }],
    ]);
    expect(fragments.filter((fragment) => fragment.id === undefined).every((fragment) => fragment.function.name === undefined)).toBe(true);
  });

  it("makes one call when parallel calls are off", async () => {
    const { choices } = await demo.client.chat.completions.create({
      model,
      messages: asking("get_weather and get_time"),
      tools: [weather, clockTool],
      parallel_tool_calls: false,
    });
    expect(choices[0]?.message.tool_calls).toHaveLength(1);
  });

  it("obeys the choice of a tool, an allowed set, and none", async () => {
    const named = async (tool_choice: object | string) => {
      const response = await demo.post("/v1/chat/completions", {
        model,
        messages: asking("hello"),
        tools: [weather, clockTool],
        tool_choice,
      });
      const body = JSON.parse(await response.text());
      return body.choices[0].message.tool_calls?.map((call: { function: { name: string } }) => call.function.name);
    };
    expect(await named({ type: "function", function: { name: "get_time" } })).toEqual(["get_time"]);
    expect(
      await named({
        type: "allowed_tools",
        allowed_tools: { mode: "auto", tools: [{ type: "function", function: { name: "get_time" } }] },
      }),
    ).toEqual(["get_time"]);
    expect(await named("none")).toBeUndefined();
  });

  it("answers in text out of the results, each under its tool's name", async () => {
    const call = (id: string, name: string) => ({ id, type: "function" as const, function: { name, arguments: "{}" } });
    const { choices } = await demo.client.chat.completions.create({
      model,
      tools: [weather],
      messages: [
        { role: "user", content: "weather?" },
        { role: "assistant", content: null, tool_calls: [call("call_1", "get_weather"), call("call_2", "get_time")] },
        { role: "tool", tool_call_id: "call_1", content: "21 degrees" },
        { role: "tool", tool_call_id: "call_2", content: "noon" },
      ],
    });
    expect(choices[0]?.message.content).toMatch(/^get_weather says: 21 degrees\. get_time says: noon\. /);
    expect(choices[0]?.finish_reason).toBe("stop");
  });

  it("gives a custom tool free text", async () => {
    const { choices } = await demo.client.chat.completions.create({
      model,
      messages: asking("draw a cat"),
      tools: [{ type: "custom", custom: { name: "draw" } }],
    });
    expect(choices[0]?.message.tool_calls?.[0]).toMatchObject({ type: "custom", custom: { name: "draw", input: "draw a cat" } });
  });

  it("cuts a call's arguments at the token limit", async () => {
    const { choices, usage } = await demo.client.chat.completions.create({
      model,
      messages: asking("weather in Paris"),
      tools: [weather],
      max_tokens: 9,
    });
    const call = choices[0]?.message.tool_calls?.[0];
    expect(choices[0]?.finish_reason).toBe("length");
    expect(usage?.completion_tokens).toBe(9);
    expect(call?.type === "function" && call.function.arguments).toMatch(/^\{"/);
    expect(() => JSON.parse(call?.type === "function" ? call.function.arguments : "")).toThrow();
  });
});

describe("chat formats", () => {
  it("answers json_object with JSON, streamed as well", async () => {
    const stream = demo.client.chat.completions.stream({ model, messages: hello, response_format: { type: "json_object" } });
    const { choices } = await stream.finalChatCompletion();
    expect(JSON.parse(choices[0]?.message.content ?? "")).toEqual({ provider: "demo", you_said: "Tell me about the sea", turns: 1 });
  });

  it("answers json_schema with an instance of the schema", async () => {
    const schema = {
      type: "object",
      properties: {
        title: { type: "string" },
        count: { type: "integer", minimum: 5 },
        tags: { type: "array", items: { $ref: "#/$defs/tag" }, minItems: 2 },
      },
      required: ["title", "count", "tags"],
      additionalProperties: false,
      $defs: { tag: { type: "string", enum: ["red", "blue"] } },
    };
    const completion = await demo.client.chat.completions.create({
      model,
      messages: hello,
      response_format: { type: "json_schema", json_schema: { name: "thing", schema, strict: true } },
    });
    expect(JSON.parse(completion.choices[0]?.message.content ?? "")).toEqual({ title: "sea", count: 5, tags: ["red", "red"] });
  });
});

describe("completions", () => {
  it("completes one and several prompts, whole and streamed alike", async () => {
    const request = { model, prompt: ["one fish", "two fish"], max_tokens: 100 };
    const whole = await demo.client.completions.create(request);
    expect(whole.choices.map((choice) => [choice.index, choice.finish_reason])).toEqual([
      [0, "stop"],
      [1, "stop"],
    ]);
    const texts = ["", ""];
    let total = 0;
    for await (const chunk of await demo.client.completions.create({ ...request, stream: true, stream_options: { include_usage: true } })) {
      for (const choice of chunk.choices) texts[choice.index] += choice.text;
      total = chunk.usage?.total_tokens ?? total;
    }
    expect(texts).toEqual(whole.choices.map((choice) => choice.text));
    expect(total).toBe(whole.usage?.total_tokens);
  });

  it("stops at 16 tokens unless told, and echoes when asked", async () => {
    const { choices, usage } = await demo.client.completions.create({ model, prompt: [9906, 1917], echo: true });
    expect(usage?.completion_tokens).toBe(16);
    expect(choices[0]?.finish_reason).toBe("length");
    expect(choices[0]?.text).toMatch(/You said: /);
  });
});
