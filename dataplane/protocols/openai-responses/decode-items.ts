// Items of a request's input as turns. What the assistant did without a pause (reasoning, messages, calls) is one turn, and so
// are the outputs that follow each other; every other message is a turn of its own. The order of the items is kept.
import type { Json } from "../../wire/json.ts";
import type { Block, ForeignBlock, Opaque, ReasoningBlock, ToolCallBlock, ToolResultBlock, Turn } from "../ir.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import type { MemberReader } from "../openai-members.ts";
import { decodePart } from "./decode-parts.ts";
import { isOurs } from "./item-id.ts";
import { argumentsOf, asExtras, PROTOCOL, restOf } from "./members.ts";
import { qualify } from "./namespaces.ts";
import { deliver, unseal } from "./sealed.ts";

type Role = Turn["role"];

const roles: ReadonlySet<string> = new Set(["system", "developer", "user", "assistant"]);
const messageMembers: ReadonlySet<string> = new Set(["type", "role", "content"]);
const reasoningMembers: ReadonlySet<string> = new Set(["type", "summary", "content", "encrypted_content"]);
const callMembers: ReadonlySet<string> = new Set(["type", "call_id", "name", "arguments"]);
const customMembers: ReadonlySet<string> = new Set(["type", "call_id", "name", "input"]);
const outputMembers: ReadonlySet<string> = new Set(["type", "call_id", "name", "output"]);
const idMember: ReadonlySet<string> = new Set(["id"]);

/** What is left of an item beside `known`; an id that was made here is nobody's. */
const leftOf = (item: JsonObject, known: ReadonlySet<string>): JsonObject | undefined => {
  const rest = restOf(item, known);
  return rest !== undefined && isOurs(stringOf(rest["id"])) ? restOf(rest, idMember) : rest;
};

const decodeContent = (content: Json | undefined, at: string): Block[] => {
  if (typeof content === "string") return [{ kind: "text", at, text: content }];
  return objectsIn(content).map((part, index) => decodePart(part, `${at}.content[${index}]`));
};

/** The first block of a message begins it: what the message says of itself, or that another ended right before it. */
const decodeMessage = (item: JsonObject, at: string, isAfterMessage: boolean): Block[] => {
  const blocks = decodeContent(item["content"], at);
  const about = leftOf(item, messageMembers);
  const [first] = blocks;
  if (first === undefined || (about === undefined && !isAfterMessage)) return blocks;
  return [{ ...first, extras: { ...first.extras, [PROTOCOL]: { ...first.extras?.[PROTOCOL], message: about ?? {} } } }, ...blocks.slice(1)];
};

const textsIn = (value: Json | undefined): string[] => objectsIn(value).map((part) => stringOf(part["text"]));

/** One block for each part; the last has the sealed value, the first what the item says of itself. */
export const decodeReasoning = (item: JsonObject, at: string, about: JsonObject, opaques: readonly Opaque[]): ReasoningBlock[] => {
  const parts = [
    ...textsIn(item["summary"]).map((text, index) => ({ text, isSummary: true, at: `${at}.summary[${index}]` })),
    ...textsIn(item["content"]).map((text, index) => ({ text, isSummary: false, at: `${at}.content[${index}]` })),
  ];
  if (parts.length === 0) parts.push({ text: "", isSummary: true, at });
  return parts.map((part, index) => ({
    kind: "reasoning",
    ...part,
    ...(index === parts.length - 1 && opaques.length > 0 ? { opaques } : {}),
    ...(index === 0 ? asExtras(about) : {}),
  }));
};

const decodeCall = (item: JsonObject, at: string): ToolCallBlock => ({
  kind: "tool-call",
  at,
  id: stringOf(item["call_id"]),
  name: qualify(item),
  arguments: argumentsOf(item["arguments"]),
  ...asExtras(leftOf(item, callMembers)),
});

const decodeCustomCall = (item: JsonObject, at: string): ToolCallBlock => ({
  kind: "tool-call",
  at,
  id: stringOf(item["call_id"]),
  name: qualify(item),
  arguments: stringOf(item["input"]),
  isCustom: true,
  ...asExtras(leftOf(item, customMembers)),
});

const decodeOutput = (item: JsonObject, at: string, isCustom: boolean): ToolResultBlock => {
  const { output } = item;
  const content = Array.isArray(output)
    ? objectsIn(output).map((part, index) => decodePart(part, `${at}.output[${index}]`))
    : [{ kind: "text" as const, at: `${at}.output`, text: argumentsOf(output) }];
  return {
    kind: "tool-result",
    at,
    id: stringOf(item["call_id"]),
    name: stringOf(item["name"]),
    content,
    isError: false,
    ...(isCustom ? { isCustom } : {}),
    ...asExtras(leftOf(item, outputMembers)),
  };
};

/** They stand for what was said elsewhere. */
const needed: ReadonlySet<string> = new Set(["item_reference", "compaction"]);

/** Its text is what a hosted tool answered in words, where it did. */
export const foreignItem = (item: JsonObject, at: string): ForeignBlock => {
  const type = stringOf(item["type"]);
  const text = type === "mcp_call" ? stringOf(item["output"]) : "";
  return { kind: "foreign", at, protocol: PROTOCOL, type, value: item, text, ...(needed.has(type) ? { isNeeded: true } : {}) };
};

/** One that was told by another protocol's provider is an image again. */
const decodeMadeImage = (item: JsonObject, at: string): Block => {
  const data = stringOf(item["result"]);
  if (data === "" || !isOurs(stringOf(item["id"]))) return foreignItem(item, at);
  const format = stringOf(item["output_format"]);
  return { kind: "image", at, source: { kind: "bytes", data, mediaType: `image/${format === "" ? "png" : format}` } };
};

/** Written by the client, not by the model. */
const ANSWERED = /_(?:output|response)$/;
const isClients = (type: string): boolean => ANSWERED.test(type) || needed.has(type);

interface Decoded {
  readonly role: Role;
  readonly blocks: readonly Block[];
}

const joined = (role: Role, ...blocks: readonly Block[]): Decoded => ({ role, blocks });

const kinds: Readonly<Record<string, (item: JsonObject, at: string) => Decoded>> = {
  reasoning: (item, at) => joined("assistant", ...decodeReasoning(item, at, leftOf(item, reasoningMembers) ?? {}, unseal(stringOf(item["encrypted_content"])))),
  function_call: (item, at) => joined("assistant", decodeCall(item, at)),
  custom_tool_call: (item, at) => joined("assistant", decodeCustomCall(item, at)),
  function_call_output: (item, at) => joined("user", decodeOutput(item, at, false)),
  custom_tool_call_output: (item, at) => joined("user", decodeOutput(item, at, true)),
  image_generation_call: (item, at) => joined("assistant", decodeMadeImage(item, at)),
};

const PLAIN = "message";

/** Null when it is none of those that this protocol knows by its role. */
const roleOf = (item: JsonObject): Role | null => {
  const role = stringOf(item["role"]);
  return roles.has(role) ? (role as Role) : null;
};

export class TurnReader {
  readonly turns: Turn[] = [];
  readonly #reader: MemberReader;
  /** Of the turn that may still grow. */
  #blocks: Block[] | null = null;
  #isAfterMessage = false;

  constructor(reader: MemberReader) {
    this.#reader = reader;
  }

  read(item: JsonObject, at: string): void {
    const type = stringOf(item["type"]);
    if (type === PLAIN || (type === "" && item["role"] !== undefined)) return this.#message(item, at);
    const decode = Object.hasOwn(kinds, type) ? kinds[type] : undefined;
    if (decode !== undefined) return this.#add(decode(item, at), at);
    if (type === "") return this.#reader.complain(at, `"${at}" must have a "type", or a "role" and "content" for a message.`);
    this.#add(joined(isClients(type) ? "user" : "assistant", foreignItem(item, at)), at);
  }

  /** The turns, with what carriers brought given back. */
  end(): Turn[] {
    return this.turns.map((turn) => (turn.role === "assistant" ? { ...turn, blocks: deliver(turn.blocks) } : turn));
  }

  #message(item: JsonObject, at: string): void {
    const role = roleOf(item);
    if (role === null) return this.#reader.complain(`${at}.role`, `"${at}.role" must be user, assistant, system or developer.`);
    if (typeof item["content"] !== "string" && !Array.isArray(item["content"])) {
      return this.#reader.complain(`${at}.content`, `"${at}.content" must be a string or a list of parts.`);
    }
    if (role !== "assistant") {
      const extras = asExtras(leftOf(item, messageMembers));
      this.#blocks = null;
      this.turns.push({ role, at, blocks: decodeContent(item["content"], at), ...extras });
      return;
    }
    const isAfterMessage = this.turns.at(-1)?.role === "assistant" && this.#isAfterMessage;
    this.#add(joined("assistant", ...decodeMessage(item, at, isAfterMessage)), at);
    this.#isAfterMessage = true;
  }

  #add({ role, blocks }: Decoded, at: string): void {
    const last = this.turns.at(-1);
    if (this.#blocks !== null && last?.role === role) this.#blocks.push(...blocks);
    else {
      this.#blocks = [...blocks];
      this.turns.push({ role, at, blocks: this.#blocks });
    }
    this.#isAfterMessage = false;
  }
}
