// POST /v1/responses: one response object, or the events that lead to it.
// It refuses a terminal event to a reader that left: the stream just stops.

import type { Composed } from "./compose.ts";
import { compose } from "./compose.ts";
import type { Call, Reply } from "./exchange.ts";
import { json, namedEvent, readBody, sse } from "./exchange.ts";
import { broken } from "./faults.ts";
import { requireModel } from "./models.ts";
import { openaiShape } from "./openai-failure.ts";
import type { Turn } from "./prompt.ts";
import { pastCall } from "./prompt.ts";
import type { OutputItem, ReasoningItem } from "./responses-events.ts";
import { callItem, messageItem, responseEvents } from "./responses-events.ts";
import type { ResponsesRequest } from "./responses-request.ts";
import { isReasoningAsked, itemsOf, promptOfResponses, responsesRequest, turnsOf } from "./responses-request.ts";
import { turnsBefore } from "./responses-store.ts";
import { wordsOf } from "./shape.ts";
import { sealed } from "./signature.ts";
import type { DemoState } from "./state.ts";
import { responseUsage } from "./usage.ts";

export async function responses(call: Call, state: DemoState): Promise<Reply> {
  const request = readBody(call, responsesRequest);
  requireModel(request.model, "text", request.stream === true);
  const before = turnsBefore(state, request.previous_response_id);
  const composed = await compose(promptOfResponses(request, before), { tokensMax: request.max_output_tokens }, "input", state);
  const items = [...reasoningItems(request, composed, call, state), ...outputItems(composed, call, state)];
  const opening = { ...echoed(request, call, state), status: "in_progress", output: [], usage: null };
  const finished = finishedResponse(opening, composed, items, state);
  if (request.store !== false) keep(finished, request, [...before, ...turnsOf(request.input)], items, state);
  if (request.stream !== true) return json(finished);
  const events = stream(opening, finished, items, composed.isJson, call.signal, state);
  return sse(broken(request.model, events, (failure, count) => {
    const [code, message] = wordsOf(openaiShape, failure);
    const failed = { ...opening, status: "failed", error: { code, message } };
    return namedEvent("error", { code, message, param: null, sequence_number: count }) + namedEvent("response.failed", { response: failed, sequence_number: count + 1 });
  }));
}

function reasoningItems(request: ResponsesRequest, { thoughts }: Composed, call: Call, state: DemoState): ReasoningItem[] {
  if (thoughts === "") return [];
  const isToldInShort = (request.reasoning?.summary ?? null) !== null;
  const isKept = request.include?.includes("reasoning.encrypted_content") === true;
  return [{
    type: "reasoning",
    id: state.nextId("rs_", call.body),
    summary: isToldInShort ? [{ type: "summary_text", text: thoughts }] : [],
    ...(isKept ? { encrypted_content: sealed("reasoning", thoughts) } : {}),
  }];
}

function outputItems(outcome: Composed, call: Call, state: DemoState): OutputItem[] {
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
    reasoning: { effort: isReasoningAsked(request) ? (request.reasoning?.effort ?? "medium") : null, summary: request.reasoning?.summary ?? null },
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
  composed: Composed,
  items: readonly OutputItem[],
  state: DemoState,
) {
  const isCut = composed.finish === "length";
  return {
    ...opening,
    status: isCut ? "incomplete" : "completed",
    ...(isCut ? { incomplete_details: { reason: "max_output_tokens" } } : { completed_at: state.nowSeconds() }),
    output: items,
    usage: responseUsage(composed),
  };
}

function keep(
  finished: { id: string },
  request: ResponsesRequest,
  turns: readonly Turn[],
  items: readonly OutputItem[],
  state: DemoState,
): void {
  const said = items.flatMap((item): Turn[] => {
    if (item.type === "reasoning") return [];
    if (item.type === "message") return [{ role: "assistant", text: item.content[0].text, pictures: [] }];
    const input = item.type === "function_call" ? item.arguments : item.input;
    return [{ role: "assistant", text: "", pictures: [], calls: [pastCall(item.name, input)] }];
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
