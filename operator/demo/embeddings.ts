// POST /v1/embeddings: unit vectors worked out from hashes of a text's words, so that texts sharing words lie near each other.
// It refuses meaning: there is no model, "king" and "queen" are strangers.

import { z } from "zod";
import type { Call, Reply } from "./exchange.ts";
import { json, readBody } from "./exchange.ts";
import { textsOf, tokenInput } from "./input.ts";
import { requireModel } from "./models.ts";
import type { DemoState } from "./state.ts";
import { requireRoom } from "./usage.ts";
import { digest } from "./words.ts";

const DIMENSIONS_DEFAULT = 256;
const DIMENSIONS_MAX = 3072;

const request = z.looseObject({
  model: z.string(),
  input: tokenInput,
  dimensions: z.int().min(1).max(DIMENSIONS_MAX).nullish(),
  encoding_format: z.enum(["float", "base64"]).nullish(),
});

export async function embeddings(call: Call, state: DemoState): Promise<Reply> {
  const asked = readBody(call, request);
  requireModel(asked.model, "embedding");
  const tokenizer = await state.tokenizer();
  const texts = textsOf(tokenizer, asked.input, "input");
  const tokenCount = texts.reduce((sum, text) => sum + tokenizer.count(text), 0);
  requireRoom(tokenCount, "input");
  const data = texts.map((text, index) => {
    const vector = vectorOf(text, asked.dimensions ?? DIMENSIONS_DEFAULT);
    return { object: "embedding", index, embedding: asked.encoding_format === "base64" ? base64Of(vector) : [...vector] };
  });
  return json({ object: "list", data, model: asked.model, usage: { prompt_tokens: tokenCount, total_tokens: tokenCount } });
}

export function vectorOf(text: string, dimensions: number): Float32Array {
  const sums = new Float64Array(dimensions);
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [text];
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  for (const [word, count] of counts) addWord(sums, word, Math.sqrt(count));
  const length = Math.hypot(...sums) || 1;
  return Float32Array.from(sums, (value) => value / length);
}

/** A xorshift sequence seeded by the word's digest: the same word points the same way everywhere. */
function addWord(sums: Float64Array, word: string, weight: number): void {
  let seed = digest(word).readUInt32LE(0) || 1;
  for (let at = 0; at < sums.length; at += 1) {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    sums[at] = (sums[at] ?? 0) + weight * ((seed >>> 0) / 2 ** 31 - 1);
  }
}

function base64Of(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [at, value] of vector.entries()) bytes.writeFloatLE(value, at * 4);
  return bytes.toString("base64");
}

/** Both are unit vectors, so this is their cosine. */
export function similarity(left: Float32Array, right: Float32Array): number {
  return left.reduce((sum, value, at) => sum + value * (right[at] ?? 0), 0);
}
