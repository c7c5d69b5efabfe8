// What the demo provider understands of a request, whichever endpoint it came by, and what it costs in tokens.
// It refuses wire names: chat and responses translate into it.

import type { JsonObject } from "./json.ts";
import type { Tokenizer } from "./tokens.ts";

export interface Turn {
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly text: string;
  readonly imageCount: number;
  /** Of a tool's result: the tool's name, where the call before it told it. */
  readonly toolName?: string | undefined;
}

export interface Tool {
  readonly name: string;
  readonly kind: "function" | "custom";
  readonly schema: JsonObject;
}

export type Choice = { readonly kind: "none" | "auto" | "required" } | { readonly kind: "named"; readonly name: string };

export type Format = { readonly kind: "text" | "object" } | { readonly kind: "schema"; readonly schema: JsonObject };

export interface Prompt {
  readonly turns: readonly Turn[];
  readonly tools: readonly Tool[];
  readonly choice: Choice;
  readonly isParallel: boolean;
  readonly format: Format;
}

export interface ToolCall {
  readonly name: string;
  readonly kind: Tool["kind"];
  readonly input: string;
}

const TOKENS_PER_TURN = 4;
const TOKENS_PRIMING = 3;
const TOKENS_PER_IMAGE = 85;
const TOKENS_PER_CALL = 4;

/** The well-known count of chat formats: each turn's text and a few tokens around it, the tools as their JSON. */
export function promptTokens(tokenizer: Tokenizer, prompt: Prompt): number {
  const ofTools = prompt.tools.length === 0 ? 0 : tokenizer.count(JSON.stringify(prompt.tools));
  const ofFormat = prompt.format.kind === "schema" ? tokenizer.count(JSON.stringify(prompt.format.schema)) : 0;
  const ofTurns = prompt.turns.map((turn) => TOKENS_PER_TURN + tokenizer.count(turn.text) + turn.imageCount * TOKENS_PER_IMAGE);
  return ofTurns.reduce((sum, count) => sum + count, TOKENS_PRIMING + ofTools + ofFormat);
}

export function callTokens(tokenizer: Tokenizer, call: ToolCall): number {
  return TOKENS_PER_CALL + tokenizer.count(call.name) + tokenizer.count(call.input);
}
