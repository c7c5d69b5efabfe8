// Remembers what was made of each object, for as long as the object is the same and so is everything that was looked at for it.
// By identity: objects of a world are frozen, so that what changed is another object. Without a memory it only makes.
import { Look, type Sources } from "./sources.ts";

interface Entry<Source, Result> {
  readonly source: Source;
  readonly look: Look;
  readonly result: Result;
}

export class Memo<Source, Result> {
  readonly #make: (look: Look, id: string, source: Source) => Result;
  readonly #entries = new Map<string, Entry<Source, Result>>();

  constructor(make: (look: Look, id: string, source: Source) => Result) {
    this.#make = make;
  }

  /** Of each object, in the order of the objects. What is no longer there is forgotten. */
  all(objects: Readonly<Record<string, Source>>, sources: Sources): Result[] {
    const ids = Object.keys(objects);
    const results = ids.map((id) => this.#one(id, objects[id] as Source, sources));
    if (this.#entries.size > ids.length) for (const id of this.#entries.keys()) if (!Object.hasOwn(objects, id)) this.#entries.delete(id);
    return results;
  }

  #one(id: string, source: Source, sources: Sources): Result {
    const known = this.#entries.get(id);
    if (known?.source === source && known.look.isSameIn(sources)) return known.result;
    const look = new Look(sources);
    const result = this.#make(look, id, source);
    look.end();
    this.#entries.set(id, { source, look, result });
    return result;
  }
}

export const isSameList = <Item>(left: readonly Item[], right: readonly Item[]): boolean => left.length === right.length && left.every((item, index) => item === right[index]);

/** The former record where the new one holds the same under the same names in the same order. */
export const formerIfSame = <Value>(former: Record<string, Value> | undefined, fresh: Record<string, Value>): Record<string, Value> => {
  if (former === undefined) return fresh;
  const [before, names] = [Object.keys(former), Object.keys(fresh)];
  return isSameList(before, names) && names.every((name) => former[name] === fresh[name]) ? former : fresh;
};
