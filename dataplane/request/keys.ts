// Which of a provider's keys is used for an attempt, and under which mark a refused one is benched.
import { drawIndex } from "../policies/balance.ts";
import type { Gateway } from "./gateway.ts";
import type { Destination, Key } from "./destination.ts";

const NO_KEY: Key = { name: "", weight: 1, headers: [], query: "", live: null };

/** By weight among the keys that are not benched; when all are, a benched one is better than none. */
export const pickKey = ({ store, random }: Gateway, { keys }: Destination): Key => {
  if (keys.length <= 1) return keys[0] ?? NO_KEY;
  const usable = keys.filter((key) => key.weight > 0 && !store.isMarked(benchName(key)));
  const among = usable.length > 0 ? usable : keys;
  return among[drawIndex(among, random())] as Key;
};

const BENCH_MS = 60_000;

/** A refused key rests for a minute; a credential that can be renewed is. */
export const benchKey = ({ store }: Gateway, key: Key): void => {
  if (key.live !== null) key.live.refused();
  else if (key.name !== "") store.mark(benchName(key), BENCH_MS);
};

/** Whether a status says that the key was refused. Some vendors say with the same that a prompt was flagged, or that an account is empty. */
export const isOfKey = (status: number, { vendor }: Destination): boolean => {
  const meant = vendor.errors?.[status];
  return meant === undefined ? status === 401 || status === 403 : meant === "credential" || meant === "forbidden";
};

export const benchName = (key: Key): string => `bench/${key.name}`;

const SECRET_CHARACTERS_MIN = 8;
const harmless: ReadonlySet<string> = new Set(["user-agent", "accept-encoding"]);

/** What must not be told on when a provider quotes it. */
export const secretsOf = ({ headers, query, live }: Key): string[] => {
  const flat = [...headers, ...(live?.now() ?? [])];
  const values = flat.filter((_, index) => index % 2 === 1 && !harmless.has(flat[index - 1] ?? ""));
  const words = [...values, decodeURIComponent(query.slice(query.indexOf("=") + 1))].map((value) => value.replace(/^Bearer /, ""));
  return words.filter((value) => value.length >= SECRET_CHARACTERS_MIN);
};
