// The shapes that both ends check by say of anything what the schemas say that they are made from, word for word.
import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { shapeOf, shapesText } from "../../dataplane/snapshot/generate.ts";
import { fromDataPlaneSchema, fromOperatorSchema } from "../../dataplane/snapshot/message-schema.ts";
import { deltaSchema, snapshotSchema } from "../../dataplane/snapshot/schema.ts";
import { Secret } from "../../dataplane/snapshot/secret.ts";
import { read, type Shape } from "../../dataplane/snapshot/shape.ts";
import { deltaShape, fromDataPlaneShape, fromOperatorShape, snapshotShape } from "../../dataplane/snapshot/shapes.ts";
import { example } from "./example.ts";

interface Verdict {
  readonly value?: unknown;
  readonly issues?: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
}

const bySchema = (schema: z.ZodType, value: unknown): Verdict => {
  const { data, error } = schema.safeParse(value);
  return error === undefined ? { value: data } : { issues: error.issues.map(({ path, message }) => ({ path, message })) };
};

const problem = { object: "providers/a/b", path: "auth", message: "no" };
const pushed = { version: "v", epoch: 1, nonce: 2 };
const resources = { providers: {}, routes: {}, callers: {}, credentials: {} };
const rich = (): unknown => ({
  ...example(),
  providers: {
    "a/plain": { ...example().providers["team-a/openai"], endpoints: [{ url: "https://a", priority: 0, weight: 1 }], tls: { ca: ["x"], serverName: "a" }, models: { a: "b" } },
    "a/aws": { ...example().providers["team-a/openai"], auth: { scheme: "aws", region: "r", keyPair: { accessKeyId: "i", secretAccessKey: "s" } } },
    "a/oauth": { ...example().providers["team-a/openai"], auth: { scheme: "oauth", tokenUrl: "https://a", clientId: "c", credential: "s", scopes: ["s"], sendSecretIn: "body" } },
  },
});

/** Each with values that are good, to be bent. */
const pairs: [string, Shape, z.ZodType, readonly unknown[]][] = [
  ["a snapshot", snapshotShape, snapshotSchema, [example(), rich()]],
  ["a delta", deltaShape, deltaSchema, [{ settings: { a: 1 }, upserts: resources, removes: { providers: ["a/b"], callers: ["c"] } }, { upserts: {}, removes: {} }]],
  ["a message of a data plane", fromDataPlaneShape, fromDataPlaneSchema, [
    { type: "hello", pod: "p", uid: "u", boot: "b", gateway: "g", build: "1", formats: [1], version: "", epoch: 0, leases: [{ id: "l", amount: 1, epoch: 1, remainingMs: 5 }], sequence: 0 },
    { type: "nack", nonce: 1, kept: "v", problems: [problem], isFullWanted: true },
    { type: "report", sequence: 1, usage: [{ a: 1 }], demand: [], health: [] },
    { type: "ping" },
  ]],
  ["a message of an operator", fromOperatorShape, fromOperatorSchema, [
    { type: "snapshot", ...pushed, full: { any: "thing" } },
    { type: "delta", ...pushed, base: "b", change: null },
    { type: "goaway", retryAfterMs: 5 },
  ]],
];

const long = (length: number): unknown => fc.constantFrom("a", "é", "😀").map((character) => character.repeat(length));
const odd = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, true, 0, -1, 1.5, Number.NaN, Infinity, 2 ** 60, -(2 ** 60), 86_400_001, "", "\u{1f600}", [], {}, new Secret("s"), new Date(0), new Map(), Object.create(null), "none", "aws", "ping", [1.5], ["", 7, "a/b"]),
  fc.constantFrom(63, 64, 65, 126, 253, 254, 256, 257, 320, 600, 601, 2048).chain((length) => long(length) as fc.Arbitrary<unknown>),
  fc.constantFrom(17, 33, 65, 100).chain((length) => fc.constantFrom<unknown>("x", 1.5, {}, null).map((item) => Array.from({ length }, () => item))),
);

const isObject = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype;

/** Copies `value` with one place in it made odd: another value there, a member more, or one less. */
const bend = (value: unknown, steps: readonly number[], how: number, with_: unknown): unknown => {
  const [step = 0, ...rest] = steps;
  const names = isObject(value) ? Object.keys(value) : [];
  if (Array.isArray(value) && value.length > 0 && rest.length > 0) return value.map((item: unknown, index) => (index === step % value.length ? bend(item, rest, how, with_) : item));
  if (!isObject(value) || names.length === 0 || rest.length === 0) return how % 4 === 0 && isObject(value) ? { ...value, surprise: with_, "other one": 1 } : with_;
  const name = names[step % names.length] ?? "";
  if (how % 7 === 1 && rest.length === 1) return Object.fromEntries(Object.entries(value).filter(([known]) => known !== name));
  if (how % 7 === 2 && rest.length === 1) return Object.fromEntries(Object.entries(value).map(([known, member]) => [known === name ? "Odd Name" : known, member]));
  return { ...value, [name]: bend(value[name], rest, how, with_) };
};

const bending = fc.record({ steps: fc.array(fc.nat(30), { minLength: 1, maxLength: 9 }), how: fc.nat(27), to: odd });

describe("a shape", () => {
  it.each(pairs)("takes what its schema takes, and takes it as that does: %s", (_, shape, schema, good) => {
    for (const value of good) {
      expect(read(shape, value)).toEqual({ value });
      expect(JSON.stringify(read(shape, value))).toBe(JSON.stringify(bySchema(schema, value)));
    }
  });

  it.each(pairs)("refuses what its schema refuses, with the same words at the same places: %s", (_, shape, schema, good) => {
    let refused = 0;
    const property = fc.property(fc.constantFrom(...good), fc.array(bending, { minLength: 1, maxLength: 3 }), (value, bends) => {
      const bent = bends.reduce<unknown>((before, { steps, how, to }) => bend(before, steps, how, to), value);
      const verdict: Verdict = read(shape, bent);
      expect(verdict).toStrictEqual(bySchema(schema, bent));
      refused += verdict.issues === undefined ? 0 : 1;
    });
    fc.assert(property, { numRuns: 3000 });
    // Both came up, or little was compared.
    expect([refused > 100, refused < 3000]).toEqual([true, true]);
  });

  it("has one word for an object in a text's place, also where the object has a length", () => {
    expect(read({ kind: "text", max: 64 }, { length: 100 })).toEqual({ issues: [{ path: [], message: "Invalid input: expected string, received object" }] });
  });

  it("never takes over a prototype", () => {
    const models = JSON.parse('{"__proto__": {"polluted": "yes"}, "a": "b"}') as unknown;
    expect(read(shapeOf(z.record(z.string(), z.string())), models)).toEqual({ value: { a: "b" } });
    expect(read(shapeOf(z.strictObject({})), models).issues?.[0]?.message).toBe('Unrecognized keys: "__proto__", "a"');
  });
});

describe("shapes.ts", () => {
  it("is what `npm run generate` writes", async () => {
    expect(await readFile(new URL("../../dataplane/snapshot/shapes.ts", import.meta.url), "utf8")).toBe(shapesText());
  });

  it.each([
    ["a number that need not be whole", z.number()],
    ["a bound that is itself outside", z.int().gt(3)],
    ["a text that must begin in some way", z.string().startsWith("a")],
    ["members of any name", z.looseObject({})],
    ["alternatives that no member tells apart", z.union([z.string(), z.int()])],
    ["a value that is changed on the way", z.string().transform(Number)],
    ["a value that is made where there is none", z.string().default("a")],
  ])("is not made from a schema that says what a shape cannot: %s", (_, schema) => {
    expect(() => shapeOf(schema)).toThrow("a shape ");
  });
});
