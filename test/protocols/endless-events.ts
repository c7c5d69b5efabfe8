// Streams without end in which each event is a right one, by protocol: ever new blocks, calls, choices, citations, members. Each
// is a beginning, and what is the n-th event behind it.
import type { ProtocolName } from "../../dataplane/snapshot/schema.ts";
import { words } from "../../dataplane/wire/aws-event-headers.ts";
import { encodeFrame } from "../../dataplane/wire/aws-event-stream.ts";

export interface Endless {
  readonly about: string;
  readonly beginning: Buffer;
  /** There is nothing to keep of it: its decoder reads on. Others fail when they have more than they may hold. */
  readonly goesOn?: boolean;
  event(number: number): Buffer;
}

type Members = Record<string, unknown>;

/** What each brings with it that must not be kept for ever. */
const PADDING = "some words that stand for what a provider says in one event of a stream, ";
const filled = (number: number): string => `${number} ${PADDING}`;

const sse = (document: Members): Buffer => Buffer.from(`${typeof document["type"] === "string" ? `event: ${document["type"]}\n` : ""}data: ${JSON.stringify(document)}\n\n`);

export const frame = (event: string, members: Members): Buffer => encodeFrame(words({ ":event-type": event, ":content-type": "application/json", ":message-type": "event" }), JSON.stringify(members));

const endless = (about: string, beginning: readonly Buffer[], event: (number: number) => readonly Buffer[]): Endless => ({ about, beginning: Buffer.concat(beginning), event: (number) => Buffer.concat(event(number)) });

/** Of which nothing need be kept. */
const passing = (stream: Endless): Endless => ({ ...stream, goesOn: true });

const messageStart = sse({ type: "message_start", message: { id: "msg_1", type: "message", role: "assistant", model: "m", content: [], usage: { input_tokens: 1, output_tokens: 1 } } });
const blockStart = (index: number, block: Members): Buffer => sse({ type: "content_block_start", index, content_block: block });
const blockDelta = (index: number, delta: Members): Buffer => sse({ type: "content_block_delta", index, delta });
const blockStop = (index: number): Buffer => sse({ type: "content_block_stop", index });
const ofMessage = (about: string, event: (number: number) => readonly Buffer[], ...more: readonly Buffer[]): Endless => endless(about, [messageStart, ...more], event);
const emptyText = blockStart(0, { type: "text", text: "" });
const charLocation = (n: number): Members => ({ type: "citations_delta", citation: { type: "char_location", cited_text: filled(n), document_index: n, document_title: "t", start_char_index: 0, end_char_index: 9 } });

const messages: readonly Endless[] = [
  ofMessage("blocks that never end", (n) => [blockStart(n, { type: "text", text: "" }), blockDelta(n, { type: "text_delta", text: filled(n) })]),
  passing(ofMessage("blocks one behind the other", (n) => [blockStart(n, { type: "text", text: filled(n) }), blockStop(n)])),
  ofMessage("calls that never end", (n) => [blockStart(n, { type: "tool_use", id: filled(n), name: "f", input: {} })]),
  ofMessage("blocks of its own that never end", (n) => [blockStart(n, { type: "server_tool_use", id: `s${n}`, name: "search", input: {} })]),
  ofMessage("citations", (n) => [blockDelta(0, charLocation(n))], emptyText),
  passing(ofMessage("members of its end", (n) => [sse({ type: "message_delta", delta: { [`member${n}`]: filled(n) } })])),
  passing(ofMessage("parts of the usage", (n) => [sse({ type: "message_delta", delta: {}, usage: { [`${filled(n)}tokens`]: n } })])),
];

const chunk = (more: Members): Buffer => sse({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 7, model: "m", choices: [], ...more });
const delta = (said: Members, index = 0): Buffer => chunk({ choices: [{ index, delta: said, finish_reason: null }] });
const callOf = (index: number, more: Members): Members => ({ tool_calls: [{ index, id: `call_${index}`, type: "function", ...more }] });
const chat: readonly Endless[] = [
  endless("choices", [], (n) => [delta({ content: filled(n) }, n)]),
  endless("choices that say why they ended", [], (n) => [chunk({ choices: [{ index: n, delta: { content: "a" }, finish_reason: "stop", more: filled(n) }] })]),
  endless("calls", [], (n) => [delta(callOf(n, { function: { name: "f", arguments: JSON.stringify({ city: filled(n) }) } }))]),
  endless("fragments of many calls", [], (n) => [delta(callOf(n % 900, { function: { name: "f", arguments: filled(n) } }))]),
  endless("calls of many choices", [], (n) => [delta(callOf(n % 900, { function: { name: "f", arguments: filled(n) } }), Math.trunc(n / 900))]),
  endless("calls without a name", [], (n) => [delta(callOf(n % 900, { function: { arguments: filled(n) } }))]),
  endless("citations", [], (n) => [delta({ content: "a", annotations: [{ type: "url_citation", url_citation: { url: filled(n), title: filled(n), start_index: 0, end_index: 1 } }] })]),
  passing(endless("thinking and text in turn", [], (n) => [delta({ reasoning_content: filled(n) }), delta({ content: filled(n) })])),
  passing(endless("details of thinking", [], (n) => [delta({ reasoning_details: [{ type: "reasoning.encrypted", data: filled(n), id: `r${n}`, index: n }] })])),
  passing(endless("members before anything is said", [], (n) => [sse({ object: "", choices: [], [`member${n}`]: filled(n) })])),
];

const response = (type: string, members: Members): Buffer => sse({ type, sequence_number: 1, ...members });
const created = response("response.created", { response: { id: "resp_1", object: "response", model: "m", status: "in_progress", output: [] } });
const added = (n: number, item: Members): Buffer => response("response.output_item.added", { output_index: n, item });
const done = (n: number, item: Members): Buffer => response("response.output_item.done", { output_index: n, item });
const speaking = (n: number, text: string): Members => ({ id: `msg_${n}`, type: "message", status: "completed", role: "assistant", content: text === "" ? [] : [{ type: "output_text", text, annotations: [] }] });
const calling = (n: number, written: string): Members => ({ id: `fc_${n}`, type: "function_call", status: "completed", call_id: `call_${n}`, name: "f", arguments: written });
const growing = (n: number, content: number, more: Members = {}): Buffer => response("response.output_text.delta", { output_index: n, item_id: `msg_${n}`, content_index: content, delta: filled(n), ...more });
const ofResponse = (about: string, event: (number: number) => readonly Buffer[], ...more: readonly Buffer[]): Endless => endless(about, [created, ...more], event);
const responses: readonly Endless[] = [
  ofResponse("items that never end", (n) => [added(n, speaking(n, "")), growing(n, 0)]),
  ofResponse("items one behind the other", (n) => [added(n, speaking(n, "")), growing(n, 0), done(n, speaking(n, filled(n)))]),
  ofResponse("calls", (n) => [added(n, calling(n, "")), done(n, calling(n, filled(n)))]),
  ofResponse("items of its own", (n) => [done(n, { id: `ws_${n}`, type: "web_search_call", status: "completed", action: { type: "search", query: filled(n) } })]),
  ofResponse("items at one place", (n) => [added(0, speaking(n, "")), done(0, speaking(n, filled(n)))]),
  ofResponse("items without a place", (n) => [response("response.output_item.added", { item: speaking(n, "") }), response("response.output_text.delta", { item_id: `msg_${n}`, content_index: 0, delta: filled(n) })]),
  ofResponse("parts of one item", (n) => [growing(0, n)], added(0, speaking(0, ""))),
  ofResponse("parts of a summary", (n) => [response("response.reasoning_summary_text.delta", { output_index: 0, item_id: "rs_0", summary_index: n, delta: filled(n) })], added(0, { id: "rs_0", type: "reasoning", summary: [] })),
  passing(ofResponse("citations", (n) => [response("response.output_text.annotation.added", { output_index: 0, item_id: "msg_0", content_index: 0, annotation_index: n, annotation: { type: "url_citation", url: filled(n), title: filled(n).repeat(9), start_index: 0, end_index: 1 } })], added(0, speaking(0, "")), growing(0, 0))),
];

const candidate = (parts: readonly Members[], more: Members = {}): Members => ({ candidates: [{ content: { parts, role: "model" }, index: 0, ...more }], modelVersion: "m", responseId: "r1" });
type ChunkOf = (number: number) => readonly Members[];
const chunks: readonly (readonly [string, ChunkOf])[] = [
  ["candidates", (n) => [candidate([{ text: filled(n) }], { index: n })]],
  ["thinking and text in turn", (n) => [candidate([{ text: filled(n), thought: true }]), candidate([{ text: filled(n) }])]],
  ["a letter in each event", () => [candidate([{ text: "a" }], { tokenCount: 1 })]],
  ["calls", (n) => [candidate([{ functionCall: { name: "f", args: { city: filled(n) } } }])]],
  ["parts of one call", (n) => [candidate([{ functionCall: { ...(n === 0 ? { name: "f" } : {}), partialArgs: [{ jsonPath: `$.member${n}`, stringValue: filled(n) }], willContinue: true } }])]],
  ["wholes of one call", (n) => [candidate([{ functionCall: { ...(n === 0 ? { name: "f" } : {}), args: { [`member${n}`]: filled(n) }, willContinue: true } }])]],
  ["empty texts that are signed", (n) => [candidate([{ text: "", thoughtSignature: filled(n) }])]],
  ["statements with their sources", (n) => [candidate([{ text: "a" }], { groundingMetadata: { groundingChunks: [{ web: { uri: filled(n), title: "t" } }], groundingSupports: [{ segment: { endIndex: 1, text: filled(n) }, groundingChunkIndices: [0] }] } })]],
  ["sources alone", (n) => [candidate([{ text: "a" }], { groundingMetadata: { groundingChunks: [{ web: { uri: filled(n), title: "t" } }] } })]],
];
/** A text's place in the whole matters to its sources, a call's does not. */
const passingChunks: ReadonlySet<string> = new Set(["a letter in each event", "calls"]);
const ofChunks = (about: string, stream: Endless): Endless => (passingChunks.has(about) ? passing(stream) : stream);
const inEvents: readonly Endless[] = chunks.map(([about, of]) => ofChunks(about, endless(about, [], (n) => of(n).map(sse))));
const inList: readonly Endless[] = chunks.map(([about, of]) => ofChunks(about, endless(`${about}, as a list`, [Buffer.from("[")], (n) => of(n).map((one) => Buffer.from(`${n === 0 ? "" : ",\r\n"}${JSON.stringify(one)}`)))));

const start = frame("messageStart", { role: "assistant" });
const grown = (index: number, said: Members): Buffer => frame("contentBlockDelta", { contentBlockIndex: index, delta: said });
const begun = (index: number, said: Members): Buffer => frame("contentBlockStart", { contentBlockIndex: index, start: said });
const ofConverse = (about: string, event: (number: number) => readonly Buffer[], ...more: readonly Buffer[]): Endless => endless(about, [start, ...more], event);
const converse: readonly Endless[] = [
  ofConverse("blocks that never end", (n) => [grown(n, { text: filled(n) })]),
  passing(ofConverse("blocks one behind the other", (n) => [grown(n, { text: filled(n) }), frame("contentBlockStop", { contentBlockIndex: n })])),
  ofConverse("calls that never end", (n) => [begun(n, { toolUse: { toolUseId: filled(n), name: "f" } })]),
  ofConverse("images that never end", (n) => [begun(n, { image: { format: "png" } }), grown(n, { image: { source: { bytes: "AAAA" } } })]),
  ofConverse("citations", (n) => [grown(0, { citation: { title: filled(n), sourceContent: [{ text: filled(n) }] } })], grown(0, { text: "a" })),
  ofConverse("signatures of one block", (n) => [grown(0, { reasoningContent: { signature: filled(n) } })]),
  passing(ofConverse("ends", (n) => [frame("messageStop", { stopReason: "end_turn", additionalModelResponseFields: { more: filled(n) }, [`member${n}`]: filled(n) })])),
  passing(ofConverse("counts", (n) => [frame("metadata", { [`member${n}`]: filled(n) })])),
];

const cohereStart = sse({ type: "message-start", id: "a", delta: { message: { role: "assistant" } } });
const spoken = (type: string, index: number, members: Members): Buffer => sse({ type, index, delta: { message: members } });
const contentStart = spoken("content-start", 0, { content: { type: "text", text: "" } });
const cohere: readonly Endless[] = [
  passing(endless("contents", [cohereStart], (n) => [spoken("content-start", n, { content: { type: "text", text: "" } }), spoken("content-delta", n, { content: { text: filled(n) } })])),
  endless("calls that never end", [cohereStart], (n) => [spoken("tool-call-start", n, { tool_calls: { id: filled(n), type: "function", function: { name: "f", arguments: "" } } })]),
  passing(endless("calls one behind the other", [cohereStart], (n) => [spoken("tool-call-start", n, { tool_calls: { id: filled(n), type: "function", function: { name: "f", arguments: "{}" } } }), sse({ type: "tool-call-end", index: n })])),
  passing(endless("citations of a long text", [cohereStart, contentStart, ...Array.from({ length: 1000 }, (_, n) => spoken("content-delta", 0, { content: { text: filled(n) } }))], (n) => [
    spoken("citation-start", n, { citations: { start: 0, end: 5, text: filled(n), sources: [{ type: "document", id: "d", document: { title: filled(n) } }] } }),
  ])),
];

const dashscoped = (n: number, choices: readonly Members[], more: Members = {}): Buffer => Buffer.from(`id:${n}\nevent:result\n:HTTP_STATUS/200\ndata:${JSON.stringify({ output: { choices, ...more }, usage: { input_tokens: 1, output_tokens: n }, request_id: "r" })}\n\n`);
const ofChoice = (message: Members, more: Members = {}): Members => ({ message: { role: "assistant", content: "", ...message }, finish_reason: "null", ...more });
const dashscope: readonly Endless[] = [
  endless("choices", [], (n) => [dashscoped(n, [ofChoice({ content: filled(n) }, { index: n })])]),
  endless("calls", [], (n) => [dashscoped(n, [ofChoice({ tool_calls: [{ index: n, id: `call_${n}`, type: "function", function: { name: "f", arguments: filled(n) } }] })])]),
  endless("fragments of many calls", [], (n) => [dashscoped(n, [ofChoice({ tool_calls: [{ index: n % 900, id: `call_${n % 900}`, type: "function", function: { name: "f", arguments: filled(n) } }] })])]),
  endless("fragments of calls without a name", [], (n) => [dashscoped(n, [ofChoice({ tool_calls: [{ index: n % 900, id: `call_${n % 900}`, type: "function", function: { arguments: filled(n) } }] })])]),
  endless("pictures", [], (n) => [dashscoped(n, [ofChoice({ content: [{ image: `https://pictures.example.com/${encodeURIComponent(filled(n))}` }] })])]),
  passing(endless("texts that do not repeat each other", [], (n) => [dashscoped(n, [ofChoice({ content: filled(n) })])])),
  passing(endless("sources", [], (n) => [dashscoped(n, [ofChoice({ content: filled(n) })], { search_info: { search_results: [{ url: filled(n), title: "t", index: n }] } })])),
];

const line = (members: Members): Buffer => Buffer.from(`${JSON.stringify({ model: "m", created_at: "2026-06-01T00:00:00Z", done: false, ...members })}\n`);
const ollama: readonly Endless[] = [
  passing(endless("calls", [], (n) => [line({ message: { role: "assistant", content: "", tool_calls: [{ function: { name: "f", arguments: { city: filled(n) } } }] } })])),
  passing(endless("thinking and text in turn", [], (n) => [line({ message: { role: "assistant", thinking: filled(n), content: filled(n) } })])),
];

export const endlessStreams: { readonly [protocol in ProtocolName]?: readonly Endless[] } = {
  "anthropic-messages": messages,
  "openai-chat": chat,
  "openai-responses": responses,
  "gemini": [...inEvents, ...inList],
  "bedrock-converse": converse,
  cohere,
  dashscope,
  ollama,
};

/** Messages, one of them in each of Amazon's frames. */
export const framedMessages: readonly Endless[] = messages.map(({ about, beginning, event }) => {
  const framed = (bytes: Buffer): Buffer => Buffer.concat(bytes.toString().split("\n\n").filter((text) => text !== "").map((text) => frame("chunk", { bytes: Buffer.from(text.slice(text.indexOf("data: ") + "data: ".length)).toString("base64") })));
  return { about, beginning: framed(beginning), event: (number) => framed(event(number)) };
});
