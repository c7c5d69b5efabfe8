// The places of a snapshot: each of its providers made ready, and of the places before it every one that would be made the same.
// What is the same is judged by content, never by name: a rotated key makes its provider another place.
import type { Ranges } from "../providers/address.ts";
import type { Live } from "../providers/credentials/authorization.ts";
import type { Upstream } from "../providers/upstream.ts";
import { isSameResource } from "../snapshot/canonical.ts";
import type { Problem } from "../snapshot/check.ts";
import type { Provider, Snapshot } from "../snapshot/schema.ts";
import { placeOf, type Making, type Place } from "./destination.ts";

export interface Places {
  readonly byId: ReadonlyMap<string, Place>;
  readonly ranges: Ranges;
  readonly upstreams: ReadonlySet<Upstream>;
  readonly live: ReadonlySet<Live>;
}

/** Places, and the snapshot that they were last found to fit. */
interface Standing {
  readonly snapshot: Snapshot;
  readonly places: Places;
}

/** The former places come back themselves where not one is different. */
export const placesOf = (making: Making, former: Standing | null): Places => {
  const { snapshot, ranges } = making;
  // Other ranges are another way of dialling, for every place.
  const known = former?.places.ranges === ranges ? former : null;
  if (known?.snapshot.providers === snapshot.providers && known.snapshot.credentials === snapshot.credentials) return known.places;
  const byId = new Map<string, Place>();
  let kept = 0;
  for (const id of Object.keys(snapshot.providers)) {
    const provider = snapshot.providers[id] as Provider;
    const held = known?.places.byId.get(id);
    const isKept = held !== undefined && isStill(held, provider, snapshot);
    if (isKept) kept += 1;
    byId.set(id, isKept ? held : placeOf(making, id, provider));
  }
  return kept === byId.size && kept === known?.places.byId.size ? known.places : { byId, ranges, ...usedBy(byId) };
};

const isStill = (held: Place, provider: Provider, { credentials }: Snapshot): boolean =>
  isSameResource(held.provider, provider) && held.secrets.every(({ credential, secret }) => isSameResource(secret, credentials[credential]));

// Of all places, the kept ones too: what is not named here is closed.
const usedBy = (byId: ReadonlyMap<string, Place>): Pick<Places, "upstreams" | "live"> => {
  const upstreams = new Set<Upstream>();
  const live = new Set<Live>();
  for (const { spots, keys } of byId.values()) {
    for (const spot of spots) upstreams.add(spot.upstream);
    for (const key of keys) if (key.live !== null) live.add(key.live);
  }
  return { upstreams, live };
};

/** Of the places that were not there before: who is told of every edit stops reading. */
export const newWarnings = (places: Places, former: Places | undefined): Problem[] =>
  places === former ? [] : [...places.byId].flatMap(([id, place]) => (former?.byId.get(id) === place ? [] : place.warnings));
