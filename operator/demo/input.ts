// The inputs that may come as text or as token ids, alone or several: those of embeddings and completions.
// It refuses empty inputs and ids outside the vocabulary, as the real API does.

import { z } from "zod";
import { invalid } from "./failure.ts";
import type { Tokenizer } from "./tokens.ts";

const INPUTS_MAX = 2048;
const token = z.int().min(0);

export const tokenInput = z.union(
  [z.string(), z.array(z.string()).min(1).max(INPUTS_MAX), z.array(token).min(1), z.array(z.array(token).min(1)).min(1).max(INPUTS_MAX)],
  "expected a string, an array of strings, an array of tokens or an array of arrays of tokens",
);

export function textsOf(tokenizer: Tokenizer, input: z.output<typeof tokenInput>, param: string): string[] {
  const several = typeof input === "string" || isTokens(input) ? [input] : input;
  return several.map((each) => textOf(tokenizer, each, param));
}

function textOf(tokenizer: Tokenizer, input: string | number[], param: string): string {
  if (typeof input === "string") {
    if (input === "") throw invalid(param, `'${param}' cannot be an empty string.`);
    return input;
  }
  try {
    return tokenizer.decode(input);
  } catch {
    throw invalid(param, `'${param}' holds a token id that the vocabulary does not have.`);
  }
}

function isTokens(input: readonly (string | number | number[])[]): input is number[] {
  return typeof input[0] === "number";
}
