// The events of an Anthropic stream as text, each with its name before it. It knows no state.
import type { JsonObject } from "../json-members.ts";
import type { Json } from "../../wire/json.ts";

const frame = (type: string, members: JsonObject): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`;

export const messageStart = (message: JsonObject): string => frame("message_start", { message });
export const blockStart = (index: number, block: JsonObject): string => frame("content_block_start", { index, content_block: block });
export const blockStop = (index: number): string => frame("content_block_stop", { index });
export const messageDelta = (delta: JsonObject, members: JsonObject): string => frame("message_delta", { delta, ...members });
export const messageStop = frame("message_stop", {});
/** Written as Anthropic writes it, with the space. */
export const ping = 'event: ping\ndata: {"type": "ping"}\n\n';

export const DELTA_END = "}}\n\n";

/** All that stands before the value of a delta of a block: what follows is the value as JSON, and DELTA_END. */
export const deltaBegin = (index: number, type: string, member: string): string =>
  `event: content_block_delta\ndata: {"type":"content_block_delta","index":${index},"delta":{"type":"${type}","${member}":`;

export const delta = (index: number, type: string, member: string, value: Json): string => deltaBegin(index, type, member) + JSON.stringify(value) + DELTA_END;

/** A block that is there at once; a signature is told as the API tells it, in a delta. */
export const wholeBlock = (index: number, block: JsonObject): string => {
  const { signature, ...rest } = block;
  if (block["type"] !== "thinking" || typeof signature !== "string") return blockStart(index, block) + blockStop(index);
  return blockStart(index, { ...rest, signature: "" }) + delta(index, "signature_delta", "signature", signature) + blockStop(index);
};
