// LLMRoute → route of the snapshot, as far as one route can be judged alone.
// Who wins where two claim one name is decided in claims.ts, over all routes of a gateway.
import type { LLMRoute } from "../../crds/route.ts";
import type { Route } from "../../dataplane/snapshot/schema.ts";
import { refOf, type ObjectRef } from "../world.ts";
import { bornAt, type Aged } from "./age.ts";
import { compareText, finding, type Finding } from "./diagnostics.ts";
import { openNamespaces } from "./selectors.ts";
import type { Look } from "./sources.ts";
import { durationMs } from "./spans.ts";
import { compileRule, rulesInForce, type CompiledRule } from "./targets.ts";

export type Claim = Route["models"][number];

export interface CompiledRoute extends Aged {
  readonly object: ObjectRef;
  readonly findings: readonly Finding[];
  /** Those of its gateways that exist; empty when the route is not accepted. */
  readonly gateways: readonly string[];
  readonly claims: readonly Claim[];
  readonly access: Route["access"];
  readonly rules: Route["rules"];
  readonly timeouts: Route["timeouts"];
  readonly onLoss: "allow" | undefined;
}

const MODELS_MAX = 2048;
const NAMESPACES_MAX = 10_000;

export const compileRoute = (look: Look, id: string, route: LLMRoute): CompiledRoute => {
  const home = id.slice(0, id.indexOf("/"));
  const { rules, leftOut } = rulesInForce(route);
  const compiled = rules.map((rule) => compileRule(look, home, rule));
  const gateways = gatewaysOf(look, route);
  const models = claimsOf(route, compiled);
  const access = accessOf(look, home, route);
  const isAccepted = models.claims !== undefined && gateways.known.length > 0 && access.value !== undefined;
  return {
    id,
    object: refOf("LLMRoute", id),
    bornAt: bornAt(route.metadata),
    findings: [
      ...gateways.findings, ...models.findings, ...access.findings,
      ...compiled.flatMap((rule) => rule.findings),
      ...compiled.flatMap((rule) => passedOn(rule, models.claims ?? [])),
      ...(compiled.some((rule) => rule.targets.length > 0) ? [] : [finding("NoTargets", "")]),
      ...(leftOut.length === 0 ? [] : [finding("RulesNotInForce", "spec.rules", { rules: leftOut.join(", ") })]),
    ],
    gateways: isAccepted ? gateways.known : [],
    claims: models.claims ?? [],
    access: access.value ?? { namespaces: [] },
    rules: snapshotRules(route, compiled),
    timeouts: {
      ...(route.spec.stream.firstToken !== undefined && { firstTokenMs: durationMs(route.spec.stream.firstToken) }),
      ...(route.spec.stream.idle !== undefined && { idleMs: durationMs(route.spec.stream.idle) }),
    },
    onLoss: route.spec.onLoss === "Allow" ? "allow" : undefined,
  };
};

// A data plane runs the first rule. One with targets goes before one without, and there is always one to name in a refusal.
const snapshotRules = (route: LLMRoute, compiled: readonly CompiledRule[]): Route["rules"] =>
  compiled.length > 0
    ? compiled.map(({ name, targets }) => ({ name, targets }))
    : [{ name: route.spec.rules?.[0]?.name ?? "default", targets: [] }];

const gatewaysOf = (look: Look, route: LLMRoute): { known: string[]; findings: Finding[] } => {
  const all = look.gateways();
  const known = route.spec.gateways.filter((gateway) => all.includes(gateway)).toSorted(compareText);
  const findings = route.spec.gateways.flatMap((gateway, index) =>
    all.includes(gateway) ? [] : [finding("UnknownGateway", `spec.gateways[${index}]`, { gateway, known: all.join(", ") || "none" })],
  );
  return { known, findings: known.length > 0 ? findings : [finding("NoGateway", "spec.gateways"), ...findings] };
};

const claimOf = (pattern: string): Claim =>
  pattern.endsWith("*") ? { match: "prefix", name: pattern.slice(0, -1) } : { match: "exact", name: pattern };

// A name that the route did not choose is what some of its targets offer: the others must not answer for it.
const offeredClaim = (name: string, rule: CompiledRule | undefined): Claim => {
  const all = rule?.targets ?? [];
  const offering = all.filter((target) => rule?.offeredBy.get(target.name)?.includes(name) ?? true);
  return { match: "exact", name, ...(offering.length < all.length && { targets: offering.map((target) => target.name) }) };
};

/** How a person writes the claim. */
export const spelt = (claim: Claim): string => (claim.match === "prefix" ? `${claim.name}*` : claim.name);

const claimsOf = (route: LLMRoute, rules: readonly CompiledRule[]): { claims: Claim[] | undefined; findings: Finding[] } => {
  const names = route.spec.models ?? rules.flatMap((rule) => rule.offered);
  const isListed = route.spec.models !== undefined;
  const claims = [...new Set(names)].toSorted(compareText).map((name) => (isListed ? claimOf(name) : offeredClaim(name, rules[0])));
  if (claims.length > MODELS_MAX) return { claims: undefined, findings: [finding("TooManyModels", "spec.models", { count: claims.length, most: MODELS_MAX })] };
  if (claims.length > 0) return { claims, findings: [] };
  const providers = [...new Set(rules.flatMap((rule) => rule.withoutList))].toSorted(compareText).map((id) => `LLMProvider ${id}`);
  return { claims: undefined, findings: [finding("NoModels", "spec.models", { providers: providers.join(", ") || "the LLMProvider" })] };
};

// A target without a model passes on whatever the caller asked for, so that a list at the provider can only be compared with the claims.
const passedOn = (rule: CompiledRule, claims: readonly Claim[]): Finding[] =>
  rule.passing.flatMap(({ provider, listed, path }) => {
    const models = claims.filter((claim) => claim.match === "exact" && !listed.includes(claim.name)).map((claim) => claim.name);
    return models.length === 0 ? [] : [finding("ModelPassedOn", path, { provider, models: models.join(", ") })];
  });

const accessOf = (look: Look, home: string, route: LLMRoute): { value: Route["access"] | undefined; findings: Finding[] } => {
  const { callers } = route.spec;
  const namespaces = openNamespaces(look, callers.namespaces, home);
  if (namespaces !== undefined && namespaces.length > NAMESPACES_MAX) {
    const problem = `callers.namespaces.selector matches ${namespaces.length} namespaces, more than ${NAMESPACES_MAX}; narrow it or use from: All`;
    return { value: undefined, findings: [finding("NotExpressible", "spec.callers.namespaces", { problem })] };
  }
  const serviceAccounts = callers.serviceAccounts.map((name) => (name.includes("/") ? name : `${home}/${name}`)).toSorted(compareText);
  const value: Route["access"] = {
    ...(namespaces && { namespaces }),
    ...(serviceAccounts.length > 0 && { serviceAccounts }),
    ...(callers.teams.length > 0 && { teams: callers.teams.toSorted(compareText) }),
  };
  return { value, findings: namespaces?.length === 0 ? [finding("NoNamespaceMatches", "spec.callers.namespaces.selector")] : [] };
};
