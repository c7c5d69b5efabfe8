// Token counting at providers: where one has a count of its own, a request for an answer becomes one for a number.
// A provider without one is not asked.
import type { ProtocolName } from "../../snapshot/schema.ts";
import type { Encoded, TargetModel } from "../codec.ts";
import type { JsonObject } from "../json-members.ts";
import { countOf } from "../side-codec.ts";
import { isObject, parseExact } from "../../wire/json.ts";

export interface CountProvider {
  /** Whether it counts for this model. */
  counts(target: TargetModel): boolean;
  /** From the request for an answer, as the protocol's codec wrote it. */
  encodeRequest(encoded: Encoded, target: TargetModel): Encoded;
  /** -1: the document is no count. */
  decodeReply(document: JsonObject): number;
  /** Its path stands beside the version under which the protocols are, and not behind it. */
  readonly isAtRoot?: true;
}

const bodyIn = ({ body }: Encoded): JsonObject => {
  const document = parseExact(body.toString("utf8"));
  return isObject(document) ? document : {};
};

const only = (body: JsonObject, members: readonly string[]): JsonObject => Object.fromEntries(Object.entries(body).filter(([key]) => members.includes(key)));

const asking = ({ headers, losses }: Encoded, path: string, body: JsonObject): Encoded => ({ path, headers, body: Buffer.from(JSON.stringify(body)), losses });

/** What limits or steers the answer is refused there. */
const messagesMembers = ["system", "messages", "tools", "tool_choice", "thinking", "output_config", "cache_control", "mcp_servers", "context_management", "speed", "anthropic_version", "anthropic_beta"];

const messages: CountProvider = {
  counts: () => true,
  // A cloud that has the model in the path of an answer wants it in the body here.
  encodeRequest: (encoded, { model }) => asking(encoded, "/messages/count_tokens", { model, ...only(bodyIn(encoded), messagesMembers) }),
  decodeReply: ({ input_tokens: tokens }) => countOf(tokens),
};

const responsesMembers = ["model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "reasoning", "text", "truncation", "previous_response_id", "conversation"];

const responses: CountProvider = {
  counts: () => true,
  encodeRequest: (encoded) => asking(encoded, "/responses/input_tokens", only(bodyIn(encoded), responsesMembers)),
  decodeReply: ({ input_tokens: tokens }) => countOf(tokens),
};

const placeOf = (model: string): string => model.replace(/^models\//, "");
const vertexMembers = ["contents", "systemInstruction", "tools", "generationConfig"];

/** Google AI wants the request as a whole, and Vertex AI its members. */
const gemini: CountProvider = {
  counts: () => true,
  encodeRequest: (encoded, { model, dialect }) => {
    const body = bodyIn(encoded);
    const path = `/models/${encodeURIComponent(placeOf(model))}:countTokens`;
    if (dialect.sideForm === "vertex") return asking(encoded, path, only(body, vertexMembers));
    return asking(encoded, path, { generateContentRequest: { model: `models/${placeOf(model)}`, ...body } });
  },
  decodeReply: ({ totalTokens: tokens }) => countOf(tokens),
};

const converseMembers = ["messages", "system", "toolConfig", "additionalModelRequestFields"];
/** Whose model it is, with or without a region before it; an ARN of somebody's own does not say. */
const MAKER = /(?:^|[/.])([a-z0-9]+)\.[a-z]/;

const bedrock: CountProvider = {
  // Of the models there only Claude is counted (seen 2026-11).
  counts: ({ model }) => model.includes("claude") || !MAKER.test(model),
  encodeRequest: (encoded, { model }) => asking(encoded, `/model/${encodeURIComponent(model)}/count-tokens`, { input: { converse: only(bodyIn(encoded), converseMembers) } }),
  decodeReply: ({ inputTokens: tokens }) => countOf(tokens),
};

/** Bedrock counts a body in its model's own form too, base64 around it. */
const invokeCounter: CountProvider = {
  counts: () => true,
  encodeRequest: (encoded, { model }) =>
    asking({ ...encoded, headers: [] }, `/model/${encodeURIComponent(model)}/count-tokens`, { input: { invokeModel: { body: encoded.body.toString("base64") } } }),
  decodeReply: bedrock.decodeReply,
};

const chatMembers = ["model", "messages", "tools", "tool_choice", "parallel_tool_calls", "response_format", "reasoning_effort"];

/** llama.cpp's server takes a request in Chat beside its own path, and answers as Responses does. */
const chat: CountProvider = {
  counts: () => true,
  encodeRequest: (encoded) => asking(encoded, "/chat/completions/input_tokens", only(bodyIn(encoded), chatMembers)),
  decodeReply: responses.decodeReply,
};

const tokenizerMembers = ["model", "messages", "tools"];

/** vLLM's tokenizer lays out a conversation in Chat as it would for an answer. */
const tokenizer: CountProvider = {
  counts: () => true,
  isAtRoot: true,
  encodeRequest: (encoded) => asking(encoded, "/tokenize", only(bodyIn(encoded), tokenizerMembers)),
  decodeReply: ({ count }) => countOf(count),
};

/** By the word of a dialect. */
export const ownCounters = { invoke: invokeCounter, chat, tokenize: tokenizer } as const;

export const countProviders: { readonly [protocol in ProtocolName]?: CountProvider } = {
  "anthropic-messages": messages,
  "openai-responses": responses,
  "gemini": gemini,
  "bedrock-converse": bedrock,
};
