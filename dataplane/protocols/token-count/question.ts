// Token counting for clients: the conversation inside of each protocol's question, and the answer in its form.
// What a conversation is, the protocol's own codec knows.
import type { ProtocolName } from "../../snapshot/schema.ts";
import type { Invalid } from "../codec.ts";
import type { JsonObject } from "../json-members.ts";
import { isObject, parseExact } from "../../wire/json.ts";

export interface CountClient {
  /** The request that would be sent to have the conversation gone on with. */
  conversationIn(body: Buffer): Buffer | Invalid;
  encodeReply(tokens: number): JsonObject;
}

const same = (body: Buffer): Buffer => body;

const bytesOf = (value: JsonObject): Buffer => Buffer.from(JSON.stringify(value));

/** Bare contents, or a whole request around them. */
const inGemini = (body: Buffer): Buffer => {
  const document = parseExact(body.toString("utf8"));
  const whole = isObject(document) ? (document["generateContentRequest"] ?? document["generate_content_request"]) : undefined;
  return isObject(whole) ? bytesOf(whole) : body;
};

const inBedrock = (body: Buffer): Buffer | Invalid => {
  const document = parseExact(body.toString("utf8"));
  const input = isObject(document) ? document["input"] : undefined;
  if (!isObject(input)) return { problem: '"input" must be {"converse": {…}} with the conversation to be counted.', parameter: "input" };
  const { converse } = input;
  if (isObject(converse)) return bytesOf(converse);
  return { problem: 'Only "input.converse" can be counted for the provider behind this model; "input.invokeModel" is a model\'s own form.', parameter: "input" };
};

export const countClients: { readonly [protocol in ProtocolName]?: CountClient } = {
  "anthropic-messages": { conversationIn: same, encodeReply: (tokens) => ({ input_tokens: tokens }) },
  "openai-responses": { conversationIn: same, encodeReply: (tokens) => ({ object: "response.input_tokens", input_tokens: tokens }) },
  "gemini": { conversationIn: inGemini, encodeReply: (tokens) => ({ totalTokens: tokens }) },
  "bedrock-converse": { conversationIn: inBedrock, encodeReply: (tokens) => ({ inputTokens: tokens }) },
};
