// Which namespaces a door is open to: Same, All, or those whose labels match.
// It reads labels and nothing else; what is behind the door is not its matter.
import type { LLMProvider } from "../../crds/provider.ts";
import { own, type NamespaceObject, type World } from "../world.ts";
import { compareText } from "./diagnostics.ts";
import type { Look, Neighbour } from "./sources.ts";

export type Door = LLMProvider["spec"]["allowedRoutes"]["namespaces"];
type Labels = Readonly<Record<string, string>>;
type Selector = NonNullable<Door["selector"]>;
type Expression = NonNullable<Selector["matchExpressions"]>[number];

/** The label that an API server puts on each namespace; a folder's namespaces have it too. */
const NAME_LABEL = "kubernetes.io/metadata.name";

const labelsOf = (name: string, namespace: NamespaceObject | undefined): Labels => ({ ...namespace?.labels, [NAME_LABEL]: name });

const holds = (expression: Expression, labels: Labels): boolean => {
  const value = own(labels, expression.key);
  const isListed = value !== undefined && (expression.values ?? []).includes(value);
  switch (expression.operator) {
    case "In": return isListed;
    case "NotIn": return !isListed;
    case "Exists": return value !== undefined;
    case "DoesNotExist": return value === undefined;
  }
};

const matches = (selector: Selector, labels: Labels): boolean =>
  Object.entries(selector.matchLabels ?? {}).every(([key, value]) => own(labels, key) === value) &&
  (selector.matchExpressions ?? []).every((expression) => holds(expression, labels));

/** Whether the door of an object in `home` is open to `visitor`. */
export const isOpenTo = (look: Look, door: Door, home: string, visitor: string): boolean => {
  if (home === visitor) return true;
  if (door.from === "Selector") return matches(door.selector ?? {}, labelsOf(visitor, look.namespace(visitor)));
  return door.from === "All";
};

/** Every namespace that exists or that an object says it is in: without Namespace manifests a folder has some too. Sorted. */
export const neighboursIn = (world: World): readonly Neighbour[] => {
  const names = new Set(Object.keys(world.namespaces));
  for (const section of [world.providers, world.routes, world.budgets, world.secrets]) {
    for (const key of Object.keys(section)) names.add(key.slice(0, key.indexOf("/")));
  }
  return [...names].toSorted(compareText).map((name) => ({ name, namespace: own(world.namespaces, name) }));
};

export const areSameNeighbours = (left: readonly Neighbour[], right: readonly Neighbour[]): boolean =>
  left.length === right.length && left.every(({ name, namespace }, index) => right[index]?.name === name && right[index].namespace === namespace);

/** Undefined for every namespace, otherwise the list. Unlike a provider's door, Selector does not include home by itself. */
export const openNamespaces = (look: Look, door: Door, home: string): string[] | undefined => {
  if (door.from === "All") return undefined;
  if (door.from === "Same") return [home];
  return look.neighbours().filter(({ name, namespace }) => matches(door.selector ?? {}, labelsOf(name, namespace))).map(({ name }) => name);
};
