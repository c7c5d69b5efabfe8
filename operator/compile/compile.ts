// THE COMPILER: a world in, a snapshot for each gateway and a report about each object out.
// Pure: no I/O, no clock, no random; the input is never changed; the same world gives the same bytes.
import { notInForce } from "../../crds/not-in-force.ts";
import type { Snapshot } from "../../dataplane/snapshot/schema.ts";
import { refOf, type FieldProblem, type OwnKind, type World } from "../world.ts";
import { assembleSnapshot, gatewayRef, type Parts } from "./assemble.ts";
import { judgeBudget } from "./budgets.ts";
import { compileCallers } from "./callers.ts";
import { settleClaims } from "./claims.ts";
import { compareText, finding, Findings, type Diagnostics } from "./diagnostics.ts";
import { compileProvider } from "./providers.ts";
import { compileRoute, type CompiledRoute } from "./routes.ts";
import { allNamespaces } from "./selectors.ts";
import { settingsNotInForce } from "./settings.ts";
import type { Providers } from "./targets.ts";

export interface Compiled {
  /** By gateway. One is missing only if a mistake of ours made it unfit to be published; the reports then say so. */
  readonly snapshots: Readonly<Record<string, Snapshot>>;
  readonly diagnostics: Diagnostics;
}

export const compileWorld = (world: World): Compiled => {
  const findings = new Findings();
  reportInvalid(world, findings);
  judgeGateways(world, findings);
  const providers = compileProviders(world, findings);
  const routes = compileRoutes(world, providers, findings);
  judgeBudgets(world, providers, findings);
  const callers = compileCallers(world, findings);
  const won = settleClaims(routes, findings);
  const parts: Parts = { providers, routes: new Map(routes.map((route) => [route.id, route])), callers, won };
  const snapshots: Record<string, Snapshot> = {};
  for (const gateway of Object.keys(world.gateways).toSorted(compareText)) {
    const snapshot = assembleSnapshot(world, gateway, parts, findings);
    if (snapshot !== undefined) snapshots[gateway] = snapshot;
  }
  return { snapshots, diagnostics: findings.report() };
};

const judgeGateways = (world: World, findings: Findings): void => {
  for (const [name, settings] of Object.entries(world.gateways)) {
    const paths = settingsNotInForce(settings).join(", ");
    if (paths !== "") findings.add(gatewayRef(name), finding("FieldsNotInForce", "", { paths }));
  }
};

const PROBLEMS_TOLD_MAX = 16;

const reportInvalid = (world: World, findings: Findings): void => {
  for (const [key, { kind, metadata, problems }] of Object.entries(world.invalid)) {
    const object = refOf(kind, key.slice(key.indexOf("/") + 1));
    findings.know(object, metadata.generation);
    findings.add(object, ...problems.slice(0, PROBLEMS_TOLD_MAX).map(invalid));
  }
};

const invalid = ({ path, message }: FieldProblem) => finding("Invalid", path, { path: path === "" ? "" : `${path}: `, problem: message });

// Objects of a world are frozen, so that what was found in a spec may be remembered with it: most of them stay from world to world.
const remembered = new WeakMap<object, string>();

const pathsNotInForce = (kind: OwnKind, spec: object): string => {
  const known = remembered.get(spec);
  if (known !== undefined) return known;
  const paths = notInForce(kind, spec).join(", ");
  if (Object.isFrozen(spec)) remembered.set(spec, paths);
  return paths;
};

/** Starts the report about an object, with what it says that nothing acts on. */
const know = (kind: OwnKind, id: string, object: { readonly metadata: { readonly generation?: number }; readonly spec: object }, findings: Findings): void => {
  const reference = refOf(kind, id);
  findings.know(reference, object.metadata.generation);
  const paths = pathsNotInForce(kind, object.spec);
  if (paths !== "") findings.add(reference, finding("FieldsNotInForce", "", { paths }));
};

const compileProviders = (world: World, findings: Findings): Providers => {
  const compiled = Object.entries(world.providers).map(([id, source]) => {
    know("LLMProvider", id, source, findings);
    const provider = compileProvider(world, id, source);
    findings.add(refOf("LLMProvider", id), ...provider.findings);
    return [id, provider] as const;
  });
  return Object.fromEntries(compiled);
};

const compileRoutes = (world: World, providers: Providers, findings: Findings): CompiledRoute[] => {
  const namespaces = allNamespaces(world);
  return Object.entries(world.routes).map(([id, source]) => {
    know("LLMRoute", id, source, findings);
    const route = compileRoute(world, providers, namespaces, id, source);
    findings.add(refOf("LLMRoute", id), ...route.findings);
    return route;
  });
};

const judgeBudgets = (world: World, providers: Providers, findings: Findings): void => {
  for (const [id, source] of Object.entries(world.budgets)) {
    know("LLMBudget", id, source, findings);
    findings.add(refOf("LLMBudget", id), ...judgeBudget(world, providers, id, source));
  }
};
