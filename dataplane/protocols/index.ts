// Protocol name → what the gateway can do with it: pass it through, translate from it, translate to it.
// A protocol is in the tables when its folder is.
import type { ProtocolName } from "../snapshot/schema.ts";
import type { ClientCodec, ProviderCodec } from "./codec.ts";
import { anthropicMessages, anthropicMessagesCodec } from "./anthropic-messages/index.ts";
import { bedrockConverse, bedrockConverseCodec } from "./bedrock-converse/index.ts";
import { cohereCodec } from "./cohere/index.ts";
import { guarded, guardedPassage } from "./depth.ts";
import { dashscopeCodec } from "./dashscope/index.ts";
import { gemini, geminiCodec } from "./gemini/index.ts";
import { ollamaCodec } from "./ollama/index.ts";
import { openaiChat, openaiChatCodec } from "./openai-chat/index.ts";
import { openaiCompletions, openaiCompletionsCodec } from "./openai-completions/index.ts";
import { audio, batches, embeddings, files, images, moderations, rerank } from "./openai-plain/index.ts";
import { embeddingSide } from "./embedding/index.ts";
import { openaiResponses, openaiResponsesCodec } from "./openai-responses/index.ts";
import { rerankSide } from "./rerank/index.ts";
import type { Family } from "./endpoints.ts";
import type { PassThrough } from "./pass-through.ts";

export const passThroughs = {
  "openai-chat": guardedPassage(openaiChat),
  "openai-completions": guardedPassage(openaiCompletions),
  "openai-responses": guardedPassage(openaiResponses),
  "anthropic-messages": guardedPassage(anthropicMessages),
  "gemini": guardedPassage(gemini),
  "bedrock-converse": guardedPassage(bedrockConverse),
  embeddings,
  moderations,
  images,
  audio,
  files,
  batches,
  rerank,
} as const satisfies Partial<Record<ProtocolName, PassThrough>>;

/** Conversations that clients may bring. */
export const clientCodecs: Partial<Record<ProtocolName, ClientCodec>> = {
  "openai-chat": openaiChatCodec,
  "openai-completions": openaiCompletionsCodec,
  "openai-responses": openaiResponsesCodec,
  "anthropic-messages": anthropicMessagesCodec,
  "gemini": geminiCodec,
  "bedrock-converse": bedrockConverseCodec,
};

/** Conversations that providers may be asked to hold. */
export const providerCodecs: Partial<Record<ProtocolName, ProviderCodec>> = {
  "openai-chat": guarded(openaiChatCodec),
  "openai-responses": guarded(openaiResponsesCodec),
  "anthropic-messages": guarded(anthropicMessagesCodec),
  "gemini": guarded(geminiCodec),
  "bedrock-converse": guarded(bedrockConverseCodec),
  "cohere": guarded(cohereCodec),
  "dashscope": guarded(dashscopeCodec),
  "ollama": guarded(ollamaCodec),
};

export const speaks = (name: ProtocolName): name is keyof typeof passThroughs => Object.hasOwn(passThroughs, name);

/** Endpoints are written by us: one whose protocol is not spoken is a fault of the code. */
export const passThroughOf = (name: ProtocolName): PassThrough => {
  if (!speaks(name)) throw new Error(`the protocol ${name} is not spoken by this gateway`);
  return passThroughs[name];
};

/** Whether a question of this family can be put to a provider in this protocol although the client spoke another. */
export const canAnswer = (name: ProtocolName, family: Family): boolean => {
  if (family === "embeddings") return embeddingSide.providers[name] !== undefined;
  if (family === "rerank") return rerankSide.providers[name] !== undefined;
  return family !== "none" && providerCodecs[name] !== undefined;
};
