// Why a model stopped, in Anthropic's words and in neutral ones.
// An unknown word is kept as it was said.
import type { Draft, Finish, FinishReason } from "../ir.ts";
import { type JsonObject, stringOf } from "../json-members.ts";
import { lookUp, objectOf } from "./members.ts";

const reasons: Readonly<Record<string, FinishReason>> = {
  end_turn: "stop",
  stop_sequence: "stop-sequence",
  max_tokens: "length",
  model_context_window_exceeded: "context-full",
  tool_use: "tool-calls",
  pause_turn: "paused",
  refusal: "refusal",
};

/** Null while nothing is said. */
export const readFinish = (said: JsonObject): Finish | null => {
  const raw = stringOf(said["stop_reason"]);
  if (raw === "") return null;
  const sequence = said["stop_sequence"];
  const details = objectOf(said["stop_details"]);
  const detail = stringOf(details["explanation"]) || stringOf(details["category"]);
  const finish: Draft<Finish> = { reason: lookUp(reasons, raw) ?? "other", raw };
  if (typeof sequence === "string") finish.stopSequence = sequence;
  if (detail !== "") finish.detail = detail;
  return finish;
};

const words = {
  stop: "end_turn",
  "stop-sequence": "stop_sequence",
  length: "max_tokens",
  "context-full": "model_context_window_exceeded",
  "tool-calls": "tool_use",
  filter: "refusal",
  refusal: "refusal",
  paused: "pause_turn",
  malformed: "refusal",
  fault: "refusal",
  other: "end_turn",
} as const satisfies Record<FinishReason, string>;

const explanations: { readonly [reason in FinishReason]?: string } = {
  filter: "The provider's content filter stopped the answer.",
  malformed: "The model wrote a tool call that could not be read.",
  fault: "The provider failed while the model wrote.",
};

export interface Written {
  readonly hasText: boolean;
  readonly hasCalls: boolean;
}

const wordOf = ({ reason, raw, stopSequence }: Finish, { hasText, hasCalls }: Written): string => {
  if (reason === "stop" && hasCalls) return words["tool-calls"];
  // A clean end without a word would hide that the model failed.
  if (reason === "malformed" && hasText) return words.stop;
  // Without the string that was met clients take it for a fault.
  if (reason === "stop-sequence" && stopSequence === undefined) return words.stop;
  return reason === "other" && raw === "compaction" ? raw : words[reason];
};

/** `own`: what Anthropic itself said at the same level, which is said again. */
export const writeFinish = (finish: Finish, written: Written, own: JsonObject): JsonObject => {
  const word = wordOf(finish, written);
  const explanation = finish.detail ?? explanations[finish.reason] ?? null;
  return {
    stop_reason: word,
    stop_sequence: word === words["stop-sequence"] ? (finish.stopSequence ?? null) : null,
    stop_details: own["stop_details"] ?? (word === words.refusal ? { type: "refusal", category: null, explanation } : null),
  };
};
