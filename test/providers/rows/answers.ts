// "Hello there" in the words of each protocol that providers speak, whole and as a stream: bytes as vendors send them.
// It knows no vendor; what one of them does otherwise stands with it.
import type { ProtocolName } from "../../../dataplane/snapshot/schema.ts";
import { encodeFrame } from "../../../dataplane/wire/aws-event-stream.ts";
import { words } from "../../../dataplane/wire/aws-event-headers.ts";
import { chatCompletion, chatEvents, responsesEvents } from "../../doubles/provider-bytes.ts";

export const TEXT = "Hello there";
const USAGE = { input: 9, output: 4 };
const WORDS = ["Hello", " there"] as const;

export interface Answers {
  readonly whole: string | Buffer;
  readonly stream: readonly (string | Buffer)[];
  /** Content type of the stream. */
  readonly streamType: string;
}

const SSE = "text/event-stream";
const FRAMES = "application/vnd.amazon.eventstream";

const event = (name: string, data: object): string => `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`;
const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;

const messageEvents: readonly (readonly [string, object])[] = [
  ["message_start", { message: { id: "msg_1", type: "message", role: "assistant", model: "m", content: [], stop_reason: null, stop_sequence: null, usage: { input_tokens: 9, output_tokens: 1 } } }],
  ["content_block_start", { index: 0, content_block: { type: "text", text: "" } }],
  ...WORDS.map((text): [string, object] => ["content_block_delta", { index: 0, delta: { type: "text_delta", text } }]),
  ["content_block_stop", { index: 0 }],
  ["message_delta", { delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 4 } }],
  ["message_stop", {}],
];

const message = { id: "msg_1", type: "message", role: "assistant", model: "m", content: [{ type: "text", text: TEXT }], stop_reason: "end_turn", stop_sequence: null, usage: { input_tokens: 9, output_tokens: 4 } };

const frame = (name: string, payload: object): Buffer => encodeFrame(words({ ":event-type": name, ":content-type": "application/json", ":message-type": "event" }), JSON.stringify(payload));

/** As Bedrock streams Claude when it is invoked. */
export const invokedMessages: Answers = {
  whole: JSON.stringify(message),
  stream: messageEvents.map(([type, more]) => frame("chunk", { bytes: Buffer.from(JSON.stringify({ type, ...more })).toString("base64"), p: "abcd" })),
  streamType: FRAMES,
};

export const exceptionFrame = (exception: string, text: string): Buffer =>
  encodeFrame(words({ ":exception-type": exception, ":content-type": "application/json", ":message-type": "exception" }), JSON.stringify({ message: text }));

const geminiPart = (text: string, finish?: string): object => ({
  candidates: [{ content: { role: "model", parts: [{ text }] }, index: 0, ...(finish === undefined ? {} : { finishReason: finish }) }],
  usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 4, totalTokenCount: 13 }, modelVersion: "m", responseId: "r1",
});

const response = { id: "resp_1", object: "response", created_at: 1_700_000_000, status: "completed", model: "m", output: [{ type: "message", id: "msg_1", status: "completed", role: "assistant", content: [{ type: "output_text", text: TEXT, annotations: [], logprobs: [] }] }], usage: { input_tokens: 9, output_tokens: 4, total_tokens: 13 } };

const dashscopePart = (content: string, finish: string): string =>
  `id:1\nevent:result\n:HTTP_STATUS/200\ndata:${JSON.stringify({ output: { choices: [{ message: { role: "assistant", content }, finish_reason: finish }] }, usage: { input_tokens: 9, output_tokens: 4, total_tokens: 13 }, request_id: "r1" })}\n\n`;

const ollamaPart = (content: string, more: object = { done: false }): string =>
  `${JSON.stringify({ model: "m", created_at: "2026-11-21T10:00:00Z", message: { role: "assistant", content }, ...more })}\n`;
const ollamaEnd = { done: true, done_reason: "stop", prompt_eval_count: 9, eval_count: 4 };

export const answers = {
  "openai-chat": { whole: chatCompletion({ text: TEXT, usage: USAGE }), stream: chatEvents({ words: WORDS, usage: USAGE }), streamType: SSE },
  "openai-responses": { whole: JSON.stringify(response), stream: responsesEvents({ words: WORDS, usage: USAGE }), streamType: SSE },
  "anthropic-messages": { whole: JSON.stringify(message), stream: messageEvents.map(([name, more]) => event(name, more)), streamType: SSE },
  "gemini": { whole: JSON.stringify(geminiPart(TEXT, "STOP")), stream: [data(geminiPart(WORDS[0])), data(geminiPart(WORDS[1], "STOP"))], streamType: SSE },
  "bedrock-converse": {
    whole: JSON.stringify({ output: { message: { role: "assistant", content: [{ text: TEXT }] } }, stopReason: "end_turn", usage: { inputTokens: 9, outputTokens: 4, totalTokens: 13 }, metrics: { latencyMs: 5 } }),
    stream: [
      frame("messageStart", { role: "assistant" }),
      ...WORDS.map((text) => frame("contentBlockDelta", { contentBlockIndex: 0, delta: { text } })),
      frame("contentBlockStop", { contentBlockIndex: 0 }),
      frame("messageStop", { stopReason: "end_turn" }),
      frame("metadata", { usage: { inputTokens: 9, outputTokens: 4, totalTokens: 13 }, metrics: { latencyMs: 5 } }),
    ],
    streamType: FRAMES,
  },
  "cohere": {
    whole: JSON.stringify({ id: "c1", finish_reason: "COMPLETE", message: { role: "assistant", content: [{ type: "text", text: TEXT }] }, usage: { billed_units: { input_tokens: 9, output_tokens: 4 }, tokens: { input_tokens: 9, output_tokens: 4 } } }),
    stream: [
      event("message-start", { id: "c1", delta: { message: { role: "assistant", content: [] } } }),
      event("content-start", { index: 0, delta: { message: { content: { type: "text", text: "" } } } }),
      ...WORDS.map((text) => event("content-delta", { index: 0, delta: { message: { content: { text } } } })),
      event("content-end", { index: 0 }),
      event("message-end", { id: "c1", delta: { finish_reason: "COMPLETE", usage: { tokens: { input_tokens: 9, output_tokens: 4 } } } }),
      "data: [DONE]\n\n",
    ],
    streamType: SSE,
  },
  "dashscope": {
    whole: JSON.stringify({ output: { choices: [{ message: { role: "assistant", content: TEXT }, finish_reason: "stop" }] }, usage: { input_tokens: 9, output_tokens: 4, total_tokens: 13 }, request_id: "r1" }),
    stream: [dashscopePart(WORDS[0], "null"), dashscopePart(WORDS[1], "stop")],
    streamType: SSE,
  },
  "ollama": { whole: ollamaPart(TEXT, ollamaEnd), stream: [...WORDS.map((word) => ollamaPart(word)), ollamaPart("", ollamaEnd)], streamType: "application/x-ndjson" },
} as const satisfies Partial<Record<ProtocolName, Answers>>;

export type Spoken = keyof typeof answers;

const chunk = (delta: object, more: object = {}, finish: string | null = null): string =>
  data({ id: "x1", object: "chat.completion.chunk", created: 1_700_000_000, model: "m", choices: [{ index: 0, delta, finish_reason: finish }], ...more });
const chatUsage = { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 };
const DONE = "data: [DONE]\n\n";

/** Streams of chat completions as some vendors have them. */
export const oddStreams = {
  /** A first chunk without choices, chunks of a filter without a delta. */
  azure: [
    data({ id: "", object: "", created: 0, model: "", choices: [], prompt_filter_results: [{ prompt_index: 0, content_filter_results: {} }] }),
    ...chatEvents({ words: WORDS }).slice(0, -1),
    data({ id: "", object: "", created: 0, model: "", choices: [{ index: 0, finish_reason: null, content_filter_results: {} }] }),
    data({ id: "x1", object: "chat.completion.chunk", created: 1, model: "m", choices: [], usage: chatUsage }),
    DONE,
  ],
  /** Thinking and text in one delta, usage beside the finish. */
  mistral: [chunk({ role: "assistant", content: [{ type: "thinking", thinking: [{ type: "text", text: "hm" }] }, { type: "text", text: WORDS[0] }] }), chunk({ content: WORDS[1] }, { usage: chatUsage }, "stop"), DONE],
  /** Comments while it waits, thinking of its own, usage beside the finish. */
  deepseek: [": keep-alive\n\n", "\n", chunk({ role: "assistant", content: null, reasoning_content: "hm" }), ...WORDS.map((content) => chunk({ content })), chunk({ content: "" }, { usage: { ...chatUsage, prompt_cache_hit_tokens: 4, prompt_cache_miss_tokens: 5 } }, "stop"), DONE],
  /** The role in each chunk, details of thinking, the finish twice. */
  openrouter: [
    ": OPENROUTER PROCESSING\n\n",
    chunk({ role: "assistant", content: "", reasoning: "hm", reasoning_details: [{ type: "reasoning.text", text: "hm", index: 0, format: "unknown" }] }),
    ...WORDS.map((content) => chunk({ role: "assistant", content })),
    chunk({ role: "assistant", content: "" }, {}, "stop"),
    chunk({ role: "assistant", content: "" }, { usage: chatUsage }, "stop"),
    DONE,
  ],
  /** Lines end in two bytes, usage in every chunk, a whole message beside the deltas, no terminator. */
  perplexity: [
    ...WORDS.map((content, index) => chunk({ role: "assistant", content }, { usage: chatUsage, message: { role: "assistant", content: WORDS.slice(0, index + 1).join("") } })),
    data({ id: "x1", object: "chat.completion.done", created: 1, model: "m", choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: TEXT }, delta: { role: "assistant", content: "" } }], usage: chatUsage, citations: [] }),
  ].map((text) => text.replaceAll("\n", "\r\n")),
  /** Usage in a place of its own. */
  groq: [chunk({ role: "assistant", content: "" }, { x_groq: { id: "r1" } }), ...WORDS.map((content) => chunk({ content })), chunk({}, { x_groq: { id: "r1", usage: chatUsage }, usage: chatUsage }, "stop"), DONE],
  /** No reason to finish in chunks in the middle. */
  xai: [...WORDS.map((content) => data({ id: "x1", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta: { role: "assistant", content } }] })), chunk({}, {}, "stop"), data({ id: "x1", object: "chat.completion.chunk", created: 1, model: "m", choices: [], usage: chatUsage }), DONE],
} as const;
