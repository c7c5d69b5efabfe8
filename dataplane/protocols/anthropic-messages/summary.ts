// What one of Anthropic's messages says about itself: its usage, why it stopped, how much it wrote.
// It knows no stream.
import type { ReportedError, Summary } from "../pass-through.ts";
import { noUsage, updateUsage } from "../ir.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import { isObject, type Json } from "../../wire/json.ts";
import { failureFrom } from "./failure.ts";
import { objectOf } from "./members.ts";
import { readUsage } from "./usage.ts";

const BYTES_PER_TOKEN = 4;
export const tokensIn = (bytes: number): number => Math.ceil(bytes / BYTES_PER_TOKEN);

export const noSummary = (): Summary => ({ ...noUsage(), finishReason: "", model: "", outputTokensEstimate: 0 });

const written = ["text", "thinking", "partial_json"] as const;

/** Of a block, or of a delta. */
export const bytesOf = (block: JsonObject): number => {
  const bytes = written.reduce((sum, key) => sum + Buffer.byteLength(stringOf(block[key])), 0);
  return isObject(block["input"]) ? bytes + Buffer.byteLength(JSON.stringify(block["input"])) : bytes;
};

export const summarize = (message: JsonObject): Summary => {
  const summary = noSummary();
  updateUsage(summary, readUsage(objectOf(message["usage"])));
  summary.finishReason = stringOf(message["stop_reason"]);
  summary.model = stringOf(message["model"]);
  if (summary.outputTokens < 0) summary.outputTokensEstimate = tokensIn(objectsIn(message["content"]).reduce((sum, block) => sum + bytesOf(block), 0));
  return summary;
};

/** Null when the document is none. */
export const errorIn = (document: Json | undefined, text: string, isNamedError: boolean): ReportedError | null => {
  const isError = isObject(document) && (document["type"] === "error" || (isObject(document["error"]) && document["content"] === undefined && document["type"] === undefined));
  if (!isError && !isNamedError) return null;
  const { message, type, code, kind } = failureFrom(0, text, document);
  return { message, type, code, kind };
};
