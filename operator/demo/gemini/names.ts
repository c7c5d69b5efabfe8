// Google's APIs take snake_case and camelCase alike: everything is read as camelCase.
// It refuses to touch what is the user's: arguments, results, schemas and labels keep their names.
import type { Json, JsonObject } from "../json.ts";
import { isJsonObject } from "../json.ts";

const OPAQUE = new Set(["args", "response", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema", "labels"]);

export function inCamelCase(value: Json): Json {
  if (Array.isArray(value)) return value.map(inCamelCase);
  if (!isJsonObject(value)) return value;
  const renamed: JsonObject = {};
  for (const [name, member] of Object.entries(value)) {
    const camel = name.replaceAll(/(?<=.)_([a-z])/g, (_whole, letter: string) => letter.toUpperCase());
    renamed[camel] = OPAQUE.has(camel) && !isFunctionResponse(camel, value) ? member : inCamelCase(member);
  }
  return renamed;
}

/** Inside a functionResponse `response` is the user's; nowhere else is it a member. */
function isFunctionResponse(name: string, holder: JsonObject): boolean {
  return name === "response" && !("name" in holder);
}
