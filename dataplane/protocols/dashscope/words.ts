// What DashScope's words mean: why an answer ended, how many tokens it took, what went wrong.
import { isObject, type Json } from "../../wire/json.ts";
import { type Citation, type Finish, type FinishReason, type Logprob, noUsage, type TokenLogprob, type Usage } from "../ir.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import { type FailureWords } from "../provider-failure.ts";

const reasons: Readonly<Record<string, FinishReason>> = { "": "stop", stop: "stop", length: "length", tool_calls: "tool-calls", content_filter: "filter", data_inspection_failed: "filter" };

/** While it runs the reason is the word "null". */
export const finishWord = (value: Json | undefined): string => (typeof value === "string" && value !== "null" ? value : "");

/** A call outranks a natural end only, and without one there is nothing to be called. */
export const readFinish = (raw: string, hasCalls: boolean): Finish => {
  const reason = Object.hasOwn(reasons, raw) ? (reasons[raw] ?? "other") : "other";
  if (reason === "stop" && hasCalls) return { reason: "tool-calls", raw };
  return { reason: reason === "tool-calls" && !hasCalls ? "stop" : reason, raw };
};

const countOf = (value: Json | undefined): number => (typeof value === "number" && value >= 0 ? Math.trunc(value) : -1);
const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

/** Each event repeats it, as far as it has come. */
export const readUsage = (value: Json | undefined): Usage | null => {
  if (!isObject(value) || (value["input_tokens"] === undefined && value["output_tokens"] === undefined)) return null;
  const prompt = objectOf(value["prompt_tokens_details"]);
  const input = objectOf(value["input_tokens_details"]);
  const output = objectOf(value["output_tokens_details"]);
  return {
    ...noUsage(),
    inputTokens: countOf(value["input_tokens"]),
    outputTokens: countOf(value["output_tokens"]),
    cachedInputTokens: countOf(prompt["cached_tokens"]),
    cacheWriteTokens: countOf(prompt["cache_creation_input_tokens"]),
    reasoningTokens: countOf(output["reasoning_tokens"]),
    textInputTokens: countOf(input["text_tokens"]),
    imageInputTokens: countOf(input["image_tokens"]),
    videoInputTokens: countOf(input["video_tokens"]),
    audioInputTokens: countOf(input["audio_tokens"]),
    textOutputTokens: countOf(output["text_tokens"]),
    audioOutputTokens: countOf(output["audio_tokens"]),
  };
};

const tokenOf = (entry: JsonObject): TokenLogprob => {
  const { logprob, bytes } = entry;
  return { token: stringOf(entry["token"]), logprob: typeof logprob === "number" ? logprob : 0, bytes: Array.isArray(bytes) ? bytes.filter((byte) => typeof byte === "number") : null };
};

export const readLogprobs = (value: Json | undefined): Logprob[] | undefined => {
  const logprobs = objectsIn(objectOf(value)["content"]).map((entry) => ({ ...tokenOf(entry), top: objectsIn(entry["top_logprobs"]).map(tokenOf) }));
  return logprobs.length === 0 ? undefined : logprobs;
};

/** Pages that were found: which words come from which is not said. */
export const readSources = (value: Json | undefined): Citation[] =>
  objectsIn(objectOf(value)["search_results"]).flatMap((result) => {
    const url = stringOf(result["url"]);
    return url === "" ? [] : [{ kind: "url", start: -1, end: -1, url, title: stringOf(result["title"]), citedText: "" }];
  });

/** As its list of error codes has them (seen 2026-11); what follows a dot is a finer word for the same. */
export const failureWords: FailureWords = {
  byCode: {
    InvalidParameter: "invalid",
    "InvalidParameter.DataInspection": "invalid",
    invalid_parameter_error: "invalid",
    "BadRequest.TooLarge": "too-large",
    DataInspectionFailed: "filtered",
    data_inspection_failed: "filtered",
    Arrearage: "payment",
    InvalidApiKey: "credential",
    invalid_api_key: "credential",
    AccessDenied: "forbidden",
    "AccessDenied.Unpurchased": "payment",
    "Model.AccessDenied": "forbidden",
    "Workspace.AccessDenied": "forbidden",
    "AllocationQuota.FreeTierOnly": "payment",
    PrepaidBillOverdue: "payment",
    PostpaidBillOverdue: "payment",
    CommodityNotPurchased: "payment",
    ModelNotFound: "not-found",
    model_not_found: "not-found",
    Throttling: "rate-limited",
    "Throttling.RateQuota": "rate-limited",
    "Throttling.AllocationQuota": "rate-limited",
    LimitRequests: "rate-limited",
    limit_requests: "rate-limited",
    RequestTimeOut: "timeout",
    InternalError: "internal",
    "InternalError.Timeout": "timeout",
    ModelUnavailable: "overloaded",
    ModelServiceFailed: "overloaded",
    ModelServingError: "overloaded",
    ServiceUnavailable: "overloaded",
  },
  bySentence: [
    [/range of input length|context length|input length .*exceed|exceeds? the (?:model's )?max/i, "context-too-long"],
    [/inappropriate content/i, "filtered"],
    [/overdue|arrearage|good standing|free tier/i, "payment"],
    [/model.*(?:not exist|not found)/i, "not-found"],
    [/timed? ?out/i, "timeout"],
  ],
};
