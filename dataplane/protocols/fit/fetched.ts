// Puts what was fetched into the places of the addresses from which it came. It fetches nothing and checks no size: whoever
// fetched has done so.
import type { Block, Conversation } from "../ir.ts";
import { mapBlocks } from "./blocks.ts";
import { typeOf } from "./files.ts";
import { formatOf } from "./media.ts";

export interface FetchedMedia {
  /** Base64. */
  readonly data: string;
  /** As the server told, "" when it did not. */
  readonly mediaType: string;
}

const replace = (block: Block, fetched: ReadonlyMap<string, FetchedMedia>): Block => {
  if (!("source" in block) || block.source.kind !== "url") return block;
  const media = fetched.get(block.source.url);
  if (media === undefined) return block;
  const type = (media.mediaType.split(";")[0] ?? "").trim().toLowerCase();
  const source = { kind: "bytes", data: media.data, mediaType: type } as const;
  if (block.kind === "audio") return { ...block, source, format: formatOf({ ...block, source }) };
  if (block.kind === "file") return { ...block, source: { ...source, mediaType: typeOf({ ...block, source }) || typeOf(block) } };
  return { ...block, source };
};

/** By URL. What is missing there stays an address. */
export const putFetched = (conversation: Conversation, fetched: ReadonlyMap<string, FetchedMedia>): Conversation =>
  fetched.size === 0 ? conversation : mapBlocks(conversation, (block) => replace(block, fetched));
