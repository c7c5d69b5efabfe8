// The response object around the output: what it repeats of the request, because clients read it there.
// What a provider of this protocol said itself goes before what is known here.
import type { Json } from "../../wire/json.ts";
import { isObject } from "../../wire/json.ts";
import type { Conversation } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { encodeFormat } from "./encode-request.ts";
import { responseIdOf } from "./item-id.ts";
import { extrasIn, PROTOCOL } from "./members.ts";
import { encodeChoice, encodeTools } from "./tools.ts";

export interface Opening {
  readonly id: string;
  readonly createdAt: number;
  readonly serviceTier: string;
  /** Of a provider of this protocol. */
  readonly said: JsonObject;
}

const instructionsOf = ({ turns }: Conversation): Json => {
  const [block] = turns.find(({ at }) => at === "instructions")?.blocks ?? [];
  return block?.kind === "text" ? block.text : null;
};

const reasoningOf = ({ reasoning }: Conversation): JsonObject => ({
  effort: reasoning?.effort ?? null,
  summary: reasoning?.isShown === true ? "auto" : null,
  ...(reasoning === null ? {} : extrasIn(reasoning)),
});

const own: ReadonlySet<string> = new Set(["include", "stream_options", "text", "user", "tool_choice", "store"]);

/** Nothing is stored of an answer that was translated. */
const asked = (conversation: Conversation): JsonObject => {
  const extras = conversation.extras[PROTOCOL] ?? {};
  const { sampling, format, verbosity } = conversation;
  return {
    background: false,
    conversation: null,
    instructions: instructionsOf(conversation),
    max_output_tokens: sampling.maxOutputTokens,
    max_tool_calls: null,
    parallel_tool_calls: conversation.isParallel ?? true,
    previous_response_id: null,
    prompt_cache_key: conversation.cacheKey,
    reasoning: reasoningOf(conversation),
    safety_identifier: extras["user"] === conversation.userId ? null : conversation.userId,
    store: false,
    temperature: sampling.temperature,
    text: { format: format === null ? { type: "text" } : encodeFormat(format, true), ...(verbosity === null ? {} : { verbosity }), ...(isObject(extras["text"]) ? extras["text"] : {}) },
    tool_choice: encodeChoice(conversation) ?? "auto",
    tools: encodeTools(conversation.tools, { isOwn: true }, () => {}),
    top_logprobs: sampling.logprobs ?? 0,
    top_p: sampling.topP,
    truncation: "disabled",
    user: extras["user"] ?? null,
    metadata: { ...conversation.metadata },
    ...Object.fromEntries(Object.entries(extras).filter(([key]) => !own.has(key))),
  };
};

/** Everything but what changes while the answer grows. */
export const frameOf = (conversation: Conversation, { id, createdAt, serviceTier, said }: Opening): JsonObject => ({
  id: responseIdOf(id),
  object: "response",
  created_at: createdAt,
  ...asked(conversation),
  ...said,
  model: conversation.model,
  service_tier: said["service_tier"] ?? (serviceTier === "" ? (conversation.serviceTier ?? "default") : serviceTier),
});
