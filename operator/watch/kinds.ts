// The kinds that are read, wherever they come from: what the API calls them, and how one raw object becomes a part of the world.
// It judges one object at a time and never throws; what does not parse is handed on with its problems.
import { isKind, type AnyObject } from "../../crds/kinds.ts";
import { metadataOf, metadataProblems } from "../../crds/metadata.ts";
import { apiVersion as ownVersion } from "../../crds/shared.ts";
import { validateObject } from "../../crds/validate.ts";
import { Secret } from "../../dataplane/snapshot/secret.ts";
import type { ConfigMapObject, FieldProblem, InvalidObject, Metadata, NamespaceObject, ObjectRef, SecretObject } from "../world.ts";

export interface KindRow {
  readonly apiVersion: string;
  readonly plural: string;
  readonly isNamespaced: boolean;
}

export const readKinds = {
  LLMProvider: { apiVersion: ownVersion, plural: "llmproviders", isNamespaced: true },
  LLMRoute: { apiVersion: ownVersion, plural: "llmroutes", isNamespaced: true },
  LLMBudget: { apiVersion: ownVersion, plural: "llmbudgets", isNamespaced: true },
  Secret: { apiVersion: "v1", plural: "secrets", isNamespaced: true },
  ConfigMap: { apiVersion: "v1", plural: "configmaps", isNamespaced: true },
  Namespace: { apiVersion: "v1", plural: "namespaces", isNamespaced: false },
} as const satisfies Record<string, KindRow>;

export type ReadKind = keyof typeof readKinds;

export type Content =
  | { readonly section: "providers" | "routes" | "budgets"; readonly value: AnyObject }
  | { readonly section: "secrets"; readonly value: SecretObject }
  | { readonly section: "configMaps"; readonly value: ConfigMapObject }
  | { readonly section: "namespaces"; readonly value: NamespaceObject }
  | { readonly section: "invalid"; readonly value: InvalidObject }
  /** A Secret, ConfigMap or Namespace that does not parse: as if it were not there. */
  | { readonly section: "nothing" };

export type ReadObject =
  /** One of our kinds, or one that we read. `problems` may be there beside usable content: a Secret's unset variable. */
  | { readonly outcome: "read"; readonly ref: ObjectRef; readonly content: Content; readonly problems: readonly FieldProblem[] }
  /** It cannot be said which object this is. */
  | { readonly outcome: "unidentified"; readonly problems: readonly FieldProblem[] }
  | { readonly outcome: "ignored"; readonly kind: string };

/** Gives `${NAME}` its value; undefined for a variable that is not set. A cluster passes nothing: there is no stringData there. */
export type Variable = (name: string) => string | undefined;

const DEFAULT_NAMESPACE = "default";
const ownSections = { LLMProvider: "providers", LLMRoute: "routes", LLMBudget: "budgets" } as const;

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
const isReadKind = (kind: string): kind is ReadKind => Object.hasOwn(readKinds, kind);

export const readObject = (raw: unknown, variable: Variable): ReadObject => {
  if (!isFields(raw)) return unidentified("", "is not an object with apiVersion, kind and metadata");
  const { apiVersion, kind } = raw;
  if (typeof kind !== "string" || kind === "") return unidentified("kind", "is missing: which kind of object is this?");
  if (typeof apiVersion !== "string" || apiVersion === "") return unidentified("apiVersion", "is missing");
  if (!isReadKind(kind) || groupOf(apiVersion) !== groupOf(readKinds[kind].apiVersion)) return { outcome: "ignored", kind: `${apiVersion} ${kind}` };
  const ref = refOfRaw(kind, raw["metadata"]);
  if (ref === undefined) return unidentified("metadata.name", "is missing: each object needs a name");
  return isKind(kind) ? readOwn(kind, ref, raw) : readCore(kind, ref, raw, variable);
};

const unidentified = (path: string, message: string): ReadObject => ({ outcome: "unidentified", problems: [{ path, message }] });

const groupOf = (apiVersion: string): string => (apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "");

const refOfRaw = (kind: ReadKind, metadata: unknown): ObjectRef | undefined => {
  if (!isFields(metadata) || typeof metadata["name"] !== "string" || metadata["name"] === "") return undefined;
  const given = metadata["namespace"];
  const namespace = typeof given === "string" && given !== "" ? given : DEFAULT_NAMESPACE;
  return { kind, namespace: readKinds[kind].isNamespaced ? namespace : "", name: metadata["name"] };
};

const readOwn = (kind: keyof typeof ownSections, ref: ObjectRef, raw: Fields): ReadObject => {
  const { object, problems } = validateObject(raw);
  if (object === undefined) {
    const value: InvalidObject = { kind, metadata: metadataOfInvalid(ref, raw["metadata"]), problems };
    return { outcome: "read", ref, content: { section: "invalid", value }, problems };
  }
  const value = { ...object, metadata: { ...object.metadata, namespace: ref.namespace } };
  return { outcome: "read", ref, content: { section: ownSections[kind], value }, problems };
};

const metadataOfInvalid = (ref: ObjectRef, metadata: unknown): Metadata => {
  const generation = isFields(metadata) ? metadata["generation"] : undefined;
  return { name: ref.name, namespace: ref.namespace, ...(typeof generation === "number" && { generation }) };
};

const readCore = (kind: "Secret" | "ConfigMap" | "Namespace", ref: ObjectRef, raw: Fields, variable: Variable): ReadObject => {
  const wrong = [...versionProblems(kind, raw), ...metadataProblems(raw["metadata"])];
  if (wrong.length > 0) return { outcome: "read", ref, content: { section: "nothing" }, problems: wrong };
  const given = metadataOf(raw["metadata"]);
  const metadata: Metadata = { ...given, namespace: ref.namespace };
  if (kind === "Namespace") return { outcome: "read", ref, content: { section: "namespaces", value: { labels: given.labels ?? {} } }, problems: [] };
  const { content, problems } = kind === "Secret" ? readSecret(raw, metadata, variable) : readConfigMap(raw, metadata);
  return { outcome: "read", ref, content, problems };
};

const versionProblems = (kind: ReadKind, raw: Fields): FieldProblem[] => {
  const { apiVersion } = readKinds[kind];
  return raw["apiVersion"] === apiVersion ? [] : [{ path: "apiVersion", message: `is ${String(raw["apiVersion"])}; ${kind} is read as ${apiVersion}` }];
};

interface Entries {
  readonly entries: readonly (readonly [key: string, text: string])[];
  readonly problems: readonly FieldProblem[];
}

const dataKey = /^[-._a-zA-Z0-9]{1,253}$/;

const entriesOf = (value: unknown, path: string): Entries => {
  if (value === undefined || value === null) return { entries: [], problems: [] };
  if (!isFields(value)) return { entries: [], problems: [{ path, message: "must be a map of strings" }] };
  const problems: FieldProblem[] = [];
  const entries = Object.entries(value).flatMap(([key, text]): [string, string][] => {
    if (typeof text === "string" && dataKey.test(key)) return [[key, text]];
    problems.push({ path: `${path}.${key}`, message: dataKey.test(key) ? "must be a string; put it in quotes" : "is no valid key: letters, digits, '-', '_' and '.' only" });
    return [];
  });
  return { entries, problems };
};

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

const readSecret = (raw: Fields, metadata: Metadata, variable: Variable): { content: Content; problems: FieldProblem[] } => {
  const encoded = entriesOf(raw["data"], "data");
  const plain = entriesOf(raw["stringData"], "stringData");
  const problems = [...encoded.problems, ...plain.problems];
  const data = new Map<string, Secret>();
  const missing = new Map<string, string>();
  for (const [key, text] of encoded.entries) {
    const packed = text.replace(/\s+/g, "");
    if (base64.test(packed)) data.set(key, new Secret(Buffer.from(packed, "base64").toString("utf8")));
    else problems.push({ path: `data.${key}`, message: "is not base64; write plain text under stringData" });
  }
  for (const [key, text] of plain.entries) {
    const { value, unset } = expand(text, variable);
    data.delete(key);
    if (unset.length === 0) data.set(key, new Secret(value));
    else missing.set(key, unsetWords(unset));
    if (unset.length > 0) problems.push({ path: `stringData.${key}`, message: unsetWords(unset) });
  }
  const value: SecretObject = { metadata, data: Object.fromEntries(data), missing: Object.fromEntries(missing) };
  return { content: { section: "secrets", value }, problems };
};

// An empty variable is how shells and compose files spell one that was not given.
const expand = (text: string, variable: Variable): { value: string; unset: string[] } => {
  const unset: string[] = [];
  const value = text.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string) => {
    const found = variable(name) ?? "";
    if (found === "") unset.push(name);
    return found;
  });
  return { value, unset };
};

const unsetWords = (names: readonly string[]): string =>
  names.length === 1 ? `environment variable ${names[0]} is not set` : `environment variables ${[...new Set(names)].join(", ")} are not set`;

const readConfigMap = (raw: Fields, metadata: Metadata): { content: Content; problems: FieldProblem[] } => {
  const { entries, problems } = entriesOf(raw["data"], "data");
  return { content: { section: "configMaps", value: { metadata, data: Object.fromEntries(entries) } }, problems: [...problems] };
};
