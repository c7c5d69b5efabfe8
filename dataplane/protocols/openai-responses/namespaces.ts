// Tools that stand in a namespace, for sides that know none: they are tools of one list, called "<namespace>__<name>".
// The namespace itself is kept beside each of them, and they are put together again for this protocol.
import type { Tool } from "../ir.ts";
import { isObject } from "../../wire/json.ts";
import { type JsonObject, stringOf } from "../json-members.ts";
import { extrasIn } from "./members.ts";

const JOINT = "__";

const prefixOf = (namespace: string): string => (namespace === "" ? "" : namespace + JOINT);

/** The name of a call, a choice or a tool in the one list. */
export const qualify = (named: JsonObject): string => prefixOf(stringOf(named["namespace"])) + stringOf(named["name"]);

export const qualified = (namespace: string, name: string): string => prefixOf(namespace) + name;

/** The namespace that a tool of the list stands in, null when it is in none or was renamed since. */
export const namespaceOf = (tool: Tool): JsonObject | null => {
  const namespace = tool.kind === "hosted" ? undefined : extrasIn(tool)["namespace"];
  return isObject(namespace) && tool.name.startsWith(prefixOf(stringOf(namespace["name"]))) ? namespace : null;
};

/** The name inside the namespace. */
export const localName = (namespace: string, name: string): string => {
  const prefix = prefixOf(namespace);
  return name.startsWith(prefix) ? name.slice(prefix.length) : name;
};
