// What the vendors' own libraries make of an answer that is written for their users: of a stream, joined by the library where
// it can, and of the whole reply; with what was said in both, in one form for all protocols. It judges nothing.
import type OpenAI from "openai";
import type { ProtocolName } from "../../dataplane/snapshot/schema.ts";
import * as messages from "./anthropic-messages/driving.ts";
import * as converse from "./bedrock-converse/driving.ts";
import * as gemini from "./gemini/driving.ts";
import { chunks, joined, text, texts, whole } from "./openai-chat/reading.ts";
import * as responses from "./openai-responses/speaking.ts";

type Members = Record<string, unknown>;

export interface Said {
  readonly text: string;
  readonly thoughts: string;
  /** Names and arguments, as JSON or as the text that they are. */
  readonly calls: readonly (readonly [name: string, input: unknown])[];
}

export interface Read {
  /** All that the library gives. */
  readonly message: unknown;
  readonly said: Said;
}

export interface Library {
  readonly name: string;
  stream(bytes: Buffer): Promise<Read>;
  whole(body: Buffer): Promise<Read>;
}

const plain = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value)) as Value;

/** What the library itself makes of an answer, beside what came. */
const made: ReadonlySet<string> = new Set(["parsed", "parsed_arguments", "parsed_output", "output_parsed", "_request_id"]);
const withoutMade = (value: unknown): unknown => JSON.parse(JSON.stringify(value, (key, inner: unknown) => (made.has(key) ? undefined : inner))) as unknown;

const joinOf = (items: readonly unknown[]): string => items.map((item) => (typeof item === "string" ? item : "")).join("");
const objects = (value: unknown): Members[] => (Array.isArray(value) ? (value as Members[]) : []);
const inputOf = (words: unknown): unknown => {
  try {
    return JSON.parse(String(words)) as unknown;
  } catch {
    return words;
  }
};

const chatSaid = (message: Members, thoughts: string): Said => ({
  text: `${joinOf([message["content"]])}${joinOf([message["refusal"]])}`,
  thoughts,
  calls: objects(message["tool_calls"]).map((call) => {
    const { name, arguments: words, input } = (call["function"] ?? call["custom"]) as Members;
    return [String(name), inputOf(words ?? input)];
  }),
});

/** Members that are no vendor's own the library does not join: their readers join them themselves, or keep the last. */
const chatDeltas = async (stream: string): Promise<{ thoughts: string; last: Members }> => {
  const deltas = (await chunks(stream)).flatMap(({ choices }) => choices.filter(({ index }) => index === 0).map(({ delta }): Members => ({ ...delta })));
  const last = Object.assign({}, ...deltas) as Members;
  return { thoughts: joinOf(deltas.map((delta) => delta["reasoning_content"])), last };
};

const readChat = ({ object: _, ...completion }: OpenAI.Chat.ChatCompletion, thoughts: string, images: unknown): Read => {
  const [first] = completion.choices;
  const choices = completion.choices.map(({ index, finish_reason: finish, logprobs, message: { content, refusal, tool_calls: calls, annotations } }) => {
    return plain({ index, finish, logprobs, message: { content: content === "" ? null : content, refusal, calls, annotations } });
  });
  const { id, created, model, usage, service_tier: tier } = completion;
  return { message: withoutMade({ id, created, model, usage: usage ?? null, tier, choices, thoughts, images }), said: chatSaid({ ...first?.message }, thoughts) };
};

const chat: Library = {
  name: "openai",
  async stream(bytes) {
    const { thoughts, last } = await chatDeltas(bytes.toString());
    return readChat(await joined(bytes.toString()), thoughts, last["images"]);
  },
  async whole(body) {
    const completion = await whole(body);
    const said: Members = { ...completion.choices[0]?.message };
    return readChat(completion, joinOf([said["reasoning_content"]]), said["images"]);
  },
};

const readCompletion = (said: string, { id, created, model, usage }: Partial<OpenAI.Completion>, finish: unknown): Read => ({ message: { id, created, model, usage: usage ?? null, said, finish }, said: { text: said, thoughts: "", calls: [] } });

/** The library has no accumulator for them: what its users write. */
const completions: Library = {
  name: "openai, of older completions",
  async stream(bytes) {
    const pieces = await texts(bytes.toString());
    const choices = pieces.flatMap((piece) => piece.choices.filter(({ index }) => index === 0));
    const usage = pieces.findLast((piece) => piece.usage !== null && piece.usage !== undefined)?.usage;
    return readCompletion(choices.map((choice) => choice.text).join(""), { ...pieces[0], ...(usage === undefined ? {} : { usage }) }, choices.findLast(({ finish_reason: reason }) => reason !== null)?.finish_reason);
  },
  async whole(body) {
    const completion = await text(body);
    return readCompletion(completion.choices[0]?.text ?? "", completion, completion.choices[0]?.finish_reason);
  },
};

const readResponse = (response: unknown): Read => {
  const message = withoutMade(response) as Members;
  const output = objects(message["output"]);
  const parts = (type: string, member: string): Members[] => output.filter((item) => item["type"] === type).flatMap((item) => objects(item[member]));
  const calls = output.filter(({ type }) => type === "function_call" || type === "custom_tool_call").map(({ name, arguments: words, input }) => [String(name), inputOf(words ?? input)] as const);
  const thoughts = joinOf([...parts("reasoning", "content"), ...parts("reasoning", "summary")].map((part) => part["text"]));
  return { message, said: { text: joinOf(parts("message", "content").map((part) => part["text"] ?? part["refusal"])), thoughts, calls } };
};

const response: Library = {
  name: "openai, of responses",
  stream: async (bytes) => readResponse((await responses.accumulate(bytes.toString())).response),
  whole: async (body) => readResponse(await responses.readWhole(body)),
};

/** Of the usage, what the end of a stream can tell; what is null says nothing. */
const toldAtEnd = ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens", "output_tokens_details", "server_tool_use"];
const usageIn = (usage: Members): Members => Object.fromEntries(toldAtEnd.flatMap((key) => (usage[key] === null || usage[key] === undefined ? [] : [[key, usage[key]]])));

/** Texts behind each other, with all that is cited in them. */
export const withJoinedTexts = (content: readonly Members[]): Members[] => {
  const blocks: Members[] = [];
  for (const block of content) {
    const last = blocks.at(-1);
    if (block["type"] !== "text" || last?.["type"] !== "text") blocks.push({ ...block });
    else Object.assign(last, { text: joinOf([last["text"], block["text"]]), citations: [...objects(last["citations"]), ...objects(block["citations"])] });
  }
  return blocks;
};

const readMessage = (read: Members): Read => {
  const content = objects(read["content"]);
  const calls = content.filter(({ type }) => type === "tool_use").map(({ name, input }) => [String(name), input] as const);
  const said = { text: joinOf(content.map((block) => block["text"])), thoughts: joinOf(content.map((block) => block["thinking"])), calls };
  return { message: withoutMade({ ...read, usage: usageIn(read["usage"] as Members) }), said };
};

const message: Library = {
  name: "@anthropic-ai/sdk",
  stream: async (bytes) => readMessage(await messages.accumulate(bytes.toString())),
  whole: async (body) => readMessage(await messages.readReply(body.toString())),
};

const readContent = (read: gemini.Read): Read => ({
  message: read,
  said: { text: read.text, thoughts: read.thoughts, calls: read.calls.map(({ name, args }) => [String(name), args ?? {}]) },
});

const content: Library = {
  name: "@google/genai",
  stream: async (bytes) => readContent(await gemini.accumulate(bytes.toString())),
  whole: async (body) => readContent(await gemini.readReply(body.toString())),
};

const readConverse = ({ metrics: _, ...answer }: Members): Read => {
  const blocks = objects(((answer["output"] as Members)["message"] as Members)["content"]);
  const words = blocks.flatMap((block) => [block, ...objects((block["citationsContent"] as Members | undefined)?.["content"])]).map((block) => block["text"]);
  const thoughts = blocks.map((block) => ((block["reasoningContent"] as Members | undefined)?.["reasoningText"] as Members | undefined)?.["text"]);
  const calls = blocks.flatMap(({ toolUse }) => (toolUse === undefined ? [] : [toolUse as Members])).map(({ name, input }) => [String(name), input] as const);
  return { message: answer, said: { text: joinOf(words), thoughts: joinOf(thoughts), calls } };
};

/** It speaks over a connection: `endpoint` must be open. */
const converseAt = (endpoint: converse.Endpoint): Library => ({
  name: "@aws-sdk/client-bedrock-runtime",
  stream: async (bytes) => readConverse(converse.accumulate(await endpoint.stream(bytes))),
  whole: async (body) => readConverse(await endpoint.converse({ headers: { "content-type": "application/json" }, body })),
});

export const librariesAt = (endpoint: converse.Endpoint): ReadonlyMap<ProtocolName, Library> =>
  new Map<ProtocolName, Library>([
    ["openai-chat", chat],
    ["openai-completions", completions],
    ["openai-responses", response],
    ["anthropic-messages", message],
    ["gemini", content],
    ["bedrock-converse", converseAt(endpoint)],
  ]);
