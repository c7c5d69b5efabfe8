// What a response object says about itself: its usage, how it ended, what it contains.
// It knows no stream.
import { isObject } from "../../wire/json.ts";
import type { ReportedError, Summary } from "../pass-through.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import { errorIn } from "../openai-failure.ts";
import { addUsage, noSummary, readUsage, tokensIn } from "../openai-usage.ts";

/** "completed" and "failed" are the protocol's own words; why it is incomplete says more than that it is. */
const finishReasonOf = (response: JsonObject): string => {
  const details = response["incomplete_details"];
  const reason = isObject(details) ? stringOf(details["reason"]) : "";
  return reason === "" ? stringOf(response["status"]) : reason;
};

const written = ["text", "refusal", "arguments", "input", "code"] as const;

const bytesOf = (item: JsonObject): number => {
  const parts = [...objectsIn(item["content"]), ...objectsIn(item["summary"])];
  const own = written.reduce((sum, key) => sum + Buffer.byteLength(stringOf(item[key])), 0);
  return parts.reduce((sum, part) => sum + bytesOf(part), own);
};

export const summarize = (response: JsonObject): Summary => {
  const summary = noSummary();
  addUsage(summary, readUsage(response["usage"]));
  summary.finishReason = finishReasonOf(response);
  summary.model = stringOf(response["model"]);
  const outputBytes = summary.outputTokens < 0 ? objectsIn(response["output"]).reduce((sum, item) => sum + bytesOf(item), 0) : 0;
  summary.outputTokensEstimate = tokensIn(outputBytes);
  return summary;
};

/** Failed without saying why is a failure too. */
export const errorOf = (response: JsonObject): ReportedError | null =>
  errorIn(response) ?? (response["status"] === "failed" ? { message: "the response failed", type: "", code: "" } : null);
