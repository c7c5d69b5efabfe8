// Cuts an answer where the request said: at a stop sequence or at a number of tokens, and says why it ended.
// It refuses to count twice: what it returns carries the token count that usage will show.

import type { Answer } from "./answer.ts";
import type { ToolCall } from "./prompt.ts";
import { callTokens } from "./prompt.ts";
import type { Tokenizer } from "./tokens.ts";

export interface Outcome {
  readonly text: string;
  readonly isJson: boolean;
  readonly calls: readonly ToolCall[];
  readonly finish: "stop" | "length" | "calls";
  /** The one that cut the text. */
  readonly stopSequence: string | null;
  readonly tokenCount: number;
}

export function limited(tokenizer: Tokenizer, answer: Answer, stops: readonly string[], tokensMax: number | undefined): Outcome {
  if (answer.kind === "calls") return limitedCalls(tokenizer, answer.calls, tokensMax ?? Infinity);
  const stop = stopIn(answer.text, stops);
  const text = stop === undefined ? answer.text : answer.text.slice(0, answer.text.indexOf(stop));
  const tokens = tokenizer.encode(text);
  const isCut = tokensMax !== undefined && tokens.length > tokensMax;
  return {
    // A cut inside a character of several bytes leaves a replacement character at the end.
    text: isCut ? tokenizer.decode(tokens.slice(0, tokensMax)).replace(/\u{fffd}+$/u, "") : text,
    isJson: answer.isJson,
    calls: [],
    finish: isCut ? "length" : "stop",
    stopSequence: isCut ? null : (stop ?? null),
    tokenCount: isCut ? tokensMax : tokens.length,
  };
}

function stopIn(text: string, stops: readonly string[]): string | undefined {
  const found = stops.filter((stop) => stop !== "" && text.includes(stop));
  return found.toSorted((left, right) => text.indexOf(left) - text.indexOf(right))[0];
}

function limitedCalls(tokenizer: Tokenizer, calls: readonly ToolCall[], tokensMax: number): Outcome {
  const kept: ToolCall[] = [];
  let tokenCount = 0;
  for (const call of calls) {
    const cost = callTokens(tokenizer, call);
    if (tokenCount + cost > tokensMax) {
      const overhead = cost - tokenizer.count(call.input);
      const room = tokensMax - tokenCount - overhead;
      if (room > 0) kept.push({ ...call, input: tokenizer.decode(tokenizer.encode(call.input).slice(0, room)) });
      return { text: "", isJson: false, calls: kept, finish: "length", stopSequence: null, tokenCount: tokensMax };
    }
    kept.push(call);
    tokenCount += cost;
  }
  return { text: "", isJson: false, calls: kept, finish: "calls", stopSequence: null, tokenCount };
}
