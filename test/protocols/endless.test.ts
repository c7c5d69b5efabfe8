// Streams that never end, in which each event is a right one: whoever reads them holds no more than its limit allows, or gives up
// with a failure; and no event takes longer because of those before it.
import { beforeAll, describe, expect, test, vi } from "vitest";
import { reframe } from "../../dataplane/protocols/gemini/reframe.ts";
import type { StreamDecoder } from "../../dataplane/protocols/codec.ts";
import { passThroughOf, providerCodecs, speaks } from "../../dataplane/protocols/index.ts";
import { noDialect } from "../../dataplane/protocols/dialect.ts";
import type { ProtocolName } from "../../dataplane/snapshot/schema.ts";
import { endlessStreams, framedMessages, type Endless } from "./endless-events.ts";
import { heldBytes } from "./held-bytes.ts";

vi.setConfig({ testTimeout: 120_000 });

const MIB = 1_048_576;
const LIMIT = MIB / 8;
const SENT = 2 * MIB;
const PIECE_BYTES = 32_768;
/** Objects take some times the characters that they hold; and what else the process came to hold meanwhile. */
const HELD_MAX = 4 * LIMIT + MIB;
/** Tens of times what it takes. */
const CPU_SECONDS_MAX = 3;

/** Of what was sent: who gives up has done so by then, long before anything else would end it. */
const GIVEN_UP_BYTES_MAX = SENT / 2;

interface Reader {
  push(bytes: Buffer): unknown;
}

/** A decoder, and what it gave up with. */
class Decoding implements Reader {
  /** "" while it goes on. */
  code = "";
  bytes = 0;
  readonly #decoder: StreamDecoder;

  constructor(decoder: StreamDecoder) {
    this.#decoder = decoder;
  }

  push(bytes: Buffer): void {
    if (this.code === "") this.bytes += bytes.length;
    for (const event of this.#decoder.push(bytes)) if (event.kind === "failure") this.code = event.failure.code;
  }
}

/** In pieces of many events; the bytes are made as they are sent. */
function* piecesOf({ beginning, event }: Endless): Generator<Buffer> {
  let waiting: Buffer[] = [beginning];
  let bytes = beginning.length;
  for (let number = 0, sent = 0; sent < SENT; number++) {
    const one = event(number);
    waiting.push(one);
    bytes += one.length;
    sent += one.length;
    if (bytes < PIECE_BYTES) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    bytes = 0;
  }
}

/** Reads all of it, and tells how long that took. */
const read = (stream: Endless, reader: Reader): number => {
  const pieces = [...piecesOf(stream)];
  const begun = process.cpuUsage();
  let cpuSeconds = 0;
  for (const piece of pieces) {
    reader.push(piece);
    cpuSeconds = process.cpuUsage(begun).user / 1e6;
    if (cpuSeconds > CPU_SECONDS_MAX) break;
  }
  return cpuSeconds;
};

/** What the process held without any stream, as it was last seen: to see it takes longer than to read one. */
let least = Infinity;

/** What it holds beyond that, when it has read all; `isSeenAnew`: beyond what the process holds right before. */
const heldBy = async (stream: Endless, open: () => Reader, isSeenAnew: boolean): Promise<{ readonly bytes: number; readonly cpuSeconds: number }> => {
  const reader = open();
  if (isSeenAnew) least = await heldBytes();
  const cpuSeconds = read(stream, reader);
  const held = await heldBytes(least + HELD_MAX);
  // It must live until it was measured.
  reader.push(Buffer.alloc(0));
  const bytes = held - least;
  least = Math.min(least, held);
  return { bytes, cpuSeconds };
};

const expectBounded = async (stream: Endless, open: () => Reader): Promise<void> => {
  let { bytes, cpuSeconds } = await heldBy(stream, open, false);
  // Perhaps it is the process that has come to hold more since: then another reader does not.
  if (bytes >= HELD_MAX) ({ bytes, cpuSeconds } = await heldBy(stream, open, true));
  expect(cpuSeconds).toBeLessThan(CPU_SECONDS_MAX);
  expect(bytes).toBeLessThan(HELD_MAX);
};

const named = (streams: readonly Endless[]) => streams.map((stream) => ({ about: stream.about, stream }));
const rows = Object.entries(endlessStreams) as [ProtocolName, readonly Endless[]][];

beforeAll(async () => {
  // Whatever is loaded when it is first used is loaded by now.
  for (const [name, streams] of rows) for (const stream of streams) open(name).push(Buffer.concat([stream.beginning, stream.event(0)]));
  least = await heldBytes();
});

const open = (name: ProtocolName): Decoding => {
  const codec = providerCodecs[name];
  if (codec === undefined) throw new Error(`no provider speaks ${name}`);
  return new Decoding(codec.decodeStream({ model: "m", isStreaming: true, dialect: noDialect, origin: `${name}/vendor`, outputTokensMax: 1000 }, LIMIT));
};

test("every protocol of a provider has streams without end here", () => {
  expect(Object.keys(providerCodecs).filter((name) => endlessStreams[name as ProtocolName] === undefined)).toEqual([]);
});

class Hoarder implements Reader {
  readonly #kept: Buffer[] = [];

  push(bytes: Buffer): void {
    this.#kept.push(Buffer.from(bytes));
  }
}

test("a reader that keeps what it reads is found", async () => {
  const stream = rows[0]?.[1][0] as Endless;
  let hoarder: Hoarder | null = null;
  await expect(expectBounded(stream, () => (hoarder = new Hoarder()))).rejects.toThrow("to be less than");
  expect(hoarder).not.toBeNull();
});

describe.each(rows)("a decoder of %s", (name, streams) => {
  test.each(named(streams))("does not keep $about", async ({ stream }) => {
    let decoding = open(name);
    await expectBounded(stream, () => (decoding = open(name)));
    expect(decoding.code).toBe(stream.goesOn === true ? "" : "too_large");
    if (stream.goesOn !== true) expect(decoding.bytes).toBeLessThan(GIVEN_UP_BYTES_MAX);
  });
});

describe.each(rows.filter(([name]) => speaks(name)))("a watch over %s", (name, streams) => {
  test.each(named(streams))("does not keep $about", ({ about, stream }) => expectBounded(stream, () => passThroughOf(name).openStream(LIMIT, about.endsWith("as a list") ? "application/json" : "text/event-stream")));
});

describe("messages in Amazon's frames", () => {
  test.each(named(framedMessages))("are not kept: $about", ({ stream }) => {
    const { unframe } = passThroughOf("anthropic-messages");
    return expectBounded(stream, () => unframe?.(LIMIT) ?? { push: () => expect.unreachable("nobody takes frames off messages") });
  });
});

describe("responses of Gemini's in another framing", () => {
  const streams = endlessStreams.gemini ?? [];
  test.each(named(streams))("are not kept: $about", ({ about, stream }) => {
    const isList = about.endsWith("as a list");
    return expectBounded(stream, () => reframe(isList ? "?alt=sse" : "", isList ? "application/json" : "text/event-stream", LIMIT) ?? { push: () => expect.unreachable("it is in the framing that was asked for") });
  });
});
