// An answer as Converse gives it, whole and as the events of its stream; each event with padding, as the real one has it.
// It refuses a contentBlockStart for text and thoughts: the real one sends it for calls only.
import type { Composed } from "../compose.ts";
import type { JsonObject } from "../json.ts";
import { argumentsOf } from "../prompt.ts";
import { signatureOf } from "../signature.ts";
import { jsonPieces, pieces } from "../words.ts";

type OutBlock =
  | { readonly reasoningContent: { readonly reasoningText: { readonly text: string; readonly signature: string } } }
  | { readonly text: string }
  | { readonly toolUse: { readonly toolUseId: string; readonly name: string; readonly input: JsonObject } };

export interface Event {
  readonly type: string;
  readonly payload: object;
}

const PADDING = "abcdefghijklmnopqrstuvwxyz";

export function blocksOf(composed: Composed, nextId: (prefix: string) => string): OutBlock[] {
  const { thoughts, text, calls } = composed;
  return [
    ...(thoughts === "" ? [] : [{ reasoningContent: { reasoningText: { text: thoughts, signature: signatureOf("thinking", thoughts) } } }]),
    ...(calls.length === 0 && text !== "" ? [{ text }] : []),
    ...calls.map((call) => ({ toolUse: { toolUseId: nextId("tooluse_"), name: call.name, input: argumentsOf(call) } })),
  ];
}

export function wholeOutput(composed: Composed, content: readonly OutBlock[]) {
  return { metrics: { latencyMs: 1 }, output: { message: { role: "assistant", content } }, stopReason: stopReasonOf(composed), usage: usageOf(composed) };
}

export function outputEvents(composed: Composed, content: readonly OutBlock[]): Event[] {
  const event = (type: string, payload: object, at: number): Event => ({ type, payload: { ...payload, p: PADDING.slice(0, 1 + (at % PADDING.length)) } });
  const inner = content.flatMap((block, contentBlockIndex) => [
    ...("toolUse" in block ? [{ type: "contentBlockStart", payload: { contentBlockIndex, start: { toolUse: { toolUseId: block.toolUse.toolUseId, name: block.toolUse.name } } } }] : []),
    ...deltasOf(block).map((delta) => ({ type: "contentBlockDelta", payload: { contentBlockIndex, delta } })),
    { type: "contentBlockStop", payload: { contentBlockIndex } },
  ]);
  const all = [
    { type: "messageStart", payload: { role: "assistant" } },
    ...inner,
    { type: "messageStop", payload: { stopReason: stopReasonOf(composed) } },
    { type: "metadata", payload: { metrics: { latencyMs: 1 }, usage: usageOf(composed) } },
  ];
  return all.map(({ type, payload }, at) => event(type, payload, at));
}

function deltasOf(block: OutBlock): object[] {
  if ("text" in block) return pieces(block.text).map((text) => ({ text }));
  if ("toolUse" in block) return jsonPieces(JSON.stringify(block.toolUse.input)).map((input) => ({ toolUse: { input } }));
  const { text, signature } = block.reasoningContent.reasoningText;
  return [...pieces(text).map((piece) => ({ reasoningContent: { text: piece } })), { reasoningContent: { signature } }];
}

function stopReasonOf({ finish, stopSequence }: Composed): string {
  if (finish === "stop") return stopSequence === null ? "end_turn" : "stop_sequence";
  return finish === "length" ? "max_tokens" : "tool_use";
}

/** What was read from or written to the cache is not among the input tokens here, but in the total. */
function usageOf({ inputTokens, outputTokens, cacheRead, cacheWritten }: Composed) {
  const cache = cacheRead + cacheWritten > 0 ? { cacheReadInputTokens: cacheRead, cacheWriteInputTokens: cacheWritten } : {};
  return { inputTokens: inputTokens - cacheRead - cacheWritten, outputTokens, totalTokens: inputTokens + outputTokens, ...cache };
}
