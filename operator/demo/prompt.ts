// What the demo provider understands of a request, whichever protocol it came by, and what it costs in tokens.
// It refuses wire names: every protocol translates into it.

import { isJsonObject, parseJson, type Json, type JsonObject } from "./json.ts";
import type { Picture } from "./picture.ts";
import type { Tokenizer } from "./tokens.ts";

export interface Turn {
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly text: string;
  readonly pictures: readonly Picture[];
  /** Of an assistant's turn. */
  readonly calls?: readonly PastCall[] | undefined;
  /** Of a tool's result: the tool's name, where the call before it told it. */
  readonly toolName?: string | undefined;
}

export interface PastCall {
  readonly name: string;
  /** The JSON of the arguments, or a custom tool's text. */
  readonly input: string;
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
  readonly isThinking: boolean;
  /** How many of the turns, and whether the tools, stand before the last mark for the cache. */
  readonly marked?: { readonly turns: number; readonly tools: boolean } | undefined;
}

export interface ToolCall {
  readonly name: string;
  readonly kind: Tool["kind"];
  readonly input: string;
}

export const PLAIN = { tools: [], choice: { kind: "auto" }, isParallel: true, format: { kind: "text" }, isThinking: false } as const satisfies Omit<Prompt, "turns">;

const TOKENS_PER_TURN = 4;
const TOKENS_PRIMING = 3;
const TOKENS_PER_IMAGE = 85;
const TOKENS_PER_CALL = 4;
const ARGUMENTS_BYTES_MAX = 1024 * 1024;

/** The well-known count of chat formats: each turn's text and a few tokens around it, the tools as their JSON. */
export function promptTokens(tokenizer: Tokenizer, prompt: Prompt): number {
  const ofFormat = prompt.format.kind === "schema" ? tokenizer.count(JSON.stringify(prompt.format.schema)) : 0;
  return TOKENS_PRIMING + ofFormat + toolTokens(tokenizer, prompt) + turnTokens(tokenizer, prompt.turns);
}

/** What stands before the last mark; the same prefix costs the same every time. */
export function markedTokens(tokenizer: Tokenizer, prompt: Prompt): number {
  if (prompt.marked === undefined) return 0;
  const ofTools = prompt.marked.tools ? toolTokens(tokenizer, prompt) : 0;
  return ofTools + turnTokens(tokenizer, prompt.turns.slice(0, prompt.marked.turns));
}

function toolTokens(tokenizer: Tokenizer, { tools }: Prompt): number {
  return tools.length === 0 ? 0 : tokenizer.count(JSON.stringify(tools));
}

function turnTokens(tokenizer: Tokenizer, turns: readonly Turn[]): number {
  // What one protocol says in one message is several items in another: one speaker's words are one turn.
  const isContinued = (turn: Turn, at: number) => at > 0 && turn.role !== "tool" && turns[at - 1]?.role === turn.role;
  return turns.reduce((sum, turn, at) => sum + (isContinued(turn, at) ? 0 : TOKENS_PER_TURN) + contentTokens(tokenizer, turn), 0);
}

function contentTokens(tokenizer: Tokenizer, turn: Turn): number {
  const ofCalls = (turn.calls ?? []).reduce((sum, call) => sum + tokenizer.count(`${call.name}${call.input}`), 0);
  return ofCalls + tokenizer.count(turn.text) + turn.pictures.length * TOKENS_PER_IMAGE;
}

export function callTokens(tokenizer: Tokenizer, call: ToolCall): number {
  return TOKENS_PER_CALL + tokenizer.count(call.name) + tokenizer.count(call.input);
}

/** A call's arguments as every protocol means them, whether they came as text or as an object. */
export function pastCall(name: string, input: string | JsonObject): PastCall {
  const value = typeof input === "string" ? parseJson(Buffer.from(input), ARGUMENTS_BYTES_MAX) : input;
  return { name, input: value === undefined ? String(input) : canonical(value) };
}

/** JSON with sorted members. */
export function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name] ?? null)}`);
  return `{${members.join(",")}}`;
}

/** The arguments of a call of ours as the object that they are; cut ones are none. */
export function argumentsOf(call: ToolCall): JsonObject {
  const value = parseJson(Buffer.from(call.input), ARGUMENTS_BYTES_MAX);
  return isJsonObject(value) ? value : {};
}
