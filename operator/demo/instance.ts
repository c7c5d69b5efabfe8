// Builds one instance of a JSON schema out of given words: tool arguments and structured answers.
// It refuses to validate and to search: what a schema says with patterns, conditions or negations is not honoured.

import type { Json, JsonObject } from "./json.ts";
import { isJsonObject } from "./json.ts";

const DEPTH_MAX = 10;
/** Below this depth optional properties are left out, so that recursive schemas end. */
const OPTIONAL_DEPTH_MAX = 3;
const NODES_MAX = 2000;
const LENGTH_MAX = 2000;

interface Building {
  readonly root: JsonObject;
  readonly words: readonly string[];
  used: number;
  nodes: number;
}

const FORMATS: Readonly<Record<string, string>> = {
  "date-time": "2026-01-01T12:00:00Z",
  date: "2026-01-01",
  time: "12:00:00Z",
  duration: "PT1H",
  email: "demo@example.com",
  hostname: "example.com",
  ipv4: "192.0.2.1",
  ipv6: "2001:db8::1",
  uri: "https://example.com/",
  uuid: "00000000-0000-4000-8000-000000000000",
};

export function instanceOf(schema: JsonObject, words: readonly string[]): Json {
  return build({ root: schema, words, used: 0, nodes: 0 }, schema, 0);
}

function build(building: Building, given: Json | undefined, depth: number): Json {
  building.nodes += 1;
  if (building.nodes > NODES_MAX || depth > DEPTH_MAX) return null;
  const schema = resolved(building.root, given, depth);
  const fixed = fixedValue(schema);
  if (fixed !== undefined) return fixed;
  switch (typeOf(schema)) {
    case "object":
      return objectOf(building, schema, depth);
    case "array":
      return arrayOf(building, schema, depth);
    case "integer":
      return numberOf(building, schema, 1);
    case "number":
      return numberOf(building, schema, numberOrNothing(schema["multipleOf"]) ?? 0);
    case "boolean":
      return true;
    case "null":
      return null;
    default:
      return stringOf(building, schema);
  }
}

/** Follows references, merges allOf, and takes one arm of anyOf and oneOf: the first, or deep down the plainest. */
function resolved(root: JsonObject, given: Json | undefined, depth: number): JsonObject {
  let schema = isJsonObject(given) ? given : {};
  for (let step = 0; step < DEPTH_MAX; step += 1) {
    const { $ref: reference, allOf, anyOf, oneOf, ...own } = schema;
    const arms = Array.isArray(anyOf) ? anyOf : oneOf;
    if (typeof reference === "string") schema = { ...own, ...pointedAt(root, reference) };
    else if (Array.isArray(allOf)) schema = merged([own, ...allOf.filter(isJsonObject)]);
    else if (Array.isArray(arms)) schema = { ...own, ...chosenArm(arms.filter(isJsonObject), depth) };
    else return schema;
  }
  return {};
}

function pointedAt(root: JsonObject, reference: string): JsonObject {
  if (!reference.startsWith("#")) return {};
  let at: Json | undefined = root;
  for (const step of reference.slice(1).split("/").slice(1)) {
    const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(at)) at = at[Number(name)];
    else at = isJsonObject(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  }
  return isJsonObject(at) ? at : {};
}

function merged(schemas: readonly JsonObject[]): JsonObject {
  const properties = schemas.map((schema) => schema["properties"]).filter(isJsonObject);
  const required = schemas.flatMap((schema) => (Array.isArray(schema["required"]) ? schema["required"] : []));
  const all: JsonObject = Object.assign({}, ...schemas);
  if (properties.length > 0) all["properties"] = Object.assign({}, ...properties);
  return required.length > 0 ? { ...all, required } : all;
}

function chosenArm(arms: readonly JsonObject[], depth: number): JsonObject {
  const plain = arms.find((arm) => arm["$ref"] === undefined && arm["type"] !== "object" && arm["type"] !== "array");
  if (depth > OPTIONAL_DEPTH_MAX && plain !== undefined) return plain;
  return arms.find((arm) => arm["type"] !== "null") ?? arms[0] ?? {};
}

function fixedValue(schema: JsonObject): Json | undefined {
  if (schema["const"] !== undefined) return schema["const"];
  if (Array.isArray(schema["enum"])) return schema["enum"][0];
  return schema["default"];
}

function typeOf(schema: JsonObject): Json | undefined {
  const type = schema["type"];
  if (Array.isArray(type)) return type.find((name) => name !== "null") ?? "null";
  if (type !== undefined) return type;
  if (isJsonObject(schema["properties"])) return "object";
  return schema["items"] === undefined ? "string" : "array";
}

function objectOf(building: Building, schema: JsonObject, depth: number): JsonObject {
  const properties = isJsonObject(schema["properties"]) ? schema["properties"] : {};
  const required = new Set(Array.isArray(schema["required"]) ? schema["required"] : []);
  const made: [string, Json][] = [];
  for (const [name, property] of Object.entries(properties)) {
    if (required.has(name) || depth < OPTIONAL_DEPTH_MAX) made.push([name, build(building, property, depth + 1)]);
  }
  return Object.fromEntries(made);
}

function arrayOf(building: Building, schema: JsonObject, depth: number): Json[] {
  const least = numberOrNothing(schema["minItems"]) ?? (depth < OPTIONAL_DEPTH_MAX ? 1 : 0);
  const length = Math.min(least, numberOrNothing(schema["maxItems"]) ?? LENGTH_MAX, LENGTH_MAX);
  const leading = Array.isArray(schema["prefixItems"]) ? schema["prefixItems"] : [];
  const made: Json[] = [];
  while (made.length < Math.max(length, leading.length) && building.nodes < NODES_MAX) {
    made.push(build(building, leading[made.length] ?? schema["items"], depth + 1));
  }
  return made;
}

/** The first number among the words where it is allowed, otherwise the smallest allowed one. */
function numberOf(building: Building, schema: JsonObject, step: number): number {
  const multiple = numberOrNothing(schema["multipleOf"]) ?? step;
  const least = Math.max(
    numberOrNothing(schema["minimum"]) ?? -Infinity,
    (numberOrNothing(schema["exclusiveMinimum"]) ?? -Infinity) + (step || 0.5),
  );
  const most = Math.min(
    numberOrNothing(schema["maximum"]) ?? Infinity,
    (numberOrNothing(schema["exclusiveMaximum"]) ?? Infinity) - (step || 0.5),
  );
  const said = building.words.find((word) => /^-?\d{1,12}(?:\.\d{1,6})?$/.test(word));
  const wished = Math.min(Math.max(said === undefined ? 1 : Number(said), least), most);
  if (multiple <= 0) return wished;
  const below = Math.floor(wished / multiple) * multiple;
  return below >= least ? below : Math.ceil(wished / multiple) * multiple;
}

function stringOf(building: Building, schema: JsonObject): string {
  const format = schema["format"];
  if (typeof format === "string" && FORMATS[format] !== undefined) return FORMATS[format];
  const word = building.words[building.used % Math.max(building.words.length, 1)] ?? "demo";
  building.used += 1;
  const least = Math.min(numberOrNothing(schema["minLength"]) ?? 0, LENGTH_MAX);
  const most = numberOrNothing(schema["maxLength"]) ?? LENGTH_MAX;
  return word.padEnd(least, "x").slice(0, most);
}

function numberOrNothing(value: Json | undefined): number | undefined {
  return typeof value === "number" ? value : undefined;
}
