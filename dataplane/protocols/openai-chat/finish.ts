// Why a model ended, in the words of chat completions and their dialects.
// A word that is not known is kept raw.
import { isObject } from "../../wire/json.ts";
import type { Finish, FinishReason } from "../ir.ts";
import { type JsonObject, stringOf } from "../json-members.ts";

const reasons = {
  "": "stop",
  stop: "stop",
  eos: "stop",
  end_turn: "stop",
  complete: "stop",
  stop_sequence: "stop-sequence",
  length: "length",
  max_tokens: "length",
  model_length: "context-full",
  model_context_window_exceeded: "context-full",
  tool_calls: "tool-calls",
  tool_call: "tool-calls",
  tool_use: "tool-calls",
  function_call: "tool-calls",
  content_filter: "filter",
  sensitive: "filter",
  refusal: "refusal",
} as const satisfies Record<string, FinishReason>;

/** Words that say that the provider failed and not that the model ended. */
const faults: ReadonlySet<string> = new Set(["error", "insufficient_system_resource", "abort", "network_error"]);
export const isFault = (word: string): boolean => faults.has(word);

/** vLLM and SGLang tell which string was met; a number is a token's and tells nobody anything. */
const stopSequenceIn = (choice: JsonObject): string => stringOf(choice["stop_reason"]) || stringOf(choice["matched_stop"]);

/** Azure tells which of its filters it was. */
const filterIn = (choice: JsonObject): string => {
  const results = choice["content_filter_results"];
  if (!isObject(results)) return "";
  return Object.entries(results).flatMap(([name, result]) => (isObject(result) && result["filtered"] === true ? [name] : [])).join(", ");
};

const reasonOf = (word: string, stopSequence: string, { hasCalls, hasRefusal }: Told): FinishReason => {
  const reason: FinishReason = Object.hasOwn(reasons, word.toLowerCase()) ? reasons[word.toLowerCase() as keyof typeof reasons] : "other";
  // A call outranks a natural end only; and without one there is nothing to be called.
  if (reason === "tool-calls" && !hasCalls) return "stop";
  if (reason !== "stop") return reason;
  if (hasCalls) return "tool-calls";
  if (hasRefusal) return "refusal";
  return stopSequence === "" ? "stop" : "stop-sequence";
};

/** What the choice has said until then. */
export interface Told {
  readonly hasCalls: boolean;
  readonly hasRefusal: boolean;
}

export const readFinish = (choice: JsonObject, told: Told): Finish => {
  const raw = stringOf(choice["finish_reason"]);
  const stopSequence = stopSequenceIn(choice);
  const reason = reasonOf(raw, stopSequence, told);
  const detail = reason === "filter" ? filterIn(choice) : "";
  return { reason, raw, ...(reason === "stop-sequence" && stopSequence !== "" ? { stopSequence } : {}), ...(detail === "" ? {} : { detail }) };
};
