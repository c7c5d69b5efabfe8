// The list of models as Google's clients read it.
import { demoModels } from "../models.ts";

export function geminiModel(id: string) {
  const supportedGenerationMethods = id === "demo-embedding" ? ["embedContent"] : ["generateContent", "countTokens"];
  return { name: `models/${id}`, version: "1", displayName: id, inputTokenLimit: 1_000_000, outputTokenLimit: 65_536, supportedGenerationMethods };
}

export function geminiModels() {
  return { models: demoModels.map(geminiModel) };
}
