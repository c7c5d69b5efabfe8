// What is wrong with the manifests, as lines for a person: file, line, object, field, what to do.
// A cause is told once, not again for each object that it touches. Pure.
import { relative, resolve } from "node:path";
import type { Diagnostics, Finding, ObjectReport } from "../compile/diagnostics.ts";
import type { FolderReading, Problem } from "../watch/files.ts";
import { keyOf, own, type World } from "../world.ts";

export interface Complaint {
  readonly severity: "error" | "warning";
  /** As the person would type it; "" where it is not known. */
  readonly file: string;
  /** 0 for a file as a whole. */
  readonly line: number;
  readonly object: string;
  readonly path: string;
  readonly message: string;
}

export const lineOf = ({ severity, file, line, object, path, message }: Complaint): string => {
  const place = file === "" ? "" : `${file}${line > 0 ? `:${line}` : ""}: `;
  const what = [object, path].filter((word) => word !== "").join(" ");
  return `${place}${severity === "warning" ? "note: " : ""}${what === "" ? "" : `${what}: `}${message}`;
};

/** What makes it the same complaint after lines were added above it. */
export const identityOf = (complaint: Complaint): string => lineOf({ ...complaint, line: 0 });

export interface Sources {
  readonly directory: string;
  readonly reading: Pick<FolderReading, "problems" | "notices" | "origins">;
  readonly world: World;
  readonly diagnostics: Diagnostics;
}

export const complaintsOf = ({ directory, reading, world, diagnostics }: Sources): Complaint[] => {
  const waiting = waitingFor(world);
  const from = (severity: Complaint["severity"]) => (problem: Problem): Complaint => {
    const consequence = waiting.consequences.get(problem.object) ?? "";
    return { severity, file: shown(directory, problem.file), line: problem.line, object: problem.object, path: problem.path, message: `${problem.message}${consequence}` };
  };
  const placed = ({ object, ...rest }: Unplaced): Complaint => {
    const origin = reading.origins.get(object);
    return { ...rest, object, file: origin === undefined ? "" : shown(directory, origin.file), line: origin?.line ?? 0 };
  };
  const reports = Object.values(diagnostics).flatMap((report) => ofReport(report, waiting.objects));
  return [...reading.problems.map(from("error")), ...reading.notices.map(from("warning")), ...reports.map(placed)];
};

const shown = (directory: string, file: string): string => {
  const location = resolve(directory, file);
  const short = relative(process.cwd(), location);
  return short.startsWith("..") ? location : short;
};

type Unplaced = Omit<Complaint, "file" | "line">;

/** What reading the file has said already, with its line, compile need not say again. */
const ofReport = ({ object, findings }: ObjectReport, waiting: ReadonlySet<string>): Unplaced[] =>
  findings
    .filter((one) => one.reason !== "Invalid" && !(waiting.has(keyOf(object)) && isConsequence(one)))
    .map(({ severity, path, message }) => ({ severity, object: keyOf(object), path, message }));

const isConsequence = ({ reason }: Finding): boolean => ["SecretKeyNotFound", "NoUsableKey", "ProviderNotUsable", "NoTargets"].includes(reason);

interface Waiting {
  /** Keys of objects that are not served only because a variable is not set. */
  readonly objects: ReadonlySet<string>;
  /** By key of the Secret: what to add to the line that names the variable. */
  readonly consequences: ReadonlyMap<string, string>;
}

const waitingFor = (world: World): Waiting => {
  const objects = new Set<string>();
  const consequences = new Map<string, string>();
  for (const [id, secret] of Object.entries(world.secrets)) {
    if (Object.keys(secret.missing).length === 0) continue;
    const namespace = id.slice(0, id.indexOf("/"));
    const providers = Object.entries(world.providers).filter(([provider]) => provider.startsWith(`${namespace}/`) && isOpenedBy(world, provider, secret.metadata.name));
    const served = new Set(providers.map(([provider]) => provider));
    const routes = Object.keys(world.routes).filter((route) => targetsOf(world, route).some((target) => served.has(target)));
    for (const provider of served) objects.add(`LLMProvider/${provider}`);
    for (const route of routes) objects.add(`LLMRoute/${route}`);
    if (routes.length > 0) consequences.set(`Secret/${id}`, `; ${routes.map((route) => `route ${route}`).join(", ")} ${routes.length === 1 ? "waits" : "wait"} for it`);
  }
  return { objects, consequences };
};

const isOpenedBy = (world: World, provider: string, secret: string): boolean => {
  const auth = own(world.providers, provider)?.spec.auth;
  return auth?.secretRef?.name === secret || auth?.keys?.some((key) => key.secretRef.name === secret) === true;
};

const targetsOf = (world: World, route: string): string[] => {
  const spec = own(world.routes, route)?.spec;
  const namespace = route.slice(0, route.indexOf("/"));
  const targets = [...(spec?.targets ?? []), ...(spec?.rules ?? []).flatMap((rule) => rule.targets)];
  return targets.map(({ providerRef }) => `${providerRef.namespace ?? namespace}/${providerRef.name}`);
};
