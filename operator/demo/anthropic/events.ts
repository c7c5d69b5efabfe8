// The events of a streamed message: message_start, each block from start to stop, message_delta, message_stop; a ping after the first start.
// It refuses to time anything: the caller waits where an event is marked as a beat.
import { jsonPieces, pieces } from "../words.ts";
import type { OutBlock, OutMessage } from "./message.ts";

interface Step {
  readonly type: string;
  readonly fields: object;
  readonly isBeat?: boolean;
}

export function messageEvents(message: OutMessage): Step[] {
  const { content, stop_reason, stop_sequence, usage } = message;
  const opening = { ...message, content: [], stop_reason: null, stop_sequence: null, usage: { ...usage, output_tokens: 1 } };
  const { input_tokens, cache_creation_input_tokens, cache_read_input_tokens, output_tokens } = usage;
  return [
    { type: "message_start", fields: { message: opening } },
    ...content.flatMap((block, index) => blockSteps(block, index)),
    { type: "message_delta", fields: { delta: { stop_reason, stop_sequence }, usage: { input_tokens, cache_creation_input_tokens, cache_read_input_tokens, output_tokens } } },
    { type: "message_stop", fields: {} },
  ];
}

function blockSteps(block: OutBlock, index: number): Step[] {
  const step = (type: string, fields: object, isBeat = false): Step => ({ type, fields: { index, ...fields }, isBeat });
  return [
    step("content_block_start", { content_block: emptied(block) }),
    ...(index === 0 ? [{ type: "ping", fields: {} }] : []),
    ...deltasOf(block).map((delta) => step("content_block_delta", { delta }, true)),
    step("content_block_stop", {}),
  ];
}

function emptied(block: OutBlock): OutBlock {
  if (block.type === "thinking") return { ...block, thinking: "", signature: "" };
  return block.type === "text" ? { ...block, text: "" } : { ...block, input: {} };
}

function deltasOf(block: OutBlock): object[] {
  switch (block.type) {
    case "thinking":
      return [...pieces(block.thinking).map((thinking) => ({ type: "thinking_delta", thinking })), { type: "signature_delta", signature: block.signature }];
    case "text":
      return pieces(block.text).map((text) => ({ type: "text_delta", text }));
    default: {
      const written = Object.keys(block.input).length === 0 ? [] : jsonPieces(JSON.stringify(block.input));
      // The first fragment is empty, and without arguments it is the only one.
      return ["", ...written].map((partial_json) => ({ type: "input_json_delta", partial_json }));
    }
  }
}
