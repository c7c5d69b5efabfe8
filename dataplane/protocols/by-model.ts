// Remembers what was worked out from a dialect and a model's name, for as many names as a provider sells: the same few are
// asked for all day, and to read a name costs a dozen patterns. It works nothing out.
import type { Dialect } from "./dialect.ts";

const NAMES_MAX = 1000;

export const byModel = <Value>(make: (dialect: Dialect, model: string) => Value): ((dialect: Dialect, model: string) => Value) => {
  const known = new WeakMap<Dialect, Map<string, Value>>();
  return (dialect, model) => {
    let values = known.get(dialect);
    if (values === undefined) known.set(dialect, (values = new Map()));
    let value = values.get(model);
    if (value === undefined) {
      value = make(dialect, model);
      // Names may be anybody's.
      if (values.size >= NAMES_MAX) values.clear();
      values.set(model, value);
    }
    return value;
  };
};
