// The compiled parts → the snapshot of one gateway: only what its routes need, and only if the data plane's own check agrees.
// What the check refuses is taken out alone, so that one bad object never blocks the others.
// What is the same as the last time stays the same object, so that its hash is known and nobody looks at it again.
import type { GatewaySettings } from "../../crds/gateway-settings.ts";
import { resourceHash } from "../../dataplane/snapshot/canonical.ts";
import { checkSnapshot, type Problem } from "../../dataplane/snapshot/check.ts";
import { credentialsOf, FORMAT, sections, type Caller, type Provider, type Route, type Settings, type Snapshot } from "../../dataplane/snapshot/schema.ts";
import type { Secret } from "../../dataplane/snapshot/secret.ts";
import { own, refOf, type ObjectRef } from "../world.ts";
import type { Won } from "./claims.ts";
import { compareText, finding, type Findings } from "./diagnostics.ts";
import { formerIfSame, isSameList } from "./memo.ts";
import type { Claim, CompiledRoute } from "./routes.ts";
import { compileSettings } from "./settings.ts";
import type { CompiledProvider } from "./sources.ts";

export interface Parts {
  readonly providers: ReadonlyMap<string, CompiledProvider>;
  readonly routes: ReadonlyMap<string, CompiledRoute>;
  readonly callers: Readonly<Record<string, Caller>>;
  readonly won: Won;
}

type Excluded = ReadonlySet<string>;
const NOBODY: Excluded = new Set();
const NOTHING_WON: ReadonlyMap<string, readonly Claim[]> = new Map();

interface Assembled {
  readonly from: CompiledRoute;
  readonly claims: readonly Claim[];
  readonly route: Route;
}

export class Assembly {
  readonly #gateway: string;
  #routes: ReadonlyMap<string, Assembled> = new Map();
  #settings: { readonly from: GatewaySettings; readonly settings: Settings } | undefined;
  #last: Snapshot | undefined;

  constructor(gateway: string) {
    this.#gateway = gateway;
  }

  assemble(settings: GatewaySettings, parts: Parts, findings: Findings): Snapshot | undefined {
    const first = this.#put(settings, parts, NOBODY);
    const problems = problemsOf(first);
    if (problems.length === 0) return this.#carried(first, parts, findings);
    const second = this.#put(settings, parts, new Set(problems.map((problem) => problem.object)));
    for (const problem of problems) refuse(first, problem, findings);
    const remaining = problemsOf(second);
    if (remaining.length === 0) return this.#carried(second, parts, findings);
    giveUp(second, remaining, findings);
    return undefined;
  }

  #put(settings: GatewaySettings, parts: Parts, excluded: Excluded): Snapshot {
    const routes = this.#putRoutes(parts, excluded);
    const providers: Record<string, Provider> = {};
    const credentials = new Map<string, Secret>();
    for (const id of usedBy(routes)) {
      const compiled = parts.providers.get(id);
      if (compiled?.provider === undefined) continue;
      providers[id] = compiled.provider;
      for (const [credential, secret] of compiled.credentials) credentials.set(credential, secret);
    }
    const callers = excluded.size === 0 ? parts.callers : Object.fromEntries(Object.entries(parts.callers).filter(([digest]) => !excluded.has(`callers/${digest}`)));
    return this.#lastIfSame({
      format: FORMAT,
      gateway: this.#gateway,
      settings: this.#settingsOf(settings),
      providers: formerIfSame(this.#last?.providers, providers),
      routes: formerIfSame(this.#last?.routes, routes),
      callers: formerIfSame(this.#last?.callers, callers),
      credentials: formerIfSame(this.#last?.credentials, Object.fromEntries([...credentials].toSorted(([left], [right]) => compareText(left, right)))),
    });
  }

  #settingsOf(from: GatewaySettings): Settings {
    if (this.#settings?.from !== from) this.#settings = { from, settings: compileSettings(from) };
    return this.#settings.settings;
  }

  #putRoutes(parts: Parts, excluded: Excluded): Record<string, Route> {
    const won = parts.won.get(this.#gateway) ?? NOTHING_WON;
    // Of as many routes, all of them known, none is new: then their order is known as well.
    const areSame = won.size === this.#routes.size && [...won.keys()].every((id) => this.#routes.has(id));
    const ids = areSame ? this.#routes.keys() : [...won.keys()].toSorted(compareText);
    const assembled = new Map<string, Assembled>();
    const routes: Record<string, Route> = {};
    for (const id of ids) {
      const [from, claims] = [parts.routes.get(id), won.get(id)];
      if (from === undefined || claims === undefined || excluded.has(`routes/${id}`)) continue;
      const known = excluded.size === 0 ? this.#routes.get(id) : undefined;
      const one = known?.from === from && isSameList(known.claims, claims) ? known : { from, claims, route: routeFrom(from, claims, excluded) };
      assembled.set(id, one);
      routes[id] = one.route;
    }
    if (excluded.size === 0) this.#routes = assembled;
    return routes;
  }

  #lastIfSame(fresh: Snapshot): Snapshot {
    const last = this.#last;
    return last !== undefined && last.settings === fresh.settings && sections.every((section) => last[section] === fresh[section]) ? last : fresh;
  }

  /** Notes on each object that this gateway now has it, and what only shows where an object and a gateway meet. */
  #carried(snapshot: Snapshot, { routes, providers }: Parts, findings: Findings): Snapshot {
    const { gateway } = snapshot;
    for (const [id, route] of Object.entries(snapshot.routes)) findings.carry((routes.get(id) as CompiledRoute).object, gateway, resourceHash(route));
    for (const [id, provider] of Object.entries(snapshot.providers)) {
      const { object } = providers.get(id) as CompiledProvider;
      findings.carry(object, gateway, fingerprint(snapshot, provider));
      const isStranded = provider.network === "private" && snapshot.settings.privateRanges.length === 0;
      if (isStranded) findings.add(object, finding("PrivateRangesEmpty", "spec.network", { gateway }));
    }
    this.#last = snapshot;
    return snapshot;
  }
}

const problemsOf = (snapshot: Snapshot): readonly Problem[] => checkSnapshot(snapshot).problems ?? [];

const routeFrom = ({ access, rules, timeouts }: CompiledRoute, claims: readonly Claim[], excluded: Excluded): Route => ({
  models: [...claims],
  access,
  rules: rules.map(({ name, targets }) => ({ name, targets: targets.filter((target) => !excluded.has(`providers/${target.provider}`)) })),
  timeouts,
});

/** Sorted. */
const usedBy = (routes: Readonly<Record<string, Route>>): string[] => {
  const used = new Set<string>();
  for (const { rules } of Object.values(routes)) for (const { targets } of rules) for (const target of targets) used.add(target.provider);
  return [...used].toSorted(compareText);
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

// With its credentials: a rotated key is a new provider as far as data planes are concerned.
const fingerprint = (snapshot: Snapshot, provider: Provider): string => {
  const credentials = credentialsOf(provider.auth).flatMap(({ credential }) => own(snapshot.credentials, credential) ?? []);
  return [provider, ...credentials].map((resource) => resourceHash(resource).slice(0, 16)).join(".");
};
