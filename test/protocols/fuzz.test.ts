// Whatever a provider sends: nothing is thrown, no byte is invented, and the cuts of the network do not matter.
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { failure } from "../../dataplane/errors.ts";
import { passThroughs } from "../../dataplane/protocols/index.ts";
import { fixture, fixtureNames, watchPieces } from "./watching.ts";

const RUNS = 300;

vi.setConfig({ testTimeout: 60_000 });

const names = Object.keys(passThroughs) as (keyof typeof passThroughs)[];
const words = [
  "data", "data:", "data: ", "event: ", "error: ", "error", "event", "id: 1", ":", "\n", "\r", "\r\n", "\n\n", "\uFEFF", "[DONE]", "{", "}", '"error"', '"type":"response.completed"',
  '{"error":{"message":"m"}}', '{"choices":[{"finish_reason":"stop"}]}', '{"usage":{"prompt_tokens":1,"completion_tokens":2}}', "response.failed", "speech.audio.done", "é", "🌅", " ", "\\",
];
const garbage = fc.oneof(
  fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
  fc.array(fc.constantFrom(...words), { maxLength: 60 }).map((parts) => Buffer.from(parts.join(""))),
);
const recordings = ["openai-chat", "openai-responses", "openai-plain"].flatMap((folder) => fixtureNames(folder).map((name) => fixture(`${folder}/${name}`)));
const damaged = fc.tuple(fc.constantFrom(...recordings), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 })).map(([bytes, changes]) => {
  const copy = Buffer.from(bytes);
  for (const [at, byte] of changes) copy[at % copy.length] = byte;
  return copy;
});
const piecesOf = (bytes: Buffer, cuts: number[]): Buffer[] => {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((left, right) => left - right), bytes.length];
  return places.slice(1).map((place, index) => bytes.subarray(places[index], place));
};

describe("bytes that make no sense", () => {
  test.each(names)("neither break a watch nor depend on how they are cut: %s", (name) => {
    const protocol = passThroughs[name];
    fc.assert(
      fc.property(fc.oneof(garbage, damaged), fc.array(fc.nat(), { maxLength: 8 }), fc.constantFrom(60, 8_388_608), (bytes, cuts, eventBytesMax) => {
        const open = () => protocol.openStream(eventBytesMax);
        const whole = watchPieces(open, [bytes]);
        expect(watchPieces(open, piecesOf(bytes, cuts))).toEqual(whole);
        expect(bytes.toString("latin1").startsWith(whole.passed)).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  test.each(names)("break neither replies nor failures: %s", (name) => {
    const protocol = passThroughs[name];
    fc.assert(
      fc.property(fc.oneof(garbage, damaged, fc.json().map((text) => Buffer.from(text))), (bytes) => {
        const { isWhole, summary } = protocol.readReply(bytes);
        expect(typeof isWhole).toBe("boolean");
        expect(summary.inputTokens).toBeGreaterThanOrEqual(-1);
        for (const made of [protocol.replyToStream(bytes), protocol.streamToReply(bytes)]) expect(made === null || Buffer.isBuffer(made)).toBe(true);
        const watch = protocol.openStream(8_388_608);
        watch.push(bytes);
        watch.end();
        const told = protocol.encodeStreamFailure(failure("UPSTREAM_TRUNCATED"), watch).toString();
        if (!("streamType" in protocol)) expect(told).toMatch(/"UPSTREAM_TRUNCATED".*\n\r?\n$/s);
        // Between frames only; behind half of one nothing can be said.
        else if (watch.isBetweenEvents) expect(told).toContain('"UPSTREAM_TRUNCATED"');
        else expect(told).toBe("");
      }),
      { numRuns: RUNS },
    );
  });
});
