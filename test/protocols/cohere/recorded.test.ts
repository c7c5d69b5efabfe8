// Recorded answers of Cohere's, when they lie beside the repository: read rightly, and told to clients of OpenAI's chat in a
// stream as in a whole.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test, vi } from "vitest";
import { cohereCodec as codec } from "../../../dataplane/protocols/cohere/index.ts";
import { openaiChatCodec as chat } from "../../../dataplane/protocols/openai-chat/index.ts";
import { isInvalid } from "../../../dataplane/protocols/codec.ts";
import { collected, eventsIn, expectSameForChatClients, saidIn, sentFitting } from "../providing.ts";

const folder = fileURLToPath(new URL("../../../../shared/fixtures/recorded/63-chat-function-calling-cohere-command-a-03-2025-can-use-tools/", import.meta.url));
const isPresent = existsSync(folder);
const read = (path: string): Buffer => readFileSync(folder + path);
vi.setConfig({ testTimeout: 60_000 });

const filesOf = (ending: string): string[] => (isPresent ? readdirSync(folder).filter((name) => name.endsWith(ending)).sort() : []);

describe.runIf(isPresent)("recorded", () => {
  test("streams say what they said", () => {
    const said = filesOf(".sse").map((path) => saidIn(collected(eventsIn(codec, [read(path)]))));
    expect(said).toEqual([
      ["text I will use the weather tool to find the weather in Berlin.", 'call weather_vvavrb8p34fk weather {"latitude": "52.5200", "longitude": "13.4050"}'],
      ["text The current weather in Berlin is 15°C with winds of 10 km/h."],
      ["text I will use the weather tool to find the weather in Paris.", 'call weather_4pv2zz9xez6x weather {"latitude": "48.8575", "longitude": "2.3514"}'],
      ["text The current weather in Paris is 15°C with winds of 10 km/h."],
    ]);
  });

  test("usage is what was used, not what was charged", () => {
    const [path = ""] = filesOf(".sse");
    expect(collected(eventsIn(codec, [read(path)])).usage).toMatchObject({ inputTokens: 1508, outputTokens: 67, cachedInputTokens: 1472 });
  });

  test("citations are found again in their text", () => {
    const [block] = collected(eventsIn(codec, [read("1.response.sse")])).choices[0]?.blocks ?? [];
    if (block?.kind !== "text") throw new Error("there is no text");
    expect(block.citations?.map(({ start, end }) => block.text.slice(start, end))).toEqual(["15°C with winds of 10 km/h."]);
  });

  test.each(filesOf(".sse"))("stream is the same for clients of OpenAI's chat as the whole answer: %s", async (path) => {
    await expectSameForChatClients(eventsIn(codec, [read(path)]));
  });

  test("question is asked again as it was asked, but for the form of its texts", () => {
    const original = JSON.parse(read("3.request.json").toString()) as { messages: { role: string; tool_calls?: unknown }[]; tools: unknown };
    const asked = chat.decodeRequest(read("3.request.json"), { model: "m", isStreaming: false, query: "", headers: {} });
    if (isInvalid(asked)) throw new Error(asked.problem);
    const { body, losses } = sentFitting(codec, asked, { isStreaming: true, model: "command-a-03-2025" });
    expect(losses).toEqual([]);
    expect((body["messages"] as { role: string }[]).map(({ role }) => role)).toEqual(original.messages.map(({ role }) => role));
    expect(body).toMatchObject({ model: "command-a-03-2025", stream: true, tools: original.tools });
    expect((body["messages"] as { tool_calls?: unknown }[])[1]?.tool_calls).toEqual(original.messages[1]?.tool_calls);
  });
});

test.runIf(!isPresent)("recorded traffic is not beside this repository: its tests are left out", () => {
  expect(isPresent).toBe(false);
});
