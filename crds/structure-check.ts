// What the API server checks beside types and bounds: fields that nobody knows, nulls, entries that stand twice, maps that are too large.
// Pure, over the structural schema; CEL is cel.ts's.
import { isFields, joinPath } from "./path.ts";
import type { Problem } from "./path.ts";
import { listMapKeysKey, listTypeKey } from "./rules.ts";
import type { Structural } from "./structural.ts";

const childOf = (schema: Structural, name: string): Structural | undefined => {
  const { properties } = schema;
  return properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : schema.additionalProperties;
};

/** Fields that the schema does not have, as strict field validation reports them. */
export function unknownFields(schema: Structural, value: unknown, path: string): Problem[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? [] : value.flatMap((item, at) => unknownFields(items, item, joinPath(path, [at])));
  }
  if (!isFields(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const below = joinPath(path, [name]);
    const child = childOf(schema, name);
    return child === undefined ? [{ path: below, message: `unknown field "${below}"` }] : unknownFields(child, inner, below);
  });
}

/** The value without fields that are null: the API server drops them before it fills in defaults. */
export function withoutNulls(schema: Structural, value: unknown): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? value : value.map((item: unknown) => withoutNulls(items, item));
  }
  if (!isFields(value)) return value;
  const kept = Object.entries(value).flatMap(([name, inner]) => {
    const child = childOf(schema, name);
    if (child !== undefined && inner === null) return [];
    return [[name, child === undefined ? inner : withoutNulls(child, inner)]];
  });
  return Object.fromEntries(kept);
}

/** What makes an entry of a keyed list or set the same as another; undefined where entries may repeat. */
export function identityOf(schema: Structural, item: unknown): string | undefined {
  if (schema[listTypeKey] === "set") return JSON.stringify(item);
  if (schema[listTypeKey] !== "map" || !isFields(item)) return undefined;
  const keys = (schema[listMapKeysKey] ?? []).toSorted();
  return JSON.stringify(Object.fromEntries(keys.map((key) => [key, item[key]])));
}

function duplicates(schema: Structural, items: readonly unknown[], path: string): Problem[] {
  const seen = new Set<string>();
  return items.flatMap((item, at) => {
    const identity = identityOf(schema, item);
    if (identity === undefined) return [];
    if (seen.has(identity)) return [{ path: joinPath(path, [at]), message: `Duplicate value: ${identity}` }];
    seen.add(identity);
    return [];
  });
}

function tooManyEntries(schema: Structural, value: Readonly<Record<string, unknown>>, path: string): Problem[] {
  const size = Object.keys(value).length;
  if (schema.maxProperties === undefined || size <= schema.maxProperties) return [];
  return [{ path, message: `Too many: ${size}: must have at most ${schema.maxProperties} items` }];
}

/** Entries that stand twice and maps that are too large, in a value whose types are right and whose defaults are filled in. */
export function repeatedOrTooMany(schema: Structural, value: unknown, path: string): Problem[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    const below = items === undefined ? [] : value.flatMap((item, at) => repeatedOrTooMany(items, item, joinPath(path, [at])));
    return [...duplicates(schema, value, path), ...below];
  }
  if (!isFields(value)) return [];
  const below = Object.entries(value).flatMap(([name, inner]) => {
    const child = childOf(schema, name);
    return child === undefined ? [] : repeatedOrTooMany(child, inner, joinPath(path, [name]));
  });
  return [...tooManyEntries(schema, value, path), ...below];
}
