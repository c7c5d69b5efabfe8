// Ids of items: the provider's own where it gave one, otherwise made of the answer's id and the item's place in it.
// Those made here are known again when they come back with the history: no provider has them stored.
import { createHash } from "node:crypto";

export type ItemPrefix = "msg" | "rs" | "fc" | "ctc" | "ig";

const MARK = "gw";
const OURS = /^(?:msg|rs|fc|ctc|ig)_gw_/;
const STYLE = /^resp_[A-Za-z0-9_-]+$/;
const LENGTH_MAX = 40;

/** The id of the answer in the style of this protocol. */
export const responseIdOf = (id: string): string => (STYLE.test(id) ? id : `resp_${baseOf(id)}`);

/** What all ids of one answer share. */
export const baseOf = (id: string): string => {
  const plain = (id.startsWith("resp_") ? id.slice("resp_".length) : id).replace(/[^A-Za-z0-9_-]/g, "");
  return plain === "" || plain.length > LENGTH_MAX ? createHash("sha256").update(id).digest("hex").slice(0, 24) : plain;
};

export const itemIdOf = (prefix: ItemPrefix, base: string, place: number): string => `${prefix}_${MARK}_${base}_${place}`;

export const isOurs = (id: string): boolean => OURS.test(id);
