// One spelling for each snapshot, and its hash as the version.
// The hash is built from the hashes of its resources, so that a change of one does not cost a pass over all.
import { hash } from "node:crypto";
import { Secret } from "./secret.ts";
import { sections, type Snapshot } from "./schema.ts";

export type Plain = null | boolean | number | string | Plain[] | { [key: string]: Plain };

/** Keys sorted by code unit, no white space, secrets by `spell`. Undefined members are left out. */
export const canonical = (value: unknown, spell: (secret: Secret) => Plain = revealed): string => {
  if (value instanceof Secret) return JSON.stringify(spell(value));
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, spell)).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const record = value as Readonly<Record<string, unknown>>;
    let members = "";
    // Without a comparison of its own a sort of texts goes by code unit.
    for (const key of Object.keys(record).sort()) {
      if (record[key] !== undefined) members += `${members === "" ? "" : ","}${JSON.stringify(key)}:${canonical(record[key], spell)}`;
    }
    return `{${members}}`;
  }
  return JSON.stringify(value);
};

// On the wire and on disk a secret is an object of one member, so that no plain string can be taken for one.
const revealed = (secret: Secret): Plain => ({ secret: secret.reveal() });

const sha256 = (text: string): string => hash("sha256", text, "hex");

// Resources are immutable once in a snapshot, so that the hash of one may be remembered with it.
const remembered = new WeakMap<object, string>();

export const resourceHash = (resource: object): string => {
  const known = remembered.get(resource);
  if (known !== undefined) return known;
  const fresh = sha256(canonical(resource));
  remembered.set(resource, fresh);
  return fresh;
};

/** From here on the resource counts as having the content of the other. */
export const adoptHash = (resource: object, told: object): void => {
  if (resource !== told) remembered.set(resource, resourceHash(told));
};

const spelled = new WeakMap<object, string>();

/** One line for each resource of a section, by id; remembered, since an edit leaves most sections the same object. */
const sectionLines = (section: string, resources: Readonly<Record<string, object>>): string => {
  const known = spelled.get(resources);
  if (known !== undefined) return known;
  const lines = sortedIds(resources).map((id) => {
    const resource = resources[id];
    return resource === undefined ? "" : `\n${section} ${JSON.stringify(id)} ${resourceHash(resource)}`;
  });
  const text = lines.join("");
  spelled.set(resources, text);
  return text;
};

// Sections are built in order nearly always, and looking is cheaper than sorting.
const sortedIds = (resources: object): string[] => {
  const ids = Object.keys(resources);
  return ids.every((id, index) => index === 0 || (ids[index - 1] as string) < id) ? ids : ids.sort();
};

const versions = new WeakMap<Snapshot, string>();

/** The version: the same content has the same version, on every machine. */
export const snapshotVersion = (snapshot: Snapshot): string => {
  const known = versions.get(snapshot);
  if (known !== undefined) return known;
  const head = `format ${snapshot.format}\ngateway ${snapshot.gateway}\nsettings ${resourceHash(snapshot.settings)}`;
  const version = sha256(head + sections.map((section) => sectionLines(section, snapshot[section])).join("")).slice(0, 32);
  versions.set(snapshot, version);
  return version;
};

/** As `canonical` reads it, for JSON.stringify, which is several times as fast: for the wire and the disk, where order does not matter. */
export const wireForm = (snapshot: Snapshot): object => ({
  ...snapshot,
  credentials: Object.fromEntries(Object.entries(snapshot.credentials).map(([id, secret]) => [id, revealed(secret)])),
});
