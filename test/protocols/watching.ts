// Feeds streams to a watch in pieces and tells what came of it. Shared by the tests of all protocols that stream.
// It judges nothing.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { StreamWatch } from "../../dataplane/protocols/pass-through.ts";

const fixtures = fileURLToPath(new URL("../fixtures/", import.meta.url));

export const fixture = (path: string): Buffer => readFileSync(fixtures + path);

export const fixtureNames = (folder: string): string[] => readdirSync(fixtures + folder).filter((name) => name.endsWith(".sse"));

export type Outcome = ReturnType<typeof watchPieces>;

/** Everything that can be seen of a watch once the stream is over. */
export const watchPieces = (open: () => StreamWatch, pieces: Iterable<Buffer>) => {
  const watch = open();
  let passed = "";
  // undici hands out slices of a buffer that it fills again: nothing may be read from them later.
  for (const piece of pieces) {
    const lent = Buffer.from(piece);
    passed += piece.toString("latin1", 0, watch.push(lent));
    lent.fill(0x58);
  }
  const summary = watch.end();
  const { hasEvent, isFinished, hasTerminator, isBetweenEvents, isOversize, error } = watch;
  return { passed, hasEvent, isFinished, hasTerminator, isBetweenEvents, isOversize, error, summary };
};

export const inTwo = (bytes: Buffer, cut: number): Buffer[] => [bytes.subarray(0, cut), bytes.subarray(cut)];

export function* inPiecesOf(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** In pieces only; or in two as well, at every byte or at every byte of both ends and at some between. */
export type Cuts = "Pieces" | "Ends" | "Everywhere";

export const SIZES = [1, 2, 3, 5, 7, 13, 64, 1021] as const;

export function* cutsOf(bytes: Buffer, cuts: Cuts): Generator<{ name: string; pieces: Iterable<Buffer> }> {
  for (const size of SIZES) yield { name: `pieces of ${size}`, pieces: inPiecesOf(bytes, size) };
  for (let cut = 0; cuts !== "Pieces" && cut <= bytes.length; cut++) {
    if (cuts === "Ends" && cut > 300 && cut < bytes.length - 1200 && cut % 211 !== 0) continue;
    yield { name: `cut at ${cut}`, pieces: inTwo(bytes, cut) };
  }
}

/** What is passed is long, and compared as it is. */
const besidesPassed = ({ passed: _, ...rest }: Outcome): string => JSON.stringify(rest);

/** The first way of cutting that makes a difference, null when none does. */
export const firstDifference = (open: () => StreamWatch, bytes: Buffer, cuts: Cuts): { name: string; outcome: Outcome; whole: Outcome } | null => {
  const whole = watchPieces(open, [bytes]);
  const expected = besidesPassed(whole);
  for (const { name, pieces } of cutsOf(bytes, cuts)) {
    const outcome = watchPieces(open, pieces);
    if (outcome.passed !== whole.passed || besidesPassed(outcome) !== expected) return { name, outcome, whole };
  }
  return null;
};
