// Builds the bytes a provider of the OpenAI protocol sends, event by event, and cuts bytes where a test says.
// It refuses chance: the same arguments give the same bytes.

import type { Bytes } from "./provider-exchange.ts";

export interface ChatUsage {
  readonly input: number;
  readonly output: number;
  readonly cached?: number;
}

export interface ChatStream {
  readonly words: readonly string[];
  /** Sent in a chunk of its own without choices, after the finish chunk. */
  readonly usage?: ChatUsage;
  /** The finish reason; null leaves the finish chunk out. */
  readonly finish?: string | null;
  /** Whether the terminator is sent; yes unless told. */
  readonly done?: boolean;
  readonly model?: string;
  readonly id?: string;
}

const CREATED = 1_700_000_000;

export function chatEvents(stream: ChatStream): Buffer[] {
  const head = {
    id: stream.id ?? "chatcmpl-1",
    object: "chat.completion.chunk",
    created: CREATED,
    model: stream.model ?? "upstream-model",
  };
  const chunk = (choices: unknown[], more: object = {}) => dataEvent({ ...head, choices, ...more });
  const choice = (delta: object, finish: string | null = null) => [{ index: 0, delta, logprobs: null, finish_reason: finish }];
  const finish = stream.finish === undefined ? "stop" : stream.finish;
  return [
    chunk(choice({ role: "assistant", content: "" })),
    ...stream.words.map((content) => chunk(choice({ content }))),
    ...(finish === null ? [] : [chunk(choice({}, finish))]),
    ...(stream.usage === undefined ? [] : [chunk([], { usage: usageOf(stream.usage) })]),
    ...(stream.done === false ? [] : [Buffer.from("data: [DONE]\n\n")]),
  ];
}

export function chatStream(stream: ChatStream): Buffer {
  return Buffer.concat(chatEvents(stream));
}

export function chatCompletion(answer: { text: string; usage?: ChatUsage; finish?: string; model?: string; id?: string }): Buffer {
  const message = { role: "assistant", content: answer.text, refusal: null };
  return Buffer.from(
    JSON.stringify({
      id: answer.id ?? "chatcmpl-1",
      object: "chat.completion",
      created: CREATED,
      model: answer.model ?? "upstream-model",
      choices: [{ index: 0, message, logprobs: null, finish_reason: answer.finish ?? "stop" }],
      ...(answer.usage === undefined ? {} : { usage: usageOf(answer.usage) }),
    }),
  );
}

export interface ResponsesStream {
  readonly words: readonly string[];
  readonly usage?: ChatUsage;
  /** null leaves the terminal event out, as a truncated stream does. */
  readonly terminal?: "completed" | "incomplete" | "failed" | null;
  readonly model?: string;
}

export function responsesEvents(stream: ResponsesStream): Buffer[] {
  const terminal = stream.terminal === undefined ? "completed" : stream.terminal;
  const text = stream.words.join("");
  const part = { type: "output_text", text, annotations: [], logprobs: [] };
  const item = { type: "message", id: "msg_1", status: "completed", role: "assistant", content: [part] };
  const at = { item_id: "msg_1", output_index: 0, content_index: 0 };
  const response = {
    id: "resp_1",
    object: "response",
    created_at: CREATED,
    status: "in_progress",
    model: stream.model ?? "upstream-model",
    output: [],
  };
  const usage = stream.usage === undefined ? {} : { usage: responsesUsageOf(stream.usage) };
  const steps: [string, object][] = [
    ["response.created", { response }],
    ["response.in_progress", { response }],
    ["response.output_item.added", { output_index: 0, item: { ...item, status: "in_progress", content: [] } }],
    ["response.content_part.added", { ...at, part: { ...part, text: "" } }],
    ...stream.words.map((delta): [string, object] => ["response.output_text.delta", { ...at, delta, logprobs: [] }]),
    ["response.output_text.done", { ...at, text, logprobs: [] }],
    ["response.content_part.done", { ...at, part }],
    ["response.output_item.done", { output_index: 0, item }],
  ];
  if (terminal !== null) steps.push([`response.${terminal}`, { response: { ...response, status: terminal, output: [item], ...usage } }]);
  return steps.map(([type, fields], at_) =>
    Buffer.from(`event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: at_, ...fields })}\n\n`),
  );
}

export function responsesStream(stream: ResponsesStream): Buffer {
  return Buffer.concat(responsesEvents(stream));
}

export function dataEvent(value: unknown): Buffer {
  return Buffer.from(`data: ${JSON.stringify(value)}\n\n`);
}

export function openaiError(message: string, more: { type?: string; code?: string | null; param?: string | null } = {}): string {
  return JSON.stringify({
    error: { message, type: more.type ?? "invalid_request_error", param: more.param ?? null, code: more.code ?? null },
  });
}

/** Where to cut: after these many bytes each time, at every byte, or nowhere. */
export type Cuts = readonly number[] | "every byte" | undefined;

export function cutBytes(bytes: Bytes, cuts: Cuts): Buffer[] {
  const whole = Buffer.from(bytes);
  if (cuts === "every byte") return Array.from(whole, (_, at) => whole.subarray(at, at + 1));
  const places = [0, ...(cuts ?? []), whole.length].toSorted((left, right) => left - right);
  return places
    .slice(1)
    .map((end, at) => whole.subarray(places[at] ?? 0, end))
    .filter((piece) => piece.length > 0);
}

function usageOf(usage: ChatUsage) {
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cached ?? 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
  };
}

function responsesUsageOf(usage: ChatUsage) {
  return {
    input_tokens: usage.input,
    input_tokens_details: { cached_tokens: usage.cached ?? 0 },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: usage.input + usage.output,
  };
}
