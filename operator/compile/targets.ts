// The targets of a route → targets of the snapshot. One that does not resolve costs its own share and nobody else's.
// It never looks behind a door that is closed: of a provider that is not open to the route nothing is read.
import type { LLMRoute, RouteTarget } from "../../crds/route.ts";
import type { Target } from "../../dataplane/snapshot/schema.ts";
import { finding, type Finding } from "./diagnostics.ts";
import { isOpenTo } from "./selectors.ts";
import type { CompiledProvider, Look } from "./sources.ts";

export interface Rule {
  readonly name: string;
  readonly targets: readonly RouteTarget[];
  /** Where the targets stand in the route: "spec.targets" or "spec.rules[1].targets". */
  readonly path: string;
}

/** What is in force of a route's rules: those without `when`. */
export const rulesInForce = (route: LLMRoute): { rules: Rule[]; leftOut: string[] } => {
  if (route.spec.targets !== undefined) return { rules: [{ name: "default", targets: route.spec.targets, path: "spec.targets" }], leftOut: [] };
  const rules: Rule[] = [];
  const leftOut: string[] = [];
  for (const [index, rule] of (route.spec.rules ?? []).entries()) {
    if (rule.when === undefined) rules.push({ name: rule.name, targets: rule.targets, path: `spec.rules[${index}].targets` });
    else leftOut.push(rule.name);
  }
  return { rules, leftOut };
};

export type Referred = { provider: CompiledProvider; problem?: never } | { provider?: never; problem: Finding };

/** The provider that a reference leads to, if the one who refers to it may go there. */
export const referTo = (look: Look, home: string, reference: RouteTarget["providerRef"], path: string): Referred => {
  const id = `${reference.namespace ?? home}/${reference.name}`;
  const provider = look.provider(id);
  if (provider === undefined) {
    const isInvalid = look.isInvalid(`LLMProvider/${id}`);
    return { problem: finding(isInvalid ? "ProviderInvalid" : "ProviderNotFound", path, { provider: id }) };
  }
  const door = provider.source.spec.allowedRoutes.namespaces;
  if (!isOpenTo(look, door, provider.namespace, home)) return { problem: finding("RefNotPermitted", path, { provider: id, namespace: home }) };
  return { provider };
};

export interface CompiledRule {
  readonly name: string;
  readonly targets: Target[];
  readonly findings: Finding[];
  /** Everything that callers could ask these targets for, whether or not they resolve. */
  readonly offered: string[];
  /** By target that resolved: the names that it offers; a target that is not in it passes on any name. */
  readonly offeredBy: Map<string, readonly string[]>;
  /** Providers that were reached for but list no model: for telling what to write. */
  readonly withoutList: string[];
  /** Targets that pass the caller's name on to a provider that lists its models. */
  readonly passing: { readonly provider: string; readonly listed: readonly string[]; readonly path: string }[];
}

export const compileRule = (look: Look, home: string, rule: Rule): CompiledRule => {
  const compiled: CompiledRule = { name: rule.name, targets: [], findings: [], offered: [], offeredBy: new Map(), withoutList: [], passing: [] };
  const names = new Set(rule.targets.flatMap((target) => target.name ?? []));
  for (const [index, target] of rule.targets.entries()) {
    const path = `${rule.path}[${index}]`;
    if (target.model !== undefined) compiled.offered.push(target.model);
    const { provider, problem } = referTo(look, home, target.providerRef, `${path}.providerRef`);
    if (provider === undefined) {
      compiled.findings.push(problem);
      continue;
    }
    if (target.model === undefined) offerList(provider, path, compiled);
    const refusal = refusalOf(provider, target, home, path);
    if (refusal !== undefined) {
      compiled.findings.push(refusal);
      continue;
    }
    const name = target.name ?? inventedName(target, names);
    compiled.targets.push(assemble(provider, target, name));
    const list = target.model === undefined ? provider.source.spec.models?.map((model) => model.name) : [target.model];
    if (list !== undefined) compiled.offeredBy.set(name, list);
  }
  return compiled;
};

const offerList = (provider: CompiledProvider, path: string, compiled: CompiledRule): void => {
  const listed = provider.source.spec.models?.map((model) => model.name);
  if (listed === undefined) compiled.withoutList.push(provider.id);
  else {
    compiled.offered.push(...listed);
    compiled.passing.push({ provider: provider.id, listed, path });
  }
};

const refusalOf = (provider: CompiledProvider, target: RouteTarget, home: string, path: string): Finding | undefined => {
  if (provider.provider === undefined) {
    // The names of its Secrets are no business of another namespace.
    const cause = provider.namespace === home ? `: ${provider.findings.map((one) => one.message).join("; ")}` : "; its own status says why";
    return finding("ProviderNotUsable", `${path}.providerRef`, { provider: provider.id, cause });
  }
  const { models } = provider.source.spec;
  if (target.model === undefined || models === undefined || models.some((model) => model.name === target.model)) return undefined;
  const offered = models.map((model) => model.name).join(", ");
  return finding("ModelNotOffered", `${path}.model`, { provider: provider.id, model: target.model, offered: clipped(offered) });
};

const LIST_CHARACTERS_MAX = 512;
const clipped = (list: string): string => (list.length <= LIST_CHARACTERS_MAX ? list : `${list.slice(0, LIST_CHARACTERS_MAX)}…`);

const assemble = (provider: CompiledProvider, target: RouteTarget, name: string): Target => {
  const listed = provider.source.spec.models?.find((model) => model.name === target.model);
  const model = listed?.upstreamName ?? target.model;
  return { name, provider: provider.id, ...(model !== undefined && { model }), weight: target.weight, priority: target.priority };
};

const NAME_CHARACTERS_MAX = 240;

// "openai/gpt-5.5-mini"; a second one of that name is "openai/gpt-5.5-mini#2". The same manifest always gets the same names.
const inventedName = (target: RouteTarget, taken: Set<string>): string => {
  const { name } = target.providerRef;
  const plain = (target.model === undefined ? name : `${name}/${target.model}`).slice(0, NAME_CHARACTERS_MAX);
  let invented = plain;
  for (let count = 2; taken.has(invented); count += 1) invented = `${plain}#${count}`;
  taken.add(invented);
  return invented;
};
