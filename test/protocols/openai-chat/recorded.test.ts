// Recorded chat completions of real providers, when they lie beside the repository: read whole and in order, and written again
// so that OpenAI's library reads in the stream what it reads in the whole.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test, vi } from "vitest";
import { isFailure } from "../../../dataplane/protocols/codec.ts";
import type { Event } from "../../../dataplane/protocols/ir.ts";
import { openaiChatCodec as codec } from "../../../dataplane/protocols/openai-chat/index.ts";
import { ask, collected, decoded, encoded, eventsIn, orderProblems, targetOf, written } from "./asking.ts";
import { joined, whole } from "./reading.ts";

const folder = fileURLToPath(new URL("../../../../shared/fixtures/recorded/", import.meta.url));
vi.setConfig({ testTimeout: 60_000 });

const isPresent = existsSync(folder);

const recordings = (ending: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(ending) && (JSON.parse(readFileSync(folder + path.replace(/(?:response|request)\.\w+$/, "meta.json"), "utf8")) as { protocol: string }).protocol === "openai-chat")
    .sort();

const read = (path: string): Buffer => readFileSync(folder + path);

const contentOf = (events: readonly Event[]): string => events.flatMap((event) => (event.kind === "text" ? [event.text] : [])).join("");

/** All that the deltas of a recording say, found the slow way and in no order. */
const slowlyRead = (bytes: Buffer): number => {
  const lengths = bytes.toString().split("\n").filter((line) => line.startsWith("data: {")).flatMap((line) => {
    const { choices = [] } = JSON.parse(line.slice(6)) as { choices?: { delta: { content?: string; reasoning?: string; reasoning_content?: string; tool_calls?: { function: { arguments: string } }[] } }[] };
    return choices.map(({ delta }) => (delta.content ?? "").length + (delta.reasoning ?? delta.reasoning_content ?? "").length + (delta.tool_calls ?? []).reduce((sum, call) => sum + (call.function.arguments ?? "").length, 0));
  });
  return lengths.reduce((sum, length) => sum + length, 0);
};

describe.runIf(isPresent)("recorded", () => {
  const streams = isPresent ? recordings(".response.sse") : [];

  test("streams are there to be read", () => {
    expect(streams.length).toBeGreaterThan(20);
  });

  test.each(streams)("stream is read whole and in order: %s", (path) => {
    const events = eventsIn([read(path)]);
    expect(orderProblems(events)).toEqual([]);
    expect(events.at(-1)?.kind).toBe("end");
    expect(contentOf(events).length).toBe(slowlyRead(read(path)));
    expect(collected(events).usage.outputTokens > 0).toBe(/"usage":\s?\{/.test(read(path).toString()));
  });

  test.each(streams)("stream is written again as the library reads the whole: %s", async (path) => {
    const events = eventsIn([read(path)]);
    const asked = ask({ stream: true, stream_options: { include_usage: true } });
    const fromStream = await joined(written(events, asked));
    const fromReply = await whole(codec.encodeReply(collected(events), asked).body);
    expect(fromStream.usage ?? null).toEqual(fromReply.usage ?? null);
    for (const [index, { message, finish_reason: reason }] of fromReply.choices.entries()) {
      const { content, refusal, tool_calls: calls, annotations } = message;
      expect(fromStream.choices[index]).toMatchObject({ finish_reason: reason, message: JSON.parse(JSON.stringify({ content, refusal, tool_calls: calls, annotations })) as object });
    }
  });

  test.each(isPresent ? recordings(".response.json") : [])("reply is read, and is a failure only where it is an error: %s", (path) => {
    const reply = codec.decodeReply(read(path), targetOf());
    const document = JSON.parse(read(path).toString()) as { error?: object };
    expect(isFailure(reply)).toBe(document.error !== undefined);
    if (!isFailure(reply)) expect(reply.usage.outputTokens).toBeGreaterThan(0);
  });

  /** It was sent to see what OpenAI says to it. */
  const REFUSED = "23-chat-bad-request/0.request.json";

  test("request for an answer of no tokens is refused by that, as its provider did", () => {
    expect(codec.decodeRequest(read(REFUSED), { model: "m", isStreaming: false, query: "", headers: {} })).toMatchObject({ parameter: "max_tokens" });
  });

  test.each(isPresent ? recordings(".request.json").filter((path) => path !== REFUSED) : [])("request is understood, and says the same when it is sent on: %s", (path) => {
    const sent = JSON.parse(read(path).toString()) as { stream?: boolean; stream_options?: object; messages: { role: string; content?: unknown }[] };
    const { body, losses } = encoded(decoded(sent), { outputLimit: "max_tokens", reasoningMember: "reasoning_details" }, { isStreaming: sent.stream === true });
    expect(losses).toEqual([]);
    expect((body["messages"] as object[]).length).toBe(sent.messages.length);
    expect(body).toMatchObject(JSON.parse(JSON.stringify({ tools: (sent as { tools?: unknown }).tools, tool_choice: (sent as { tool_choice?: unknown }).tool_choice })) as object);
  });
});

test.runIf(!isPresent)("recorded traffic is not beside this repository: its tests are left out", () => {
  expect(isPresent).toBe(false);
});
