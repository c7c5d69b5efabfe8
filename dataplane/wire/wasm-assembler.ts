// Writes a WebAssembly module of one function and one memory, from expressions that are called after its instructions.
// It knows what the function on JSON needs and no more, and checks no types: the engine does, when the module is loaded.

/** Instructions in their encoding, one in another until the module is written. What has a value leaves it on the machine's stack. */
export type Code = readonly (number | Code)[];
export type ValueType = keyof typeof VALUE_TYPES;

export interface Variable {
  readonly get: Code;
  set(value: Code): Code;
}

export interface FunctionParts<Name extends string> {
  /** In order; the first ones are the parameters. */
  readonly variables: Readonly<Record<Name, ValueType>>;
  readonly parameters: number;
  readonly result: ValueType;
  body(variables: Readonly<Record<Name, Variable>>): Code;
}

const VALUE_TYPES = { i32: 0x7f, i64: 0x7e, v128: 0x7b } as const;
const PREAMBLE: Code = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const SECTIONS = { type: 1, function: 3, memory: 5, export: 7, code: 10 } as const;
const EXPORTED = { function: 0x00, memory: 0x02 } as const;
const FUNCTION_TYPE = 0x60;
const HAS_MAXIMUM = 0x01;
const NO_RESULT = 0x40;
const IF = 0x04;
const ELSE = 0x05;
const LOOP = 0x03;
const AGAIN_IF = [0x0d, 0x00];
const RETURN = 0x0f;
const END = 0x0b;
const GET = 0x20;
const SET = 0x21;
const VECTOR = 0xfd;
/** As an exponent of two: nothing is known of where the bytes lie. */
const UNALIGNED = 0x00;

const unsigned = (value: number): Code => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, unsigned(value >>> 7)]);

const signed = (value: bigint): Code => {
  const low = Number(value & 0x7fn);
  const rest = value >> 7n;
  const isLast = rest === (low < 0x40 ? 0n : -1n);
  return isLast ? [low] : [low | 0x80, signed(rest)];
};

const unary = (...opcode: number[]) => (value: Code): Code => [value, opcode];
const binary = (...opcode: number[]) => (left: Code, right: Code): Code => [left, right, opcode];

export const i32 = {
  constant: (value: number): Code => [0x41, signed(BigInt(value))],
  isZero: unary(0x45),
  isLess: binary(0x48),
  isGreater: binary(0x4a),
  add: binary(0x6a),
  subtract: binary(0x6b),
  and: binary(0x71),
  or: binary(0x72),
  shiftLeft: binary(0x74),
  shiftRight: binary(0x75),
  /** The low half of an i64. */
  of: unary(0xa7),
} as const;

export const i64 = {
  constant: (value: bigint): Code => [0x42, signed(value)],
  isZero: unary(0x50),
  isEqual: binary(0x51),
  isUnequal: binary(0x52),
  trailingZeros: unary(0x7a),
  ones: unary(0x7b),
  add: binary(0x7c),
  subtract: binary(0x7d),
  and: binary(0x83),
  or: binary(0x84),
  xor: binary(0x85),
  shiftLeft: binary(0x86),
  shiftRight: binary(0x87),
  /** Zeros come in from the left. */
  shiftRightUnsigned: binary(0x88),
  /** An i32 without a sign. */
  of: unary(0xad),
} as const;

/** Sixteen bytes at once. */
export const v128 = {
  load: (address: Code, offset: number): Code => [address, VECTOR, 0x00, UNALIGNED, unsigned(offset)],
  splat: unary(VECTOR, 0x0f),
  /** All bits of each byte that is equal. */
  isEqual: binary(VECTOR, 0x23),
  or: binary(VECTOR, 0x50),
  /** The top bit of each byte, as an i32. */
  topBits: unary(VECTOR, 0x64),
} as const;

export const when = (condition: Code, code: Code, otherwise: Code = []): Code => [condition, IF, NO_RESULT, code, otherwise.length === 0 ? [] : [ELSE, otherwise], END];
/** Once, and again as long as the condition holds behind it. */
export const repeat = (code: Code, condition: Code): Code => [LOOP, NO_RESULT, code, condition, AGAIN_IF, END];
/** As long as the condition holds before each turn. */
export const during = (condition: Code, code: Code): Code => when(condition, repeat(code, condition));
export const leave = (value: Code): Code => [value, RETURN];

/** By the engine's own means: this is done at start, when nothing of ours is warm. */
const flat = (code: Code): number[] => (code as readonly number[]).flat(Infinity);

const list = (items: readonly Code[]): Code => [unsigned(items.length), items];
const sized = (content: Code): Code => {
  const bytes = flat(content);
  return [unsigned(bytes.length), bytes];
};
const section = (name: keyof typeof SECTIONS, items: readonly Code[]): Code => [SECTIONS[name], sized(list(items))];
const exported = (name: string, kind: keyof typeof EXPORTED): Code => [sized([...Buffer.from(name)]), EXPORTED[kind], 0];

/** A module that exports the function as `run` and its memory as `memory`. */
export const moduleOf = <Name extends string>({ variables, parameters, result, body }: FunctionParts<Name>, pages: number): Uint8Array<ArrayBuffer> => {
  const types = Object.values<ValueType>(variables).map((type) => VALUE_TYPES[type]);
  const taken = types.slice(0, parameters).map((type) => [type]);
  const locals = types.slice(parameters).map((type) => [1, type]);
  return Uint8Array.from(flat([
    PREAMBLE,
    section("type", [[FUNCTION_TYPE, list(taken), list([[VALUE_TYPES[result]]])]]),
    section("function", [[0]]),
    section("memory", [[HAS_MAXIMUM, unsigned(pages), unsigned(pages)]]),
    section("export", [exported("run", "function"), exported("memory", "memory")]),
    section("code", [sized([list(locals), body(declare(variables)), END])]),
  ]));
};

const declare = <Name extends string>(variables: Readonly<Record<Name, ValueType>>): Readonly<Record<Name, Variable>> => {
  const made = Object.keys(variables).map((name, index): [string, Variable] => [name, { get: [GET, unsigned(index)], set: (value) => [value, SET, unsigned(index)] }]);
  return Object.fromEntries(made) as Record<Name, Variable>;
};
