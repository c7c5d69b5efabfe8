// POST /v2/chat: one JSON answer, or its named events from message-start to message-end, and [DONE] behind them.
// It refuses citations: nothing is cited here.
import { compose, type Composed } from "../compose.ts";
import type { Call, Reply } from "../exchange.ts";
import { DONE_LINE, json, namedEvent, readAs, sse } from "../exchange.ts";
import { broken } from "../faults.ts";
import { requireModel } from "../models.ts";
import { wordsOf } from "../shape.ts";
import type { DemoState } from "../state.ts";
import { jsonPieces, pieces } from "../words.ts";
import { cohereShape, worded } from "./failure.ts";
import { chatRequest, promptOf } from "./request.ts";

interface Step {
  readonly type: string;
  readonly fields: object;
  readonly isBeat?: boolean;
}

interface Made {
  readonly id: string;
  readonly composed: Composed;
  readonly callIds: readonly string[];
}

export async function chat(call: Call, state: DemoState): Promise<Reply> {
  const request = readAs(call, chatRequest, worded);
  requireModel(request.model, "text", request.stream === true);
  const composed = await compose(promptOf(request), { stops: request.stop_sequences, tokensMax: request.max_tokens }, "messages", state);
  const made: Made = { id: state.nextId("", call.body), composed, callIds: composed.calls.map((each) => state.nextId(`${each.name}_`, call.body)) };
  if (request.stream !== true) return json(wholeAnswer(made));
  return sse(broken(request.model, stream(steps(made), call, state), (failure) => {
    const [, message] = wordsOf(cohereShape, failure);
    return namedEvent("message-end", { id: made.id, delta: { error: message, finish_reason: "ERROR" } }) + DONE_LINE;
  }));
}

function wholeAnswer({ id, composed, callIds }: Made) {
  const { thoughts, text, calls } = composed;
  const content = [...(thoughts === "" ? [] : [{ type: "thinking", thinking: thoughts }]), ...(text === "" ? [] : [{ type: "text", text }])];
  const called = calls.map((each, at) => ({ id: callIds[at], type: "function", function: { name: each.name, arguments: each.input } }));
  const message = { role: "assistant", ...(content.length > 0 ? { content } : {}), ...(calls.length > 0 ? { tool_plan: planOf(composed), tool_calls: called } : {}) };
  return { id, message, ...endingOf(composed) };
}

function steps({ id, composed, callIds }: Made): Step[] {
  const { thoughts, text, calls, isJson } = composed;
  const blocks = [...(thoughts === "" ? [] : [["thinking", thoughts] as const]), ...(text === "" ? [] : [["text", text] as const])];
  return [
    { type: "message-start", fields: { id, delta: { message: { role: "assistant", content: [], tool_plan: "", tool_calls: [], citations: [] } } } },
    ...blocks.flatMap(([type, whole], index) => contentSteps(type, index, (type === "text" && isJson ? jsonPieces : pieces)(whole))),
    ...pieces(calls.length > 0 ? planOf(composed) : "").map((piece) => ({ type: "tool-plan-delta", fields: { delta: { message: { tool_plan: piece } } }, isBeat: true })),
    ...calls.flatMap((each, index) => callSteps(each, callIds[index] ?? "", index)),
    { type: "message-end", fields: { id, delta: endingOf(composed) } },
  ];
}

function contentSteps(type: "thinking" | "text", index: number, cut: readonly string[]): Step[] {
  const content = (piece: string) => ({ index, delta: { message: { content: { [type]: piece } } } });
  return [
    { type: "content-start", fields: { index, delta: { message: { content: { type, [type]: "" } } } } },
    ...cut.map((piece) => ({ type: "content-delta", fields: content(piece), isBeat: true })),
    { type: "content-end", fields: { index } },
  ];
}

function callSteps(call: Composed["calls"][number], id: string, index: number): Step[] {
  const opening = { id, type: "function", function: { name: call.name, arguments: "" } };
  return [
    { type: "tool-call-start", fields: { index, delta: { message: { tool_calls: opening } } } },
    ...jsonPieces(call.input).map((piece) => ({ type: "tool-call-delta", fields: { index, delta: { message: { tool_calls: { function: { arguments: piece } } } } }, isBeat: true })),
    { type: "tool-call-end", fields: { index } },
  ];
}

async function* stream(all: readonly Step[], call: Call, state: DemoState): AsyncGenerator<string> {
  for (const { type, fields, isBeat } of all) {
    if (isBeat === true) await state.pause(call.signal);
    yield namedEvent(type, fields);
  }
  yield DONE_LINE;
}

function planOf({ calls }: Composed): string {
  return `I will call ${calls.map((call) => call.name).join(" and ")}.`;
}

function endingOf(composed: Composed) {
  const { finish, stopSequence, inputTokens, outputTokens, cacheRead } = composed;
  const tokens = { input_tokens: inputTokens, output_tokens: outputTokens };
  const reason = { stop: stopSequence === null ? "COMPLETE" : "STOP_SEQUENCE", length: "MAX_TOKENS", calls: "TOOL_CALL" }[finish];
  return { finish_reason: reason, usage: { billed_units: tokens, tokens, cached_tokens: cacheRead } };
}
