// POST /v1/completions, the old text endpoint: prompts as strings or tokens, n, echo, stop, 16 tokens unless asked otherwise.
// It refuses chat features: no tools, no formats, no roles.

import { z } from "zod";
import { answerTo } from "./answer.ts";
import type { Call, Reply } from "./exchange.ts";
import { dataLine, DONE_LINE, json, readBody } from "./exchange.ts";
import { textsOf, tokenInput } from "./input.ts";
import { limited } from "./limits.ts";
import { limitedIds } from "./openai-failure.ts";
import { openaiStream } from "./openai-stream.ts";
import { requireModel } from "./models.ts";
import { PLAIN } from "./prompt.ts";
import type { DemoState } from "./state.ts";
import { chatUsage, requireRoom } from "./usage.ts";
import { pieces } from "./words.ts";

const TOKENS_DEFAULT = 16;

const request = z.looseObject({
  model: z.string(),
  prompt: tokenInput,
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  n: z.int().min(1).max(128).nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(4)]).nullish(),
  max_tokens: z.int().min(1).nullish(),
  echo: z.boolean().nullish(),
  user: limitedIds.user,
});

interface Choice {
  readonly lead: string;
  readonly text: string;
  readonly finish: "stop" | "length";
}

export async function completions(call: Call, state: DemoState): Promise<Reply> {
  const asked = readBody(call, request);
  requireModel(asked.model, "text", asked.stream === true);
  const tokenizer = await state.tokenizer();
  const prompts = textsOf(tokenizer, asked.prompt, "prompt");
  const inputTokens = prompts.reduce((sum, text) => sum + tokenizer.count(text), 0);
  requireRoom(inputTokens, "prompt");
  const stops = typeof asked.stop === "string" ? [asked.stop] : (asked.stop ?? []);
  const outcomes = prompts.map((prompt) => ({
    prompt,
    ...limited(tokenizer, answerTo(plainPrompt(prompt)), stops, asked.max_tokens ?? TOKENS_DEFAULT),
  }));
  const all = outcomes.flatMap((outcome) => Array.from({ length: asked.n ?? 1 }, () => outcome));
  const choices = all.map((each): Choice => ({
    lead: asked.echo === true ? each.prompt : "",
    text: each.text,
    finish: each.finish === "length" ? "length" : "stop",
  }));
  const outputTokens = all.reduce((sum, each) => sum + each.tokenCount, 0);
  const usage = chatUsage({ inputTokens, outputTokens, reasoningTokens: 0, cacheRead: 0, cacheWritten: 0 });
  const head = { id: state.nextId("cmpl-", call.body), object: "text_completion", created: state.nowSeconds(), model: asked.model };
  if (asked.stream === true)
    return openaiStream(asked.model, chunks(head, choices, asked.stream_options?.include_usage === true ? usage : undefined, call.signal, state));
  return json({ ...head, choices: choices.map((each, index) => wireChoice(index, each.lead + each.text, each.finish)), usage });
}

function plainPrompt(text: string) {
  return {
    ...PLAIN,
    turns: [{ role: "user", text, pictures: [] }],
  } as const;
}

function wireChoice(index: number, text: string, finish: string | null) {
  return { text, index, logprobs: null, finish_reason: finish };
}

async function* chunks(
  head: object,
  choices: readonly Choice[],
  usage: object | undefined,
  signal: AbortSignal,
  state: DemoState,
): AsyncGenerator<string> {
  const chunk = (choice: readonly unknown[], counted: object | null = null) =>
    dataLine({ ...head, choices: choice, ...(usage === undefined ? {} : { usage: counted }) });
  for (const [index, each] of choices.entries()) {
    if (each.lead !== "") yield chunk([wireChoice(index, each.lead, null)]);
    for (const piece of pieces(each.text)) {
      await state.pause(signal);
      yield chunk([wireChoice(index, piece, null)]);
    }
    yield chunk([wireChoice(index, "", each.finish)]);
  }
  if (usage !== undefined) yield chunk([], usage);
  yield DONE_LINE;
}
