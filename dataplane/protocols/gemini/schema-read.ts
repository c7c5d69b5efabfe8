// OpenAPI's subset of schemas, as Gemini has it, into JSON Schema. What it cannot say in another way (the order of
// properties) is kept beside by whoever asks.
import { type JsonObject } from "../json-members.ts";
import type { Json } from "../../wire/json.ts";
import { camel, isMembers, numberOf, setMember } from "./members.ts";

/** Deeper ones are anybody's. */
const DEPTH_MAX = 64;
const UNSPECIFIED = "type_unspecified";

/** 64-bit numbers, which Google writes as strings. */
const counts: ReadonlySet<string> = new Set(["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"]);
const schemas: ReadonlySet<string> = new Set(["items", "additionalProperties", "not"]);
const lists: ReadonlySet<string> = new Set(["anyOf", "oneOf", "allOf", "prefixItems"]);
const maps: ReadonlySet<string> = new Set(["properties", "$defs", "defs", "definitions"]);

const readMap = (value: JsonObject, depth: number): JsonObject => {
  const read: JsonObject = {};
  for (const [name, schema] of Object.entries(value)) setMember(read, name, readAny(schema, depth));
  return read;
};

const readAny = (value: Json, depth: number): Json => (isMembers(value) ? readObject(value, depth) : value);

const readMember = (key: string, value: Json, depth: number): Json => {
  if (key === "type" && typeof value === "string") return value.toLowerCase();
  if (counts.has(key)) return numberOf(value) ?? value;
  if (schemas.has(key)) return readAny(value, depth);
  if (lists.has(key) && Array.isArray(value)) return value.map((one) => readAny(one, depth));
  return maps.has(key) && isMembers(value) ? readMap(value, depth) : value;
};

/** OpenAPI says apart from the type that a value may be null. */
const withNull = (schema: JsonObject): JsonObject => {
  const { type, enum: values, anyOf } = schema;
  if (typeof type === "string") return { ...schema, type: [type, "null"], ...(Array.isArray(values) ? { enum: [...values, null] } : {}) };
  return Array.isArray(anyOf) ? { ...schema, anyOf: [...anyOf, { type: "null" }] } : schema;
};

const left: ReadonlySet<string> = new Set(["nullable", "propertyOrdering", "example"]);

const readObject = (value: JsonObject, depth: number): JsonObject => {
  if (depth > DEPTH_MAX) return {};
  const given = camel(value);
  const schema: JsonObject = {};
  for (const [key, member] of Object.entries(given)) {
    if (left.has(key) || member === null) continue;
    const read = readMember(key, member, depth + 1);
    if (read !== UNSPECIFIED) setMember(schema, key, read);
  }
  if (given["example"] !== undefined) schema["examples"] = [given["example"]];
  return given["nullable"] === true ? withNull(schema) : schema;
};

export const readSchema = (value: JsonObject): JsonObject => readObject(value, 0);
