// A recorded answer of Ollama's, when it lies beside the repository: read rightly, and told to clients of OpenAI's chat in a
// stream as in a whole.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test, vi } from "vitest";
import { ollamaCodec as codec } from "../../../dataplane/protocols/ollama/index.ts";
import { collected, eventsIn, expectSameForChatClients, saidIn } from "../providing.ts";

const path = fileURLToPath(new URL("../../../../shared/fixtures/recorded/64-test-ollama-async-streaming-chat-legacy/0.response.ndjson", import.meta.url));
const isPresent = existsSync(path);
vi.setConfig({ testTimeout: 60_000 });

describe.runIf(isPresent)("recorded", () => {
  const bytes = isPresent ? readFileSync(path) : Buffer.alloc(0);

  test("stream says what it said", () => {
    const reply = collected(eventsIn(codec, [bytes]));
    const slowly = bytes.toString().trim().split("\n").map((line) => (JSON.parse(line) as { message: { content: string } }).message.content).join("");
    expect(saidIn(reply)).toEqual([`text ${slowly}`]);
    expect(slowly).toContain("OpenTelemetry");
    expect(reply).toMatchObject({ model: "llama3", choices: [{ finish: { reason: "stop" } }] });
    expect(reply.usage.outputTokens).toBeGreaterThan(10);
  });

  test("stream is the same for clients of OpenAI's chat as the whole answer", async () => {
    await expectSameForChatClients(eventsIn(codec, [bytes]));
  });
});

test.runIf(!isPresent)("recorded traffic is not beside this repository: its tests are left out", () => {
  expect(isPresent).toBe(false);
});
