// From what was understood to everything that a protocol then writes down: thoughts, answer, ending and counts.
// It refuses wire names; the same prompt composes the same in every protocol.

import { answerTo, thoughtsOn } from "./answer.ts";
import type { Outcome } from "./limits.ts";
import { limited } from "./limits.ts";
import type { Prompt } from "./prompt.ts";
import { markedTokens, promptTokens } from "./prompt.ts";
import type { DemoState } from "./state.ts";
import type { Counted } from "./usage.ts";
import { requireRoom } from "./usage.ts";

export interface Composed extends Outcome, Counted {
  /** Empty unless thinking was asked for. */
  readonly thoughts: string;
}

export interface Limits {
  readonly stops?: readonly string[] | null | undefined;
  readonly tokensMax?: number | null | undefined;
}

/** `place` is where the conversation stands in the request, for the refusal of one that is too long. */
export async function compose(prompt: Prompt, limits: Limits, place: string, state: DemoState): Promise<Composed> {
  const tokenizer = await state.tokenizer();
  const inputTokens = promptTokens(tokenizer, prompt);
  requireRoom(inputTokens, place);
  const answer = answerTo(prompt);
  const thoughts = prompt.isThinking ? thoughtsOn(prompt, answer) : "";
  const reasoningTokens = tokenizer.count(thoughts);
  const room = limits.tokensMax === undefined || limits.tokensMax === null ? undefined : Math.max(1, limits.tokensMax - reasoningTokens);
  const outcome = limited(tokenizer, answer, limits.stops ?? [], room);
  // A first turn writes what is marked, a later one finds it: no memory is needed to be consistent.
  const marked = Math.min(markedTokens(tokenizer, prompt), inputTokens);
  const isFound = prompt.turns.some((turn) => turn.role === "assistant");
  const cache = { cacheRead: isFound ? marked : 0, cacheWritten: isFound ? 0 : marked };
  return { ...outcome, ...cache, thoughts, inputTokens, reasoningTokens, outputTokens: outcome.tokenCount + reasoningTokens };
}
