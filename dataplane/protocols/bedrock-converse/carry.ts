// What other vendors' models gave to be given back, carried by a client of this protocol: as the signature of reasoning, or as
// reasoning that is redacted. What belongs to a block that has no place for it travels in redacted reasoning beside that
// block, and comes back to it. Such values are base64 there: what is carried is base64 too.
import { wrap } from "../carrier.ts";
import type { Block, Opaque } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import * as neighbours from "../neighbours.ts";
import { NAME } from "./members.ts";

export { opaquesOf, type Neighbour } from "../neighbours.ts";

/** What a client gets of the opaque part of reasoning, as the member that holds it; null for none. */
export const carriedBy = (opaques: readonly Opaque[] | undefined, hasText: boolean): { signature: string } | { redactedContent: string } | null => {
  if (opaques === undefined || opaques.length === 0) return null;
  const redacted = neighbours.nativeOf(NAME, opaques, "redacted");
  if (redacted !== null && !hasText) return { redactedContent: redacted };
  const signature = neighbours.nativeOf(NAME, opaques, "signature");
  if (signature !== null) return { signature };
  return hasText ? { signature: wrap(opaques) } : { redactedContent: wrap(opaques) };
};

/** The reasoning beside a text or a call; none when there is nothing to carry. */
export const carrierFor = (opaques: readonly Opaque[] | undefined, neighbour: neighbours.Neighbour): JsonObject[] => {
  const redactedContent = neighbours.wrapFor(NAME, opaques, neighbour);
  return redactedContent === null ? [] : [{ reasoningContent: { redactedContent } }];
};

export const handBack = (blocks: readonly Block[]): Block[] => neighbours.handBack(NAME, blocks);
