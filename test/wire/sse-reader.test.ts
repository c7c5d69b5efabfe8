// Events read one by one as bytes come: wherever the bytes are cut, the same events come out, and nothing grows without bound.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readEvents, type SseEvent } from "../../dataplane/wire/sse-events.ts";
import { SseReader } from "../../dataplane/wire/sse-reader.ts";

const through = (pieces: readonly Buffer[], bytesMax = 1_000_000): { events: SseEvent[]; reader: SseReader } => {
  const reader = new SseReader(bytesMax);
  const events = pieces.flatMap((piece) => reader.push(piece));
  return { events: [...events, ...reader.end()], reader };
};

const cutAt = (bytes: Buffer, places: readonly number[]): Buffer[] => {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)).toSorted((one, other) => one - other), bytes.length];
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end));
};

const line = fc.oneof(
  fc.constantFrom("", ":", ": waiting", "data", "data:", "id: 1", "retry: 5", "event: a", "event:b", 'data: {"a":1}', 'data:{"ü":"😀"}', "data: [DONE]", 'error: {"message":"no"}', "\uFEFFdata: 1"),
  fc.string().map((text) => `data: ${text.replaceAll(/[\r\n]/g, "")}`),
);
const stream = fc.array(fc.tuple(line, fc.constantFrom("\n", "\r\n", "\r"))).map((lines) => lines.map(([text, end]) => text + end).join(""));

describe("the reader of events", () => {
  it("reads the same wherever the bytes are cut", () => {
    fc.assert(fc.property(stream, fc.array(fc.nat(500), { maxLength: 12 }), (text, places) => {
      const bytes = Buffer.from(text);
      expect(through(cutAt(bytes, places)).events).toEqual(through([bytes]).events);
      expect(through([...bytes].map((byte) => Buffer.from([byte]))).events).toEqual(through([bytes]).events);
    }), { numRuns: 300 });
  });

  it("reads what the whole text says when every event is ended", () => {
    fc.assert(fc.property(stream, (text) => {
      const bytes = Buffer.from(`${text}\n\n`);
      expect(through([bytes]).events).toEqual(readEvents(bytes));
    }), { numRuns: 300 });
  });

  it("counts in a last event without its blank line when its data are whole", () => {
    expect(through([Buffer.from('data: {"a":1}')]).events).toEqual([{ name: "", data: '{"a":1}' }]);
    const { events, reader } = through([Buffer.from('data: {"a":1')]);
    expect([events, reader.isCut]).toEqual([[], true]);
  });

  it.each(["data: ", "data: a\ndata: ", "event: "])("stops at an event that is longer than the limit (%j)", (beginning) => {
    const { events, reader } = through([Buffer.from(beginning), ...Array.from({ length: 50 }, () => Buffer.from("y".repeat(100))), Buffer.from("\n\ndata: b\n\n")], 1000);
    expect([events, reader.isOversize]).toEqual([[], true]);
  });

  it("stops at an event of so many lines that holding them takes more than the limit", () => {
    const { events, reader } = through([Buffer.from("data: 1\n".repeat(1000)), Buffer.from("\ndata: b\n\n")], 10_000);
    expect([events, reader.isOversize]).toEqual([[], true]);
    expect(through([Buffer.from("data: 1\n".repeat(100)), Buffer.from("\ndata: b\n\n")], 10_000).events).toHaveLength(2);
  });
});
