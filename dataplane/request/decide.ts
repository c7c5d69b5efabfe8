// Step 4: from model and caller to an ordered plan of places to try. Pure but for the random number it is given.
// It does not ask whether a place is healthy.
import { failure, type Failure } from "../errors.ts";
import { drawOrder } from "../policies/balance.ts";
import type { Caller } from "../snapshot/schema.ts";
import { nearestNames } from "./nearest.ts";
import type { Exchange } from "./exchange.ts";
import type { Destination, Tier } from "./destination.ts";
import { findRoute, type RouteEntry, type Router } from "./router.ts";

export const decide = (exchange: Exchange): Failure | null => {
  const router = exchange.router as Router;
  const refusal = exchange.modelAsked === "" ? routeWithoutModel(exchange, router) : routeOfModel(exchange, router);
  if (refusal !== null) return refusal;
  const route = exchange.route as RouteEntry;
  exchange.routeName = route.name;
  exchange.plan = planOf(route.tiers(exchange.endpoint, exchange.modelAsked), exchange.gateway.random);
  if (exchange.plan.length > 0) return null;
  return failure("ROUTE_NO_TARGET", { route: route.name, operation: exchange.operation }, "", 5);
};

const routeOfModel = (exchange: Exchange, router: Router): Failure | null => {
  const { modelAsked, caller } = exchange;
  const match = findRoute(router, modelAsked);
  if (match === undefined) return notFound(router, caller, modelAsked);
  if (!mayAskFor(caller, modelAsked) || !match.route.mayUse(caller)) return failure("ROUTE_FORBIDDEN", { model: modelAsked }, "model");
  exchange.route = match.route;
  exchange.modelMatched = match.name;
  return null;
};

export const notFound = (router: Router, caller: Caller, model: string): Failure => {
  const near = nearestNames(model, usableModels(router, caller));
  const hint = near.length === 0 ? "" : ` Close: ${near.map((name) => `"${name}"`).join(", ")}.`;
  return failure("ROUTE_MODEL_NOT_FOUND", { model, hint }, "model");
};

/** Exact names that the caller could ask for and get an answer. */
export const usableModels = (router: Router, caller: Caller): string[] =>
  [...router.exact.values()].filter(({ name, route }) => route.hasTarget && mayAskFor(caller, name) && route.mayUse(caller)).map(({ name }) => name);

export const mayAskFor = (caller: Caller, model: string): boolean =>
  caller.models === undefined ||
  caller.models.some((allowed) => (allowed.endsWith("*") ? model.startsWith(allowed.slice(0, -1)) : allowed === model));

// Files, batches and stored answers name no model: the route is the one the caller names, or the first that leads there.
const routeWithoutModel = (exchange: Exchange, router: Router): Failure | null => {
  const { caller, endpoint, request } = exchange;
  const named = request.headers["x-llmgw-route"];
  const route = router.routes.find(
    (candidate) => (named === undefined || candidate.name === named) && candidate.tiers(endpoint, "").length > 0 && candidate.mayUse(caller),
  );
  // A caller that is held to certain models must not get around them by naming none.
  if (route === undefined || caller.models !== undefined) return failure("ROUTE_NO_PROVIDER", { operation: exchange.operation });
  exchange.route = route;
  return null;
};

/** Tiers in order; inside a tier the targets as the weights fall; for each target its endpoints. */
export const planOf = (tiers: readonly Tier[], random: () => number): readonly Destination[] => {
  const [first, second] = tiers;
  if (first === undefined) return [];
  if (second === undefined && first.targets.length === 1) return first.targets[0]?.endpoints ?? [];
  return tiers.flatMap((tier) => drawOrder(tier.targets, random).flatMap((target) => target.endpoints));
};
