// The scanner of server-sent events against a reader that has the whole text at once.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SseScanner } from "../../dataplane/wire/sse.ts";
import { encodeEvent, readEvents } from "../../dataplane/wire/sse-events.ts";

interface Seen {
  name: string;
  head: string;
  data: string | undefined;
}

/** Every event that the scanner shows, in the order in which it shows them. */
const scan = (pieces: Iterable<Buffer>, stopAt = ""): { seen: Seen[]; scanner: SseScanner; taken: number } => {
  const seen: Seen[] = [];
  const scanner = new SseScanner(1_048_576, {
    seeEvent: (shown) => {
      seen.push({ name: String(shown.name), head: String(shown.data), data: shown.readEvent()?.data });
      if (stopAt !== "" && String(shown.data) === stopAt) shown.stop();
    },
    isWholeData: (data) => data.endsWith("}"),
  });
  let taken = 0;
  for (const piece of pieces) taken += scanner.push(Buffer.from(piece));
  scanner.finish();
  return { seen, scanner, taken };
};

const scanText = (text: string) => scan([Buffer.from(text)]);
const bytewise = (text: string): Buffer[] => Array.from(Buffer.from(text), (byte) => Buffer.from([byte]));

describe("the scanner", () => {
  test.each([
    ["LF", 'data: {"a":1}\n\ndata: {"b":2}\n\n'],
    ["CRLF", 'data: {"a":1}\r\n\r\ndata: {"b":2}\r\n\r\n'],
    ["CR", 'data: {"a":1}\r\rdata: {"b":2}\r\r'],
    ["all three", 'data: {"a":1}\r\n\rdata: {"b":2}\n\r\n'],
    ["a byte order mark", '\uFEFFdata: {"a":1}\n\ndata: {"b":2}\n\n'],
    ["a byte order mark alone on its line", '\uFEFF\ndata: {"a":1}\n\ndata: {"b":2}\n\n'],
    ["no space behind the colon", 'data:{"a":1}\n\ndata:{"b":2}\n\n'],
    ["comments, ids and blank lines between", ': c\n\n\n\ndata: {"a":1}\nid: 3\n: d\n\nretry: 1\n\nfoo\n\ndata: {"b":2}\n\n'],
    ["empty data between", 'data:\n\ndata: {"a":1}\n\ndata\n\ndata: \n\ndata: {"b":2}\n\n'],
    ["no last blank line", 'data: {"a":1}\n\ndata: {"b":2}'],
  ])("sees events with %s", (_, text) => {
    for (const { seen } of [scanText(text), scan(bytewise(text))]) expect(seen).toEqual([{ name: "", head: '{"a":1}', data: '{"a":1}' }, { name: "", head: '{"b":2}', data: '{"b":2}' }]);
  });

  test.each(["event: x\ndata: {}\n\n", "data: {}\nevent: x\n\n", "data: {}\nevent: y\nevent: x\n\n"])("sees the name wherever it stands: %j", (text) => {
    for (const { seen } of [scanText(text), scan(bytewise(text))]) expect(seen).toEqual([{ name: "x", head: "{}", data: "{}" }]);
  });

  test("joins several lines of data and shows how the first of them that says something begins", () => {
    const text = 'data:\ndata: {"a":\ndata:  1}\n\n';
    for (const { seen } of [scanText(text), scan(bytewise(text))]) expect(seen).toEqual([{ name: "", head: '{"a":', data: '{"a":\n 1}' }]);
  });

  test("takes a byte order mark for one at the stream's beginning only", () => {
    const text = "\r\n\r\n\uFEFFdata: no field\rdata: {}\n\n";
    for (const { seen, scanner } of [scanText(text), scan(bytewise(text))]) {
      expect(seen).toEqual([{ name: "", head: "{}", data: "{}" }]);
      expect([scanner.lastFewEvents(), scanner.lastEvents().events]).toEqual([[{ name: "", data: "{}" }], [{ name: "", data: "{}" }]]);
    }
  });

  test("does not take longer words for its fields", () => {
    expect(scanText("dataset: 1\n\neventual: 2\n\nerrors: 3\n\nda\n\n").seen).toEqual([]);
  });

  test("tells the bare error field apart", () => {
    let isErrorField = false;
    const scanner = new SseScanner(1000, { seeEvent: (shown) => (isErrorField = shown.isErrorField), isWholeData: () => true });
    scanner.push(Buffer.from('error: {"code":500}\n\n'));
    expect(isErrorField).toBe(true);
    scanner.push(Buffer.from("data: {}\n\n"));
    expect(isErrorField).toBe(false);
  });

  test.each([
    ["at the beginning", "", true],
    ["behind an event", "data: {}\n\n", true],
    ["behind one with CRLF", "data: {}\r\n\r\n", true],
    ["behind a comment's line", "data: {}\n\n: c\n", true],
    ["in a line", "data: {}\n\nda", false],
    ["in a comment", "data: {}\n\n: c", false],
    ["between the lines of an event", "data: {}\n", false],
    ["behind a CR that an LF may follow", "data: {}\r\n\r", false],
  ])("knows where a line may stand that is none of the stream's: %s", (_, text, isAtRest) => {
    for (const pieces of [[Buffer.from(text)], bytewise(text)]) {
      const scanner = new SseScanner(1000, { seeEvent: () => {}, isWholeData: () => true });
      for (const piece of pieces) scanner.push(piece);
      expect(scanner.isAtRest).toBe(isAtRest);
    }
  });

  test("takes nothing behind the event at which its reader stopped", () => {
    const text = "data: a\n\ndata: end\n\ndata: b\n\n";
    for (const pieces of [[Buffer.from(text)], bytewise(text)]) {
      const { seen, taken } = scan(pieces, "end");
      expect([seen.length, taken]).toEqual([2, "data: a\n\ndata: end\n\n".length]);
    }
  });

  test.each([
    ['data: {"a":1}\n\ndata: {"b"', true],
    ["event: x", true],
    ["event: x\n", true],
    ['data: {"a":1}\n\n', false],
    ['data: {"a":1}', false],
    ["data: {}\n\n: half a comm", false],
    ["", false],
  ])("knows whether the bytes ended inside an event: %j", (text, isCut) => {
    expect(scanText(text).scanner.isCut).toBe(isCut);
    expect(scan(bytewise(text)).scanner.isCut).toBe(isCut);
  });

  test("remembers at most a few KiB of a stream of megabytes, and its last events whole", () => {
    const event = (index: number): string => encodeEvent(JSON.stringify({ index, text: "x".repeat(300) }));
    const { scanner } = scan(Array.from({ length: 5000 }, (_, index) => Buffer.from(event(index))));
    const { events } = scanner.lastEvents();
    expect(scanner.lastText().length).toBeLessThan(5000);
    expect(events.map(({ data }) => (JSON.parse(data) as { index: number }).index).slice(-3)).toEqual([4997, 4998, 4999]);
    expect(scanner.lastFewEvents().length).toBe(3);
  });

  test("tells what is left of an event that is longer than what it remembers", () => {
    const { scanner } = scan([Buffer.from(`data: {"text":"${"x".repeat(200_000)}","usage":1}\n\n`)]);
    const { events, cut } = scanner.lastEvents();
    expect([events.length, cut.endsWith('","usage":1}')]).toEqual([0, true]);
  });
});

const part = fc.constantFrom("data: ", "data:", "data", "event: ", "event:", "error: ", ":", "id: ", "{}", '{"a":1}', "é🌅", " ", "x", "\n", "\n\n", "\r", "\r\n", "\r\n\r\n", "\uFEFF");

describe("on any text", () => {
  test("the scanner sees what the slow reader reads, however it is cut", () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), fc.array(fc.nat(), { maxLength: 6 }), (parts, cuts) => {
        const text = `${parts.join("")}\n\n`;
        const bytes = Buffer.from(text);
        const places = [0, ...cuts.map((cut) => cut % bytes.length).sort((left, right) => left - right), bytes.length];
        const pieces = places.slice(1).map((place, index) => bytes.subarray(places[index], place));
        const expected = readEvents(bytes).map(({ data }) => data);
        expect(scan(pieces).seen.map(({ data }) => data)).toEqual(expected);
        expect(scan([bytes]).seen).toEqual(scan(pieces).seen);
      }),
      { numRuns: 2000 },
    );
  });

  test("a comparison that forgets the carriage return is caught", () => {
    const careless = (text: string): number => text.split("\n\n").filter((event) => event.includes("data")).length;
    const text = "data: {}\r\rdata: {}\r\r";
    expect(careless(text)).not.toBe(scanText(text).seen.length);
  });
});
