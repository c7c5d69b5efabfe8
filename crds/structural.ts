// From a zod schema to the structural OpenAPI v3 schema that a CustomResourceDefinition may hold.
// It refuses what such a schema cannot say (unions, references, free-form objects), so that nothing is lost on the way to a cluster.
import { z } from "zod";
import { listMapKeysKey, listTypeKey, rulesKey } from "./rules.ts";
import type { Rule } from "./rules.ts";

export type Structural = {
  description?: string;
  type: "object" | "array" | "string" | "integer" | "boolean";
  format?: string;
  default?: unknown;
  enum?: readonly string[];
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  maxProperties?: number;
  items?: Structural;
  properties?: Readonly<Record<string, Structural>>;
  additionalProperties?: Structural;
  required?: readonly string[];
  [rulesKey]?: readonly Rule[];
  [listTypeKey]?: "atomic" | "map" | "set";
  [listMapKeysKey]?: readonly string[];
};

type Raw = Readonly<Record<string, unknown>>;

/** Keywords that are carried over, in the order in which they are written. */
const keywords = [
  "description", "type", "format", "default", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems",
  "maxProperties", "items", "properties", "additionalProperties", "required", listTypeKey, listMapKeysKey, rulesKey,
] as const;

const isRaw = (value: unknown): value is Raw => typeof value === "object" && value !== null && !Array.isArray(value);

const int32Max = 2 ** 31 - 1;

function integerFormat(raw: Raw): string {
  return typeof raw["maximum"] === "number" && raw["maximum"] <= int32Max ? "int32" : "int64";
}

function refuse(path: string, problem: string): never {
  throw new Error(`${path}: ${problem}`);
}

/** Every size has a bound: the API server's cost estimate of CEL, and etcd, need it. */
function checkBounds(raw: Raw, path: string): void {
  if (raw["type"] === "array" && raw["maxItems"] === undefined) refuse(path, "a list needs maxItems");
  if (raw["type"] === "string" && raw["enum"] === undefined && raw["maxLength"] === undefined) refuse(path, "a string needs maxLength");
  if (raw["type"] === "integer" && (raw["minimum"] === undefined || raw["maximum"] === undefined)) refuse(path, "an integer needs bounds");
  if (raw["additionalProperties"] !== undefined && raw["maxProperties"] === undefined) refuse(path, "a map needs maxProperties");
}

function valueOf(keyword: string, value: unknown, path: string): unknown {
  if (keyword === "items" || keyword === "additionalProperties") return walk(value, `${path}[]`);
  if (keyword === "pattern") return String(value).replaceAll("\\/", "/");
  if (keyword !== "properties" || !isRaw(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, walk(child, `${path}.${name}`)]));
}

function isStructural(value: Raw): value is Raw & Structural {
  return ["object", "array", "string", "integer", "boolean"].some((type) => type === value["type"]);
}

/** What is not listed is refused anyway, by strict field validation: saying it here is not allowed beside properties. */
function withoutClosing(raw: Raw): Raw {
  return Object.fromEntries(Object.entries(raw).filter(([name, value]) => name !== "additionalProperties" || value !== false));
}

function walk(value: unknown, path: string): Structural {
  const raw = isRaw(value) ? withoutClosing(value) : refuse(path, "not a schema");
  const unsupported = Object.keys(raw).filter((name) => !keywords.some((keyword) => keyword === name));
  if (unsupported.length > 0) refuse(path, `a structural schema cannot say ${unsupported.join(', ')}`);
  checkBounds(raw, path);
  const formatted = raw["type"] === "integer" ? { ...raw, format: integerFormat(raw) } : raw;
  const entries = keywords.flatMap((keyword) => (formatted[keyword] === undefined ? [] : [[keyword, valueOf(keyword, formatted[keyword], path)]]));
  const result: Raw = Object.fromEntries(entries);
  if (!isStructural(result)) refuse(path, "a field needs one type");
  return result.default === undefined ? result : { ...result, default: withDefaults(result, result.default) };
}

/** A value with the defaults of its missing fields. The API server judges the rules on a default as it is written, so it is written whole. */
export function withDefaults(schema: Structural, value: unknown): unknown {
  if (Array.isArray(value) && schema.items !== undefined) {
    const { items } = schema;
    return value.map((item: unknown) => withDefaults(items, item));
  }
  if (!isRaw(value) || schema.properties === undefined) return value;
  const filled = Object.entries(schema.properties).flatMap(([name, child]) => {
    const given = value[name] ?? child.default;
    return given === undefined ? [] : [[name, withDefaults(child, given)]];
  });
  return { ...value, ...Object.fromEntries(filled) };
}

/** The structural schema of what may be written; `path` names the root in errors. */
export function structuralOf(schema: z.ZodType, path: string): Structural {
  return walk(z.toJSONSchema(schema, { target: "openapi-3.0", io: "input", reused: "inline" }), path);
}
