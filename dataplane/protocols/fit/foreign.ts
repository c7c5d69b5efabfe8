// Blocks that only their own protocol understands: the text that others may read stays. What a model's turn said of its
// provider's own tools is not missed by another model; what the client itself said is.
import { mapBlocks, textBlock } from "./blocks.ts";
import type { Concern } from "./fitting.ts";

export const fitForeign: Concern = (conversation, fitting) =>
  mapBlocks(conversation, (block, { role }) => {
    if (block.kind !== "foreign" || block.protocol === fitting.protocol) return block;
    if (block.text !== "") {
      fitting.lose(block.at, "approximated", "minor");
      return block.cache === undefined ? textBlock(block.text, block.at) : { ...textBlock(block.text, block.at), cache: block.cache };
    }
    fitting.lose(block.at, "foreign", block.isNeeded === true || role !== "assistant" ? "major" : "minor");
    return null;
  });
