// What Ollama's words mean: why an answer ended, how many tokens it took, what went wrong.
import type { Json } from "../../wire/json.ts";
import { type Finish, type FinishReason, type Logprob, noUsage, type TokenLogprob, type Usage } from "../ir.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import type { FailureWords } from "../provider-failure.ts";

const reasons: Readonly<Record<string, FinishReason>> = { "": "stop", stop: "stop", length: "length" };

/** It has no word for calls: the reason is "stop" then too. */
export const readFinish = (word: Json | undefined, hasCalls: boolean): Finish => {
  const raw = stringOf(word);
  const reason = Object.hasOwn(reasons, raw) ? (reasons[raw] ?? "other") : "other";
  return { reason: reason === "stop" && hasCalls ? "tool-calls" : reason, raw };
};

const countOf = (value: Json | undefined): number => (typeof value === "number" && value >= 0 ? Math.trunc(value) : -1);

/** A prompt that was cached as a whole may not be counted at all. */
export const readUsage = (line: JsonObject): Usage | null => {
  const inputTokens = countOf(line["prompt_eval_count"]);
  const outputTokens = countOf(line["eval_count"]);
  return inputTokens < 0 && outputTokens < 0 ? null : { ...noUsage(), inputTokens, outputTokens };
};

const tokenOf = ({ token, logprob, bytes }: JsonObject): TokenLogprob => ({
  token: stringOf(token),
  logprob: typeof logprob === "number" ? logprob : 0,
  bytes: Array.isArray(bytes) ? bytes.filter((byte) => typeof byte === "number") : null,
});

export const readLogprobs = (value: Json | undefined): Logprob[] | undefined => {
  const logprobs = objectsIn(value).map((entry) => ({ ...tokenOf(entry), top: objectsIn(entry["top_logprobs"]).map(tokenOf) }));
  return logprobs.length === 0 ? undefined : logprobs;
};

/** Seconds since 1970, 0 when it is no date. */
export const readTime = (value: Json | undefined): number => {
  const at = Date.parse(stringOf(value));
  return at > 0 ? Math.trunc(at / 1000) : 0;
};

/** There are no codes: a status and a sentence, and inside a stream the sentence alone. */
export const failureWords: FailureWords = {
  byCode: {},
  bySentence: [
    [/model .*not found|no such model|try pulling it/i, "not-found"],
    [/context (?:length|window|size)|exceeds? (?:the )?(?:available )?context|prompt (?:is )?too long/i, "context-too-long"],
    [/server busy|maximum pending requests|overloaded/i, "overloaded"],
    [/too many requests|usage limit|rate limit/i, "rate-limited"],
    [/unauthorized/i, "credential"],
    [/timed? ?out|deadline exceeded/i, "timeout"],
    [/does not support|is not supported|invalid/i, "invalid"],
  ],
};
