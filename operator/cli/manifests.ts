// The manifests of a command's operands as single objects with their files and lines, for whoever looks at them one by one.
// It judges nothing; what cannot be read as an object is a problem.
import { statSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { Refusal } from "../terminal.ts";
import { isSettingsFile, objectsOf } from "../watch/files.ts";
import { readObject, type ReadObject } from "../watch/kinds.ts";
import { listManifests, readText } from "../watch/listing.ts";
import { parseManifest } from "../watch/manifest.ts";
import type { Complaint } from "../standalone/complaints.ts";
import { fieldsOf, textOf, wordsOf, type KubeObject } from "../kube/types.ts";
import { keyOf } from "../world.ts";

export type Read = Extract<ReadObject, { outcome: "read" }>;

export interface Manifested {
  /** As a person would type it. */
  readonly file: string;
  readonly lineOf: (path: string) => number;
  /** As it stands there, with its namespace. */
  readonly raw: KubeObject;
  readonly read: Read;
}

export interface Manifests {
  readonly objects: readonly Manifested[];
  /** What is no object that could be sent anywhere. */
  readonly complaints: readonly Complaint[];
}

/** Where an operand leads: to a folder, or to one file of it. */
export const placeOf = (given: string): { readonly folder: string; readonly file: string | undefined } => {
  const location = resolve(given);
  const status = statSync(location, { throwIfNoEntry: false });
  if (status === undefined) throw new Refusal(`there is no file or folder ${given}`);
  if (status.isDirectory()) return { folder: location, file: undefined };
  if (!/\.(?:yaml|yml|json)$/.test(location)) throw new Refusal(`${given} is no manifest: its name must end in .yaml, .yml or .json`);
  return { folder: dirname(location), file: location };
};

/** Objects that name no namespace are in `namespace`, as kubectl has it. */
export const readManifests = (given: string, namespace: string): Manifests => {
  const { folder, file } = placeOf(given);
  const objects: Manifested[] = [];
  const complaints: Complaint[] = [];
  for (const listed of listManifests(folder).files) {
    if (isSettingsFile(listed.file) || (file !== undefined && resolve(folder, listed.file) !== file)) continue;
    const shown = shownFrom(resolve(folder, listed.file));
    const complain = (line: number, message: string): void => void complaints.push({ severity: "error", file: shown, line, object: "", path: "", message });
    const { text = "", problem } = readText(listed.location);
    const { documents = [], problem: unparsed } = parseManifest(text);
    if (problem !== undefined) complain(0, problem);
    if (unparsed !== undefined) complain(unparsed.line, unparsed.message);
    for (const { raw, prefix, lineOf } of documents.flatMap(objectsOf)) {
      const read = readObject(placed(raw, namespace), () => undefined);
      if (read.outcome === "read") {
        objects.push({ file: shown, lineOf: (path) => lineOf(prefix + path), raw: asObject(placed(raw, namespace)), read });
        for (const path of unfilled(raw)) complaints.push({ severity: "warning", file: shown, line: lineOf(prefix + path), object: keyOf(read.ref), path, message: "is taken as it stands: only llmgw run fills in ${NAME}" });
      }
      if (read.outcome === "unidentified") for (const { path, message } of read.problems) complain(lineOf(prefix + path), message);
    }
  }
  return { objects, complaints };
};

const placed = (raw: unknown, namespace: string): unknown => {
  const metadata = fieldsOf(fieldsOf(raw)["metadata"]);
  const isPlaced = textOf(metadata["namespace"]) !== "" || fieldsOf(raw)["kind"] === "Namespace" || textOf(metadata["name"]) === "";
  return isPlaced ? raw : { ...fieldsOf(raw), metadata: { ...metadata, namespace } };
};

const unfilled = (raw: unknown): string[] =>
  fieldsOf(raw)["kind"] === "Secret" ? Object.entries(wordsOf(fieldsOf(raw)["stringData"])).flatMap(([key, text]) => (/\$\{[A-Za-z_]\w*\}/.test(text) ? [`stringData.${key}`] : [])) : [];

const asObject = (raw: unknown): KubeObject => ({ ...fieldsOf(raw), metadata: { name: "", ...fieldsOf(fieldsOf(raw)["metadata"]) } });

const shownFrom = (location: string): string => {
  const short = relative(process.cwd(), location);
  return short.startsWith("..") ? location : short;
};
