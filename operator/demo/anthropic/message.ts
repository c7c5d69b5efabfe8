// An answer as Anthropic's message, whole: blocks in order, ending, usage.
import type { Composed } from "../compose.ts";
import type { JsonObject } from "../json.ts";
import { argumentsOf } from "../prompt.ts";
import { signatureOf } from "../signature.ts";
import type { Counted } from "../usage.ts";

export type OutBlock =
  | { readonly type: "thinking"; readonly thinking: string; readonly signature: string }
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "tool_use"; readonly id: string; readonly name: string; readonly input: JsonObject };

export interface OutMessage {
  readonly id: string;
  readonly type: "message";
  readonly role: "assistant";
  readonly model: string;
  readonly content: readonly OutBlock[];
  readonly stop_reason: string;
  readonly stop_sequence: string | null;
  readonly usage: ReturnType<typeof usageOf>;
}

export function messageOf(composed: Composed, model: string, isThinkingShown: boolean, nextId: (prefix: string) => string): OutMessage {
  // What is not shown is signed all the same, as the empty text that the client has of it.
  const thinking = isThinkingShown ? composed.thoughts : "";
  const content: OutBlock[] = [
    ...(composed.thoughts === "" ? [] : [{ type: "thinking" as const, thinking, signature: signatureOf("thinking", thinking) }]),
    ...(composed.calls.length === 0 && composed.text !== "" ? [{ type: "text" as const, text: composed.text }] : []),
    ...composed.calls.map((call) => ({ type: "tool_use" as const, id: nextId("toolu_"), name: call.name, input: argumentsOf(call) })),
  ];
  return { id: nextId("msg_"), type: "message", role: "assistant", model, content, ...endingOf(composed), usage: usageOf(composed, composed.outputTokens) };
}

function endingOf({ finish, stopSequence }: Composed) {
  if (finish === "stop" && stopSequence !== null) return { stop_reason: "stop_sequence", stop_sequence: stopSequence };
  return { stop_reason: { stop: "end_turn", length: "max_tokens", calls: "tool_use" }[finish], stop_sequence: null };
}

/** What was read from or written to the cache is not among the input tokens here. */
export function usageOf({ inputTokens, cacheRead, cacheWritten }: Counted, outputTokens: number) {
  return {
    input_tokens: inputTokens - cacheRead - cacheWritten,
    cache_creation_input_tokens: cacheWritten,
    cache_read_input_tokens: cacheRead,
    cache_creation: { ephemeral_5m_input_tokens: cacheWritten, ephemeral_1h_input_tokens: 0 },
    output_tokens: outputTokens,
    service_tier: "standard",
  };
}
