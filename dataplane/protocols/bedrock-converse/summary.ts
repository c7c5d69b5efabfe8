// What one of Converse's answers says about itself: its usage, why it stopped, how much it wrote.
// It knows no stream.
import { noUsage, type ProviderFailure, updateUsage } from "../ir.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import type { ReportedError, Summary } from "../pass-through.ts";
import type { Json } from "../../wire/json.ts";
import { failureFrom } from "./failure.ts";
import { isMembers, objectOf } from "./members.ts";
import { readUsage } from "./usage.ts";

const BYTES_PER_TOKEN = 4;
export const tokensIn = (bytes: number): number => Math.ceil(bytes / BYTES_PER_TOKEN);

export const noSummary = (): Summary => ({ ...noUsage(), finishReason: "", model: "", outputTokensEstimate: 0 });

export const reported = ({ message, type, code, kind }: ProviderFailure): ReportedError => ({ message, type, code, kind });

/** Of a part of the content, or of a delta. */
export const writtenBytes = (part: JsonObject): number => {
  const reasoning = objectOf(part["reasoningContent"]);
  const { input } = objectOf(part["toolUse"]);
  const texts = [part["text"], reasoning["text"], objectOf(reasoning["reasoningText"])["text"], typeof input === "string" ? input : isMembers(input) ? JSON.stringify(input) : ""];
  return texts.reduce<number>((sum, text) => sum + Buffer.byteLength(stringOf(text)), 0);
};

/** Counting tokens answers with one count. */
export const summarize = (document: JsonObject): Summary => {
  const summary = noSummary();
  updateUsage(summary, readUsage(isMembers(document["usage"]) ? document["usage"] : document));
  summary.finishReason = stringOf(document["stopReason"]);
  summary.model = stringOf(objectOf(objectOf(document["trace"])["promptRouter"])["invokedModelId"]);
  const content = objectOf(objectOf(document["output"])["message"])["content"];
  if (summary.outputTokens < 0) summary.outputTokensEstimate = tokensIn(objectsIn(content).reduce((sum, part) => sum + writtenBytes(part), 0));
  return summary;
};

/** Null when the document is none. */
export const errorIn = (document: Json | undefined, text: string): ReportedError | null => {
  if (!isMembers(document) || document["output"] !== undefined) return null;
  const isError = document["__type"] !== undefined || typeof document["message"] === "string";
  return isError ? reported(failureFrom(0, "", text)) : null;
};
