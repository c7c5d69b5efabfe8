// Where the network cuts a recorded stream must not matter: no place in any of them is left out, for those who translate it
// and for those who watch it pass.
import { afterAll, describe, expect, test, vi } from "vitest";
import { anthropicMessages } from "../../dataplane/protocols/anthropic-messages/index.ts";
import { passThroughOf, speaks } from "../../dataplane/protocols/index.ts";
import { type Cut, everyCut, interestingPlaces, isEveryCutAsked, isShort, PIECE_BYTES, SHORT_BYTES } from "./every-cut.ts";
import { EVENT_BYTES_MAX, eventsIn, hasRecordings, type RecordedStream, recordedStreams, WHY_NONE } from "./recordings.ts";
import { watchPieces } from "./watching.ts";

vi.setConfig({ testTimeout: isEveryCutAsked ? 1_800_000 : 120_000 });

let readings = 0;

afterAll(() => {
  process.stdout.write(hasRecordings ? `${recordedStreams.length} recorded streams were read in ${readings} ways of cutting them${isEveryCutAsked ? ", every cut in two among them" : "; LLMGW_ALL_CUTS=1 cuts the long ones in two at every byte as well"}\n` : `skipped: ${WHY_NONE}\n`);
});

/** The first that makes a difference to what comes of it. */
const firstDifference = (bytes: Buffer, outcomeOf: (pieces: Iterable<Buffer>) => string): Cut["name"] | null => {
  const expected = outcomeOf([bytes]);
  for (const { name, pieces } of everyCut(bytes)) {
    readings++;
    if (outcomeOf(pieces) !== expected) return name;
  }
  return null;
};

const translated = (stream: RecordedStream): Cut["name"] | null => firstDifference(stream.bytes, (pieces) => JSON.stringify(eventsIn(stream, pieces)));

/** Without their frames, where they have some: so they pass. */
const passing = ({ isFramed, bytes }: RecordedStream): Buffer => (isFramed ? (anthropicMessages.unframe?.(EVENT_BYTES_MAX).push(bytes) ?? bytes) : bytes);

const watched = (stream: RecordedStream): Cut["name"] | null => {
  const passage = passThroughOf(stream.protocol);
  return firstDifference(passing(stream), (pieces) => {
    const { passed, ...outcome } = watchPieces(() => passage.openStream(EVENT_BYTES_MAX), pieces);
    return JSON.stringify(outcome) + passed;
  });
};

const short = recordedStreams.filter(({ bytes }) => isShort(bytes));
const long = recordedStreams.filter(({ bytes }) => !isShort(bytes));
const passes = ({ protocol }: RecordedStream): boolean => speaks(protocol);
const inMany = `cut into pieces of ${PIECE_BYTES} bytes that begin at every byte, and around each end of a line, sign of more bytes, escape and border of a frame`;

describe.runIf(short.length > 0)(`a recorded stream of ${isEveryCutAsked ? "any length" : `up to ${SHORT_BYTES} bytes`}, cut in two at every byte`, () => {
  test.each(short)("becomes the same events: $path", (stream) => expect(translated(stream)).toBeNull());
  test.each(short.filter(passes))("is the same to the watch: $path", (stream) => expect(watched(stream)).toBeNull());
});

describe.runIf(long.length > 0)(`a longer recorded stream, ${inMany}`, () => {
  test.each(long)("becomes the same events: $path", (stream) => expect(translated(stream)).toBeNull());
  test.each(long.filter(passes))("is the same to the watch: $path", (stream) => expect(watched(stream)).toBeNull());
});

describe("the ways of cutting", () => {
  const bytes = Buffer.from(`data: {"a":"é\\ud83c\\udf05 ${"x".repeat(SHORT_BYTES)}"}\r\n\r\ndata: {}\n\n`);

  test("leave no byte of a long stream out", () => {
    const cut = new Set<number>();
    for (const { pieces } of everyCut(bytes, false)) {
      const lengths = [...pieces].map((piece) => piece.length);
      if (lengths.length < SHORT_BYTES / 2) lengths.reduce((at, length) => (cut.add(at + length), at + length), 0);
      expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(bytes.length);
    }
    expect(cut.size).toBe(bytes.length);
  });

  test("know what is of interest", () => {
    const places = interestingPlaces(bytes);
    for (const sign of ["é", "\\ud83c", "\r\n", "\n\n"]) expect(places).toContain(bytes.indexOf(sign) + 1);
    expect(places).not.toContain(bytes.indexOf("xxxx") + 100);
  });

  test("find a reader that looks for a word in each piece by itself", () => {
    const careless = (pieces: Iterable<Buffer>): string => JSON.stringify([...pieces].some((piece) => piece.includes("\\ud83c\\udf05")));
    expect(firstDifference(bytes, careless)).toBe("pieces of 1");
    const found = [...everyCut(bytes, false)].filter(({ pieces }) => careless(pieces) === "false").map(({ name }) => name.split(" ")[0]);
    expect(new Set(found)).toEqual(new Set(["pieces", "interesting"]));
  });
});

test.skipIf(hasRecordings)(`is left out: ${WHY_NONE}`, () => {
  expect(hasRecordings).toBe(false);
});
