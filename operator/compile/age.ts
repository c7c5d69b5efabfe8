// Who was first: the order in which claims on one thing are granted.
// An object of a folder has no age; among such, and among equally old ones, the name decides.
import type { Metadata } from "../world.ts";
import { compareText } from "./diagnostics.ts";
import { instantMs } from "./spans.ts";

export interface Aged {
  /** "namespace/name" */
  readonly id: string;
  readonly metadata: Metadata;
}

const bornAt = ({ metadata }: Aged): number =>
  (metadata.creationTimestamp === undefined ? undefined : instantMs(metadata.creationTimestamp)) ?? Number.MAX_SAFE_INTEGER;

/** The oldest first. Each date is read once, not once per comparison. */
export const inOrderOfAge = <Item extends Aged>(items: readonly Item[]): Item[] =>
  items
    .map((item) => ({ item, bornAt: bornAt(item) }))
    .sort((left, right) => left.bornAt - right.bornAt || compareText(left.item.id, right.item.id))
    .map(({ item }) => item);
