// A folder of manifests → a world, with the file, line and field of everything that is wrong with it.
// What is broken keeps its last good state and stops nothing else. It reads when asked; when to ask is folder-watch.ts's matter.
import { isDeepStrictEqual } from "node:util";
import { validateGatewaySettings } from "../../crds/validate.ts";
import type { GatewaySettings } from "../../crds/gateway-settings.ts";
import { keyOf, type FieldProblem, type ObjectRef, type World } from "../world.ts";
import { readObject, type Content, type Variable } from "./kinds.ts";
import { listManifests, readText, type Unlisted } from "./listing.ts";
import { parseManifest, type ManifestDocument } from "./manifest.ts";
import { WorldBuilder } from "./world.ts";

export interface Problem {
  /** Relative to the folder. */
  readonly file: string;
  /** Counted from 1; 0 for the file as a whole. */
  readonly line: number;
  /** "LLMRoute/team-a/chat", or "" where it cannot be said. */
  readonly object: string;
  /** "spec.targets[0].model", or "". */
  readonly path: string;
  readonly message: string;
}

export interface FolderReading {
  readonly world: World;
  /** What is wrong: the objects concerned keep their last good state, or are not served. */
  readonly problems: readonly Problem[];
  /** What was passed over and may well be meant so. */
  readonly notices: readonly Problem[];
  /** Where each object comes from, by "LLMRoute/team-a/chat": for what is found out about it later. */
  readonly origins: ReadonlyMap<string, { readonly file: string; readonly line: number }>;
  /** Folders to watch for changes, absolute and real. */
  readonly folders: readonly string[];
  /** Whether anything is different from the reading before. */
  readonly isChanged: boolean;
}

interface Held {
  readonly ref: ObjectRef;
  readonly content: Content;
  readonly file: string;
  readonly line: number;
}

interface FileState {
  readonly text: string;
  /** By object key: what this file has to give, its last good state where it is broken now. */
  readonly held: ReadonlyMap<string, Held>;
  readonly problems: readonly Problem[];
  readonly notices: readonly Problem[];
  /** Only of gateway.yaml: the last good settings. */
  readonly gateways: Readonly<Record<string, GatewaySettings>> | undefined;
}

const settingsFile = /^gateway\.(?:yaml|yml|json)$/;

/** It holds the gateway's own settings, and no objects. */
export const isSettingsFile = (file: string): boolean => settingsFile.test(file);

export class ManifestFolder {
  readonly #directory: string;
  readonly #variable: Variable;
  #files: ReadonlyMap<string, FileState> = new Map();
  #unread: readonly Problem[] = [];

  constructor({ directory, environment }: { directory: string; environment: Readonly<Record<string, string | undefined>> }) {
    this.#directory = directory;
    this.#variable = (name) => (Object.hasOwn(environment, name) ? environment[name] : undefined);
  }

  read(): FolderReading {
    const listing = listManifests(this.#directory);
    const lastGood = lastGoodOf(this.#files);
    const files = new Map<string, FileState>();
    const problems = listing.problems.map(({ file, message }) => wholeFile(file, message));
    for (const { file, location } of listing.files) {
      const before = this.#files.get(file);
      const { text, problem } = readText(location);
      if (text !== undefined) files.set(file, before?.text === text ? before : this.#readFile(file, text, before, lastGood));
      else if (problem !== undefined) {
        problems.push(wholeFile(file, problem));
        if (before !== undefined) files.set(file, before);
      }
    }
    this.#keepUnreadable(files, listing.problems);
    const isChanged = isDifferent(this.#files, files) || !isDeepStrictEqual(problems, this.#unread);
    this.#files = files;
    this.#unread = problems;
    return { ...merge(files, problems), folders: listing.folders, isChanged };
  }

  /** What lies in a folder that cannot be read for now is not gone. */
  #keepUnreadable(files: Map<string, FileState>, unlisted: readonly Unlisted[]): void {
    for (const { file, isGone } of unlisted) {
      if (isGone) continue;
      for (const [name, state] of this.#files) {
        if (!files.has(name) && (file === "" || name === file || name.startsWith(`${file}/`))) files.set(name, state);
      }
    }
  }

  #readFile(file: string, text: string, before: FileState | undefined, lastGood: LastGood): FileState {
    const manifest = parseManifest(text);
    const unreadable = manifest.problem ?? emptied(text, before);
    if (unreadable !== undefined || manifest.documents === undefined) {
      const problem = { file, object: "", path: "", line: 1, message: "", ...unreadable };
      return { text, held: before?.held ?? new Map(), problems: [problem], notices: [], gateways: before?.gateways };
    }
    if (isSettingsFile(file)) return readSettings(file, text, manifest.documents, before);
    return readDocuments(file, text, manifest.documents, { before, lastGood, variable: this.#variable });
  }
}

const wholeFile = (file: string, message: string): Problem => ({ file, line: 0, object: "", path: "", message });

// A program that writes a file anew empties it first, and may take its time until it goes on.
const emptied = (text: string, before: FileState | undefined): { line: number; message: string } | undefined =>
  text.trim() === "" && before !== undefined && (before.held.size > 0 || before.gateways !== undefined)
    ? { line: 1, message: "is empty all at once; what it held stays in force until it is filled or deleted" }
    : undefined;

const isDifferent = (before: ReadonlyMap<string, FileState>, after: ReadonlyMap<string, FileState>): boolean =>
  before.size !== after.size || [...after].some(([file, state]) => before.get(file) !== state);

type LastGood = ReadonlyMap<string, Content>;

const lastGoodOf = (files: ReadonlyMap<string, FileState>): LastGood => {
  const good = new Map<string, Content>();
  for (const { held } of files.values()) {
    for (const [key, { content }] of held) if (isGood(content) && !good.has(key)) good.set(key, content);
  }
  return good;
};

const isGood = (content: Content): boolean => content.section !== "invalid" && content.section !== "nothing";

const readSettings = (file: string, text: string, documents: readonly ManifestDocument[], before: FileState | undefined): FileState => {
  const [document, surplus] = documents;
  const { settings, problems } = validateGatewaySettings(document?.value);
  const told = problems.map(({ path, message }) => ({ file, line: document?.lineOf(path) ?? 0, object: "", path, message }));
  if (surplus !== undefined) told.push({ file, line: surplus.lineOf(""), object: "", path: "", message: "the gateway's settings are one document; this second one is not read" });
  return { text, held: new Map(), problems: told, notices: [], gateways: settings?.gateways ?? before?.gateways };
};

interface Past {
  readonly before: FileState | undefined;
  readonly lastGood: LastGood;
  readonly variable: Variable;
}

const readDocuments = (file: string, text: string, documents: readonly ManifestDocument[], past: Past): FileState => {
  const held = new Map<string, Held>();
  const problems: Problem[] = [];
  const notices: Problem[] = [];
  let isAnyUnidentified = false;
  for (const { raw, prefix, lineOf } of documents.flatMap(objectsOf)) {
    const reading = readObject(raw, past.variable);
    const tell = (object: string, { path, message }: FieldProblem): Problem => ({ file, line: lineOf(prefix + path), object, path: prefix + path, message });
    if (reading.outcome === "ignored") notices.push(tell("", { path: "", message: `${reading.kind} is not read here` }));
    if (reading.outcome === "unidentified") {
      isAnyUnidentified = true;
      problems.push(...reading.problems.map((problem) => tell("", problem)));
    }
    if (reading.outcome !== "read") continue;
    const key = keyOf(reading.ref);
    const line = lineOf(prefix);
    const other = held.get(key);
    problems.push(...reading.problems.map((problem) => tell(key, problem)));
    if (other !== undefined) problems.push(tell(key, { path: "metadata.name", message: `is also in line ${other.line} of this file, and that one counts` }));
    else held.set(key, { ref: reading.ref, content: orLastGood(key, reading.content, past.lastGood), file, line });
  }
  // Whose document it is that cannot be identified, nobody knows: nothing that the file held is taken for deleted.
  if (isAnyUnidentified) for (const [key, one] of past.before?.held ?? []) if (!held.has(key)) held.set(key, one);
  return { text, held, problems, notices, gateways: undefined };
};

const orLastGood = (key: string, content: Content, lastGood: LastGood): Content => (isGood(content) ? content : (lastGood.get(key) ?? content));

interface Located {
  readonly raw: unknown;
  /** Where the object stands in its document: "" or "items[2].". */
  readonly prefix: string;
  readonly lineOf: (path: string) => number;
}

/** `kubectl get -o yaml` writes a List: its items are objects like others. Empty documents are nothing. */
export const objectsOf = ({ value, lineOf }: ManifestDocument): Located[] => {
  if (value === null || value === undefined) return [];
  const items = typeof value === "object" && "kind" in value && value.kind === "List" && "items" in value ? value.items : undefined;
  if (!Array.isArray(items)) return [{ raw: value, prefix: "", lineOf }];
  return items.map((raw: unknown, index) => ({ raw, prefix: `items[${index}].`, lineOf }));
};

const merge = (files: ReadonlyMap<string, FileState>, unread: readonly Problem[]): Pick<FolderReading, "world" | "problems" | "notices" | "origins"> => {
  const builder = new WorldBuilder();
  const owners = new Map<string, Held>();
  const problems = [...unread];
  const notices: Problem[] = [];
  let settingsFrom: string | undefined;
  for (const [file, state] of files) {
    problems.push(...state.problems);
    notices.push(...state.notices);
    for (const [key, one] of state.held) {
      const owner = owners.get(key);
      if (owner !== undefined) problems.push({ file, line: one.line, object: key, path: "", message: `is also in ${owner.file}, line ${owner.line}, and that one counts` });
      else {
        owners.set(key, one);
        builder.put(one.ref, one.content);
      }
    }
    if (state.gateways === undefined) continue;
    if (settingsFrom !== undefined) problems.push(wholeFile(file, `the gateway's settings are also in ${settingsFrom}, and that one counts`));
    else builder.setGateways(state.gateways);
    settingsFrom ??= file;
  }
  return { world: builder.world(), problems, notices, origins: owners };
};
