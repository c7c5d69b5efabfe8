// Runs the CEL rules of a schema over a value, as the API server does: same order, same words, same old value for transition rules.
// Each expression is compiled once per process. It expects a value whose types are right and whose defaults are filled in.
import { Environment } from "@marcbachmann/cel-js";
import { isFields, joinPath } from "./path.ts";
import type { Problem } from "./path.ts";
import { rulesKey } from "./rules.ts";
import type { Rule } from "./rules.ts";
import { identityOf } from "./structure-check.ts";
import type { Structural } from "./structural.ts";

type Program = (variables: { self: unknown; oldSelf?: unknown }) => unknown;

const environment = new Environment().registerVariable("self", "dyn").registerVariable("oldSelf", "dyn");
const programs = new Map<string, Program>();

function programOf(rule: string): Program {
  const known = programs.get(rule);
  if (known !== undefined) return known;
  const made = environment.parse(rule);
  programs.set(rule, made);
  return made;
}

/** JSON numbers of integer fields are CEL ints, and a JavaScript number would be a CEL double. */
function asCel(value: unknown): unknown {
  if (typeof value === "number") return BigInt(value);
  if (Array.isArray(value)) return value.map(asCel);
  if (!isFields(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined).map(([name, inner]) => [name, asCel(inner)]));
}

/** The API server shows scalars and leaves objects and lists out. */
function shown(value: unknown): string {
  if (typeof value === "string") return `${JSON.stringify(value)}: `;
  return typeof value === "object" ? "" : `${String(value)}: `;
}

function judge(rule: Rule, self: unknown, oldSelf: unknown): string | undefined {
  const isTransition = /\boldSelf\b/.test(rule.rule);
  if (isTransition && oldSelf === undefined) return undefined;
  try {
    return programOf(rule.rule)(isTransition ? { self: asCel(self), oldSelf: asCel(oldSelf) } : { self: asCel(self) }) === true ? undefined : rule.message;
  } catch (failure) {
    const [reason] = (failure instanceof Error ? failure.message : String(failure)).split("\n");
    return `${reason} evaluating rule: ${rule.message}`;
  }
}

function oldItem(schema: Structural, item: unknown, old: unknown): unknown {
  const identity = identityOf(schema, item);
  return identity === undefined || !Array.isArray(old) ? undefined : old.find((one: unknown) => identityOf(schema, one) === identity);
}

type Child = { schema: Structural; self: unknown; old: unknown; path: string };

function childrenOf(schema: Structural, self: unknown, old: unknown, path: string): Child[] {
  const { items } = schema;
  if (Array.isArray(self)) {
    return items === undefined ? [] : self.map((item: unknown, at) => ({ schema: items, self: item, old: oldItem(schema, item, old), path: joinPath(path, [at]) }));
  }
  if (!isFields(self)) return [];
  return Object.entries(self).flatMap(([name, inner]) => {
    const child = schema.properties?.[name] ?? schema.additionalProperties;
    return child === undefined ? [] : [{ schema: child, self: inner, old: isFields(old) ? old[name] : undefined, path: joinPath(path, [name]) }];
  });
}

/** The rules that a value breaks, at and below `path`; `old` is what it replaces, where it replaces something. */
export function brokenRules(schema: Structural, self: unknown, old: unknown, path: string): Problem[] {
  const own = (schema[rulesKey] ?? []).flatMap((rule) => {
    const message = judge(rule, self, old);
    return message === undefined ? [] : [{ path: `${path}${rule.fieldPath ?? ''}`, message: `Invalid value: ${shown(self)}${message}` }];
  });
  return [...own, ...childrenOf(schema, self, old, path).flatMap((child) => brokenRules(child.schema, child.self, child.old, child.path))];
}
