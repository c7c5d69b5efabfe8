// POST /v1/chat/completions: one JSON answer, or the same answer word by word as chunks.
// It refuses to invent an ending: a stream whose reader left just stops, without finish chunk and without [DONE].

import type { ChatRequest } from "./chat-request.ts";
import { chatRequest, promptOfChat } from "./chat-request.ts";
import { compose } from "./compose.ts";
import type { Call, Reply } from "./exchange.ts";
import { dataLine, DONE_LINE, json, readBody } from "./exchange.ts";
import type { Outcome } from "./limits.ts";
import { requireModel } from "./models.ts";
import { openaiStream } from "./openai-stream.ts";
import type { Prompt, ToolCall } from "./prompt.ts";
import type { DemoState } from "./state.ts";
import { chatUsage } from "./usage.ts";
import { jsonPieces, pieces } from "./words.ts";

interface Completion {
  readonly id: string;
  readonly created: number;
  readonly model: string;
  readonly outcomes: readonly Outcome[];
  readonly callIds: readonly (readonly string[])[];
  readonly usage: ReturnType<typeof chatUsage>;
}

const FINISH = { stop: "stop", length: "length", calls: "tool_calls" } as const satisfies Record<Outcome["finish"], string>;

export async function chatCompletions(call: Call, state: DemoState): Promise<Reply> {
  const request = readBody(call, chatRequest);
  requireModel(request.model, "text", request.stream === true);
  const completion = await complete(request, promptOfChat(request), call, state);
  if (request.stream !== true) return json(wholeCompletion(completion));
  return openaiStream(request.model, chunks(completion, request.stream_options?.include_usage === true, call.signal, state));
}

async function complete(request: ChatRequest, prompt: Prompt, call: Call, state: DemoState): Promise<Completion> {
  const stops = typeof request.stop === "string" ? [request.stop] : request.stop;
  const composed = await compose(prompt, { stops, tokensMax: request.max_completion_tokens ?? request.max_tokens }, "messages", state);
  const outcomes = Array.from({ length: request.n ?? 1 }, () => composed);
  const times = outcomes.length;
  return {
    id: state.nextId("chatcmpl-", call.body),
    created: state.nowSeconds(),
    model: request.model,
    outcomes,
    callIds: outcomes.map((each) => each.calls.map(() => state.nextId("call_", call.body))),
    usage: chatUsage({ ...composed, outputTokens: composed.outputTokens * times, reasoningTokens: composed.reasoningTokens * times }),
  };
}

function wholeCompletion(completion: Completion) {
  const { id, created, model, usage } = completion;
  const choices = completion.outcomes.map((outcome, index) => {
    const calls = outcome.calls.map((call, at) => wireCall(call, completion.callIds[index]?.[at] ?? ""));
    const isCalling = calls.length > 0;
    const spoken = { role: "assistant", content: isCalling ? null : outcome.text, refusal: null, annotations: [] };
    return { index, message: isCalling ? { ...spoken, tool_calls: calls } : spoken, logprobs: null, finish_reason: FINISH[outcome.finish] };
  });
  return { id, object: "chat.completion", created, model, choices, usage, service_tier: "default", system_fingerprint: "fp_demo" };
}

function wireCall(call: ToolCall, id: string) {
  if (call.kind === "custom") return { id, type: "custom", custom: { name: call.name, input: call.input } };
  return { id, type: "function", function: { name: call.name, arguments: call.input } };
}

/** All choices advance together, a piece each per beat, as the real stream interleaves them. */
async function* chunks(completion: Completion, isUsageWanted: boolean, signal: AbortSignal, state: DemoState): AsyncGenerator<string> {
  const chunk = (choices: readonly unknown[], usage: unknown = null) =>
    dataLine({
      id: completion.id,
      object: "chat.completion.chunk",
      created: completion.created,
      model: completion.model,
      service_tier: "default",
      system_fingerprint: "fp_demo",
      choices,
      ...(isUsageWanted ? { usage } : {}),
    });
  const choice = (index: number, delta: unknown, finish: string | null = null) => [{ index, delta, logprobs: null, finish_reason: finish }];
  const scripts = completion.outcomes.map((outcome, index) => deltas(outcome, completion.callIds[index] ?? []));
  const beats = Math.max(...scripts.map((script) => script.length));
  for (const [index, outcome] of completion.outcomes.entries()) {
    yield chunk(choice(index, { role: "assistant", content: outcome.calls.length > 0 ? null : "", refusal: null }));
  }
  for (let beat = 0; beat < beats; beat += 1) {
    await state.pause(signal);
    for (const [index, script] of scripts.entries()) {
      if (script[beat] !== undefined) yield chunk(choice(index, script[beat]));
    }
  }
  for (const [index, outcome] of completion.outcomes.entries()) yield chunk(choice(index, {}, FINISH[outcome.finish]));
  if (isUsageWanted) yield chunk([], completion.usage);
  yield DONE_LINE;
}

function deltas(outcome: Outcome, callIds: readonly string[]): unknown[] {
  if (outcome.calls.length === 0) return (outcome.isJson ? jsonPieces : pieces)(outcome.text).map((content) => ({ content }));
  return outcome.calls.flatMap((call, index) => {
    const id = callIds[index] ?? "";
    const isCustom = call.kind === "custom";
    const opening = isCustom
      ? { type: "custom", custom: { name: call.name, input: "" } }
      : { type: "function", function: { name: call.name, arguments: "" } };
    const rest = (isCustom ? pieces : jsonPieces)(call.input).map((text) =>
      isCustom ? { custom: { input: text } } : { function: { arguments: text } },
    );
    return [{ index, id, ...opening }, ...rest.map((piece) => ({ index, ...piece }))].map((fragment) => ({ tool_calls: [fragment] }));
  });
}
