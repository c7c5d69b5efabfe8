// The lines that a run prints: what it serves and how to call it, and what each edit changed. Pure.
import type { Difference } from "../../dataplane/snapshot/delta.ts";
import type { Snapshot } from "../../dataplane/snapshot/schema.ts";
import type { Publication } from "../publish/editions.ts";
import type { DataPlaneState } from "../publish/sessions.ts";

export interface Served {
  readonly build: string;
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly port: number;
  readonly adminPorts: readonly number[];
  readonly manifests: string;
  readonly state: string;
  readonly logFiles: readonly string[];
  readonly snapshot: Snapshot | undefined;
}

const DIFFERENCES_TOLD_MAX = 5;
const MODELS_TOLD_MAX = 12;

export const welcome = (served: Served): string[] => {
  const address = urlOf(served.scheme, served.host, served.port);
  const admin = served.adminPorts.map((port) => urlOf("http", "127.0.0.1", port)).join("  ");
  return [
    `LLM Gateway ${served.build} serves ${served.manifests}`,
    "",
    `  address  ${address}`,
    `  admin    ${admin}  (/healthz /readyz /metrics /debug/snapshot)`,
    `  models   ${modelWords(served.snapshot)}`,
    `  state    ${served.state}`,
    `  log      ${served.logFiles.join("  ")}`,
    "",
    ...calls(address, served.snapshot),
    "",
    "Edits of the manifests are live at once. Ctrl-C ends it, when open requests are done.",
  ];
};

const urlOf = (scheme: string, host: string, port: number): string => {
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host;
  return `${scheme}://${reachable.includes(":") && !reachable.startsWith("[") ? `[${reachable}]` : reachable}:${port}`;
};

/** Names that callers can use now: a route whose every target is missing is not among them. */
export const modelsOf = (snapshot: Snapshot | undefined): string[] => {
  const usable = Object.values(snapshot?.routes ?? {}).filter((route) => (route.rules[0]?.targets.length ?? 0) > 0);
  return usable.flatMap((route) => route.models.map(({ match, name }) => (match === "prefix" ? `${name}*` : name))).toSorted();
};

const modelWords = (snapshot: Snapshot | undefined): string => {
  const models = modelsOf(snapshot);
  if (models.length === 0) return "none yet: add an LLMProvider and an LLMRoute to the manifests";
  const more = models.length - MODELS_TOLD_MAX;
  return `${models.slice(0, MODELS_TOLD_MAX).join(" ")}${more > 0 ? ` and ${more} more` : ""}`;
};

const calls = (address: string, snapshot: Snapshot | undefined): string[] => {
  const models = modelsOf(snapshot);
  const model = models.find((name) => name.endsWith("chat")) ?? models[0] ?? "MODEL";
  const isOpen = snapshot?.settings.anonymous === true;
  const key = isOpen ? "any" : "YOUR_KEY";
  const header = isOpen ? "" : ` -H 'authorization: Bearer ${key}'`;
  return [
    "curl:",
    `  curl -N ${address}/v1/chat/completions${header} -H 'content-type: application/json' -d '{"model":"${model}","stream":true,"messages":[{"role":"user","content":"Hello"}]}'`,
    "JavaScript (npm install openai):",
    `  import OpenAI from "openai";`,
    `  const client = new OpenAI({ baseURL: "${address}/v1", apiKey: "${key}" });`,
    `  console.log((await client.chat.completions.create({ model: "${model}", messages: [{ role: "user", content: "Hello" }] })).choices[0].message.content);`,
    "Python (pip install openai):",
    `  from openai import OpenAI`,
    `  client = OpenAI(base_url="${address}/v1", api_key="${key}")`,
    `  print(client.chat.completions.create(model="${model}", messages=[{"role": "user", "content": "Hello"}]).choices[0].message.content)`,
  ];
};

export interface Applied {
  readonly publication: Publication;
  readonly tookMs: number;
  /** Those of its gateway. */
  readonly dataPlanes: readonly DataPlaneState[];
}

/** "applied in 34 ms on 1 data plane: + route default/chat", and a line for each data plane that refused. */
export const appliedWords = ({ publication, tookMs, dataPlanes }: Applied): string[] => {
  const { version } = publication.edition;
  const took = dataPlanes.filter((plane) => plane.version === version);
  const refused = dataPlanes.filter((plane) => plane.rejection?.version === version);
  const what = differenceWords(publication);
  const lines = refused.map((plane) => `refused by ${plane.pod}, which keeps what it had: ${refusalWords(plane)}`);
  if (took.length > 0) lines.unshift(`applied in ${Math.round(tookMs)} ms on ${took.length} data plane${took.length === 1 ? "" : "s"}: ${what}`);
  else if (refused.length === 0) lines.unshift(`no data plane is connected to take this: ${what}`);
  return lines;
};

const refusalWords = ({ rejection }: DataPlaneState): string =>
  (rejection?.problems ?? []).map(({ object, path, message }) => [object, path, message].filter((word) => word !== "").join(" ")).join("; ");

const SIGNS = { added: "+", changed: "~", removed: "-" } as const;
const NAMES = { providers: "provider", routes: "route", callers: "caller", credentials: "credential", settings: "settings" } as const;

const differenceWords = ({ before, edition, differences }: Publication): string => {
  if (before === undefined) return "everything";
  const told = differences.slice(0, DIFFERENCES_TOLD_MAX).map((difference) => `${SIGNS[difference.kind]} ${nameOf(difference, before.snapshot, edition.snapshot)}`);
  const more = differences.length - told.length;
  return `${told.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
};

/** A caller's id is the hash of its key, which tells a person nothing. */
const nameOf = ({ section, id }: Difference, before: Snapshot, after: Snapshot): string => {
  if (section === "settings") return NAMES.settings;
  const caller = section === "callers" ? (after.callers[id] ?? before.callers[id]) : undefined;
  return `${NAMES[section]} ${caller?.name ?? id}`;
};
