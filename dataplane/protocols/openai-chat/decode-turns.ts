// The messages of a request, read into turns. Calls without ids get some, and the answers to them the same.
// It refuses only roles and shapes that nobody could read.
import { isObject, type Json } from "../../wire/json.ts";
import type { Block, Draft, Opaque, ToolCallBlock, ToolResultBlock, Turn } from "../ir.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import { extrasOf, hasOthers, type MemberReader, without } from "../openai-members.ts";
import { readAnnotations } from "./citations.ts";
import { readContent, readImage } from "./decode-parts.ts";
import { NAME, readOpaques } from "./names.ts";
import { findUnread } from "../unread.ts";
import { readReasoning } from "./reasoning-details.ts";

type ReadTurn = (turns: TurnReader, message: JsonObject, at: string) => Turn;

const plainMembers = new Set(["role", "content", "name"]);
const assistantMembers = new Set([
  "role", "content", "name", "refusal", "tool_calls", "function_call", "audio", "reasoning_content", "reasoning", "reasoning_details", "images", "annotations",
]);
const toolMembers = new Set(["role", "content", "name", "tool_call_id"]);

/** Google's compatible surface keeps a thought's signature here, on messages and on calls. */
export const thoughtSignatureIn = (members: JsonObject): string => {
  const content = members["extra_content"];
  const google = isObject(content) ? content["google"] : undefined;
  return isObject(google) ? stringOf(google["thought_signature"]) : "";
};

const opaquesOf = (members: JsonObject): { readonly opaques?: readonly Opaque[] } => {
  const signature = thoughtSignatureIn(members);
  return signature === "" ? {} : { opaques: readOpaques(signature, "signature") };
};

/** What is left of `extra_content` when the signature has been read. */
const withoutSignature = ({ extra_content: content, ...rest }: JsonObject): JsonObject => {
  if (!isObject(content) || !isObject(content["google"])) return content === undefined ? rest : { ...rest, extra_content: content };
  const google = without(content["google"], new Set(["thought_signature"]));
  const others = without(content, new Set(["google"]));
  const left = Object.keys(google).length === 0 ? others : { ...others, google };
  return Object.keys(left).length === 0 ? rest : { ...rest, extra_content: left };
};

/** As text; some send an object. Throws where that is nested deeper than the stack goes. */
export const argumentsOf = (value: Json | undefined): string => {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : JSON.stringify(value);
};

class TurnReader {
  readonly reader: MemberReader;
  /** Calls that have not been answered, in their order. */
  #open: { readonly id: string; readonly name: string }[] = [];

  constructor(reader: MemberReader) {
    this.reader = reader;
  }

  call(block: ToolCallBlock): ToolCallBlock {
    this.#open.push({ id: block.id, name: block.name });
    return block;
  }

  /** The id that an answer belongs to, where it says none: of the first open call, by its name if it says that. */
  answer(id: string, name: string, at: string): { readonly id: string; readonly name: string } {
    const found = this.#open.findIndex((call) => (id === "" ? name === "" || call.name === name : call.id === id));
    const [call] = found === -1 ? [] : this.#open.splice(found, 1);
    if (id === "" && call === undefined) this.reader.complain(at, `"${at}" answers no call: there is no earlier call of a tool that it could belong to. Give it the "tool_call_id" of one.`);
    return { id: id === "" ? (call?.id ?? "") : id, name: name === "" ? (call?.name ?? "") : name };
  }
}

/** Its place makes it the same each time, so that the provider's cache of the prompt goes on working. */
const idAt = (at: string): string => `call_${at.replace(/\D+/g, "_").replace(/^_|_$/g, "")}`;

const callMembers = new Set(["id", "type", "function", "custom", "index"]);
const calledShape = { name: true, arguments: true, input: true } as const;
const calledMembers = new Set(Object.keys(calledShape));

const readCall = (turns: TurnReader, call: JsonObject, at: string): Block[] => {
  const isCustom = isObject(call["custom"]);
  const called = isCustom ? call["custom"] : call["function"];
  if (!isObject(called)) {
    turns.reader.complain(at, `"${at}" has neither "function" nor "custom".`);
    return [];
  }
  const name = stringOf(called["name"]);
  const id = stringOf(call["id"]) || idAt(at);
  const text = isCustom ? stringOf(called["input"]) : argumentsOf(called["arguments"]);
  const block: Draft<ToolCallBlock> = { kind: "tool-call", at, id, name, arguments: text };
  if (isCustom) block.isCustom = true;
  if (hasOthers(called, calledMembers)) findUnread(called, calledShape, `${at}.${isCustom ? "custom" : "function"}`, turns.reader.unread);
  if (hasOthers(call, callMembers)) Object.assign(block, opaquesOf(call), extrasOf(NAME, withoutSignature(without(call, callMembers))));
  return [turns.call(block)];
};

/** The older way: one call, without an id. */
const readLegacyCall = (turns: TurnReader, call: JsonObject, at: string): Block =>
  turns.call({ kind: "tool-call", at, id: idAt(at), name: stringOf(call["name"]), arguments: argumentsOf(call["arguments"]) });

const callsOf = (turns: TurnReader, message: JsonObject, at: string): Block[] => {
  const calls = turns.reader.objects(message["tool_calls"], `${at}.tool_calls`).flatMap(({ members, at: place }) => readCall(turns, members, place));
  const legacy = message["function_call"];
  return isObject(legacy) && calls.length === 0 ? [readLegacyCall(turns, legacy, `${at}.function_call`)] : calls;
};

const spokenOf = (message: JsonObject, at: string): Block[] => {
  const audio = message["audio"];
  const id = isObject(audio) ? stringOf(audio["id"]) : "";
  return id === "" ? [] : [{ kind: "audio", at: `${at}.audio`, id, source: { kind: "stored", protocol: NAME, id, mediaType: "" }, format: "" }];
};

/** Of the whole message; where it has several texts nobody knows which is meant. */
const cited = (blocks: Block[], annotations: Json | undefined): Block[] => {
  const texts = blocks.filter((block) => block.kind === "text");
  const citations = texts.length === 1 ? readAnnotations(annotations) : [];
  return citations.length === 0 ? blocks : blocks.map((block) => (block.kind === "text" ? { ...block, citations } : block));
};

/** A signature of the whole message signs its first call, or its text, which may be empty. */
const signed = (blocks: Block[], message: JsonObject, at: string): Block[] => {
  const opaques = opaquesOf(message);
  if (opaques.opaques === undefined || blocks.some((block) => block.kind === "tool-call" && block.opaques !== undefined)) return blocks;
  const found = blocks.findIndex(({ kind }) => kind === "tool-call");
  const index = found === -1 ? blocks.findLastIndex(({ kind }) => kind === "text") : found;
  const block = blocks[index];
  return block === undefined ? [...blocks, { kind: "text", at, text: "", ...opaques }] : blocks.with(index, { ...block, ...opaques });
};

const turnOf = (role: Turn["role"], message: JsonObject, at: string, blocks: Block[]): Draft<Turn> => {
  const { name } = message;
  return typeof name === "string" ? { role, at, blocks, name } : { role, at, blocks };
};

/** What an answer has beside its content, before and behind it. */
const readAnswer = (turns: TurnReader, message: JsonObject, at: string, content: Block[]): Block[] => {
  const reasoningText = stringOf(message["reasoning_content"]) || stringOf(message["reasoning"]);
  const refusal = stringOf(message["refusal"]);
  return [
    ...readReasoning(message["reasoning_details"], reasoningText, at),
    ...cited(content, message["annotations"]),
    ...(refusal === "" ? [] : [{ kind: "refusal", at: `${at}.refusal`, text: refusal } as const]),
    ...objectsIn(message["images"]).flatMap((image, index) => readImage(image, `${at}.images[${index}]`) ?? []),
    ...spokenOf(message, at),
    ...callsOf(turns, message, at),
  ];
};

const readAssistant: ReadTurn = (turns, message, at) => {
  const content = readContent(turns.reader, message["content"], `${at}.content`);
  const blocks = hasOthers(message, plainMembers) ? readAnswer(turns, message, at, content) : content;
  if (!hasOthers(message, assistantMembers)) return turnOf("assistant", message, at, blocks);
  return Object.assign(turnOf("assistant", message, at, signed(blocks, message, at)), extrasOf(NAME, withoutSignature(without(message, assistantMembers))));
};

const readResult: ReadTurn = (turns, message, at) => {
  const { id, name } = turns.answer(stringOf(message["tool_call_id"]), stringOf(message["name"]), at);
  const content = readContent(turns.reader, message["content"], `${at}.content`);
  const block: ToolResultBlock = { kind: "tool-result", at, id, name, content, isError: false };
  return { role: "user", at, blocks: [hasOthers(message, toolMembers) ? Object.assign(block, extrasOf(NAME, without(message, toolMembers))) : block] };
};

const readPlain = (role: "system" | "developer" | "user"): ReadTurn => (turns, message, at) => {
  const turn = turnOf(role, message, at, readContent(turns.reader, message["content"], `${at}.content`));
  return hasOthers(message, plainMembers) ? Object.assign(turn, extrasOf(NAME, without(message, plainMembers))) : turn;
};

const readers: Readonly<Record<string, ReadTurn>> = {
  system: readPlain("system"),
  developer: readPlain("developer"),
  user: readPlain("user"),
  assistant: readAssistant,
  tool: readResult,
  function: readResult,
};

/** What says that the last turn is gone on with says what its place says already. */
const prefillMembers = new Set(["prefix", "partial"]);
const withoutPrefill = (turn: Turn): Turn => {
  const own = turn.extras?.[NAME];
  if (own === undefined || turn.role !== "assistant") return turn;
  const { extras: _, ...rest } = turn;
  return { ...rest, ...extrasOf(NAME, without(own, prefillMembers)) };
};

export const readTurns = (reader: MemberReader, messages: Json | undefined): Turn[] => {
  const turns = new TurnReader(reader);
  if (!Array.isArray(messages)) reader.complain("messages", '"messages" must be a list of messages.');
  const read: Turn[] = [];
  for (const { members, at } of reader.objects(messages, "messages")) {
    const role = stringOf(members["role"]);
    const readTurn = Object.hasOwn(readers, role) ? readers[role] : undefined;
    if (readTurn === undefined) reader.complain(`${at}.role`, `"${at}.role" must be "system", "developer", "user", "assistant" or "tool".`);
    else read.push(readTurn(turns, members, at));
  }
  const last = read.pop();
  if (last !== undefined) read.push(withoutPrefill(last));
  return read;
};
