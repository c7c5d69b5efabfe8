// What the compilation of one object may look at besides the object, each look noted, so that it can be said later
// whether it would find the same again. What is not looked at through here cannot change what comes out. It decides nothing.
import type { LLMProvider } from "../../crds/provider.ts";
import type { Provider } from "../../dataplane/snapshot/schema.ts";
import type { Secret } from "../../dataplane/snapshot/secret.ts";
import { own, type ConfigMapObject, type NamespaceObject, type ObjectRef, type SecretObject, type World } from "../world.ts";
import type { Finding } from "./diagnostics.ts";

export interface CompiledProvider {
  readonly id: string;
  readonly object: ObjectRef;
  readonly source: LLMProvider;
  readonly namespace: string;
  readonly findings: readonly Finding[];
  /** By id; only those that `provider` names. */
  readonly credentials: ReadonlyMap<string, Secret>;
  /** Undefined when it cannot be used at all: `findings` says why. */
  readonly provider: Provider | undefined;
}

/** A namespace that exists, or that an object says it is in. */
export interface Neighbour {
  readonly name: string;
  /** Undefined where only objects speak of it. */
  readonly namespace: NamespaceObject | undefined;
}

export interface Sources {
  readonly world: World;
  /** By id; none as long as they are being compiled themselves. */
  readonly providers: ReadonlyMap<string, CompiledProvider>;
  /** Their names, sorted. This list and the next are the same objects for as long as nothing in them is different. */
  readonly gateways: readonly string[];
  /** Sorted by name. */
  readonly neighbours: readonly Neighbour[];
}

type Question<Found> = (sources: Sources) => Found;

interface Noted {
  readonly question: Question<unknown>;
  readonly found: unknown;
}

/** Questions hold keys and never the sources: a look outlives the world that it was made in. */
export class Look {
  #sources: Sources | undefined;
  readonly #noted: Noted[] = [];

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  secret(id: string): SecretObject | undefined {
    return this.#ask(({ world }) => own(world.secrets, id));
  }

  configMap(id: string): ConfigMapObject | undefined {
    return this.#ask(({ world }) => own(world.configMaps, id));
  }

  namespace(name: string): NamespaceObject | undefined {
    return this.#ask(({ world }) => own(world.namespaces, name));
  }

  isRoute(id: string): boolean {
    return this.#ask(({ world }) => Object.hasOwn(world.routes, id));
  }

  /** Whether there is such an object and it does not parse; by "Kind/namespace/name". */
  isInvalid(key: string): boolean {
    return this.#ask(({ world }) => Object.hasOwn(world.invalid, key));
  }

  provider(id: string): CompiledProvider | undefined {
    return this.#ask(({ providers }) => providers.get(id));
  }

  gateways(): readonly string[] {
    return this.#ask(gatewaysOf);
  }

  neighbours(): readonly Neighbour[] {
    return this.#ask(neighboursOf);
  }

  /** Nothing more is looked at. */
  end(): void {
    this.#sources = undefined;
  }

  /** Whether every question has the answer there that it had here. */
  isSameIn(sources: Sources): boolean {
    return this.#noted.every(({ question, found }) => question(sources) === found);
  }

  #ask<Found>(question: Question<Found>): Found {
    if (this.#sources === undefined) throw new Error("a look was used after its end");
    const found = question(this.#sources);
    this.#noted.push({ question, found });
    return found;
  }
}

const gatewaysOf = ({ gateways }: Sources): readonly string[] => gateways;
const neighboursOf = ({ neighbours }: Sources): readonly Neighbour[] => neighbours;
