// How much a model shall think, in the words of OpenAI and of its compatibles: each vendor has its own member for it.
// A word that no vendor shares stays where it was.
import { isObject, type Json } from "../../wire/json.ts";
import { isEffort } from "../effort.ts";
import type { Effort, Reasoning } from "../ir.ts";
import { type JsonObject, stringOf } from "../json-members.ts";
import { extrasOf, numberIn, without } from "../openai-members.ts";
import { NAME } from "./names.ts";

export const reasoningMembers = ["reasoning_effort", "reasoning", "thinking", "enable_thinking", "thinking_budget"] as const;

const effortIn = (value: Json | undefined): Effort | null => (isEffort(value) ? value : null);

const routerMembers = new Set(["effort", "max_tokens", "exclude", "enabled"]);
const thinkingMembers = new Set(["type", "budget_tokens"]);

/** OpenRouter's object. */
const readRouter = (value: JsonObject): Reasoning => {
  const effort = value["enabled"] === false ? "none" : effortIn(value["effort"]);
  const budgetTokens = numberIn(value["max_tokens"]);
  const isShown = value["exclude"] === true ? false : value["exclude"] === false || "summary" in value ? true : null;
  return { effort, budgetTokens, isAdaptive: effort === null && budgetTokens === null, isShown, ...extrasOf(NAME, without(value, routerMembers)) };
};

/** Anthropic's object, which DeepSeek, Z.AI and others took over. */
const readThinking = (value: JsonObject, effort: Effort | null): Reasoning => {
  const budgetTokens = numberIn(value["budget_tokens"]);
  const asked = stringOf(value["type"]) === "disabled" ? "none" : effort;
  return { effort: asked, budgetTokens, isAdaptive: asked === null && budgetTokens === null, isShown: null, ...extrasOf(NAME, without(value, thinkingMembers)) };
};

/** Qwen's and SiliconFlow's switch. */
const readSwitch = (body: JsonObject, effort: Effort | null): Reasoning | null => {
  const { enable_thinking: isEnabled } = body;
  const budgetTokens = numberIn(body["thinking_budget"]);
  if (isEnabled === false) return { effort: "none", budgetTokens: null, isAdaptive: false, isShown: null };
  if (isEnabled !== true && budgetTokens === null) return null;
  return { effort, budgetTokens, isAdaptive: effort === null && budgetTokens === null, isShown: null };
};

/** Null when nothing was said. */
export const readReasoningRequest = (body: JsonObject): Reasoning | null => {
  const { reasoning, thinking } = body;
  const effort = effortIn(body["reasoning_effort"]);
  if (isObject(reasoning)) return readRouter({ ...(effort === null ? {} : { effort }), ...reasoning });
  if (isObject(thinking)) return readThinking(thinking, effort);
  return readSwitch(body, effort) ?? (effort === null ? null : { effort, budgetTokens: null, isAdaptive: false, isShown: null });
};
