// Where the network cuts a stream must not matter. Every stream fixture of the OpenAI family is fed in every way.
import { describe, expect, test, vi } from "vitest";
import { noUsage } from "../../dataplane/protocols/ir.ts";
import type { PassThrough, StreamWatch, Summary } from "../../dataplane/protocols/pass-through.ts";
import { passThroughs } from "../../dataplane/protocols/index.ts";
import { type Cuts, firstDifference, fixture, fixtureNames, watchPieces } from "./watching.ts";

vi.setConfig({ testTimeout: 60_000 });

const EVENT_BYTES_MAX = 8_388_608;
/** A stream with pictures, of which most bytes are alike, is cut in two at its ends. */
const LONG = 6000;
const cutsFor = (bytes: Buffer): Cuts => (bytes.length > LONG ? "Ends" : "Everywhere");

const folders: [string, PassThrough][] = [
  ["openai-chat", passThroughs["openai-chat"]],
  ["openai-completions", passThroughs["openai-completions"]],
  ["openai-responses", passThroughs["openai-responses"]],
  ["openai-plain", passThroughs.images],
];
const streams = folders.flatMap(([folder, protocol]) => fixtureNames(folder).map((name) => ({ path: `${folder}/${name}`, protocol })));

describe("a stream cut anywhere", () => {
  test.each(streams)("gives the same result: $path", ({ path, protocol }) => {
    const bytes = fixture(path);
    expect(firstDifference(() => protocol.openStream(EVENT_BYTES_MAX), bytes, cutsFor(bytes))).toBeNull();
  });

  test.each(streams)("and with CRLF for every LF: $path", ({ path, protocol }) => {
    const bytes = Buffer.from(fixture(path).toString("latin1").replaceAll(/\r\n|\r|\n/g, "\r\n"), "latin1");
    const open = () => protocol.openStream(EVENT_BYTES_MAX);
    expect(firstDifference(open, bytes, cutsFor(bytes))).toBeNull();
    expect(watchPieces(open, [bytes]).isFinished).toBe(watchPieces(open, [fixture(path)]).isFinished);
  });

  test.each(streams)("in pieces, and with CR for every LF: $path", ({ path, protocol }) => {
    const bytes = Buffer.from(fixture(path).toString("latin1").replaceAll(/\r\n|\r|\n/g, "\r"), "latin1");
    const open = () => protocol.openStream(EVENT_BYTES_MAX);
    expect(firstDifference(open, bytes, "Pieces")).toBeNull();
    expect(watchPieces(open, [bytes]).summary).toEqual(watchPieces(open, [fixture(path)]).summary);
  });

  test.each(streams)("in pieces, and when its longest event is too long: $path", ({ path, protocol }) => {
    const bytes = fixture(path);
    expect(firstDifference(() => protocol.openStream(200), bytes, "Pieces")).toBeNull();
  });
});

/** Looks for the terminator in each chunk by itself, as a careless watch would. */
class CarelessWatch implements StreamWatch {
  hasEvent = false;
  isFinished = false;
  hasTerminator = false;
  isBetweenEvents = true;
  isOversize = false;
  error = null;

  push(chunk: Buffer): number {
    if (chunk.includes("[DONE]")) this.isFinished = this.hasTerminator = true;
    return chunk.length;
  }

  end(): Summary {
    return { ...noUsage(), finishReason: "", model: "", outputTokensEstimate: 0 };
  }
}

/** Keeps the chunk instead of what it needs of it. */
class HoardingWatch extends CarelessWatch {
  #last = Buffer.alloc(0);

  override push(chunk: Buffer): number {
    this.#last = chunk as Buffer<ArrayBuffer>;
    return chunk.length;
  }

  override end(): Summary {
    return { ...super.end(), model: this.#last.toString("latin1") };
  }
}

test("the harness catches a watch that looks at each chunk by itself", () => {
  const difference = firstDifference(() => new CarelessWatch(), fixture("openai-chat/plain.sse"), "Everywhere");
  expect(difference?.name).toBe("pieces of 1");
});

test("the harness catches a watch that reads a chunk after it was given back", () => {
  expect(watchPieces(() => new HoardingWatch(), [fixture("openai-chat/plain.sse")]).summary.model).toMatch(/^X+$/);
});
