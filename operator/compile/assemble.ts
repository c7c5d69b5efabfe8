// The compiled parts → the snapshot of one gateway: only what its routes need, and only if the data plane's own check agrees.
// What the check refuses is taken out alone, so that one bad object never blocks the others.
// What is the same as the last time stays the same object, so that its hash is known and nobody looks at it again.
import type { GatewaySettings } from "../../crds/gateway-settings.ts";
import { resourceHash } from "../../dataplane/snapshot/canonical.ts";
import { checkSnapshot, problemsSince, type Problem } from "../../dataplane/snapshot/check.ts";
import type { Caller, Provider, Route, Settings, Snapshot } from "../../dataplane/snapshot/schema.ts";
import { credentialsOf, FORMAT, sections } from "../../dataplane/snapshot/terms.ts";
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
  /** Ids of providers. */
  readonly uses: readonly string[];
}

type Sold = Pick<Snapshot, "providers" | "credentials">;

export class Assembly {
  readonly #gateway: string;
  #routes: ReadonlyMap<string, Assembled> = new Map();
  #settings: { readonly from: GatewaySettings; readonly settings: Settings } | undefined;
  #used: readonly string[] = [];
  #sold: { readonly compiled: readonly (CompiledProvider | undefined)[]; readonly sold: Sold } | undefined;
  /** Found good. */
  #last: Snapshot | undefined;

  constructor(gateway: string) {
    this.#gateway = gateway;
  }

  assemble(settings: GatewaySettings, parts: Parts, findings: Findings): Snapshot | undefined {
    const first = this.#put(settings, parts, NOBODY);
    const problems = this.#problemsOf(first);
    if (problems.length === 0) return this.#carried(first, parts, findings);
    const second = this.#put(settings, parts, new Set(problems.map((problem) => problem.object)));
    for (const problem of problems) refuse(first, problem, findings);
    const remaining = this.#problemsOf(second);
    if (remaining.length === 0) return this.#carried(second, parts, findings);
    giveUp(second, remaining, findings);
    return undefined;
  }

  #put(settings: GatewaySettings, parts: Parts, excluded: Excluded): Snapshot {
    const assembled = this.#putRoutes(parts, excluded);
    const callers = excluded.size === 0 ? parts.callers : Object.fromEntries(Object.entries(parts.callers).filter(([digest]) => !excluded.has(`callers/${digest}`)));
    return this.#lastIfSame({
      format: FORMAT,
      gateway: this.#gateway,
      settings: this.#settingsOf(settings),
      routes: formerIfSame(this.#last?.routes, recordOf(assembled, ({ route }) => route)),
      callers: formerIfSame(this.#last?.callers, callers),
      ...this.#putProviders(this.#usedBy(assembled), parts),
    });
  }

  #putProviders(used: readonly string[], { providers: all }: Parts): Sold {
    const compiled = used.map((id) => all.get(id));
    const known = this.#sold;
    if (known !== undefined && isSameList(known.compiled, compiled)) return known.sold;
    const providers = Object.create(null) as Record<string, Provider>;
    const credentials = new Map<string, Secret>();
    for (const one of compiled) {
      if (one?.provider === undefined) continue;
      providers[one.id] = one.provider;
      for (const [credential, secret] of one.credentials) credentials.set(credential, secret);
    }
    const sold = {
      providers: formerIfSame(this.#last?.providers, providers),
      credentials: formerIfSame(this.#last?.credentials, Object.fromEntries([...credentials].toSorted(([left], [right]) => compareText(left, right)))),
    };
    this.#sold = { compiled, sold };
    return sold;
  }

  #problemsOf(snapshot: Snapshot): readonly Problem[] {
    return this.#last === undefined ? (checkSnapshot(snapshot).problems ?? []) : problemsSince(this.#last, snapshot);
  }

  #settingsOf(from: GatewaySettings): Settings {
    if (this.#settings?.from !== from) this.#settings = { from, settings: compileSettings(from) };
    return this.#settings.settings;
  }

  #putRoutes(parts: Parts, excluded: Excluded): ReadonlyMap<string, Assembled> {
    const won = parts.won.get(this.#gateway) ?? NOTHING_WON;
    // Of as many routes, all of them known, none is new: then their order is known as well.
    const areSame = won.size === this.#routes.size && [...won.keys()].every((id) => this.#routes.has(id));
    const ids = areSame ? this.#routes.keys() : [...won.keys()].toSorted(compareText);
    const assembled = new Map<string, Assembled>();
    for (const id of ids) {
      const [from, claims] = [parts.routes.get(id), won.get(id)];
      if (from === undefined || claims === undefined || excluded.has(`routes/${id}`)) continue;
      const known = excluded.size === 0 ? this.#routes.get(id) : undefined;
      assembled.set(id, known?.from === from && isSameList(known.claims, claims) ? known : routeFrom(from, claims, excluded));
    }
    if (excluded.size === 0) this.#routes = assembled;
    return assembled;
  }

  /** Sorted. */
  #usedBy(assembled: ReadonlyMap<string, Assembled>): readonly string[] {
    const used = new Set<string>();
    for (const { uses } of assembled.values()) for (const id of uses) used.add(id);
    // As many, and all of them known: then the order is known as well.
    const areSame = used.size === this.#used.length && this.#used.every((id) => used.has(id));
    if (!areSame) this.#used = [...used].toSorted(compareText);
    return this.#used;
  }

  #lastIfSame(fresh: Snapshot): Snapshot {
    const last = this.#last;
    return last !== undefined && last.settings === fresh.settings && sections.every((section) => last[section] === fresh[section]) ? last : fresh;
  }

  /** Notes on each object that this gateway now has it, and what only shows where an object and a gateway meet. */
  #carried(snapshot: Snapshot, { routes, providers }: Parts, findings: Findings): Snapshot {
    const { gateway } = snapshot;
    for (const id of Object.keys(snapshot.routes)) findings.carry((routes.get(id) as CompiledRoute).object, gateway, resourceHash(snapshot.routes[id] as Route));
    for (const id of Object.keys(snapshot.providers)) {
      const [provider, { object }] = [snapshot.providers[id] as Provider, providers.get(id) as CompiledProvider];
      findings.carry(object, gateway, fingerprintOf(snapshot, provider));
      const isStranded = provider.network === "private" && snapshot.settings.privateRanges.length === 0;
      if (isStranded) findings.add(object, finding("PrivateRangesEmpty", "spec.network", { gateway }));
    }
    this.#last = snapshot;
    return snapshot;
  }
}

const routeFrom = (from: CompiledRoute, claims: readonly Claim[], excluded: Excluded): Assembled => {
  const { access, timeouts, onLoss } = from;
  const rules = from.rules.map(({ name, targets }) => ({ name, targets: targets.filter((target) => !excluded.has(`providers/${target.provider}`)) }));
  const route: Route = { models: [...claims], access, rules, timeouts, ...(onLoss !== undefined && { onLoss }) };
  return { from, claims, route, uses: rules.flatMap(({ targets }) => targets.map(({ provider }) => provider)) };
};

/** Without a prototype an object of many members is made several times as fast. */
const recordOf = <From, Value>(entries: ReadonlyMap<string, From>, valueOf: (from: From) => Value): Record<string, Value> => {
  const record = Object.create(null) as Record<string, Value>;
  for (const [id, from] of entries) record[id] = valueOf(from);
  return record;
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

const fingerprints = new WeakMap<Provider, { readonly credentials: Snapshot["credentials"]; readonly fingerprint: string }>();

// With its credentials: a rotated key is a new provider as far as data planes are concerned.
const fingerprintOf = ({ credentials }: Snapshot, provider: Provider): string => {
  const known = fingerprints.get(provider);
  if (known?.credentials === credentials) return known.fingerprint;
  const needed = credentialsOf(provider.auth).flatMap(({ credential }) => own(credentials, credential) ?? []);
  const fingerprint = [provider, ...needed].map((resource) => resourceHash(resource).slice(0, 16)).join(".");
  fingerprints.set(provider, { credentials, fingerprint });
  return fingerprint;
};
