// The machine code that crosses JSON sixty-four bytes at a time: WebAssembly with vectors of 128 bits, written out here and
// loaded at start. It crosses strings and containers that were begun; where they begin, and what a member is, it does not know.
//
//   per block    a bit for each quote, backslash and bracket
//   escapes      in a run of backslashes every second one is escaped, and so is what follows an odd run
//   strings      the quotes that are left open and close by turns: each bit is the parity of the quotes up to it
//   depth        brackets outside of strings are counted; they are looked at one by one only where the end may be among them
import { type Code, during, i32, i64, leave, moduleOf, repeat, v128, type Variable, when } from "./wasm-assembler.ts";

/** The state between two steps, in one small integer: the depth times four, and these. */
export const IN_STRING = 1;
export const ESCAPED = 2;
export const DEPTH_SHIFT = 2;
export const DEPTH_MAX = 512;

const BLOCK_BYTES = 64;
const VECTOR_BYTES = 16;
const PAGE_BYTES = 65_536;
/** So much is copied in at once at most: it stays in the fastest cache, beside the bytes that it is copied from. */
export const WINDOW_BYTES = 16_384;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** With this bit set, brackets are the same as braces; nothing else is. */
const BRACE_BIT = 0x20;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const EVEN_BITS = 0x5555555555555555n;
const ODD_BITS = ~EVEN_BITS;

const variables = {
  at: "i32", end: "i32", state: "i32", skipped: "i32",
  depth: "i32", opened: "i32", closed: "i32",
  /** All ones where the block begins within a string. */
  inString: "i64",
  /** One where its first byte is escaped. */
  escaped: "i64",
  /** All but the bytes of the first block that stand before what is crossed. */
  valid: "i64",
  quotes: "i64", slashes: "i64", strings: "i64", opens: "i64", closes: "i64",
  free: "i64", runs: "i64", stray: "i64", lowest: "i64",
  first: "v128", second: "v128", third: "v128", fourth: "v128",
  quote: "v128", slash: "v128", braceBit: "v128", openBrace: "v128", closeBrace: "v128",
} as const;
type Variables = Readonly<Record<keyof typeof variables, Variable>>;

const one = i64.constant(1n);
const none = i64.constant(0n);
const all = i64.constant(-1n);
const not = (bits: Code): Code => i64.xor(bits, all);
const lowestOf = (bits: Code): Code => i64.and(bits, i64.subtract(none, bits));

const blockOf = ({ first, second, third, fourth }: Variables): readonly Variable[] => [first, second, third, fourth];

/** One bit for each byte of the block that the test finds. */
const bitsOf = (v: Variables, test: (bytes: Code) => Code): Code =>
  blockOf(v)
    .map(({ get }, index) => i64.shiftLeft(i64.of(v128.topBits(test(get))), i64.constant(BigInt(index * VECTOR_BYTES))))
    .reduce((left, right) => i64.or(left, right));

const equals = (byte: Variable) => (bytes: Code): Code => v128.isEqual(bytes, byte.get);
const equalsWith = (bit: Variable, byte: Variable) => (bytes: Code): Code => v128.isEqual(v128.or(bytes, bit.get), byte.get);

const begin = (v: Variables): Code => [
  v.depth.set(i32.shiftRight(v.state.get, i32.constant(DEPTH_SHIFT))),
  v.inString.set(i64.subtract(none, i64.of(i32.and(v.state.get, i32.constant(IN_STRING))))),
  v.valid.set(i64.shiftLeft(all, i64.of(v.skipped.get))),
  v.quote.set(v128.splat(i32.constant(QUOTE))),
  v.slash.set(v128.splat(i32.constant(BACKSLASH))),
  v.braceBit.set(v128.splat(i32.constant(BRACE_BIT))),
  v.openBrace.set(v128.splat(i32.constant(OPEN_BRACE))),
  v.closeBrace.set(v128.splat(i32.constant(CLOSE_BRACE))),
];

const load = (v: Variables): Code => blockOf(v).map((vector, index) => vector.set(v128.load(v.at.get, index * VECTOR_BYTES)));

/** The parity of the quotes up to each bit: ones from an opening quote to the byte before the closing one. */
const findStrings = ({ quotes, strings, inString }: Variables): Code => [
  strings.set(quotes.get),
  [1n, 2n, 4n, 8n, 16n, 32n].flatMap((distance) => strings.set(i64.xor(strings.get, i64.shiftLeft(strings.get, i64.constant(distance))))),
  strings.set(i64.xor(strings.get, inString.get)),
];

/*
 * Adding the first backslash of a run to the run carries through it, which tells the runs that begin at even bits from the
 * others. Outside of strings a backslash is a byte like any other: those up to the next quote are forgotten, and all is
 * done again. No JSON has such.
 */
const findEscapes = (v: Variables): Code => {
  const { quotes, slashes, strings, free, runs, stray, lowest, escaped } = v;
  const starts = i64.and(free.get, not(i64.shiftLeft(free.get, one)));
  const escapers = i64.or(i64.and(runs.get, i64.constant(EVEN_BITS)), i64.and(i64.xor(free.get, runs.get), i64.constant(ODD_BITS)));
  const fromStray = i64.subtract(none, lowestOf(stray.get));
  return [
    repeat([
      free.set(i64.and(slashes.get, not(escaped.get))),
      runs.set(i64.and(free.get, not(i64.add(free.get, i64.and(starts, i64.constant(EVEN_BITS)))))),
      free.set(escapers),
      lowest.set(quotes.get),
      quotes.set(i64.and(quotes.get, not(i64.or(i64.shiftLeft(free.get, one), escaped.get)))),
      findStrings(v),
      stray.set(i64.and(slashes.get, not(strings.get))),
      when(i64.isUnequal(stray.get, none), [
        quotes.set(lowest.get),
        lowest.set(lowestOf(i64.and(quotes.get, fromStray))),
        slashes.set(i64.and(slashes.get, not(i64.and(fromStray, i64.subtract(lowest.get, one))))),
      ]),
    ], i64.isUnequal(stray.get, none)),
    escaped.set(i64.shiftRightUnsigned(free.get, i64.constant(63n))),
  ];
};

const behind = (at: Variable, bit: Code): Code => leave(i32.add(i32.add(at.get, i32.constant(1)), i32.of(i64.trailingZeros(bit))));

/** Depth zero: a string alone is crossed, and its closing quote is the end. */
const lookAtEach = ({ at, depth, quotes, opens, closes, lowest }: Variables): Code =>
  when(i32.isZero(depth.get), when(i64.isUnequal(quotes.get, none), behind(at, quotes.get)), during(i64.isUnequal(i64.or(opens.get, closes.get), none), [
    lowest.set(lowestOf(i64.or(opens.get, closes.get))),
    when(
      i64.isUnequal(i64.and(opens.get, lowest.get), none),
      [depth.set(i32.add(depth.get, i32.constant(1))), when(i32.isGreater(depth.get, i32.constant(DEPTH_MAX)), leave(i32.constant(0)))],
      [depth.set(i32.subtract(depth.get, i32.constant(1))), when(i32.isZero(depth.get), behind(at, lowest.get))],
    ),
    opens.set(i64.and(opens.get, not(lowest.get))),
    closes.set(i64.and(closes.get, not(lowest.get))),
  ]));

const countBrackets = (v: Variables): Code => {
  const { strings, opens, closes, opened, closed, depth } = v;
  const outside = i64.and(v.valid.get, not(strings.get));
  const cannotEnd = i32.and(i32.isGreater(depth.get, closed.get), i32.isLess(i32.add(depth.get, opened.get), i32.constant(DEPTH_MAX + 1)));
  return [
    opens.set(i64.and(bitsOf(v, equalsWith(v.braceBit, v.openBrace)), outside)),
    closes.set(i64.and(bitsOf(v, equalsWith(v.braceBit, v.closeBrace)), outside)),
    opened.set(i32.of(i64.ones(opens.get))),
    closed.set(i32.of(i64.ones(closes.get))),
    when(cannotEnd, depth.set(i32.subtract(i32.add(depth.get, opened.get), closed.get)), lookAtEach(v)),
  ];
};

const readBlock = (v: Variables): Code => [
  v.quotes.set(i64.and(bitsOf(v, equals(v.quote)), v.valid.get)),
  v.slashes.set(i64.and(bitsOf(v, equals(v.slash)), v.valid.get)),
  when(
    i64.isZero(i64.or(v.slashes.get, v.escaped.get)),
    when(i64.isZero(v.quotes.get), v.strings.set(v.inString.get), findStrings(v)),
    findEscapes(v),
  ),
  when(i64.isUnequal(v.strings.get, all), countBrackets(v)),
  v.inString.set(i64.shiftRight(v.strings.get, i64.constant(63n))),
];

const stateOf = ({ depth, inString, escaped }: Variables): Code =>
  i32.or(
    i32.shiftLeft(depth.get, i32.constant(DEPTH_SHIFT)),
    i32.or(i32.and(i32.of(inString.get), i32.constant(IN_STRING)), i32.and(i32.shiftLeft(i32.of(escaped.get), i32.constant(1)), i32.constant(ESCAPED))),
  );

const body = (v: Variables): Code => [
  begin(v),
  during(i32.isLess(v.at.get, v.end.get), [
    load(v),
    readBlock(v),
    v.valid.set(all),
    v.at.set(i32.add(v.at.get, i32.constant(BLOCK_BYTES))),
  ]),
  i32.subtract(i32.constant(0), stateOf(v)),
];

/** Blocks are counted back from the window's end, so the first one may begin before it. */
const WINDOW_START = BLOCK_BYTES;

/** The part of the engine's interface that is used. */
export interface Engine {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Exports };
}
interface Exports {
  run(at: number, end: number, state: number, skipped: number): number;
  readonly memory: { readonly buffer: ArrayBuffer };
}

/** A part of somebody's bytes, where the instructions can reach it. There is one for all. */
export class VectorWindow {
  start = 0;
  end = 0;
  /** Whose bytes they are. */
  owner: object | null = null;
  readonly #run: Exports["run"];
  readonly #memory: Buffer;

  constructor(engine: Engine) {
    const pages = Math.ceil((WINDOW_START + WINDOW_BYTES) / PAGE_BYTES);
    const { run, memory } = new engine.Instance(new engine.Module(moduleOf({ variables, parameters: 4, result: "i32", body }, pages))).exports;
    this.#run = run;
    this.#memory = Buffer.from(memory.buffer);
  }

  load(owner: object, bytes: Buffer, start: number, end: number): void {
    bytes.copy(this.#memory, WINDOW_START, start, end);
    this.owner = owner;
    this.start = start;
    this.end = end;
  }

  /**
   * From a position to the window's end. More than zero: the position behind the end of what is crossed. Zero: it is too
   * deep. Less: the state at the window's end, negated.
   */
  cross(position: number, state: number): number {
    const { start, end } = this;
    const skipped = (position - end) & (BLOCK_BYTES - 1);
    const shift = WINDOW_START - start;
    const result = this.#run(position + shift - skipped, end + shift, state, skipped);
    return result > 0 ? result - shift : result;
  }
}

/** Null where the engine has no such instructions. */
export const openWindow = (engine: Engine | undefined): VectorWindow | null => {
  try {
    return engine === undefined ? null : new VectorWindow(engine);
  } catch {
    return null;
  }
};
