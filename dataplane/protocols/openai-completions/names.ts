// What readers and writers of the older completions share: names, why an answer ended, and the older form of log probabilities.
import type { ProtocolName } from "../../snapshot/schema.ts";
import type { Conversation, Finish, FinishReason, Logprob } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";

export const NAME = "openai-completions" satisfies ProtocolName;
export const ID_PREFIX = "cmpl-";

export { completionsFields as fieldNames } from "../openai-fields.ts";

/** Who wants what stands between two texts is not served by what comes behind the first. */
export const majorExtras: ReadonlySet<string> = new Set(["suffix", "guided_json", "guided_regex", "guided_choice", "guided_grammar", "grammar", "structured_outputs"]);

/** Done here, or asked for anyway. */
export const quietExtras: ReadonlySet<string> = new Set(["echo", "stream_options"]);

const words = {
  stop: "stop",
  "stop-sequence": "stop",
  length: "length",
  "context-full": "length",
  "tool-calls": "stop",
  filter: "content_filter",
  refusal: "content_filter",
  paused: "length",
  malformed: "content_filter",
  fault: "length",
  other: "stop",
} as const satisfies Record<FinishReason, string>;

export const finishWord = ({ reason }: Finish): string => words[reason];

/** What the client wants to read before the answer: its own prompt, or nothing. */
export const echoOf = ({ extras, turns }: Conversation): string => {
  if (extras[NAME]?.["echo"] !== true) return "";
  return turns.flatMap(({ blocks }) => blocks.flatMap((block) => (block.kind === "text" ? [block.text] : []))).join("");
};

/** Lists side by side; `offset`: where the first token begins in the text. */
export const writeLogprobs = (logprobs: readonly Logprob[], offset: number): JsonObject => {
  let at = offset;
  const offsets = logprobs.map(({ token }) => {
    const begin = at;
    at += token.length;
    return begin;
  });
  return {
    tokens: logprobs.map(({ token }) => token),
    token_logprobs: logprobs.map(({ logprob }) => logprob),
    top_logprobs: logprobs.map(({ token, logprob, top }) => Object.fromEntries([[token, logprob], ...top.map((one): [string, number] => [one.token, one.logprob])])),
    text_offset: offsets,
  };
};
