// Streams that never end, in which each event is a right one: whoever reads them holds no more than its limit allows, or gives up
// with a failure; and no event takes longer because of those before it.
import { beforeAll, describe, expect, test, vi } from "vitest";
import { reframe } from "../../dataplane/protocols/gemini/reframe.ts";
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

interface Reader {
  push(bytes: Buffer): unknown;
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

/** What it holds beyond what was held before it, when it has read all. */
const heldBy = async (stream: Endless, open: () => Reader): Promise<{ readonly bytes: number; readonly cpuSeconds: number }> => {
  const pieces = [...piecesOf(stream)];
  const before = await heldBytes(Infinity);
  const reader = open();
  const begun = process.cpuUsage();
  let cpuSeconds = 0;
  for (const piece of pieces) {
    reader.push(piece);
    cpuSeconds = process.cpuUsage(begun).user / 1e6;
    if (cpuSeconds > CPU_SECONDS_MAX) break;
  }
  const bytes = (await heldBytes(before + HELD_MAX)) - before;
  // It must live until it was measured.
  reader.push(Buffer.alloc(0));
  return { bytes, cpuSeconds };
};

const expectBounded = async (stream: Endless, open: () => Reader): Promise<void> => {
  const { bytes, cpuSeconds } = await heldBy(stream, open);
  expect(cpuSeconds).toBeLessThan(CPU_SECONDS_MAX);
  expect(bytes).toBeLessThan(HELD_MAX);
};

const named = (streams: readonly Endless[]) => streams.map((stream) => ({ about: stream.about, stream }));
const rows = Object.entries(endlessStreams) as [ProtocolName, readonly Endless[]][];

beforeAll(async () => {
  // Whatever is loaded when it is first used is loaded by now.
  for (const [name, streams] of rows) for (const stream of streams) open(name).push(Buffer.concat([stream.beginning, stream.event(0)]));
  await heldBytes();
});

const open = (name: ProtocolName): Reader => {
  const codec = providerCodecs[name];
  if (codec === undefined) throw new Error(`no provider speaks ${name}`);
  return codec.decodeStream({ model: "m", isStreaming: true, dialect: noDialect, origin: `${name}/vendor`, outputTokensMax: 1000 }, LIMIT);
};

test("every protocol of a provider has streams without end here", () => {
  expect(Object.keys(providerCodecs).filter((name) => endlessStreams[name as ProtocolName] === undefined)).toEqual([]);
});

describe.each(rows)("a decoder of %s", (name, streams) => {
  test.each(named(streams))("does not keep $about", ({ stream }) => expectBounded(stream, () => open(name)));
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
