// What providers answer, named by what is special about it.
import { noUsage, type Block, type FinishReason, type Reply, type Usage } from "../../../dataplane/protocols/ir.ts";

export interface AnswerCase {
  readonly name: string;
  readonly about: readonly string[];
  readonly reply: Reply;
  /** Name of the question without which nobody answers so. */
  readonly after: string | null;
}

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
const citation = { kind: "url", start: 0, end: 5, url: "https://example.com/a", title: "A page", citedText: "Rome is" } as const;

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
  answer("a refusal", ["refusal", "text"], [{ kind: "refusal", at: "", text: "I cannot." }], "stop"),
  answer("a citation", "citations", [text("Rome is old.", { citations: [citation] })]),
  answer("logprobs", "logprobs", [text("Hello you", { logprobs })], "stop", {}, "logprobs"),
  answer("several answers", ["text", "choice 1 text"], [], "stop", { choices: [{ index: 0, blocks: [text("One")], finish: finished("stop") }, { index: 1, blocks: [text("Two")], finish: finished("length") }] }, "several answers"),
  answer("an end at the limit", "finish", [text("Cut")], "length"),
  answer("an end at the end of the context", "finish", [text("Cut")], "context-full"),
  answer("an end at a stop string", "finish", [text("Stopped")], "stop-sequence", { choices: [{ index: 0, blocks: [text("Stopped")], finish: { reason: "stop-sequence", raw: "", stopSequence: "END" } }] }),
  answer("an end by a filter", "finish", [text("I w")], "filter"),
  answer("cached input", ["inputTokens", "cachedInputTokens"], [text("Hi")], "stop", { usage: { ...used, cachedInputTokens: 128 } }),
  answer("input written into the cache", ["inputTokens", "cacheWriteTokens"], [text("Hi")], "stop", { usage: { ...used, cachedInputTokens: 64, cacheWriteTokens: 96 } }),
  answer("tokens of thinking", ["outputTokens", "reasoningTokens"], [text("Hi")], "stop", { usage: { ...used, reasoningTokens: 20 } }),
];
