// `npm run generate`: writes shapes.ts beside it, what both ends check by, from the schemas.
// It refuses a schema that a shape cannot say, so that nothing is checked by less than was written down.
import { writeFile } from "node:fs/promises";
import type { z } from "zod";
import { fromDataPlaneSchema, fromOperatorSchema } from "./message-schema.ts";
import { deltaSchema, snapshotSchema } from "./schema.ts";
import type { Shape } from "./shape.ts";

/** The shape of a schema. Of a custom check only one is known, that for a Secret: another would have to be told apart here. */
export const shapeOf = (schema: z.core.$ZodType): Shape => {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "string": return { kind: "text", ...boundsOf(def.checks) };
    case "number": return { kind: "whole", ...boundsOf([...wholeOnly(schema), ...(def.checks ?? [])]) };
    case "boolean": return { kind: "boolean" };
    case "unknown": return { kind: "anything" };
    case "custom": return { kind: "secret" };
    case "enum": return { kind: "one-of", values: Object.values(def.entries) };
    case "literal": return { kind: "one-of", values: def.values.map(plain) };
    case "optional": return { kind: "optional", of: shapeOf(def.innerType) };
    case "array": return { kind: "list", of: shapeOf(def.element), ...boundsOf(def.checks) };
    case "record": return { kind: "record", key: shapeOf(def.keyType), of: shapeOf(def.valueType) };
    case "object": return membersOf(def);
    case "union": return eitherOf(def);
    default: throw new Error(`a shape cannot say what ${def.type} is`);
  }
};

const plain = (value: unknown): string | number => {
  if (typeof value === "string" || typeof value === "number") return value;
  throw new Error(`a shape cannot say ${String(value)}`);
};

const wholeOnly = (schema: z.core.$ZodType): z.core.$ZodCheck<never>[] => {
  const { def } = schema._zod;
  if ("format" in def && def.format === "safeint") return [];
  throw new Error("a shape knows whole numbers only");
};

interface Limits {
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: RegExp;
}

const boundsOf = (checks: readonly z.core.$ZodCheck<never>[] = []): Limits => {
  const bounds = checks.map((check) => boundOf((check as z.core.$ZodChecks)._zod.def));
  if (new Set(bounds.flatMap(Object.keys)).size < bounds.length) throw new Error("a shape has each bound once");
  return Object.assign({}, ...bounds) as Limits;
};

const boundOf = (def: z.core.$ZodChecks["_zod"]["def"]): Limits => {
  if (def.check === "min_length") return { min: def.minimum };
  if (def.check === "max_length") return { max: def.maximum };
  if (def.check === "greater_than" && def.inclusive) return { min: Number(def.value) };
  if (def.check === "less_than" && def.inclusive) return { max: Number(def.value) };
  if (def.check === "string_format" && def.format === "regex" && def.pattern !== undefined) return { pattern: def.pattern };
  throw new Error(`a shape cannot say what ${def.check} is`);
};

const membersOf = ({ shape, catchall }: z.core.$ZodObjectDef): Extract<Shape, { kind: "members" }> => {
  if (catchall !== undefined && catchall._zod.def.type !== "never") throw new Error("a shape has no members of any name");
  const members = Object.entries(shape).map(([name, schema]) => [name, shapeOf(schema)] as const);
  return { kind: "members", isStrict: catchall !== undefined, members: Object.fromEntries(members) };
};

const eitherOf = (def: z.core.$ZodUnionDef): Shape => {
  const by = "discriminator" in def && typeof def.discriminator === "string" ? def.discriminator : "";
  const options = def.options.map((option) => {
    const shape = shapeOf(option);
    const word = shape.kind === "members" ? shape.members[by] : undefined;
    if (shape.kind !== "members" || word?.kind !== "one-of" || word.values.length !== 1) throw new Error("a shape tells options apart by one member, of which each has a word of its own");
    return [String(word.values[0]), shape] as const;
  });
  return { kind: "either", by, options: Object.fromEntries(options) };
};

const WIDTH = 160;

const inline = (value: unknown): string => {
  if (value instanceof RegExp) return String(value);
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{ ${Object.entries(value).map(([name, member]) => `${spelt(name)}: ${inline(member)}`).join(", ")} }`;
};

const spelt = (name: string): string => (/^[a-z]\w*$/i.test(name) ? name : JSON.stringify(name));

const print = (value: unknown, indent: string): string => {
  const line = inline(value);
  if (line.length + indent.length <= WIDTH || value === null || typeof value !== "object" || Array.isArray(value)) return line;
  const deeper = `${indent}  `;
  return `{\n${Object.entries(value).map(([name, member]) => `${deeper}${spelt(name)}: ${print(member, deeper)},\n`).join("")}${indent}}`;
};

/** The file, as a test compares it. */
export const shapesText = (): string => {
  const schemas = { snapshot: snapshotSchema, delta: deltaSchema, fromDataPlane: fromDataPlaneSchema, fromOperator: fromOperatorSchema };
  const head = ["// Written by `npm run generate` from schema.ts and message-schema.ts: what a snapshot, a delta and a message may look like.", "// Nothing here is changed by hand.", 'import type { Shape } from "./shape.ts";', ""];
  const shapes = Object.entries(schemas).map(([name, schema]) => `export const ${name}Shape = ${print(shapeOf(schema), "")} as const satisfies Shape;\n`);
  return `${head.join("\n")}\n${shapes.join("\n")}`;
};

if (import.meta.main) await writeFile(new URL("shapes.ts", import.meta.url), shapesText());
