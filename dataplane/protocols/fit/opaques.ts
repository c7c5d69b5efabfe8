// Sends nobody what only somebody else can read. Thinking of which nothing else was given goes as a whole.
import { isTakenBy } from "../carrier.ts";
import { mapBlocks } from "./blocks.ts";
import type { Concern } from "./fitting.ts";

export const fitOpaques: Concern = (conversation, fitting) => {
  const { origin } = fitting.target;
  return mapBlocks(conversation, (block) => {
    if (block.opaques === undefined || block.opaques.every((opaque) => isTakenBy(opaque.origin, origin))) return block;
    const taken = block.opaques.filter((opaque) => isTakenBy(opaque.origin, origin));
    // A name that another side gave to a thing says nothing about the thing.
    if (block.opaques.some((opaque) => opaque.kind !== "id" && !taken.includes(opaque))) fitting.lose(block.at, "foreign", "minor");
    if (taken.length === 0 && (block.kind === "reasoning" || block.kind === "text") && block.text === "") return null;
    const { opaques: _, ...rest } = block;
    return taken.length === 0 ? rest : { ...rest, opaques: taken };
  });
};
