// The events of a streamed response, in the order of the OpenAI protocol, numbered without a gap from 0:
//   created → in_progress → per item: added → (part added → text deltas → text done → part done | argument deltas → done) → item done → terminal.
// It refuses to time anything: the caller waits where an event is marked as a beat.

import type { ToolCall } from "./prompt.ts";
import { jsonPieces, pieces } from "./words.ts";

export interface MessageItem {
  readonly type: "message";
  readonly id: string;
  readonly status: "completed" | "incomplete";
  readonly role: "assistant";
  readonly content: readonly [
    { readonly type: "output_text"; readonly text: string; readonly annotations: readonly []; readonly logprobs: readonly [] },
  ];
}

export type CallItem = {
  readonly id: string;
  readonly status: "completed" | "incomplete";
  readonly call_id: string;
  readonly name: string;
} & ({ readonly type: "function_call"; readonly arguments: string } | { readonly type: "custom_tool_call"; readonly input: string });

export interface ReasoningItem {
  readonly type: "reasoning";
  readonly id: string;
  readonly summary: readonly { readonly type: "summary_text"; readonly text: string }[];
  readonly encrypted_content?: string;
}

export type OutputItem = MessageItem | CallItem | ReasoningItem;

interface Step {
  readonly type: string;
  readonly isBeat?: boolean;
  readonly fields: object;
}

export function messageItem(id: string, text: string, status: MessageItem["status"]): MessageItem {
  return { type: "message", id, status, role: "assistant", content: [{ type: "output_text", text, annotations: [], logprobs: [] }] };
}

export function callItem(id: string, callId: string, call: ToolCall, status: CallItem["status"]): CallItem {
  const head = { id, status, call_id: callId, name: call.name };
  return call.kind === "custom"
    ? { ...head, type: "custom_tool_call", input: call.input }
    : { ...head, type: "function_call", arguments: call.input };
}

/** `opening` is the response as it starts, `finished` as it ends. */
export function* responseEvents(opening: object, finished: object & { status: string }, items: readonly OutputItem[], isJson: boolean) {
  let sequence = 0;
  const terminal: Step = { type: `response.${finished.status}`, fields: { response: finished } };
  const lead: Step[] = ["created", "in_progress"].map((name) => ({ type: `response.${name}`, fields: { response: opening } }));
  for (const { type, fields, isBeat } of [...lead, ...items.flatMap((item, index) => itemSteps(item, index, isJson)), terminal]) {
    yield { type, fields: { sequence_number: sequence, ...fields }, isBeat: isBeat === true };
    sequence += 1;
  }
}

function itemSteps(item: OutputItem, index: number, isJson: boolean): Step[] {
  const inner = innerSteps(item, index, isJson);
  return [
    { type: "response.output_item.added", fields: { output_index: index, item: emptied(item) } },
    ...inner,
    { type: "response.output_item.done", fields: { output_index: index, item } },
  ];
}

function innerSteps(item: OutputItem, index: number, isJson: boolean): Step[] {
  if (item.type === "message") return messageSteps(item, index, isJson);
  return item.type === "reasoning" ? summarySteps(item, index) : callSteps(item, index);
}

function emptied(item: OutputItem) {
  // The encrypted text is another one at the beginning than at the end: only the last can be sent back.
  if (item.type === "reasoning") return { ...item, summary: [], ...(item.encrypted_content === undefined ? {} : { encrypted_content: "Z2VuZXJhdGluZw==" }) };
  if (item.type === "message") return { ...item, status: "in_progress", content: [] };
  return { ...item, status: "in_progress", ...(item.type === "function_call" ? { arguments: "" } : { input: "" }) };
}

function messageSteps(item: MessageItem, index: number, isJson: boolean): Step[] {
  const part = item.content[0];
  const at = { item_id: item.id, output_index: index, content_index: 0 };
  const cut = (isJson ? jsonPieces : pieces)(part.text);
  return [
    { type: "response.content_part.added", fields: { ...at, part: { ...part, text: "" } } },
    ...cut.map((delta): Step => ({ type: "response.output_text.delta", isBeat: true, fields: { ...at, delta, logprobs: [] } })),
    { type: "response.output_text.done", fields: { ...at, text: part.text, logprobs: [] } },
    { type: "response.content_part.done", fields: { ...at, part } },
  ];
}

function summarySteps(item: ReasoningItem, index: number): Step[] {
  return item.summary.flatMap((part, at): Step[] => {
    const place = { item_id: item.id, output_index: index, summary_index: at };
    return [
      { type: "response.reasoning_summary_part.added", fields: { ...place, part: { ...part, text: "" } } },
      ...pieces(part.text).map((delta): Step => ({ type: "response.reasoning_summary_text.delta", isBeat: true, fields: { ...place, delta } })),
      { type: "response.reasoning_summary_text.done", fields: { ...place, text: part.text } },
      { type: "response.reasoning_summary_part.done", fields: { ...place, part } },
    ];
  });
}

function callSteps(item: CallItem, index: number): Step[] {
  const at = { item_id: item.id, output_index: index };
  const isFunction = item.type === "function_call";
  const whole = isFunction ? item.arguments : item.input;
  const name = isFunction ? "response.function_call_arguments" : "response.custom_tool_call_input";
  const done = isFunction ? { name: item.name, arguments: whole } : { input: whole };
  return [
    ...(isFunction ? jsonPieces : pieces)(whole).map((delta): Step => ({ type: `${name}.delta`, isBeat: true, fields: { ...at, delta } })),
    { type: `${name}.done`, fields: { ...at, ...done } },
  ];
}
