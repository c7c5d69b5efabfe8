// From a route's targets to ordered places for one kind of question: who speaks the client's protocol is asked in it, and
// anybody else in the first of his own that can say the same. Pure.
import type { Family } from "../protocols/endpoints.ts";
import { canAnswer } from "../protocols/index.ts";
import type { ProtocolName, Route, Target } from "../snapshot/schema.ts";
import { destinationsOf, nameAt, type Place, type Tier } from "./destination.ts";

export interface Pair {
  readonly target: Target;
  readonly place: Place;
}

/** `model`: as it was asked for; "" for none. */
export const tiersOf = (pairs: readonly Pair[], route: Route, protocol: ProtocolName, family: Family, model: string): readonly Tier[] => {
  const able = pairs.flatMap(({ target, place }) => {
    const spoken = target.weight > 0 && place.spots.length > 0 ? choose(place.protocolsOf(nameAt(target, place, model)), protocol, family) : undefined;
    return spoken === undefined ? [] : [{ target, place, spoken }];
  });
  const priorities = [...new Set(able.map(({ target }) => target.priority))].toSorted((left, right) => left - right);
  return priorities.map((priority) => ({
    priority,
    targets: able.filter(({ target }) => target.priority === priority).map(({ target, place, spoken }) => ({ weight: target.weight, endpoints: destinationsOf(target, place, route, spoken) })),
  }));
};

const choose = (protocols: readonly ProtocolName[], protocol: ProtocolName, family: Family): ProtocolName | undefined =>
  protocols.includes(protocol) ? protocol : protocols.find((own) => canAnswer(own, family));
