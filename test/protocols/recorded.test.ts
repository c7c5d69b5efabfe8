// Recorded traffic of real providers, when it lies beside the repository: passed and read rightly. That the cuts of the
// network do not matter is shown by recorded-cuts.test.ts.
// What is right is told by a reader that takes its time: it splits the whole text and parses every event.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test, vi } from "vitest";
import { passThroughOf, speaks } from "../../dataplane/protocols/index.ts";
import type { ProtocolName } from "../../dataplane/snapshot/schema.ts";
import { watchPieces } from "./watching.ts";

const folder = fileURLToPath(new URL("../../../shared/fixtures/recorded/", import.meta.url));
vi.setConfig({ testTimeout: 60_000 });

const isPresent = existsSync(folder);

interface Recording {
  path: string;
  name: ProtocolName;
}

const recordings = (ending: string): Recording[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(ending))
    .sort()
    .map((path) => ({ path, name: (JSON.parse(readFileSync(folder + path.replace(/response\.\w+$/, "meta.json"), "utf8")) as { protocol: ProtocolName }).protocol }))
    .filter(({ name }) => speaks(name));

type Document = Record<string, unknown>;
const isDocument = (value: unknown): value is Document => typeof value === "object" && value !== null;

/** The last of everything, found the slow way. */
const slowlyRead = (bytes: Buffer): { input: unknown; output: unknown; reason: unknown } => {
  const found: { input: unknown; output: unknown; reason: unknown } = { input: -1, output: -1, reason: "" };
  for (const event of bytes.toString().split(/\r?\n\r?\n/)) {
    const data = event.split(/\r?\n/).find((line) => line.startsWith("data: {"));
    if (data === undefined) continue;
    const document = JSON.parse(data.slice(6)) as Document;
    const inner = isDocument(document["response"]) ? document["response"] : document;
    const usage = inner["usage"];
    if (isDocument(usage)) {
      found.input = usage["prompt_tokens"] ?? usage["input_tokens"];
      found.output = usage["completion_tokens"] ?? usage["output_tokens"];
    }
    if (inner["status"] === "completed") found.reason = "completed";
    for (const choice of (document["choices"] ?? []) as Document[]) found.reason = choice["finish_reason"] ?? found.reason;
  }
  return found;
};

describe.runIf(isPresent)("recorded", () => {
  const streams = isPresent ? recordings(".response.sse") : [];

  test("streams are there to be read", () => {
    expect(streams.length).toBeGreaterThan(30);
  });

  test.each(streams)("stream is complete, is passed whole and tells what it says: $path", ({ path, name }) => {
    const bytes = readFileSync(folder + path);
    const { summary, passed, ...outcome } = watchPieces(() => passThroughOf(name).openStream(8_388_608), [bytes]);
    const { input, output, reason } = slowlyRead(bytes);
    expect({ input: summary.inputTokens, output: summary.outputTokens, reason: summary.finishReason }).toEqual({ input, output, reason });
    expect(outcome).toMatchObject({ isFinished: true, error: null, hasEvent: true, isBetweenEvents: true, isOversize: false });
    expect(passed === bytes.toString("latin1")).toBe(true);
  });

  test.each(streams)("stream can be joined, and the reply be told again: $path", ({ path, name }) => {
    const protocol = passThroughOf(name);
    const reply = protocol.streamToReply(readFileSync(folder + path));
    expect(reply).not.toBeNull();
    const again = protocol.replyToStream(reply as Buffer, { includeUsage: true });
    expect(JSON.parse(String(protocol.streamToReply(again as Buffer)))).toEqual(JSON.parse(String(reply)));
  });

  test.each(isPresent ? recordings(".response.json") : [])("reply is whole, and an error only where it is one: $path", ({ path, name }) => {
    const body = readFileSync(folder + path);
    const { isWhole, error } = passThroughOf(name).readReply(body);
    const document = JSON.parse(body.toString()) as Document;
    expect([isWhole, error !== null]).toEqual([true, document["error"] !== undefined && document["error"] !== null]);
  });
});

test.runIf(!isPresent)("recorded traffic is not beside this repository: its tests are left out", () => {
  expect(isPresent).toBe(false);
});
