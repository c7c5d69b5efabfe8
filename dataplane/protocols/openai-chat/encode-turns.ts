// Turns written as messages. Results of tools are messages of their own and stand before what the user says beside them.
// Thinking is sent back only in the member that the vendor reads.
import { isObject, type Json } from "../../wire/json.ts";
import type { Block, Opaque, ReasoningBlock, ToolCallBlock, ToolResultBlock, Turn } from "../ir.ts";
import { type JsonObject, stringOf } from "../json-members.ts";
import { without } from "../openai-members.ts";
import { urlOf, writePart } from "./encode-parts.ts";
import { NAME, ownExtras } from "./names.ts";
import { ENTRY, writeDetails } from "./reasoning-details.ts";
import type { Writing } from "./writing.ts";

const isPlain = (part: JsonObject): boolean => part["type"] === "text" && Object.keys(part).length === 2;

/** One string where that says the same; `separator` null: several texts stay apart. */
const contentOf = (blocks: readonly Block[], writing: Writing, separator: string | null): Json => {
  const parts = blocks.map((block) => writePart(block, writing)).filter((part) => part !== null);
  if (parts.length === 0) return "";
  const mayJoin = parts.length === 1 || (separator !== null && !writing.isOwn);
  return mayJoin && parts.every(isPlain) ? parts.map((part) => stringOf(part["text"])).join(separator ?? "") : parts;
};

const named = ({ name }: Turn): JsonObject => (name === undefined ? {} : { name });

/** "developer" is OpenAI's word alone, and "system" means the same there. */
const writeSystem = (turn: Turn, writing: Writing): JsonObject[] => [{ role: "system", content: contentOf(turn.blocks, writing, "\n\n"), ...named(turn), ...ownExtras(turn) }];

const writeResult = (block: ToolResultBlock, writing: Writing): JsonObject => {
  if (block.isError) writing.lose(block.at, "unsupported");
  return { role: "tool", tool_call_id: block.id, content: contentOf(block.content, writing, "\n"), ...ownExtras(block) };
};

const writeUser = (turn: Turn, writing: Writing): JsonObject[] => {
  const results = turn.blocks.filter((block) => block.kind === "tool-result");
  const others = turn.blocks.filter((block) => block.kind !== "tool-result");
  const messages = results.map((block) => writeResult(block, writing));
  if (others.length > 0 || results.length === 0) messages.push({ role: "user", content: contentOf(others, writing, null), ...named(turn), ...ownExtras(turn) });
  return messages;
};

const withSignature = (extras: JsonObject, opaques: readonly Opaque[]): JsonObject => {
  const signature = opaques.find(({ kind }) => kind === "signature");
  if (signature === undefined) return extras;
  const content = extras["extra_content"];
  const google = isObject(content) ? content["google"] : undefined;
  const inner = { ...(isObject(google) ? google : {}), thought_signature: signature.value };
  return { ...extras, extra_content: { ...(isObject(content) ? content : {}), google: inner } };
};

const writeCall = (block: ToolCallBlock, writing: Writing): JsonObject => {
  const { id, name, at } = block;
  const called: JsonObject = block.isCustom === true ? { type: "custom", custom: { name, input: block.arguments } } : { type: "function", function: { name, arguments: block.arguments || "{}" } };
  return { id, ...called, ...withSignature(ownExtras(block), writing.taken(block.opaques, at)) };
};

const textOf = (blocks: readonly ReasoningBlock[]): string => blocks.map(({ text }) => text).join("");

/** Thinking is read there only with the calls that it led to, and demanded then, even when there was none. */
const replayed = (blocks: readonly ReasoningBlock[], hasCalls: boolean, member: string, { target: { dialect } }: Writing): JsonObject => {
  const text = textOf(blocks);
  if (dialect.replaysReasoning === true) return hasCalls ? { [member]: text } : {};
  return text === "" ? {} : { [member]: text };
};

/** Members of the message that tell the thinking. */
const writeReasoning = (blocks: readonly ReasoningBlock[], hasCalls: boolean, writing: Writing): JsonObject => {
  const member = writing.target.dialect.reasoningMember;
  if (member === "reasoning_content" || member === "reasoning") return replayed(told(blocks, writing), hasCalls, member, writing);
  if (member === "reasoning_details") {
    const details = told(blocks, writing).flatMap(writeDetails);
    return details.length === 0 ? {} : { reasoning_details: details };
  }
  if (member === undefined) for (const block of blocks) loseThought(block, writing);
  return {};
};

/** One loss for each, whether it was somebody else's or has no place. */
const loseThought = ({ at, text, opaques = [] }: ReasoningBlock, writing: Writing): void => {
  if (writing.taken(opaques, at).length === opaques.length && text !== "") writing.lose(at, "unsupported");
};

/** With those values only that the vendor made. */
const told = (blocks: readonly ReasoningBlock[], writing: Writing): ReasoningBlock[] =>
  blocks.map(({ opaques, ...block }) => {
    const taken = writing.taken(opaques, block.at);
    return taken.length === 0 ? block : { ...block, opaques: taken };
  });

/** Mistral's form: thinking is a part of the content. */
const thinkingParts = (blocks: readonly ReasoningBlock[], writing: Writing): JsonObject[] =>
  told(blocks, writing).map((block) => {
    const { text, opaques = [] } = block;
    const signature = opaques.find(({ kind }) => kind === "signature");
    return { ...without(ownExtras(block), new Set([ENTRY])), type: "thinking", thinking: [{ type: "text", text }], ...(signature === undefined ? {} : { signature: signature.value }) };
  });

interface Sorted {
  readonly reasoning: ReasoningBlock[];
  readonly said: Block[];
  readonly calls: ToolCallBlock[];
  readonly members: JsonObject;
}

/** Where each block goes; pictures and sounds of the model's own have members, and others only their maker knows. */
const sort = (blocks: readonly Block[], writing: Writing): Sorted => {
  const sorted: Sorted = { reasoning: [], said: [], calls: [], members: {} };
  const images: JsonObject[] = [];
  for (const block of blocks) {
    if (block.kind === "reasoning") sorted.reasoning.push(block);
    else if (block.kind === "tool-call") sorted.calls.push(block);
    else if (block.kind === "refusal") sorted.members["refusal"] = block.text;
    else if (block.kind === "audio") writeSpoken(block, sorted, writing);
    else if (block.kind === "image" && writing.isOwn) images.push({ type: "image_url", image_url: { url: urlOf(block.source, "image/png") } });
    else if (block.kind === "text" || (block.kind === "foreign" && block.protocol === NAME)) sorted.said.push(block);
    else if (block.kind === "foreign" && block.text !== "") sorted.said.push({ kind: "text", at: block.at, text: block.text });
    else writing.lose(block.at, "unsupported", block.kind === "foreign" ? "minor" : "major");
  }
  if (images.length > 0) sorted.members["images"] = images;
  return sorted;
};

const writeSpoken = (block: Extract<Block, { kind: "audio" }>, sorted: Sorted, writing: Writing): void => {
  if (block.id !== undefined && writing.isOwn) sorted.members["audio"] = { id: block.id };
  else if (block.transcript !== undefined) sorted.said.push({ kind: "text", at: block.at, text: block.transcript });
  else writing.lose(block.at, "foreign", "major");
};

const assistantContent = ({ reasoning, said, calls, members }: Sorted, writing: Writing): Json => {
  const content = contentOf(said, writing, "");
  if (writing.target.dialect.reasoningMember === "thinking-parts" && reasoning.length > 0) {
    const text: JsonObject[] = typeof content === "string" && content !== "" ? [{ type: "text", text: content }] : [];
    return [...thinkingParts(reasoning, writing), ...(Array.isArray(content) ? content : text)];
  }
  return content === "" && (calls.length > 0 || Object.keys(members).length > 0) ? null : content;
};

const writeAssistant = (turn: Turn, writing: Writing): JsonObject[] => {
  const sorted = sort(turn.blocks, writing);
  const { reasoning, said, calls, members } = sorted;
  const signatures = said.flatMap(({ opaques, at }) => writing.taken(opaques, at));
  return [
    {
      role: "assistant",
      content: assistantContent(sorted, writing),
      ...members,
      ...writeReasoning(reasoning, calls.length > 0, writing),
      ...(calls.length === 0 ? {} : { tool_calls: calls.map((block) => writeCall(block, writing)) }),
      ...named(turn),
      ...withSignature(ownExtras(turn), signatures),
    },
  ];
};

const writers: Readonly<Record<Turn["role"], (turn: Turn, writing: Writing) => JsonObject[]>> = {
  system: writeSystem,
  developer: writeSystem,
  user: writeUser,
  assistant: writeAssistant,
};

export const writeTurns = (turns: readonly Turn[], writing: Writing): JsonObject[] => {
  const messages = turns.flatMap((turn) => writers[turn.role](turn, writing));
  const member = writing.target.dialect.prefillMember;
  const last = messages.at(-1);
  const isPrefill = member !== undefined && last?.["role"] === "assistant" && last["tool_calls"] === undefined;
  return isPrefill ? [...messages.slice(0, -1), { ...last, [member]: true }] : messages;
};
