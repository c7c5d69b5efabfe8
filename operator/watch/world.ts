// Builds the world one object at a time, from a folder or from a cluster, and freezes what it takes in.
// It reads nothing and compiles nothing; a world that it gave out never changes.
import { gatewaySettings, type GatewaySettings } from "../../crds/gateway-settings.ts";
import { Secret } from "../../dataplane/snapshot/secret.ts";
import { keyOf, type ObjectRef, type World } from "../world.ts";
import type { Content } from "./kinds.ts";

export type { World } from "../world.ts";

export const DEFAULT_GATEWAY = "default";

/** Frozen to the bottom. Secrets are frozen by birth. */
export const deepFreeze = <Value>(value: Value): Value => {
  if (typeof value !== "object" || value === null || Object.isFrozen(value) || value instanceof Secret) return value;
  Object.freeze(value);
  for (const member of Object.values(value)) deepFreeze(member);
  return value;
};

type Section = Exclude<Content["section"], "nothing">;
type Place = { readonly section: Section; readonly id: string };

/** The settings of all gateways: there is always one called "default". */
export const withDefaultGateway = (gateways: Readonly<Record<string, GatewaySettings>>): Record<string, GatewaySettings> => ({
  [DEFAULT_GATEWAY]: gatewaySettings.parse({}),
  ...gateways,
});

export class WorldBuilder {
  readonly #sections: { [Name in Section]: Map<string, World[Name][string]> } = {
    providers: new Map(), routes: new Map(), budgets: new Map(), secrets: new Map(), configMaps: new Map(), namespaces: new Map(), invalid: new Map(),
  };
  readonly #places = new Map<string, Place>();
  /** As they were given out: what is not touched since is given out again. */
  readonly #given: { [Name in Section]?: World[Name] } = {};
  #gateways: World["gateways"] = deepFreeze(withDefaultGateway({}));

  /** Takes the object in, in place of an earlier one of the same kind and name. */
  put(object: ObjectRef, content: Content): void {
    if (content.section === "nothing") return this.remove(object);
    const [key, place] = [keyOf(object), { section: content.section, id: idIn(content.section, object) }];
    // In its own place it stays where it stands: whoever compares worlds finds most of the order as it was.
    if (this.#places.get(key)?.section !== place.section) this.remove(object);
    this.#places.set(key, place);
    this.#store(place.id, content);
  }

  remove(object: ObjectRef): void {
    const key = keyOf(object);
    const place = this.#places.get(key);
    if (place === undefined) return;
    this.#sections[place.section].delete(place.id);
    delete this.#given[place.section];
    this.#places.delete(key);
  }

  setGateways(gateways: Readonly<Record<string, GatewaySettings>>): void {
    this.#gateways = deepFreeze(withDefaultGateway(gateways));
  }

  world(): World {
    const { providers, routes, budgets, secrets, configMaps, namespaces, invalid } = this.#sections;
    const given = this.#given;
    return Object.freeze({
      providers: (given.providers ??= frozen(providers)),
      routes: (given.routes ??= frozen(routes)),
      budgets: (given.budgets ??= frozen(budgets)),
      secrets: (given.secrets ??= frozen(secrets)),
      configMaps: (given.configMaps ??= frozen(configMaps)),
      namespaces: (given.namespaces ??= frozen(namespaces)),
      gateways: this.#gateways,
      invalid: (given.invalid ??= frozen(invalid)),
    });
  }

  #store(id: string, content: Exclude<Content, { section: "nothing" }>): void {
    const { section, value } = content;
    deepFreeze(value);
    delete this.#given[section];
    if (section === "secrets") this.#sections.secrets.set(id, value);
    else if (section === "configMaps") this.#sections.configMaps.set(id, value);
    else if (section === "namespaces") this.#sections.namespaces.set(id, value);
    else if (section === "invalid") this.#sections.invalid.set(id, value);
    else if (value.kind === "LLMProvider") this.#sections.providers.set(id, value);
    else if (value.kind === "LLMRoute") this.#sections.routes.set(id, value);
    else this.#sections.budgets.set(id, value);
  }
}

const frozen = <Value>(entries: ReadonlyMap<string, Value>): Readonly<Record<string, Value>> => Object.freeze(Object.fromEntries(entries));

const idIn = (section: Section, object: ObjectRef): string => {
  if (section === "namespaces") return object.name;
  return section === "invalid" ? keyOf(object) : `${object.namespace}/${object.name}`;
};

/** More than half of all objects gone at once looks like a wiped store, not like a wish. Null when it is no such thing. */
export const massDeletion = (previous: World, next: World): { gone: number; known: number } | null => {
  const before = objectKeys(previous);
  const after = new Set(objectKeys(next));
  const gone = before.filter((key) => !after.has(key)).length;
  return gone * 2 > before.length ? { gone, known: before.length } : null;
};

/** Nothing at all that a person could have written. */
export const isEmpty = (world: World): boolean => objectKeys(world).length === 0;

// An object that no longer parses is still there: it is counted under its kind like the others.
const objectKeys = (world: World): string[] => [
  ...Object.keys(world.providers).map((id) => `LLMProvider/${id}`),
  ...Object.keys(world.routes).map((id) => `LLMRoute/${id}`),
  ...Object.keys(world.budgets).map((id) => `LLMBudget/${id}`),
  ...Object.keys(world.secrets).map((id) => `Secret/${id}`),
  ...Object.keys(world.configMaps).map((id) => `ConfigMap/${id}`),
  ...Object.keys(world.invalid),
];
