// LLMBudget: its references are judged as those of a route are. Nothing of it reaches a snapshot yet, and its condition says so.
import type { LLMBudget } from "../../crds/budget.ts";
import type { World } from "../world.ts";
import { finding, type Finding } from "./diagnostics.ts";
import { referTo, type Providers } from "./targets.ts";

export const judgeBudget = (world: World, providers: Providers, id: string, budget: LLMBudget): Finding[] => {
  const namespace = id.slice(0, id.indexOf("/"));
  return [...missingRoutes(world, namespace, budget), ...unresolvedDowngrades(world, providers, namespace, budget)];
};

const missingRoutes = (world: World, namespace: string, budget: LLMBudget): Finding[] =>
  (budget.spec.appliesTo.routes ?? []).flatMap((route, index) =>
    Object.hasOwn(world.routes, `${namespace}/${route}`) || Object.hasOwn(world.invalid, `LLMRoute/${namespace}/${route}`)
      ? []
      : [finding("RouteNotFound", `spec.appliesTo.routes[${index}]`, { route, namespace })],
  );

const unresolvedDowngrades = (world: World, providers: Providers, namespace: string, budget: LLMBudget): Finding[] =>
  budget.spec.thresholds.flatMap(({ target }, index) => {
    if (target === undefined) return [];
    const { problem } = referTo(world, providers, namespace, target.providerRef, `spec.thresholds[${index}].target.providerRef`);
    return problem === undefined ? [] : [problem];
  });
