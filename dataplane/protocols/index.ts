// Protocol name → what the gateway can do with it. A protocol is in the table when its folder is.
import type { ProtocolName } from "../snapshot/schema.ts";
import type { PassThrough } from "./pass-through.ts";
import { openaiChat } from "./openai-chat/index.ts";
import { openaiCompletions } from "./openai-completions/index.ts";
import { audio, batches, embeddings, files, images, moderations, rerank } from "./openai-plain/index.ts";
import { openaiResponses } from "./openai-responses/index.ts";

export const passThroughs = {
  "openai-chat": openaiChat,
  "openai-completions": openaiCompletions,
  "openai-responses": openaiResponses,
  embeddings,
  moderations,
  images,
  audio,
  files,
  batches,
  rerank,
} as const satisfies Partial<Record<ProtocolName, PassThrough>>;

export const speaks = (name: ProtocolName): name is keyof typeof passThroughs => Object.hasOwn(passThroughs, name);

/** Endpoints are written by us: one whose protocol is not spoken is a fault of the code. */
export const passThroughOf = (name: ProtocolName): PassThrough => {
  if (!speaks(name)) throw new Error(`the protocol ${name} is not spoken by this gateway`);
  return passThroughs[name];
};
