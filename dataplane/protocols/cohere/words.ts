// What Cohere's words mean: why an answer ended, how many tokens it took, what went wrong.
import { isObject, type Json } from "../../wire/json.ts";
import { type Finish, type FinishReason, type Logprob, noUsage, type Usage } from "../ir.ts";
import { objectsIn, stringOf } from "../json-members.ts";
import { type FailureWords } from "../provider-failure.ts";

const reasons: Readonly<Record<string, FinishReason>> = { COMPLETE: "stop", STOP_SEQUENCE: "stop-sequence", MAX_TOKENS: "length", TOOL_CALL: "tool-calls" };

/** Ends that are none: the provider failed while the model wrote. */
const faults: ReadonlySet<string> = new Set(["ERROR", "TIMEOUT"]);
export const isFault = (word: string): boolean => faults.has(word);

/** A call outranks a natural end only. */
export const readFinish = (word: Json | undefined, hasCalls: boolean): Finish => {
  const raw = stringOf(word);
  const reason = raw === "" ? "stop" : (reasons[raw] ?? "other");
  if (reason === "stop" && hasCalls) return { reason: "tool-calls", raw };
  return { reason: reason === "tool-calls" && !hasCalls ? "stop" : reason, raw };
};

const countOf = (value: Json | undefined): number => (typeof value === "number" && value >= 0 ? Math.trunc(value) : -1);

/** `tokens` is what was used, `billed_units` only what is charged for: taken where nothing else is said. */
export const readUsage = (value: Json | undefined): Usage | null => {
  if (!isObject(value)) return null;
  const tokens = isObject(value["tokens"]) ? value["tokens"] : value["billed_units"];
  if (!isObject(tokens)) return null;
  return { ...noUsage(), inputTokens: countOf(tokens["input_tokens"]), outputTokens: countOf(tokens["output_tokens"]), cachedInputTokens: countOf(value["cached_tokens"]) };
};

/** Of one piece of text, whose tokens are not told apart: it is one with the probability of all of them together. */
const readLogprob = ({ text, logprobs }: { [key: string]: Json }): Logprob[] => {
  if (typeof text !== "string" || !Array.isArray(logprobs)) return [];
  const logprob = logprobs.reduce<number>((sum, one) => sum + (typeof one === "number" ? one : 0), 0);
  return [{ token: text, logprob, bytes: [...Buffer.from(text)], top: [] }];
};

/** Undefined where nothing is said. */
export const readLogprobs = (value: Json | undefined): Logprob[] | undefined => {
  const logprobs = (isObject(value) ? [value] : objectsIn(value)).flatMap(readLogprob);
  return logprobs.length === 0 ? undefined : logprobs;
};

/** There are no codes: a status and a sentence (seen 2026-11). */
export const failureWords: FailureWords = {
  byCode: {},
  // 499: it was we who left.
  byStatus: { 499: "timeout" },
  bySentence: [
    [/too many tokens|TOO_MANY_TOKENS|context (?:length|window)|exceeds the limit of \d+ tokens/i, "context-too-long"],
    [/invalid api token|no api key|api key/i, "credential"],
    [/billing|payment|trial (?:key|token).*(?:limit|month)/i, "payment"],
    [/blocked|violat|safety/i, "filtered"],
    [/model .*(?:not found|does not exist|was removed)/i, "not-found"],
    [/timed? ?out/i, "timeout"],
  ],
};
