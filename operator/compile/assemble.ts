// The compiled parts → the snapshot of one gateway: only what its routes need, and only if the data plane's own check agrees.
// What the check refuses is taken out alone, so that one bad object never blocks the others.
import { resourceHash } from "../../dataplane/snapshot/canonical.ts";
import { checkSnapshot, type Problem } from "../../dataplane/snapshot/check.ts";
import { FORMAT, type Caller, type Provider, type Route, type Snapshot } from "../../dataplane/snapshot/schema.ts";
import type { Secret } from "../../dataplane/snapshot/secret.ts";
import { own, refOf, type ObjectRef, type World } from "../world.ts";
import type { Won } from "./claims.ts";
import { compareText, finding, type Findings } from "./diagnostics.ts";
import type { CompiledRoute } from "./routes.ts";
import { compileSettings } from "./settings.ts";
import type { Providers } from "./targets.ts";

export interface Parts {
  readonly providers: Providers;
  readonly routes: ReadonlyMap<string, CompiledRoute>;
  readonly callers: Readonly<Record<string, Caller>>;
  readonly won: Won;
}

type Excluded = ReadonlySet<string>;

export const assembleSnapshot = (world: World, gateway: string, parts: Parts, findings: Findings): Snapshot | undefined => {
  const settings = own(world.gateways, gateway);
  if (settings === undefined) return undefined;
  const base = { format: FORMAT, gateway, settings: compileSettings(settings) } as const;
  const first = { ...base, ...sectionsOf(gateway, parts, new Set()) };
  const problems = problemsOf(first);
  if (problems.length === 0) return carried(first, findings);
  const second = { ...base, ...sectionsOf(gateway, parts, new Set(problems.map((problem) => problem.object))) };
  for (const problem of problems) refuse(first, problem, findings);
  const remaining = problemsOf(second);
  if (remaining.length === 0) return carried(second, findings);
  giveUp(second, remaining, findings);
  return undefined;
};

const problemsOf = (snapshot: Snapshot): readonly Problem[] => checkSnapshot(snapshot).problems ?? [];

const sectionsOf = (gateway: string, parts: Parts, excluded: Excluded) => {
  const routes = routesOf(gateway, parts, excluded);
  const used = new Set(Object.values(routes).flatMap((route) => route.rules.flatMap((rule) => rule.targets.map((target) => target.provider))));
  const providers: [string, Provider][] = [];
  const credentials = new Map<string, Secret>();
  for (const id of [...used].toSorted(compareText)) {
    const compiled = own(parts.providers, id);
    if (compiled?.provider === undefined) continue;
    providers.push([id, compiled.provider]);
    for (const [credential, secret] of compiled.credentials) credentials.set(credential, secret);
  }
  const callers = Object.entries(parts.callers).filter(([digest]) => !excluded.has(`callers/${digest}`));
  const sortedCredentials = [...credentials].toSorted(([left], [right]) => compareText(left, right));
  return { providers: Object.fromEntries(providers), routes, callers: Object.fromEntries(callers), credentials: Object.fromEntries(sortedCredentials) };
};

const routesOf = (gateway: string, parts: Parts, excluded: Excluded): Record<string, Route> => {
  const won = [...(parts.won.get(gateway) ?? [])].toSorted(([left], [right]) => compareText(left, right));
  const routes = won.flatMap(([id, models]): [string, Route][] => {
    const route = parts.routes.get(id);
    if (route === undefined || excluded.has(`routes/${id}`)) return [];
    const rules = route.rules.map(({ name, targets }) => ({ name, targets: targets.filter((target) => !excluded.has(`providers/${target.provider}`)) }));
    return [[id, { models: [...models], access: route.access, rules, timeouts: route.timeouts }]];
  });
  return Object.fromEntries(routes);
};

const refuse = (snapshot: Snapshot, { object, path, message }: Problem, findings: Findings): void => {
  const at = object.indexOf("/");
  const id = object.slice(at + 1);
  const caller = own(snapshot.callers, id)?.name;
  const refused = finding("NotExpressible", "", { problem: `${path}: ${message}` });
  if (object.startsWith("providers/")) findings.add(refOf("LLMProvider", id), refused);
  if (object.startsWith("routes/")) findings.add(refOf("LLMRoute", id), refused);
  if (object.startsWith("callers/") && caller !== undefined) findings.add(refOf("Secret", caller), refused);
};

/** A gateway is no object, and still something can be said about it. */
export const gatewayRef = (name: string): ObjectRef => ({ kind: "Gateway", namespace: "", name });

const giveUp = ({ gateway, routes, providers }: Snapshot, problems: readonly Problem[], findings: Findings): void => {
  const problem = problems.slice(0, 3).map(({ object, path, message }) => `${object} ${path}: ${message}`).join("; ");
  const lost = [gatewayRef(gateway), ...Object.keys(routes).map((id) => refOf("LLMRoute", id)), ...Object.keys(providers).map((id) => refOf("LLMProvider", id))];
  for (const object of lost) findings.add(object, finding("SnapshotInvalid", "", { gateway, problem }));
};

/** Notes on each object that this gateway now has it, and what only shows where an object and a gateway meet. */
const carried = (snapshot: Snapshot, findings: Findings): Snapshot => {
  const { gateway } = snapshot;
  for (const [id, route] of Object.entries(snapshot.routes)) findings.carry(refOf("LLMRoute", id), gateway, resourceHash(route));
  for (const [id, provider] of Object.entries(snapshot.providers)) {
    const reference = refOf("LLMProvider", id);
    findings.carry(reference, gateway, fingerprint(snapshot, provider));
    const isStranded = provider.network === "private" && snapshot.settings.privateRanges.length === 0;
    if (isStranded) findings.add(reference, finding("PrivateRangesEmpty", "spec.network", { gateway }));
  }
  return snapshot;
};

// With its credentials: a rotated key is a new provider as far as data planes are concerned.
const fingerprint = (snapshot: Snapshot, provider: Provider): string => {
  const credentials = provider.auth.keys.flatMap((key) => own(snapshot.credentials, key.credential) ?? []);
  return [provider, ...credentials].map((resource) => resourceHash(resource).slice(0, 16)).join(".");
};
