// Makes wrong and odd objects out of right ones, the same ones for the same seed: the cases that nobody thought of writing down.
// It changes one place of the spec, and judges nothing.

const oddValues: readonly unknown[] = [
  null, "", "x", "a b", "0s", "5s", "1h1m1s1ms", "99999h", "Müller", "\u00a0", "*", "a*", "10", "0", "1.50", "007", "True", "a".repeat(64), "é".repeat(300),
  0, -1, 1, 1.5, 101, 1e12, 2 ** 31, true, false, [], {}, [null], [""], ["a", "a"], { a: "b" }, { name: "a" }, { constructor: "a" },
];

type Path = readonly (string | number)[];
type Random = () => number;

/** A small generator of numbers in [0, 1), the same for the same seed. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function pick<Item>(items: readonly Item[], random: Random): Item {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
}

function pathsIn(value: unknown, path: Path): Path[] {
  if (Array.isArray(value)) return value.flatMap((item: unknown, at) => [[...path, at], ...pathsIn(item, [...path, at])]);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [[...path, name], ...pathsIn(inner, [...path, name])]);
}

/** A copy of `value` in which what is at `path` went through `change`; undefined takes it away. */
function changed(value: unknown, path: Path, change: (inner: unknown) => unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return change(value);
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, at) => {
      const made = at === step ? changed(item, rest, change) : item;
      return made === undefined ? [] : [made];
    });
  }
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return Object.fromEntries(entries.map(([name, inner]) => [name, name === step ? changed(inner, rest, change) : inner]).filter(([, inner]) => inner !== undefined));
}

function twice(value: unknown): unknown {
  if (Array.isArray(value)) return [...value, ...value];
  return typeof value === "string" ? value + value : value;
}

const withStranger = (value: unknown): unknown => (typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value, stranger: 1 } : value);

/** The object with one place of its spec made odd: taken away, replaced, doubled, or given a field that nobody knows. */
export function mutate<Shape extends object>(object: Shape & { spec?: unknown }, random: Random): object {
  const paths = pathsIn(object.spec, []);
  const path = paths.length === 0 ? [] : pick(paths, random);
  const odd = pick(oddValues, random);
  const change = pick([() => undefined, () => odd, () => odd, () => odd, twice, withStranger], random);
  return { ...object, spec: changed(object.spec, path, change) };
}
