// What other vendors' models gave to be given back, carried by a client of this protocol: as the signature of a thinking block.
// What belongs to a block that has no place for it travels in an empty thinking block beside that block, and comes back to it.
import { wrap } from "../carrier.ts";
import type { Block, Opaque } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import * as neighbours from "../neighbours.ts";
import { NAME } from "./members.ts";

export { opaquesOf } from "../neighbours.ts";

export const nativeOf = (opaques: readonly Opaque[] | undefined, kind: Opaque["kind"]): string | null => neighbours.nativeOf(NAME, opaques, kind);

/** What a client gets as the signature of a thinking block. */
export const signatureOf = (opaques: readonly Opaque[] | undefined): string => nativeOf(opaques, "signature") ?? wrap(opaques ?? []);

/** The empty block beside a text or a call; none when there is nothing to carry. */
export const carrierFor = (opaques: readonly Opaque[] | undefined, neighbour: neighbours.Neighbour): JsonObject[] => {
  const signature = neighbours.wrapFor(NAME, opaques, neighbour);
  return signature === null ? [] : [{ type: "thinking", thinking: "", signature }];
};

export const handBack = (blocks: readonly Block[]): Block[] => neighbours.handBack(NAME, blocks);
