// JSON Schema into OpenAPI's subset, for models and relays that take no other: references are put in place, what the subset
// cannot say is left out and told. Arguments of tools that come back are judged by nobody here.
import { type JsonObject } from "../json-members.ts";
import type { Json } from "../../wire/json.ts";
import { isEmpty, isMembers, lookUp, setMember } from "./members.ts";

/** A schema that grows beyond this by its references is no schema that a model can use. */
const DEPTH_MAX = 32;
const SCHEMAS_MAX = 2000;

const types: Readonly<Record<string, string>> = { string: "STRING", number: "NUMBER", integer: "INTEGER", boolean: "BOOLEAN", array: "ARRAY", object: "OBJECT" };
/** Said as they are. */
const same = ["title", "description", "default", "minimum", "maximum", "minLength", "maxLength", "pattern", "minItems", "maxItems", "minProperties", "maxProperties", "propertyOrdering", "nullable"] as const;
/** What may be left out without a word: it says nothing of the value. */
const silent: ReadonlySet<string> = new Set([
  "$schema", "$id", "$comment", "$defs", "definitions", "$anchor", "examples", "example", "readOnly", "writeOnly", "deprecated", "additionalProperties", "type", "format", "enum",
  "const", "properties", "required", "items", "prefixItems", "anyOf", "oneOf", "allOf", "$ref", "strict", ...same,
]);
const formats: Readonly<Record<string, ReadonlySet<string>>> = {
  STRING: new Set(["enum", "date-time"]),
  NUMBER: new Set(["float", "double"]),
  INTEGER: new Set(["int32", "int64"]),
};

export class SchemaWriter {
  /** Something of a schema's meaning was left out. */
  isReduced = false;
  readonly #root: JsonObject;
  #written = 0;

  constructor(root: JsonObject) {
    this.#root = root;
  }

  write(): JsonObject {
    return this.#schema(this.#root, []);
  }

  /** `within`: the references that led here. */
  #schema(value: Json, within: readonly string[]): JsonObject {
    if (!isMembers(value) || isEmpty(value)) return { type: "STRING" };
    if (++this.#written > SCHEMAS_MAX || within.length > DEPTH_MAX) return this.#reduced({ type: "OBJECT" });
    const reference = value["$ref"];
    if (typeof reference === "string") return this.#referred(value, reference, within);
    const merged = Array.isArray(value["allOf"]) ? this.#merged(value, value["allOf"], within) : value;
    for (const key of Object.keys(merged)) if (!silent.has(key)) this.isReduced = true;
    return this.#plain(merged, within);
  }

  #reduced(schema: JsonObject): JsonObject {
    this.isReduced = true;
    return schema;
  }

  #referred(value: JsonObject, reference: string, within: readonly string[]): JsonObject {
    const found = this.#find(reference);
    if (found === null || within.includes(reference)) return this.#reduced({ type: "OBJECT", ...this.#description(value, found) });
    const { $ref: _, ...beside } = value;
    return this.#schema({ ...found, ...beside }, [...within, reference]);
  }

  #description(...schemas: readonly (JsonObject | null)[]): JsonObject {
    const text = schemas.map((schema) => schema?.["description"]).find((one) => typeof one === "string");
    return text === undefined ? {} : { description: text };
  }

  #find(reference: string): JsonObject | null {
    if (!reference.startsWith("#")) return null;
    let found: Json = this.#root;
    for (const escaped of reference.slice(1).split("/").slice(1)) {
      const key = escaped.replaceAll("~1", "/").replaceAll("~0", "~");
      const next: Json | undefined = isMembers(found) && Object.hasOwn(found, key) ? found[key] : undefined;
      if (next === undefined) return null;
      found = next;
    }
    return isMembers(found) ? found : null;
  }

  #merged(value: JsonObject, parts: readonly Json[], within: readonly string[]): JsonObject {
    const { allOf: _, ...own } = value;
    const merged: JsonObject = {};
    for (const part of [...parts, own]) {
      const reference = isMembers(part) ? part["$ref"] : undefined;
      const found = typeof reference === "string" && !within.includes(reference) ? this.#find(reference) : null;
      const { properties, required, ...rest } = { ...(isMembers(part) ? part : {}), ...found };
      Object.assign(merged, rest);
      if (isMembers(properties)) merged["properties"] = { ...(isMembers(merged["properties"]) ? merged["properties"] : {}), ...properties };
      if (Array.isArray(required)) merged["required"] = [...(Array.isArray(merged["required"]) ? merged["required"] : []), ...required];
    }
    delete merged["$ref"];
    return merged;
  }

  #plain(value: JsonObject, within: readonly string[]): JsonObject {
    const written: JsonObject = {};
    const choices = this.#choices(value, within);
    const type = this.#type(value, choices.length > 0);
    if (type !== "") written["type"] = type;
    for (const key of same) if (value[key] !== undefined && value[key] !== null) written[key] = value[key];
    if (choices.length > 0) written["anyOf"] = choices;
    if (isNullable(value)) written["nullable"] = true;
    this.#addFormat(written, type, value["format"]);
    this.#addValues(written, type, value);
    if (type === "ARRAY") written["items"] = this.#items(value, within);
    if (type === "OBJECT") this.#addProperties(written, value, within);
    return written;
  }

  #type(value: JsonObject, hasChoices: boolean): string {
    const said = (Array.isArray(value["type"]) ? value["type"] : [value["type"]]).filter((one) => one !== "null");
    const known = said.length === 1 ? lookUp(types, typeof said[0] === "string" ? said[0].toLowerCase() : undefined) : undefined;
    if (known !== undefined) return known;
    if (value["properties"] !== undefined) return "OBJECT";
    if (value["items"] !== undefined) return "ARRAY";
    return hasChoices ? "" : "STRING";
  }

  /** One of several schemas, or of several types. */
  #choices(value: JsonObject, within: readonly string[]): JsonObject[] {
    const given = [value["anyOf"], value["oneOf"]].flatMap((list) => (Array.isArray(list) ? list : [])).filter((one) => !isNull(one));
    const several = Array.isArray(value["type"]) ? value["type"].filter((one) => one !== "null") : [];
    const rest = Object.entries(value).filter(([key]) => !ofChoice.has(key));
    if (several.length > 1) return several.map((type) => this.#schema({ ...Object.fromEntries(rest), type }, within));
    return given.map((one) => this.#schema(one, within));
  }

  #addFormat(written: JsonObject, type: string, format: Json | undefined): void {
    if (typeof format !== "string") return;
    if (formats[type]?.has(format) === true) written["format"] = format;
    else this.isReduced = true;
  }

  /** Only strings can be enumerated there; of other values the model is told. */
  #addValues(written: JsonObject, type: string, value: JsonObject): void {
    const values = value["const"] === undefined ? value["enum"] : [value["const"]];
    if (!Array.isArray(values)) return;
    const said = values.filter((one) => one !== null);
    if (type === "STRING" && said.every((one) => typeof one === "string")) {
      written["enum"] = said;
      return;
    }
    const told = `One of: ${said.map((one) => JSON.stringify(one)).join(", ")}.`;
    const description = written["description"];
    written["description"] = typeof description === "string" ? `${description} ${told}` : told;
    this.isReduced = true;
  }

  #items(value: JsonObject, within: readonly string[]): JsonObject {
    const { items, prefixItems } = value;
    const several = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : null;
    if (several === null) return this.#schema(items ?? null, within);
    this.isReduced = true;
    const [first, ...others] = several;
    return others.length === 0 ? this.#schema(first ?? null, within) : { anyOf: several.map((one) => this.#schema(one, within)) };
  }

  #addProperties(written: JsonObject, value: JsonObject, within: readonly string[]): void {
    const { properties, required, additionalProperties } = value;
    if (isMembers(additionalProperties)) this.isReduced = true;
    if (!isMembers(properties) || isEmpty(properties)) return;
    const said: JsonObject = {};
    for (const [name, schema] of Object.entries(properties)) setMember(said, name, this.#schema(schema, within));
    written["properties"] = said;
    const names = Array.isArray(required) ? required.filter((name) => typeof name === "string" && Object.hasOwn(properties, name)) : [];
    if (names.length > 0) written["required"] = names;
  }
}

/** Said of the choice, and not of each that can be chosen. */
const ofChoice: ReadonlySet<string> = new Set(["type", "anyOf", "oneOf", "description", "title", "nullable"]);

const isNull = (value: Json): boolean => isMembers(value) && value["type"] === "null";

const isNullable = ({ type, anyOf, oneOf, enum: values }: JsonObject): boolean =>
  (Array.isArray(type) && type.includes("null")) || [anyOf, oneOf].some((list) => Array.isArray(list) && list.some(isNull)) || (Array.isArray(values) && values.includes(null));
