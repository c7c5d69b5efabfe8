// THE COMPILER: a world in, a snapshot for each gateway and a report about each object out.
// Pure: no I/O, no clock, no random; the input is never changed; the same world gives the same bytes. What a Compiler
// remembers of the worlds before only spares it work: of an edit it does again what looked at the edited object.
import { notInForce } from "../../crds/not-in-force.ts";
import type { GatewaySettings } from "../../crds/gateway-settings.ts";
import type { Snapshot } from "../../dataplane/snapshot/schema.ts";
import { own, refOf, type FieldProblem, type InvalidObject, type ObjectRef, type OwnKind, type SecretObject, type World } from "../world.ts";
import { Assembly, gatewayRef } from "./assemble.ts";
import { judgeBudget } from "./budgets.ts";
import { compileCaller, settleCallers } from "./callers.ts";
import { claimTheSame, settleClaims, type Settled } from "./claims.ts";
import { compareText, finding, Findings, type Diagnostics, type Finding } from "./diagnostics.ts";
import { isSameList, Memo } from "./memo.ts";
import { compileProvider } from "./providers.ts";
import { compileRoute, type CompiledRoute } from "./routes.ts";
import { areSameNeighbours, neighboursIn } from "./selectors.ts";
import { settingsNotInForce } from "./settings.ts";
import type { Look, Neighbour, Sources } from "./sources.ts";

export interface Compiled {
  /** By gateway. One is missing only if a mistake of ours made it unfit to be published; the reports then say so. */
  readonly snapshots: Readonly<Record<string, Snapshot>>;
  readonly diagnostics: Diagnostics;
}

/** Without a memory: what a Compiler must give too, whatever it remembers. */
export const compileWorld = (world: World): Compiled => new Compiler().compile(world);

export class Compiler {
  readonly #invalid = new Memo(judgeInvalid);
  readonly #providers = new Memo(judging("LLMProvider", compileProvider));
  readonly #routes = new Memo(judging("LLMRoute", compileRoute));
  readonly #budgets = new Memo(judging("LLMBudget", judgeBudget));
  readonly #callers = new Memo((_, id: string, secret: SecretObject) => compileCaller(id, secret));
  readonly #gateways = new Memo(judgeGateway);
  #assemblies: ReadonlyMap<string, Assembly> = new Map();
  #gatewayNames: readonly string[] = [];
  #neighbours: readonly Neighbour[] = [];
  #claims: { readonly routes: readonly CompiledRoute[]; readonly settled: Settled } | undefined;
  #diagnostics: Diagnostics = {};

  compile(world: World): Compiled {
    const findings = new Findings();
    const bare: Sources = { world, providers: new Map(), gateways: this.#gatewaysOf(world), neighbours: this.#neighboursOf(world) };
    for (const judged of this.#invalid.all(world.invalid, bare)) tell(judged, findings);
    for (const judged of this.#gateways.all(world.gateways, bare)) findings.add(judged.object, ...judged.findings);
    const providers = told(this.#providers.all(world.providers, bare), findings);
    const sources: Sources = { ...bare, providers: new Map(providers.map((provider) => [provider.id, provider])) };
    const routes = told(this.#routes.all(world.routes, sources), findings);
    told(this.#budgets.all(world.budgets, sources), findings);
    const callers = settleCallers(this.#callers.all(world.secrets, sources).filter((caller) => caller !== undefined), findings);
    const { won } = this.#settle(routes, findings);
    const parts = { providers: sources.providers, routes: new Map(routes.map((route) => [route.id, route])), callers, won };
    const assemblies = new Map(sources.gateways.map((gateway) => [gateway, this.#assemblies.get(gateway) ?? new Assembly(gateway)]));
    this.#assemblies = assemblies;
    const snapshots = [...assemblies].flatMap(([gateway, assembly]): [string, Snapshot][] => {
      const settings = own(world.gateways, gateway);
      const snapshot = settings && assembly.assemble(settings, parts, findings);
      return snapshot === undefined ? [] : [[gateway, snapshot]];
    });
    this.#diagnostics = findings.report(this.#diagnostics);
    return { snapshots: Object.fromEntries(snapshots), diagnostics: this.#diagnostics };
  }

  #gatewaysOf(world: World): readonly string[] {
    const names = Object.keys(world.gateways).toSorted(compareText);
    if (!isSameList(this.#gatewayNames, names)) this.#gatewayNames = names;
    return this.#gatewayNames;
  }

  #neighboursOf(world: World): readonly Neighbour[] {
    const neighbours = neighboursIn(world);
    if (!areSameNeighbours(this.#neighbours, neighbours)) this.#neighbours = neighbours;
    return this.#neighbours;
  }

  #settle(routes: readonly CompiledRoute[], findings: Findings): Settled {
    const former = this.#claims;
    const isSettled = former !== undefined && former.routes.length === routes.length && routes.every((route, index) => claimTheSame(route, former.routes[index]));
    const settled = isSettled ? former.settled : settleClaims(routes);
    this.#claims = { routes, settled };
    for (const [id, one] of settled.findings) findings.add(refOf("LLMRoute", id), one);
    return settled;
  }
}

/** What came of one object, and what there is to say about it. */
interface Judged<Part> {
  readonly object: ObjectRef;
  readonly generation: number | undefined;
  readonly findings: readonly Finding[];
  readonly part: Part;
}

interface Source {
  readonly metadata: { readonly generation?: number | undefined };
  readonly spec: object;
}

interface Told {
  readonly findings: readonly Finding[];
}

/** With what a spec says that nothing acts on. */
const judging =
  <Of extends Source, Part extends Told>(kind: OwnKind, compile: (look: Look, id: string, source: Of) => Part) =>
  (look: Look, id: string, source: Of): Judged<Part> => {
    const part = compile(look, id, source);
    const paths = notInForce(kind, source.spec).join(", ");
    const findings = paths === "" ? part.findings : [finding("FieldsNotInForce", "", { paths }), ...part.findings];
    return { object: refOf(kind, id), generation: source.metadata.generation, findings, part };
  };

const PROBLEMS_TOLD_MAX = 16;

const judgeInvalid = (_: Look, key: string, { kind, metadata, problems }: InvalidObject): Judged<undefined> => ({
  object: refOf(kind, key.slice(key.indexOf("/") + 1)),
  generation: metadata.generation,
  findings: problems.slice(0, PROBLEMS_TOLD_MAX).map(invalid),
  part: undefined,
});

const invalid = ({ path, message }: FieldProblem): Finding => finding("Invalid", path, { path: path === "" ? "" : `${path}: `, problem: message });

const judgeGateway = (_: Look, name: string, settings: GatewaySettings): Pick<Judged<undefined>, "object" | "findings"> => {
  const paths = settingsNotInForce(settings).join(", ");
  return { object: gatewayRef(name), findings: paths === "" ? [] : [finding("FieldsNotInForce", "", { paths })] };
};

const tell = ({ object, generation, findings }: Judged<unknown>, into: Findings): void => {
  into.know(object, generation);
  into.add(object, ...findings);
};

const told = <Part>(judged: readonly Judged<Part>[], into: Findings): Part[] => {
  for (const one of judged) tell(one, into);
  return judged.map(({ part }) => part);
};
