// What each kind's status has beside conditions and counts: the columns that `kubectl get` prints. Pure.
// Nothing is made up: what is not measured yet is Unknown or left out.
import type { LLMBudget } from "../../crds/budget.ts";
import type { LLMRoute } from "../../crds/route.ts";
import type { RouteStatus } from "../../crds/status.ts";
import { own, type ObjectRef, type World } from "../world.ts";
import type { Report } from "./conditions.ts";

/** As much of the compiled snapshots as is told here. */
export type PublishedRoutes = Readonly<Record<string, { readonly routes: Readonly<Record<string, { readonly models: readonly { readonly match: string; readonly name: string }[] }>> }>>;

const NAMES_MAX = 256;
const NAME_CHARACTERS_MAX = 256;

export const fieldsFor = ({ kind, namespace, name }: ObjectRef, world: World, snapshots: PublishedRoutes, report: Report): Readonly<Record<string, unknown>> => {
  const id = `${namespace}/${name}`;
  if (kind === "LLMProvider") return { health: { state: "Unknown" } };
  const route = kind === "LLMRoute" ? own(world.routes, id) : undefined;
  if (route !== undefined) return { models: modelsOf(id, snapshots), ...targetsOf(route, namespace, report) };
  const budget = kind === "LLMBudget" ? own(world.budgets, id) : undefined;
  return budget === undefined ? {} : limitOf(budget);
};

/** The names that lead to the route on any gateway, as it won them. */
const modelsOf = (id: string, snapshots: PublishedRoutes): string[] => {
  const claims = Object.values(snapshots).flatMap(({ routes }) => own(routes, id)?.models ?? []);
  const names = new Set(claims.map(({ match, name }) => (match === "prefix" ? `${name}*` : name)));
  return [...names].filter((name) => name.length <= NAME_CHARACTERS_MAX).toSorted().slice(0, NAMES_MAX);
};

type ResolvedTarget = NonNullable<RouteStatus["targets"]>[number];

const TARGETS_MAX = 256;
const TARGET_NAME_CHARACTERS_MAX = 63;
const MESSAGE_CHARACTERS_MAX = 1024;

const targetsOf = (route: LLMRoute, home: string, report: Report): { targets: ResolvedTarget[]; targetsSummary: string } => {
  const short = (route.spec.targets ?? []).map((target, index) => ({ target, rule: {}, path: `spec.targets[${index}]`, isLeftOut: false }));
  const long = (route.spec.rules ?? []).flatMap((rule, at) =>
    rule.targets.map((target, index) => ({ target, rule: { rule: rule.name }, path: `spec.rules[${at}].targets[${index}]`, isLeftOut: rule.when !== undefined })),
  );
  const targets = [...short, ...long].map(({ target, rule, path, isLeftOut }): ResolvedTarget => {
    const { name, namespace = home } = target.providerRef;
    const problem = isLeftOut ? "the rule has no effect yet because of its `when`" : problemAt(path, report);
    const plain = target.model === undefined ? name : `${name}/${target.model}`;
    return {
      ...rule,
      name: (target.name ?? plain).slice(0, TARGET_NAME_CHARACTERS_MAX),
      provider: `${namespace}/${name}`,
      ...(target.model !== undefined && { model: target.model }),
      state: problem === undefined ? "Resolved" : "Unresolved",
      ...(problem !== undefined && { message: problem.slice(0, MESSAGE_CHARACTERS_MAX) }),
    };
  });
  const resolved = targets.filter(({ state }) => state === "Resolved").length;
  return { targets: targets.slice(0, TARGETS_MAX), targetsSummary: `${resolved}/${targets.length}` };
};

const problemAt = (path: string, { findings }: Report): string | undefined =>
  findings.find((one) => one.severity === "error" && (one.path === path || one.path.startsWith(`${path}.`)))?.message;

const limitOf = ({ spec }: LLMBudget): { limit?: string } => {
  const [first] = spec.limits;
  if (first === undefined) return {};
  const { amount, unit, currency, window } = first;
  return { limit: `${amount} ${currency ?? unit} / ${window.period}` };
};
