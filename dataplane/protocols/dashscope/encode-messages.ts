// Turns written as DashScope's messages: content is text on the one surface and a list of parts on the other. System prompts
// are one message at the beginning; results of tools are messages of their own.
import type { Json } from "../../wire/json.ts";
import { joinWords, type Lose, urlOf, wordsOf } from "../asking.ts";
import type { Block, CacheMark, ToolCallBlock, ToolResultBlock, Turn } from "../ir.ts";
import { type JsonObject, stringOf } from "../json-members.ts";

export interface Writing {
  readonly lose: Lose;
  /** Contents are lists of parts, each named by what it is. */
  readonly isMultimodal: boolean;
  /** The model wants its thinking back with the calls that it led to. */
  readonly replaysReasoning: boolean;
}

const isSystem = ({ role }: Turn): boolean => role === "system" || role === "developer";

const cacheOf = (cache: CacheMark | undefined): JsonObject => (cache === undefined ? {} : { cache_control: { type: "ephemeral" } });

const textPart = (text: string, cache: CacheMark | undefined, { isMultimodal }: Writing): JsonObject => ({ ...(isMultimodal ? {} : { type: "text" }), text, ...cacheOf(cache) });

const mediaTypes = { image: "image/png", audio: "audio/wav", video: "video/mp4" } as const;

/** Only texts are marked for the cache here. */
const loseMark = ({ at, cache }: Block, { lose }: Writing): void => {
  if (cache !== undefined) lose(at, "unsupported");
};

const writePart = (block: Block, writing: Writing): JsonObject[] => {
  if (block.kind === "image" || block.kind === "video" || block.kind === "audio") {
    const url = urlOf(block.source, block.kind === "audio" && block.format !== "" ? `audio/${block.format}` : mediaTypes[block.kind]);
    if (url !== null) {
      loseMark(block, writing);
      return [{ [block.kind]: url }];
    }
  }
  const text = wordsOf(block);
  if (text === null) writing.lose(block.at, "unsupported", "major");
  return text === null ? [] : [textPart(text, block.cache, writing)];
};

const isPlain = (part: JsonObject): boolean => part["type"] === "text" && part["cache_control"] === undefined;

/** On the surface for text a list is only written where a mark of the cache needs one. */
const contentOf = (blocks: readonly Block[], separator: string, writing: Writing): Json => {
  const parts = blocks.flatMap((block) => writePart(block, writing));
  if (writing.isMultimodal) return parts.length === 0 ? [{ text: "" }] : parts;
  return parts.every(isPlain) ? parts.map((part) => stringOf(part["text"])).join(separator) : parts;
};

/** A result that is marked as a whole is marked at its end. */
const resultContent = (result: ToolResultBlock, writing: Writing): Json => {
  const { content, cache } = result;
  const last = content.at(-1);
  if (cache === undefined || last === undefined || last.kind !== "text") {
    loseMark(result, writing);
    return contentOf(content, "\n", writing);
  }
  return contentOf([...content.slice(0, -1), { ...last, cache }], "\n", writing);
};

const writeUser = ({ blocks }: Turn, writing: Writing): JsonObject[] => {
  const messages: JsonObject[] = [];
  const others: Block[] = [];
  for (const block of blocks) {
    if (block.kind === "tool-result") messages.push({ role: "tool", content: resultContent(block, writing), tool_call_id: block.id });
    else others.push(block);
  }
  if (others.length > 0 || messages.length === 0) messages.push({ role: "user", content: contentOf(others, "\n", writing) });
  return messages;
};

const writeCall = ({ id, name, arguments: text }: ToolCallBlock, index: number): JsonObject => ({ id, type: "function", index, function: { name, arguments: text === "" ? "{}" : text } });

const thinkingOf = (blocks: readonly Block[], hasCalls: boolean, { replaysReasoning, lose }: Writing): JsonObject => {
  const thoughts = blocks.filter((block) => block.kind === "reasoning");
  if (replaysReasoning && hasCalls) return { reasoning_content: thoughts.map(({ text }) => text).join("") };
  for (const { at } of thoughts) lose(at, "unsupported");
  return {};
};

const writeAssistant = ({ blocks }: Turn, writing: Writing): JsonObject => {
  const calls = blocks.filter((block) => block.kind === "tool-call");
  for (const call of calls) loseMark(call, writing);
  const others = blocks.filter(({ kind }) => kind !== "tool-call" && kind !== "reasoning");
  return {
    role: "assistant",
    content: contentOf(others, "", writing),
    ...thinkingOf(blocks, calls.length > 0, writing),
    ...(calls.length === 0 ? {} : { tool_calls: calls.map(writeCall) }),
  };
};

const writeSystem = (turns: readonly Turn[], writing: Writing): JsonObject[] =>
  turns.length === 0 ? [] : [{ role: "system", content: contentOf(turns.flatMap(({ blocks }) => blocks), "\n\n", writing) }];

/** A model's turn at the end is marked so that it is gone on with. */
const withPrefill = (messages: JsonObject[]): JsonObject[] => {
  const last = messages.at(-1);
  return last?.["role"] === "assistant" && last["tool_calls"] === undefined ? [...messages.slice(0, -1), { ...last, partial: true }] : messages;
};

/** A system prompt in the middle is one at its place all the same, should there be one. */
const writeOne = (turn: Turn, writing: Writing): JsonObject[] => {
  if (turn.role === "assistant") return [writeAssistant(turn, writing)];
  return turn.role === "user" ? writeUser(turn, writing) : [{ role: "system", content: joinWords(turn.blocks, "\n\n", writing.lose) }];
};

export const writeMessages = (turns: readonly Turn[], writing: Writing): JsonObject[] => {
  const first = turns.findIndex((turn) => !isSystem(turn));
  const leading = first === -1 ? turns.length : first;
  return withPrefill([...writeSystem(turns.slice(0, leading), writing), ...turns.slice(leading).flatMap((turn) => writeOne(turn, writing))]);
};
