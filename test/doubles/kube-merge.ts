// How an API server double changes objects: merge patches, and as much of server-side apply as this project uses.
// Applied lists with keys are merged by their keys; what a manager named before and no longer names is taken away.

type Fields = Record<string, unknown>;
const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

export const merged = (target: unknown, patch: unknown): unknown => {
  if (!isFields(patch)) return patch;
  const result: Fields = isFields(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = merged(result[name], value);
  }
  return result;
};

/** Lists that are maps, by the name of the field, and their key. */
const keys: Readonly<Record<string, string>> = { conditions: "type", gateways: "name" };

const keyed = (list: unknown, key: string): Map<unknown, unknown> => new Map(Array.isArray(list) ? list.map((one: unknown) => [isFields(one) ? one[key] : undefined, one]) : []);

/** `before`: what the same manager applied the last time. */
export const applied = (target: unknown, wanted: unknown, before: unknown, name = ""): unknown => {
  const key = keys[name];
  if (key !== undefined && Array.isArray(wanted)) {
    const [present, given, own] = [keyed(target, key), keyed(wanted, key), keyed(before, key)];
    for (const one of own.keys()) if (!given.has(one)) present.delete(one);
    for (const [one, value] of given) present.set(one, applied(present.get(one), value, own.get(one)));
    return [...present.values()];
  }
  if (!isFields(wanted)) return wanted;
  const result: Fields = isFields(target) ? { ...target } : {};
  const own = isFields(before) ? before : {};
  for (const field of Object.keys(own)) if (!(field in wanted)) delete result[field];
  for (const [field, value] of Object.entries(wanted)) result[field] = applied(result[field], value, own[field], field);
  return result;
};
