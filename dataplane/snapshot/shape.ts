// What a value may look like, as plain data, and the reader that takes a value of that shape or says what is wrong with it.
// It says so in the same words as the schemas that shapes are made from, so that a data plane need not load their library:
// that costs more memory than the rest of its checking. It never changes what it reads; what it gives is a copy.
import { Secret } from "./secret.ts";

export type Shape =
  | Text
  | Whole
  | OneOf
  | List
  | Members
  | { readonly kind: "record"; readonly key: Shape; readonly of: Shape }
  /** Which of the options it is, the member `by` says. */
  | { readonly kind: "either"; readonly by: string; readonly options: Readonly<Record<string, Members>> }
  /** Of an object's member: it may be missing. */
  | { readonly kind: "optional"; readonly of: Shape }
  /** A table is an object of which only that is said: its members are looked at elsewhere. */
  | { readonly kind: "boolean" | "secret" | "table" | "anything" };

interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

interface Text extends Bounds {
  readonly kind: "text";
  readonly pattern?: RegExp;
}

interface Whole extends Bounds {
  readonly kind: "whole";
}

interface OneOf {
  readonly kind: "one-of";
  readonly values: readonly (string | number)[];
}

interface List extends Bounds {
  readonly kind: "list";
  readonly of: Shape;
}

interface Members {
  readonly kind: "members";
  /** Whether members that nobody knows are refused; otherwise they are left out. */
  readonly isStrict: boolean;
  readonly members: Readonly<Record<string, Shape>>;
}

export interface Issue {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

export type Read<Value> = { readonly value: Value; readonly issues?: never } | { readonly value?: never; readonly issues: readonly Issue[] };

/** `Value` is what the schema says that the shape was made from. */
export const read = <Value>(shape: Shape, value: unknown): Read<Value> => {
  const reading = new Reading();
  const taken = take(shape, value, reading);
  return reading.issues.length === 0 ? { value: taken as Value } : { issues: reading.issues };
};

export const isRecord = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === "object" && !Array.isArray(value);

/** Where the reader is, and what it found. */
class Reading {
  readonly path: (string | number)[] = [];
  readonly issues: Issue[] = [];
  /** How many issues there were at the last one after which nothing else is worth saying of the lists around it. */
  finalIssues = 0;

  say(message: string, ...place: string[]): void {
    this.issues.push({ path: [...this.path, ...place], message });
  }

  wrong(expected: string, value: unknown): void {
    this.say(`Invalid input: expected ${expected}, received ${nameOf(value)}`);
  }

  at(place: string | number, shape: Shape, value: unknown): unknown {
    this.path.push(place);
    const taken = take(shape, value, this);
    this.path.pop();
    return taken;
  }
}

const take = (shape: Shape, value: unknown, reading: Reading): unknown => {
  switch (shape.kind) {
    case "text": return takeText(shape, value, reading);
    case "whole": return takeWhole(shape, value, reading);
    case "one-of": return takeOneOf(shape, value, reading);
    case "list": return takeList(shape, value, reading);
    case "members": return takeMembers(shape, value, reading);
    case "record": return takeRecord(shape, value, reading);
    case "either": return takeEither(shape, value, reading);
    case "optional": return value === undefined ? undefined : take(shape.of, value, reading);
    case "boolean":
      if (typeof value !== "boolean") reading.wrong("boolean", value);
      return value;
    case "secret":
      if (!(value instanceof Secret)) reading.wrong("Secret", value);
      return value;
    case "table":
      if (!isRecord(value)) reading.say("must be an object");
      return value;
    case "anything": return value;
  }
};

const takeText = (shape: Text, value: unknown, reading: Reading): unknown => {
  if (typeof value !== "string") reading.wrong("string", value);
  checkLength(shape, value, reading);
  if (shape.pattern !== undefined && typeof value === "string" && !shape.pattern.test(value)) reading.say(`Invalid string: must match pattern ${shape.pattern}`);
  return value;
};

const takeWhole = ({ min, max }: Whole, value: unknown, reading: Reading): unknown => {
  if (typeof value !== "number" || !Number.isFinite(value)) {
    reading.wrong("number", value);
    return value;
  }
  if (!Number.isInteger(value)) {
    reading.wrong("int", value);
    reading.finalIssues = reading.issues.length;
    return value;
  }
  if (value > Number.MAX_SAFE_INTEGER) reading.say(`Too big: expected int to be <=${Number.MAX_SAFE_INTEGER}`);
  if (value < Number.MIN_SAFE_INTEGER) reading.say(`Too small: expected int to be >=${Number.MIN_SAFE_INTEGER}`);
  if (min !== undefined && value < min) reading.say(`Too small: expected number to be >=${min}`);
  if (max !== undefined && value > max) reading.say(`Too big: expected number to be <=${max}`);
  return value;
};

const takeOneOf = ({ values }: OneOf, value: unknown, reading: Reading): unknown => {
  if (values.some((known) => known === value)) return value;
  const quoted = values.map((known) => JSON.stringify(known));
  reading.say(quoted.length === 1 ? `Invalid input: expected ${quoted[0]}` : `Invalid option: expected one of ${quoted.join("|")}`);
  return value;
};

const takeList = (shape: List, value: unknown, reading: Reading): unknown => {
  if (!Array.isArray(value)) {
    reading.wrong("array", value);
    checkLength(shape, value, reading);
    return value;
  }
  // Of a list that is too long no item is looked at.
  if (value.length > (shape.max ?? Infinity)) {
    checkLength(shape, value, reading);
    reading.finalIssues = reading.issues.length;
    return value;
  }
  const before = reading.issues.length;
  const taken = value.map((item: unknown, index) => reading.at(index, shape.of, item));
  if (reading.finalIssues <= before) checkLength(shape, value, reading);
  return taken;
};

/** Of texts and lists, also where one stands in the place of the other. */
const checkLength = ({ min = 0, max = Infinity }: Bounds, value: unknown, reading: Reading): void => {
  if (typeof value !== "string" && !Array.isArray(value)) return;
  const units = value.length;
  // A text is as long as it has characters, of which one takes one unit or two.
  const length = typeof value === "string" && units > 0 && (units > max || units < min * 2) ? charactersIn(value) : units;
  const [origin, unit] = typeof value === "string" ? ["string", "characters"] : ["array", "items"];
  if (length < min) reading.say(`Too small: expected ${origin} to have >=${min} ${unit}`);
  if (length > max) reading.say(`Too big: expected ${origin} to have <=${max} ${unit}`);
};

const takeMembers = ({ members, isStrict }: Members, value: unknown, reading: Reading): unknown => {
  if (!isRecord(value)) {
    reading.wrong("object", value);
    return value;
  }
  const taken: Record<string, unknown> = {};
  for (const [name, shape] of Object.entries(members)) {
    const isPresent = name in value;
    if (!isPresent && shape.kind === "optional") continue;
    const before = reading.issues.length;
    const member = reading.at(name, shape, value[name]);
    if (isPresent) taken[name] = member;
    else if (reading.issues.length === before) reading.say("Invalid input: expected nonoptional, received undefined", name);
  }
  if (isStrict) refuseUnknown(members, value, reading);
  return taken;
};

const refuseUnknown = (members: Members["members"], value: object, reading: Reading): void => {
  const unknown: string[] = [];
  for (const name in value) if (!Object.hasOwn(members, name)) unknown.push(name);
  if (unknown.length > 0) reading.say(`Unrecognized key${unknown.length > 1 ? "s" : ""}: ${unknown.map((name) => `"${name}"`).join(", ")}`);
};

const takeRecord = (shape: Extract<Shape, { kind: "record" }>, value: unknown, reading: Reading): unknown => {
  if (!isPlain(value)) {
    reading.wrong("record", value);
    return value;
  }
  const taken: Record<string, unknown> = {};
  for (const name of Object.keys(value)) {
    if (name === "__proto__") continue;
    if (read(shape.key, name).issues === undefined) taken[name] = reading.at(name, shape.of, value[name]);
    else reading.say("Invalid key in record", name);
  }
  return taken;
};

const takeEither = ({ by, options }: Extract<Shape, { kind: "either" }>, value: unknown, reading: Reading): unknown => {
  if (!isRecord(value)) {
    reading.wrong("object", value);
    return value;
  }
  const word = value[by];
  const option = typeof word === "string" && Object.hasOwn(options, word) ? options[word] : undefined;
  if (option !== undefined) return takeMembers(option, value, reading);
  reading.say(`Invalid discriminator value. Expected ${Object.keys(options).map((known) => `'${known}'`).join(" | ")}`, by);
  return value;
};

/** No instance of a class: such a thing has members of its own accord. */
const isPlain = (value: unknown): value is Record<string, unknown> => isRecord(value) && [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null);

const charactersIn = (text: string): number => {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
};

const nameOf = (value: unknown): string => {
  if (typeof value === "number") return Number.isFinite(value) ? "number" : String(value);
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value !== "object" || Object.getPrototypeOf(value) === Object.prototype) return typeof value;
  return "constructor" in value && typeof value.constructor === "function" ? value.constructor.name : "object";
};
