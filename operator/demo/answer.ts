// The whole mind of the demo provider: the same prompt gets the same answer, made of the user's own words.
// It refuses chance and state: no model, no random number, no memory.

import type { Prompt, Tool, ToolCall, Turn } from "./prompt.ts";
import { instanceOf } from "./instance.ts";
import { sentenceOf } from "./picture.ts";
import { argumentWords, askedWordCount, lastWords } from "./words.ts";

export type Answer =
  | { readonly kind: "text"; readonly text: string; readonly isJson: boolean }
  | { readonly kind: "calls"; readonly calls: readonly ToolCall[] };

const RESTATED_WORDS = 12;
const RESULT_WORDS = 40;
const CALLS_MAX = 16;
const INTRODUCTION = "I am the demo provider of the gateway: no model runs here, this answer is made of your own words.";
const FILLER = "the demo provider of the gateway keeps talking word by word because you asked for a longer answer".split(" ");

export function answerTo(prompt: Prompt): Answer {
  const last = prompt.turns.at(-1);
  const question = prompt.turns.findLast((turn) => turn.role === "user")?.text ?? "";
  const called = last?.role === "user" ? calledTools(prompt, question) : [];
  if (called.length > 0) return { kind: "calls", calls: called.map((tool) => callOf(tool, question)) };
  if (prompt.format.kind !== "text") return { kind: "text", text: jsonAnswer(prompt, question), isJson: true };
  const text = last?.role === "tool" ? toolAnswer(prompt.turns) : plainAnswer(prompt.turns, question);
  return { kind: "text", text: stretched(text, askedWordCount(question)), isJson: false };
}

/** The tools the text names, in their own order; the forced one; or simply the first. */
function calledTools(prompt: Prompt, question: string): readonly Tool[] {
  const { choice, tools } = prompt;
  if (choice.kind === "none") return [];
  if (choice.kind === "named") return tools.filter((tool) => tool.name === choice.name).slice(0, 1);
  const named = tools.filter((tool) => isNamed(question, tool.name));
  const called = named.length > 0 ? named : tools;
  return called.slice(0, named.length > 0 && prompt.isParallel ? CALLS_MAX : 1);
}

function isNamed(question: string, name: string): boolean {
  const text = question.toLowerCase();
  const lowered = name.toLowerCase();
  return text.includes(lowered) || text.includes(lowered.replaceAll(/[_-]/g, " "));
}

function callOf(tool: Tool, question: string): ToolCall {
  const words = argumentWords(question);
  const input = tool.kind === "custom" ? lastWords(question, RESTATED_WORDS).join(" ") : JSON.stringify(instanceOf(tool.schema, words));
  return { name: tool.name, kind: tool.kind, input };
}

function jsonAnswer(prompt: Prompt, question: string): string {
  const restated = lastWords(question, RESTATED_WORDS).join(" ");
  if (prompt.format.kind === "schema") return JSON.stringify(instanceOf(prompt.format.schema, argumentWords(question)));
  return JSON.stringify({ provider: "demo", you_said: restated, turns: prompt.turns.length });
}

function toolAnswer(turns: readonly Turn[]): string {
  const start = turns.findLastIndex((turn) => turn.role !== "tool") + 1;
  const told = turns.slice(start).map((turn) => `${turn.toolName ?? "The tool"} says: ${lastWords(turn.text, RESULT_WORDS).join(" ")}`);
  return [`${told.join(". ")}.`, ...noticed(turns), "So much from the demo provider of the gateway."].join(" ");
}

function plainAnswer(turns: readonly Turn[], question: string): string {
  const restated = lastWords(question, RESTATED_WORDS).join(" ");
  const sentences = [restated === "" ? "You said nothing." : `You said: "${restated}".`, ...noticed(turns)];
  const asked = turns.filter((turn) => turn.role === "user").length;
  if (asked > 1) sentences.push(`This was your message number ${asked}.`);
  return [...sentences, INTRODUCTION].join(" ");
}

/** What else was in the conversation, so that its loss on the way would be seen. */
function noticed(turns: readonly Turn[]): string[] {
  const pictures = turns.flatMap((turn) => turn.pictures);
  const told = turns.find((turn) => turn.role === "system" && turn.text !== "");
  return [
    ...(pictures.length > 0 ? [sentenceOf(pictures)] : []),
    ...(told === undefined ? [] : [`My instructions end with: "${lastWords(told.text, RESTATED_WORDS).join(" ")}".`]),
  ];
}

/** What is thought before the answer, where thinking is asked for. */
export function thoughtsOn(prompt: Prompt, answer: Answer): string {
  const question = prompt.turns.findLast((turn) => turn.role === "user")?.text ?? "";
  const heard = `The user's words end with "${lastWords(question, RESTATED_WORDS).join(" ")}".`;
  if (answer.kind === "calls") return `${heard} So I call ${answer.calls.map((call) => call.name).join(" and ")}.`;
  if (answer.isJson) return `${heard} So I write JSON.`;
  return prompt.turns.at(-1)?.role === "tool" ? `${heard} The tools have answered, so I tell what they say.` : `${heard} No tool is needed, so I answer.`;
}

/** Exactly as many words as were asked for. */
function stretched(text: string, wordCount: number | undefined): string {
  if (wordCount === undefined || wordCount === 0) return text;
  const words = text.split(" ");
  while (words.length < wordCount) words.push(FILLER[words.length % FILLER.length] ?? "word");
  return words.slice(0, wordCount).join(" ");
}
