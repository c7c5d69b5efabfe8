// One spelling for each snapshot, and its hash as the version.
// The hash is built from the hashes of its resources, so that a change of one does not cost a pass over all.
import { createHash, hash } from "node:crypto";
import type { Snapshot } from "./schema.ts";
import { Secret } from "./secret.ts";
import { sections, type Section } from "./terms.ts";

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

/** Whether both are there and say the same. */
export const isSameResource = (left: object | undefined, right: object | undefined): boolean =>
  left === right || (left !== undefined && right !== undefined && resourceHash(left) === resourceHash(right));

/** From here on the resource counts as having the content of the other. */
export const adoptHash = (resource: object, told: object): void => {
  if (resource !== told) remembered.set(resource, resourceHash(told));
};

const spelled = new WeakMap<object, string>();

/** One line for each resource of a section, by id; remembered, since an edit leaves most sections the same object. */
const sectionLines = (section: Section, resources: Readonly<Record<string, object>>): string => {
  const known = spelled.get(resources);
  if (known !== undefined) return known;
  let text = "";
  for (const id of sortedIds(resources)) text += lineOf(section, id, resources[id]);
  spelled.set(resources, text);
  return text;
};

interface Line {
  readonly section: Section;
  readonly id: string;
  readonly text: string;
}

// With its resource, as the hash is: an edit of one leaves the lines of all others as they are.
const lines = new WeakMap<object, Line>();

const lineOf = (section: Section, id: string, resource: object | undefined): string => {
  if (resource === undefined) return "";
  const known = lines.get(resource);
  if (known !== undefined && known.id === id && known.section === section) return known.text;
  const text = `\n${section} ${JSON.stringify(id)} ${resourceHash(resource)}`;
  lines.set(resource, { section, id, text });
  return text;
};

/** Sections are built in order nearly always, and looking is cheaper than sorting. */
export const sortedIds = (resources: object): string[] => {
  const ids = Object.keys(resources);
  return ids.every((id, index) => index === 0 || (ids[index - 1] as string) < id) ? ids : ids.sort();
};

const versions = new WeakMap<Snapshot, string>();

/** The version: the same content has the same version, on every machine. */
export const snapshotVersion = (snapshot: Snapshot): string => {
  const known = versions.get(snapshot);
  if (known !== undefined) return known;
  // Piece by piece: as one text it costs four times as much.
  const digest = createHash("sha256").update(`format ${snapshot.format}\ngateway ${snapshot.gateway}\nsettings ${resourceHash(snapshot.settings)}`);
  for (const section of sections) digest.update(sectionLines(section, snapshot[section]));
  const version = digest.digest("hex").slice(0, 32);
  versions.set(snapshot, version);
  return version;
};

/** As JSON, for the wire and the disk, where the order of members does not matter. Of what was told before the text is there already. */
export const wireText = (snapshot: Snapshot): string => {
  const head = JSON.stringify(Object.fromEntries(Object.entries(snapshot).filter(([name]) => !isSection(name))));
  return `${head.slice(0, -1)},${sections.map((section) => `"${section}":${sectionText(snapshot[section])}`).join(",")}}`;
};

const isSection = (name: string): boolean => (sections as readonly string[]).includes(name);

const sectionText = (resources: Readonly<Record<string, object>>): string => {
  let members = "";
  for (const id of Object.keys(resources)) members += `${members === "" ? "" : ","}${JSON.stringify(id)}:${textOf(resources[id] as object)}`;
  return `{${members}}`;
};

const texts = new WeakMap<object, string>();

const textOf = (resource: object): string => {
  // What is secret is not kept a second time.
  if (resource instanceof Secret) return JSON.stringify(revealed(resource));
  const known = texts.get(resource);
  if (known !== undefined) return known;
  const text = JSON.stringify(resource);
  texts.set(resource, text);
  return text;
};
