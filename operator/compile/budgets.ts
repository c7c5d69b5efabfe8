// LLMBudget: its references are judged as those of a route are. Nothing of it reaches a snapshot yet, and its condition says so.
import type { LLMBudget } from "../../crds/budget.ts";
import { finding, type Finding } from "./diagnostics.ts";
import type { Look } from "./sources.ts";
import { referTo } from "./targets.ts";

export const judgeBudget = (look: Look, id: string, budget: LLMBudget): { findings: Finding[] } => {
  const namespace = id.slice(0, id.indexOf("/"));
  return { findings: [...missingRoutes(look, namespace, budget), ...unresolvedDowngrades(look, namespace, budget)] };
};

const missingRoutes = (look: Look, namespace: string, budget: LLMBudget): Finding[] =>
  (budget.spec.appliesTo.routes ?? []).flatMap((route, index) =>
    look.isRoute(`${namespace}/${route}`) || look.isInvalid(`LLMRoute/${namespace}/${route}`)
      ? []
      : [finding("RouteNotFound", `spec.appliesTo.routes[${index}]`, { route, namespace })],
  );

const unresolvedDowngrades = (look: Look, namespace: string, budget: LLMBudget): Finding[] =>
  budget.spec.thresholds.flatMap(({ target }, index) => {
    if (target === undefined) return [];
    const { problem } = referTo(look, namespace, target.providerRef, `spec.thresholds[${index}].target.providerRef`);
    return problem === undefined ? [] : [problem];
  });
