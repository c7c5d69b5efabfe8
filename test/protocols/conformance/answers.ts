// What providers answer, named by what is special about it.
import type { ProtocolName } from "../../../dataplane/snapshot/schema.ts";
import type { JsonObject } from "../../../dataplane/protocols/json-members.ts";
import { noUsage, type Block, type FinishReason, type Opaque, type Reply, type Usage } from "../../../dataplane/protocols/ir.ts";

export interface AnswerCase {
  readonly name: string;
  readonly about: readonly string[];
  readonly reply: Reply;
  /** Name of the question without which nobody answers so. */
  readonly after: string | null;
  /** By the provider's protocol: blocks that only it has, behind the others; without them it has nothing to say of this case. */
  readonly own?: { readonly [protocol in ProtocolName]?: readonly Block[] };
}

/** The provider's own words for an end, where more than one of them means it. */
export const ownWords: { readonly [protocol in ProtocolName]?: { readonly [reason in FinishReason]?: string } } = { gemini: { paused: "CONTINUATION" } };

const text = (words: string, more: object = {}): Block => ({ kind: "text", at: "", text: words, ...more }) as Block;
const call = (id: string, name: string, more: object = {}): Block => ({ kind: "tool-call", at: "", id, name, arguments: '{"city":"Rom"}', ...more }) as Block;
const used: Usage = { ...noUsage(), inputTokens: 211, outputTokens: 37 };

const answer = (name: string, about: string | readonly string[], blocks: readonly Block[], reason: FinishReason = "stop", more: Partial<Reply> = {}, after: string | null = null): AnswerCase => ({
  name,
  after,
  about: typeof about === "string" ? [about] : about,
  reply: { id: "answer-1", model: "model-x", createdAt: 1_780_000_000, serviceTier: "", usage: used, choices: [{ index: 0, blocks, finish: { reason, raw: "" } }], ...more },
});

const finished = (reason: FinishReason): AnswerCase["reply"]["choices"][number]["finish"] => ({ reason, raw: "" });
const logprobs = [{ token: "Hello", logprob: -0.25, bytes: [72, 101, 108, 108, 111], top: [{ token: "Hello", logprob: -0.25, bytes: null }] }, { token: " you", logprob: -0.5, bytes: null, top: [] }];
const citation = { kind: "url", start: 0, end: 12, url: "https://example.com/a", title: "A page", citedText: "Rome is old." } as const;
const other = { ...citation, url: "https://example.com/b", title: "Another page" } as const;
const thought = (words: string, kind: Opaque["kind"], value: string): Block => ({ kind: "reasoning", at: "", text: words, isSummary: false, opaques: [{ kind, origin: "own", value }] });
const foreign = (protocol: ProtocolName, type: string, value: JsonObject): Block => ({ kind: "foreign", at: "", protocol, type, value, text: "" });

/** One pixel. */
const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const image: Block = { kind: "image", at: "", source: { kind: "bytes", data: png, mediaType: "image/png" } };
const sound: Block = { kind: "audio", at: "", format: "wav", source: { kind: "bytes", data: "UklGRgAAAABXQVZF", mediaType: "audio/wav" } };

const found = { type: "web_search_result", url: "https://example.com/a", title: "A page", encrypted_content: "c2VhbGVk", page_age: null } as const;
const searches = {
  "anthropic-messages": [
    foreign("anthropic-messages", "server_tool_use", { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "Rome" } }),
    foreign("anthropic-messages", "web_search_tool_result", { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [found] }),
  ],
  "openai-responses": [foreign("openai-responses", "web_search_call", { type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search", query: "Rome" } })],
  gemini: [
    foreign("gemini", "executableCode", { executableCode: { language: "PYTHON", code: "print(1)" } }),
    foreign("gemini", "codeExecutionResult", { codeExecutionResult: { outcome: "OUTCOME_OK", output: "1" } }),
  ],
  "bedrock-converse": [
    foreign("bedrock-converse", "toolUse", { toolUse: { toolUseId: "tooluse_1", name: "nova_grounding", type: "server_tool_use", input: { query: "Rome" } } }),
    foreign("bedrock-converse", "toolResult", { toolResult: { toolUseId: "tooluse_1", type: "nova_grounding_result", status: "success", content: [{ json: { a: 1 } }] } }),
  ],
} as const;

export const answers: readonly AnswerCase[] = [
  answer("text", "text", [text("Hello, 世界 😀 \"\\ \u2028")]),
  answer("text of nothing", "text", []),
  answer("several texts", "text", [text("One. "), text("Two.")]),
  answer("a call", ["calls", "finish", "ids"], [call("call_a1", "weather")], "tool-calls"),
  answer("words and two calls", ["text", "calls", "finish", "ids"], [text("Let me see."), call("call_a1", "weather"), call("call_b2", "weather", { arguments: '{"city":"Oslo","id":9007199254740993}' })], "tool-calls"),
  answer("a call without arguments", "calls", [call("call_a1", "time", { arguments: "" })], "tool-calls"),
  answer("a call that was cut off", ["calls", "finish"], [call("call_a1", "weather", { arguments: '{"city":"Ro' })], "length"),
  answer("a call of a tool of free text", "calls", [call("call_a1", "edit", { arguments: "*** Begin\n+x", isCustom: true })], "tool-calls", {}, "a tool of free text"),
  answer("thinking before the text", "reasoning", [{ kind: "reasoning", at: "", text: "Hm, so.", isSummary: false, opaques: [{ kind: "signature", origin: "own", value: "c2ln" }] }, text("So.")]),
  answer("thinking before a call", ["reasoning", "calls"], [{ kind: "reasoning", at: "", text: "Hm, so.", isSummary: false, opaques: [{ kind: "signature", origin: "own", value: "c2ln" }] }, call("call_a1", "weather")], "tool-calls"),
  answer("thinking without words", ["reasoning", "opaques", "text"], [thought("", "signature", "c2lnbmVk"), text("So.")]),
  answer("thinking that only its maker reads", ["opaques", "text"], [thought("", "redacted", "cmVkYWN0ZWQ="), text("So.")]),
  answer("a refusal", ["refusal", "text"], [{ kind: "refusal", at: "", text: "I cannot." }], "stop"),
  answer("a citation", "citations", [text("Rome is old.", { citations: [citation] })]),
  answer("a citation without a place", "citations", [text("Rome is old.", { citations: [{ ...citation, start: -1, end: -1 }] })]),
  answer("a citation of a part", ["citations", "text"], [text("Once more: Rome is old, they say.", { citations: [{ ...citation, start: 11, end: 22 }, { ...other, start: 11, end: 22 }] })]),
  answer("a citation behind other signs", ["citations", "text"], [text("世界 😀 é Rome is old.", { citations: [{ ...citation, start: 8, end: 12, citedText: "Rome" }] })]),
  answer("a citation of a document", ["citations", "text"], [text("Rome is old.", { citations: [{ kind: "document", start: 0, end: 12, url: "", title: "A report", citedText: "Rome, 753 BC" }] })]),
  { ...answer("what a tool of the provider's own asked and found", ["foreign", "text", "calls"], [text("Rome is old.")]), own: searches },
  answer("an image", ["media", "text"], [text("See:"), image]),
  answer("a sound", "media", [sound]),
  answer("a sound with its words", ["media", "transcripts"], [{ ...sound, transcript: "Rome is old." } as Block]),
  answer("logprobs", "logprobs", [text("Hello you", { logprobs })], "stop", {}, "logprobs"),
  answer("several answers", ["text", "choice 1 text"], [], "stop", { choices: [{ index: 0, blocks: [text("One")], finish: finished("stop") }, { index: 1, blocks: [text("Two")], finish: finished("length") }] }, "several answers"),
  answer("an end at the limit", "finish", [text("Cut")], "length"),
  answer("an end at the end of the context", "finish", [text("Cut")], "context-full"),
  answer("an end at a stop string", "finish", [text("Stopped")], "stop-sequence", { choices: [{ index: 0, blocks: [text("Stopped")], finish: { reason: "stop-sequence", raw: "", stopSequence: "END" } }] }),
  answer("an end by a filter", "finish", [text("I w")], "filter"),
  answer("an end by a filter, before any word", "finish", [], "filter"),
  answer("an end at the limit, before any word", "finish", [], "length"),
  answer("an end at a refusal", ["finish", "text"], [text("I w")], "refusal"),
  answer("an end at a pause", "finish", [text("Let me see.")], "paused"),
  answer("an end at a call that could not be read", "finish", [], "malformed"),
  answer("usage that nobody told", ["inputTokens", "outputTokens"], [text("Hi")], "stop", { usage: noUsage() }),
  answer("cached input", ["inputTokens", "cachedInputTokens"], [text("Hi")], "stop", { usage: { ...used, cachedInputTokens: 128 } }),
  answer("input written into the cache", ["inputTokens", "cacheWriteTokens"], [text("Hi")], "stop", { usage: { ...used, cachedInputTokens: 64, cacheWriteTokens: 96 } }),
  answer("input written into the cache for an hour", ["inputTokens", "cacheWriteTokens", "cacheWriteHourTokens"], [text("Hi")], "stop", { usage: { ...used, cachedInputTokens: 64, cacheWriteTokens: 96, cacheWriteHourTokens: 32 } }),
  answer("tokens of sound", ["audioInputTokens", "audioOutputTokens"], [text("Hi")], "stop", { usage: { ...used, audioInputTokens: 30, audioOutputTokens: 20 } }),
  answer("tokens of thinking", ["outputTokens", "reasoningTokens"], [text("Hi")], "stop", { usage: { ...used, reasoningTokens: 20 } }),
];
