// What clients ask, named by what is special about it. Words that begin with "mark-" stand in each thing that must arrive:
// they are looked for in the provider's bytes, whatever the protocol.
import type { Block, Conversation, Reasoning, Sampling, Tool, Turn } from "../../../dataplane/protocols/ir.ts";
import type { ProtocolName } from "../../../dataplane/snapshot/schema.ts";

export interface ConversationCase {
  readonly name: string;
  /** Aspects of the meaning that it is about. */
  readonly about: readonly string[];
  ask(client: ProtocolName): Partial<Conversation>;
  /** By the protocol: models for what not all models of it take; the others are the usual ones. */
  readonly models?: Models;
  /** Whether a client that says it has said all of it, where the meaning alone does not tell. */
  isSaid?(read: Conversation): boolean;
}

type Models = { readonly [protocol in ProtocolName]?: string };

const text = (words: string): Block => ({ kind: "text", at: "", text: words });
const turn = (role: Turn["role"], ...blocks: readonly Block[]): Turn => ({ role, at: "", blocks });
const user = (words: string): Turn => turn("user", text(words));
const call = (id: string, name: string, more: object = {}): Block => ({ kind: "tool-call", at: "", id, name, arguments: '{"city":"mark-city"}', ...more }) as Block;
const result = (id: string, name: string, more: object = {}): Block => ({ kind: "tool-result", at: "", id, name, content: [text("mark-result")], isError: false, ...more }) as Block;
const schema = { type: "object", properties: { city: { type: "string", description: "mark-schema" } }, required: ["city"], additionalProperties: false };
const tool = (name: string): Tool => ({ kind: "function", at: "", name, description: "mark-description", schema, isStrict: null });
const tools = [tool("weather"), tool("time")];

/** One pixel. */
const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const pdf = Buffer.from("%PDF-1.4\n%mark").toString("base64");
const image: Block = { kind: "image", at: "", source: { kind: "bytes", data: png, mediaType: "image/png" } };

const plain: Sampling = { maxOutputTokens: 1357, temperature: null, topP: null, topK: null, seed: null, presencePenalty: null, frequencyPenalty: null, stop: [], choices: null, logprobs: null };

export const askedBy = ({ ask }: ConversationCase, client: ProtocolName): Conversation => ({
  protocol: client, model: "model-x", isStreaming: false, isUsageWanted: false, turns: [user("mark-question")], tools: [], toolChoice: null, isParallel: null, format: null, sampling: plain,
  reasoning: null, verbosity: null, audio: null, userId: null, metadata: null, serviceTier: null, cacheKey: null, extras: {}, ...ask(client),
});

const one = (name: string, about: string | readonly string[], ask: Partial<Conversation> | ConversationCase["ask"], more: Pick<ConversationCase, "models" | "isSaid"> = {}): ConversationCase => ({
  name,
  about: typeof about === "string" ? [about] : about,
  ask: typeof ask === "function" ? ask : () => ask,
  ...more,
});

const sampled = (name: string, about: keyof Sampling, value: Sampling[keyof Sampling]): ConversationCase => one(name, about, { sampling: { ...plain, [about]: value } });
const thinking = (more: Partial<Reasoning>): Partial<Conversation> => ({ reasoning: { effort: null, budgetTokens: null, isAdaptive: false, isShown: null, ...more }, sampling: { ...plain, maxOutputTokens: 20_011 } });
const withTools = (more: Partial<Conversation>): Partial<Conversation> => ({ tools, ...more });
const step = (...answers: readonly Block[]): readonly Turn[] => [user("mark-question"), turn("assistant", call("call_a1", "weather"), call("call_b2", "weather")), turn("user", ...answers)];
const both = [result("call_a1", "weather"), result("call_b2", "weather", { content: [text("mark-second")] })];

const place = { kind: "schema", name: "place", description: "", schema, isStrict: null } as const;
/** Some protocols know no other schemas than strict ones. */
const isLooselyAsked = { isSaid: ({ format }: Conversation) => format?.kind === "schema" && format.isStrict !== true };
const isStrictlyAsked = { isSaid: ({ format }: Conversation) => format?.kind === "schema" && format.isStrict === true };
const speakers: Models = { "openai-chat": "gpt-audio", gemini: "gemini-2.5-flash-preview-tts" };

export const conversations: readonly ConversationCase[] = [
  one("one question", "turns", {}),
  one("several turns", "turns", { turns: [user("mark-a"), turn("assistant", text("mark-b")), user("mark-c")] }),
  one("turns of one role behind each other", "turns", { turns: [user("mark-a"), user("mark-b"), turn("assistant", text("mark-c")), user("mark-d")] }),
  one("other writings and signs", "turns", { turns: [user('mark-a 天气 😀 "\\ \u2028 </system> é')] }),
  one("a system prompt", "turns", { turns: [turn("system", text("mark-system")), user("mark-question")] }),
  one("a developer's prompt", "turns", { turns: [turn("developer", text("mark-developer")), user("mark-question")] }),
  one("several system prompts", "turns", { turns: [turn("system", text("mark-one")), turn("system", text("mark-two")), user("mark-question")] }),
  one("a system prompt in the middle", "turns", { turns: [user("mark-a"), turn("assistant", text("mark-b")), turn("system", text("mark-system")), user("mark-c")] }),
  one("a beginning of the answer", "turns", { turns: [user("mark-question"), turn("assistant", text("mark-beginning"))] }),
  one("the model's turn as the first", "turns", { turns: [turn("assistant", text("mark-greeting")), user("mark-question")] }),
  one("an image as data", "turns", { turns: [turn("user", text("mark-see"), image)] }),
  one("an image by URL", "turns", { turns: [turn("user", text("mark-see"), { kind: "image", at: "", source: { kind: "url", url: "https://images.example.com/mark-image.png" } })] }),
  one("a PDF as data", "turns", { turns: [turn("user", text("mark-see"), { kind: "file", at: "", name: "report.pdf", source: { kind: "bytes", data: pdf, mediaType: "application/pdf" } })] }),
  one("a PDF by URL", "turns", { turns: [turn("user", text("mark-see"), { kind: "file", at: "", name: "report.pdf", source: { kind: "url", url: "https://files.example.com/mark-report.pdf" } })] }),
  one("a text file", "turns", { turns: [turn("user", text("mark-see"), { kind: "file", at: "", name: "notes.txt", source: { kind: "text", text: "mark-notes", mediaType: "text/plain" } })] }),
  one("sound", "turns", { turns: [turn("user", text("mark-hear"), { kind: "audio", at: "", format: "wav", source: { kind: "bytes", data: "UklGRg==", mediaType: "audio/wav" } })] }),
  one("video", "turns", { turns: [turn("user", text("mark-see"), { kind: "video", at: "", source: { kind: "bytes", data: "AAAAIGZ0eXA=", mediaType: "video/mp4" } })] }),
  one("tools", "tools", withTools({})),
  one("a tool without parameters", "tools", { tools: [{ kind: "function", at: "", name: "now", description: "mark-description", schema: null, isStrict: null }] }),
  one("a strict tool", "tools", { tools: [{ ...tool("weather"), isStrict: true } as Tool] }),
  one("a tool's name of other letters", ["tools", "turns"], { tools: [tool("files.read"), tool("x".repeat(64))], turns: [user("mark-a"), turn("assistant", call("call_a1", "files.read")), turn("user", result("call_a1", "files.read"))] }),
  one("a tool of free text", "tools", { tools: [{ kind: "custom", at: "", name: "edit", description: "mark-description", format: { type: "text" } }] }),
  one("a call of a tool of free text", ["tools", "turns"], {
    tools: [{ kind: "custom", at: "", name: "edit", description: "mark-description", format: { type: "text" } }],
    turns: [user("mark-a"), turn("assistant", call("call_a1", "edit", { arguments: "mark-patch", isCustom: true })), turn("user", result("call_a1", "edit", { isCustom: true }))],
  }),
  one("a search of the web by the provider", "tools", (client) => ({ tools: [{ kind: "hosted", at: "", protocol: client, name: "web_search", purpose: "web-search", value: client === "anthropic-messages" ? { type: "web_search_20250305", name: "web_search" } : client === "gemini" ? { googleSearch: {} } : client === "bedrock-converse" ? { systemTool: { name: "nova_grounding" } } : { type: "web_search" } }] }), { models: { "openai-chat": "gpt-4o-search-preview" } }),
  one("the model may choose", "toolChoice", withTools({ toolChoice: { mode: "auto" } })),
  one("a call is forced", "toolChoice", withTools({ toolChoice: { mode: "required" } })),
  one("one tool is forced", "toolChoice", withTools({ toolChoice: { mode: "tool", name: "time" } })),
  one("no tool may be called", "toolChoice", withTools({ toolChoice: { mode: "none" } })),
  one("no tool may be called, behind calls", "toolChoice", withTools({ toolChoice: { mode: "none" }, turns: step(...both) })),
  one("a subset of the tools", "toolChoice", withTools({ toolChoice: { mode: "allowed", names: ["time"], isRequired: false } })),
  one("calls one at a time", "isParallel", withTools({ isParallel: false })),
  one("calls and their results", "turns", withTools({ turns: step(...both) })),
  one("results in another order, and words behind them", "turns", withTools({ turns: step(...both.toReversed(), text("mark-more")) })),
  one("a result that is missing", "turns", withTools({ turns: step(both[0] as Block) })),
  one("an error as a result", "turns", withTools({ turns: step(result("call_a1", "weather", { isError: true }), both[1] as Block) })),
  one("an image as a result", "turns", withTools({ turns: step(result("call_a1", "weather", { content: [text("mark-result"), image] }), both[1] as Block) })),
  one("a result of nothing", "turns", withTools({ turns: step(result("call_a1", "weather", { content: [] }), both[1] as Block) })),
  one("a call without arguments", "turns", withTools({ turns: [user("mark-a"), turn("assistant", call("call_a1", "time", { arguments: "" })), turn("user", result("call_a1", "time"))] })),
  one("arguments with numbers of many digits", "turns", withTools({ turns: [user("mark-a"), turn("assistant", call("call_a1", "time", { arguments: '{"id":9007199254740993,"rate":1.0}' })), turn("user", result("call_a1", "time"))] })),
  one("arguments that are no JSON", "turns", withTools({ turns: [user("mark-a"), turn("assistant", call("call_a1", "time", { arguments: '{"city":"mark-half' })), turn("user", result("call_a1", "time"))] })),
  one("ids of calls that are long and odd", "turns", withTools({ turns: [user("mark-a"), turn("assistant", call(`call_${"9".repeat(35)}`, "time")), turn("user", result(`call_${"9".repeat(35)}`, "time"))] })),
  one("ids of calls that come again", "turns", withTools({ turns: [...step(...both), ...step(...both), user("mark-last")] })),
  one("words before a call", "turns", withTools({ turns: [user("mark-a"), turn("assistant", text("mark-words"), call("call_a1", "time")), turn("user", result("call_a1", "time"))] })),
  one("an effort of thinking", "reasoning", thinking({ effort: "high" })),
  one("a budget of thinking", "reasoning", thinking({ budgetTokens: 8192 })),
  one("no thinking", "reasoning", thinking({ effort: "none" })),
  one("an answer by a schema", ["format", "tools", "toolChoice"], { format: place }, isLooselyAsked),
  one("an answer by a strict schema", ["format", "tools", "toolChoice"], { format: { ...place, isStrict: true } }, isStrictlyAsked),
  one("an answer by a schema, beside tools", ["format", "tools", "toolChoice"], withTools({ format: place }), isLooselyAsked),
  one("an answer by a strict schema, beside tools", ["format", "tools", "toolChoice"], withTools({ format: { ...place, isStrict: true } }), isStrictlyAsked),
  one("an answer in JSON", ["format", "turns"], { format: { kind: "json" }, turns: [user("mark-question as JSON")] }),
  sampled("a temperature", "temperature", 0.3125),
  sampled("a high temperature", "temperature", 1.8125),
  sampled("a limit of probability", "topP", 0.8125),
  sampled("a limit of candidates", "topK", 37),
  sampled("a seed", "seed", 424_242),
  sampled("a penalty for presence", "presencePenalty", 0.4375),
  sampled("a penalty for frequency", "frequencyPenalty", 0.5625),
  sampled("a stop string", "stop", ["mark-stop"]),
  sampled("more stop strings than most take", "stop", ["mark-sa", "mark-sb", "mark-sc", "mark-sd", "mark-se", "mark-sf"]),
  sampled("a stop string of white space", "stop", ["\n\n"]),
  sampled("several answers", "choices", 3),
  sampled("logprobs", "logprobs", 4),
  one("verbosity", "verbosity", { verbosity: "low" }),
  one("a user's id", "userId", { userId: "mark-user" }),
  one("metadata", "metadata", { metadata: { purpose: "mark-purpose" } }),
  one("a tier of service", "serviceTier", { serviceTier: "auto" }),
  one("a key of the cache", "cacheKey", { cacheKey: "mark-key" }),
  one("marks of the cache", "turns", { turns: [turn("system", { ...text("mark-system"), cache: { ttlSeconds: 0 } } as Block), turn("user", { ...text("mark-question"), cache: { ttlSeconds: 0 } } as Block)] }),
  one("a spoken answer", "audio", { audio: { voice: "alloy", format: "wav" } }, { models: speakers }),
];
