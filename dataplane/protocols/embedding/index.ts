// Embeddings across providers: who may ask in which form, and who may be asked in which.
import type { Loss } from "../ir.ts";
import { loss, type Side } from "../side-codec.ts";
import { bedrockProvider } from "./bedrock.ts";
import { cohereProvider } from "./cohere.ts";
import { dashscopeProvider } from "./dashscope.ts";
import { geminiClient, geminiProvider } from "./gemini.ts";
import { ollamaProvider } from "./ollama.ts";
import { openaiClient, openaiProvider } from "./openai.ts";
import type { EmbeddingAnswer, EmbeddingQuestion } from "./question.ts";

/** A provider may pass over a length that it does not know, and its vectors fit nothing that the client has. */
const lossesIn = ({ vectors }: EmbeddingAnswer, { dimensions }: EmbeddingQuestion): readonly Loss[] =>
  dimensions === null || vectors.every(({ length }) => length === dimensions) ? [] : [loss("dimensions", "unsupported", "major")];

const lengthOf = ({ inputs }: EmbeddingQuestion): number => inputs.reduce((sum, input) => sum + (input.kind === "text" ? input.text.length : 0), 0);

export const embeddingSide: Side<EmbeddingQuestion, EmbeddingAnswer> = {
  clients: { embeddings: openaiClient, gemini: geminiClient },
  providers: {
    "embeddings": openaiProvider,
    "gemini": geminiProvider,
    "cohere": cohereProvider,
    "bedrock-converse": bedrockProvider,
    "dashscope": dashscopeProvider,
    "ollama": ollamaProvider,
  },
  lossesIn,
  lengthOf,
};
