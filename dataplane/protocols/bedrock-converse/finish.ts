// Why a model stopped, in Converse's words and in neutral ones.
// An unknown word is kept as it was said.
import type { Finish, FinishReason } from "../ir.ts";
import { type JsonObject, stringOf } from "../json-members.ts";
import { lookUp, objectOf } from "./members.ts";

const reasons: Readonly<Record<string, FinishReason>> = {
  end_turn: "stop",
  stop_sequence: "stop-sequence",
  max_tokens: "length",
  model_context_window_exceeded: "context-full",
  tool_use: "tool-calls",
  guardrail_intervened: "filter",
  content_filtered: "filter",
  malformed_model_output: "malformed",
  malformed_tool_use: "malformed",
  // Of models whose maker says more than Converse has a word for.
  refusal: "refusal",
  pause_turn: "paused",
};

/** The path under which Claude tells which string it met. */
export const STOP_SEQUENCE_PATH = "/stop_sequence";

/** `said`: what holds the reason and what was asked for beside it. */
export const readFinish = (said: JsonObject): Finish => {
  const raw = stringOf(said["stopReason"]);
  const sequence = objectOf(said["additionalModelResponseFields"])["stop_sequence"];
  return { reason: lookUp(reasons, raw) ?? "other", raw, ...(typeof sequence === "string" ? { stopSequence: sequence } : {}) };
};

const words = {
  stop: "end_turn",
  "stop-sequence": "stop_sequence",
  length: "max_tokens",
  "context-full": "model_context_window_exceeded",
  "tool-calls": "tool_use",
  filter: "content_filtered",
  refusal: "content_filtered",
  // Nobody goes on for the client: to it the answer is cut short.
  paused: "max_tokens",
  malformed: "malformed_model_output",
  fault: "malformed_model_output",
  other: "end_turn",
} as const satisfies Record<FinishReason, string>;

/** Several of one meaning: what Bedrock said is said again. */
const kept: ReadonlySet<string> = new Set(["guardrail_intervened", "content_filtered", "malformed_model_output", "malformed_tool_use"]);

const wordOf = ({ reason, raw }: Finish, hasCalls: boolean): string => {
  if (kept.has(raw) && lookUp(reasons, raw) === reason) return raw;
  return reason === "stop" && hasCalls ? words["tool-calls"] : words[reason];
};

/** `own`: what Bedrock itself said besides, which is said again. */
export const writeFinish = (finish: Finish, hasCalls: boolean, own: JsonObject): JsonObject => {
  const { stopSequence } = finish;
  const fields = own["additionalModelResponseFields"] ?? (stopSequence === undefined ? undefined : { stop_sequence: stopSequence });
  return { stopReason: wordOf(finish, hasCalls), ...(fields === undefined ? {} : { additionalModelResponseFields: fields }) };
};
