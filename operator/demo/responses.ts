// POST /v1/responses: one response object, or the events that lead to it.
// It refuses a terminal event to a reader that left: the stream just stops.

import { answerTo } from "./answer.ts";
import type { Call, Reply } from "./exchange.ts";
import { json, namedEvent, readBody, sse } from "./exchange.ts";
import type { Outcome } from "./limits.ts";
import { limited } from "./limits.ts";
import { requireModel } from "./models.ts";
import type { Turn } from "./prompt.ts";
import { promptTokens } from "./prompt.ts";
import type { OutputItem } from "./responses-events.ts";
import { callItem, messageItem, responseEvents } from "./responses-events.ts";
import type { ResponsesRequest } from "./responses-request.ts";
import { itemsOf, promptOfResponses, responsesRequest, turnsOf } from "./responses-request.ts";
import { turnsBefore } from "./responses-store.ts";
import type { DemoState } from "./state.ts";
import { requireRoom, responseUsage } from "./usage.ts";

export async function responses(call: Call, state: DemoState): Promise<Reply> {
  const request = readBody(call, responsesRequest);
  requireModel(request.model, "text");
  const before = turnsBefore(state, request.previous_response_id);
  const prompt = promptOfResponses(request, before);
  const tokenizer = await state.tokenizer();
  const inputTokens = promptTokens(tokenizer, prompt);
  requireRoom(inputTokens, "input");
  const outcome = limited(tokenizer, answerTo(prompt), [], request.max_output_tokens ?? undefined);
  const items = outputItems(outcome, call, state);
  const opening = { ...echoed(request, call, state), status: "in_progress", output: [], usage: null };
  const finished = finishedResponse(opening, outcome, items, inputTokens, state);
  if (request.store !== false) keep(finished, request, [...before, ...turnsOf(request.input)], items, state);
  if (request.stream !== true) return json(finished);
  return sse(stream(opening, finished, items, outcome.isJson, call.signal, state));
}

function outputItems(outcome: Outcome, call: Call, state: DemoState): OutputItem[] {
  const status = outcome.finish === "length" ? "incomplete" : "completed";
  const id = (prefix: string) => state.nextId(prefix, call.body);
  if (outcome.calls.length === 0) return [messageItem(id("msg_"), outcome.text, status)];
  // Only the last call can have been cut.
  return outcome.calls.map((each, at) => {
    const isLast = at === outcome.calls.length - 1;
    return callItem(id(each.kind === "custom" ? "ctc_" : "fc_"), id("call_"), each, isLast ? status : "completed");
  });
}

/** The fields that repeat the request, which some clients read back. */
function echoed(request: ResponsesRequest, call: Call, state: DemoState) {
  return {
    id: state.nextId("resp_", call.body),
    object: "response",
    created_at: state.nowSeconds(),
    background: false,
    error: null,
    incomplete_details: null,
    instructions: request.instructions ?? null,
    max_output_tokens: request.max_output_tokens ?? null,
    metadata: request.metadata ?? {},
    model: request.model,
    parallel_tool_calls: request.parallel_tool_calls ?? true,
    previous_response_id: request.previous_response_id ?? null,
    reasoning: { effort: null, summary: null },
    service_tier: "default",
    store: request.store ?? true,
    temperature: request.temperature ?? 1,
    text: { format: request.text?.format ?? { type: "text" } },
    tool_choice: request.tool_choice ?? "auto",
    tools: request.tools ?? [],
    top_p: request.top_p ?? 1,
    truncation: "disabled",
  };
}

function finishedResponse(
  opening: ReturnType<typeof echoed>,
  outcome: Outcome,
  items: readonly OutputItem[],
  inputTokens: number,
  state: DemoState,
) {
  const isCut = outcome.finish === "length";
  return {
    ...opening,
    status: isCut ? "incomplete" : "completed",
    ...(isCut ? { incomplete_details: { reason: "max_output_tokens" } } : { completed_at: state.nowSeconds() }),
    output: items,
    usage: responseUsage(inputTokens, outcome.tokenCount),
  };
}

function keep(
  finished: { id: string },
  request: ResponsesRequest,
  turns: readonly Turn[],
  items: readonly OutputItem[],
  state: DemoState,
): void {
  const said = items.map((item): Turn => {
    const text =
      item.type === "message" ? item.content[0].text : `${item.name}${item.type === "function_call" ? item.arguments : item.input}`;
    return { role: "assistant", text, imageCount: 0 };
  });
  const inputs = itemsOf(request.input).map((item) => ({
    ...item,
    type: item.type ?? "message",
    id: item.id ?? state.nextId("msg_", finished.id),
  }));
  state.responses.put({ id: finished.id, body: finished, items: inputs, turns: [...turns, ...said] });
}

async function* stream(
  opening: object,
  finished: object & { status: string },
  items: readonly OutputItem[],
  isJson: boolean,
  signal: AbortSignal,
  state: DemoState,
) {
  for (const { type, fields, isBeat } of responseEvents(opening, finished, items, isJson)) {
    if (isBeat) await state.pause(signal);
    yield namedEvent(type, fields);
  }
}
