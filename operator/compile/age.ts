// Who was first: the order in which claims on one thing are granted.
// An object of a folder has no age; among such, and among equally old ones, the name decides.
import type { Metadata } from "../world.ts";
import { compareText } from "./diagnostics.ts";
import { instantMs } from "./spans.ts";

export interface Aged {
  /** "namespace/name" */
  readonly id: string;
  readonly bornAt: number;
}

/** Read once for each object: a date is text. */
export const bornAt = ({ creationTimestamp }: Metadata): number => (creationTimestamp === undefined ? undefined : instantMs(creationTimestamp)) ?? Number.MAX_SAFE_INTEGER;

/** The oldest first. */
export const inOrderOfAge = <Item extends Aged>(items: readonly Item[]): Item[] => items.toSorted((left, right) => left.bornAt - right.bornAt || compareText(left.id, right.id));
