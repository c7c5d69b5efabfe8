// Why an answer ended, in Gemini's words and in ours. Google adds words without notice, and some gateways in front of it give
// the numbers of its protocol buffers: any other word is kept as it is and means "other".
import type { Finish, FinishReason } from "../ir.ts";
import { type JsonObject, stringOf } from "../json-members.ts";
import type { Json } from "../../wire/json.ts";
import { lookUp } from "./members.ts";

const reasons = {
  STOP: "stop",
  MAX_TOKENS: "length",
  SAFETY: "filter",
  RECITATION: "filter",
  BLOCKLIST: "filter",
  PROHIBITED_CONTENT: "filter",
  SPII: "filter",
  MODEL_ARMOR: "filter",
  IMAGE_SAFETY: "filter",
  IMAGE_PROHIBITED_CONTENT: "filter",
  IMAGE_RECITATION: "filter",
  LANGUAGE: "other",
  OTHER: "other",
  IMAGE_OTHER: "other",
  NO_IMAGE: "other",
  CONTINUATION: "paused",
  MALFORMED_FUNCTION_CALL: "malformed",
  MALFORMED_RESPONSE: "malformed",
  UNEXPECTED_TOOL_CALL: "malformed",
  TOO_MANY_TOOL_CALLS: "malformed",
  MISSING_THOUGHT_SIGNATURE: "malformed",
} as const satisfies Record<string, FinishReason>;
const byWord: Readonly<Record<string, FinishReason>> = reasons;

/** Google AI's and Vertex AI's numbers are the same up to 5; from 6 to 9 each is some filter. */
const byNumber: readonly FinishReason[] = ["other", "stop", "length", "filter", "filter", "other", "filter", "filter", "filter", "filter", "malformed", "filter", "malformed", "malformed"];

const UNSPECIFIED = "FINISH_REASON_UNSPECIFIED";

/** "" while the model still writes. */
export const rawReason = (value: Json | undefined): string => {
  if (typeof value === "number") return value > 0 ? String(value) : "";
  return value === UNSPECIFIED ? "" : stringOf(value);
};

const reasonOf = (raw: string): FinishReason => {
  const word = lookUp(byWord, raw);
  if (word !== undefined) return word;
  return /^\d+$/.test(raw) ? (byNumber[Number(raw)] ?? "other") : "other";
};

/** Calls are an end of their own, but no end that was cut or filtered. */
export const readFinish = (raw: string, message: Json | undefined, hasCalls: boolean): Finish => {
  const reason = raw === "" ? "stop" : reasonOf(raw);
  const detail = reason === "stop" ? "" : stringOf(message);
  return { reason: reason === "stop" && hasCalls ? "tool-calls" : reason, raw, ...(detail === "" ? {} : { detail }) };
};

/** The prompt itself was refused: there is no candidate. Null when it was not. */
export const readBlock = (feedback: JsonObject): Finish | null => {
  const raw = rawReason(feedback["blockReason"]);
  if (raw === "" || raw === "BLOCKED_REASON_UNSPECIFIED" || raw === "BLOCK_REASON_UNSPECIFIED") return null;
  const detail = stringOf(feedback["blockReasonMessage"]);
  return { reason: "filter", raw, ...(detail === "" ? {} : { detail }) };
};

const words = {
  stop: "STOP",
  "stop-sequence": "STOP",
  "tool-calls": "STOP",
  // Nobody goes on for the client: to it the answer is cut short.
  paused: "MAX_TOKENS",
  length: "MAX_TOKENS",
  "context-full": "MAX_TOKENS",
  filter: "SAFETY",
  refusal: "SAFETY",
  malformed: "MALFORMED_FUNCTION_CALL",
  fault: "OTHER",
  other: "OTHER",
} as const satisfies Record<FinishReason, string>;

/** A word of Gemini's own that means the same is told as it was said. */
export const finishWord = ({ reason, raw }: Finish): string => (lookUp(byWord, raw) === reason ? raw : words[reason]);

/** For spreading into a candidate. */
export const writeFinish = (finish: Finish): JsonObject => ({ finishReason: finishWord(finish), ...(finish.detail === undefined ? {} : { finishMessage: finish.detail }) });

const blocks: ReadonlySet<string> = new Set(["SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY", "MODEL_ARMOR", "JAILBREAK"]);

/** Instead of a candidate, where nothing was said because it was filtered. */
export const writeBlock = ({ raw, detail }: Finish): JsonObject => ({ blockReason: blocks.has(raw) ? raw : "SAFETY", ...(detail === undefined ? {} : { blockReasonMessage: detail }) });
