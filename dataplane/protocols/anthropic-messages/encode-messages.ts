// Turns of a conversation into the system prompt and the messages. Turns of one role that follow each other become one, as
// the API itself reads them, with the results of tools first. Nothing is moved over a turn of another role.
import type { Loss, Turn } from "../ir.ts";
import { isEmpty, type JsonObject } from "../json-members.ts";
import type { Json } from "../../wire/json.ts";
import { contentOf, encodeBlock, type Encoding } from "./encode-blocks.ts";
import { ownOf } from "./members.ts";

interface Message {
  readonly role: "user" | "assistant" | "system";
  readonly content: JsonObject[];
  /** What the client said beside role and content. */
  readonly own: JsonObject;
  readonly at: string;
}

const isSystem = ({ role }: Turn): boolean => role === "system" || role === "developer";
const roleOf = (turn: Turn): Message["role"] => (turn.role === "developer" ? "system" : turn.role);

/** How many turns at the beginning are the system prompt; one that says more than its text is left where it stands. */
const leadingCount = (turns: readonly Turn[]): number => {
  let count = 0;
  for (const turn of turns) {
    if (!isSystem(turn) || !isEmpty(ownOf(turn))) break;
    count += 1;
  }
  return count;
};

const addContent = (content: JsonObject[], { blocks }: Turn, encoding: Encoding): JsonObject[] => {
  for (const block of blocks) {
    const encoded = encodeBlock(block, encoding);
    if (encoded !== null) content.push(encoded);
  }
  return content;
};

const isResult = ({ type }: JsonObject): boolean => type === "tool_result";

const resultsFirst = (content: JsonObject[]): JsonObject[] => {
  if (content.length < 2) return content;
  const first = content.findIndex((block) => !isResult(block));
  if (first === -1 || content.findLastIndex(isResult) < first) return content;
  return [...content.filter(isResult), ...content.filter((block) => !isResult(block))];
};

/** Those that say something, from this turn on. */
const messagesOf = (turns: readonly Turn[], from: number, encoding: Encoding): Message[] => {
  const joined: Message[] = [];
  for (let index = from; index < turns.length; index += 1) {
    const turn = turns[index] as Turn;
    const role = roleOf(turn);
    const own = ownOf(turn);
    const last = joined.at(-1);
    if (last !== undefined && last.role === role && role !== "system" && isEmpty(own)) addContent(last.content, turn, encoding);
    else joined.push({ role, content: addContent([], turn, encoding), own, at: turn.at });
  }
  return joined.some(saysNothing) ? joined.filter((message) => !saysNothing(message)) : joined;
};

const isBlank = ({ type, text }: JsonObject): boolean => type === "text" && String(text).trim() === "";
const isSpoken = ({ text }: JsonObject): boolean => String(text ?? "x").trim() !== "";

/** A text of nothing but white space is refused where it is all that a message says. */
const saysNothing = ({ content, own, role }: Message): boolean => {
  if (role === "system" && !isEmpty(own)) return false;
  return content.every(isBlank);
};

/** What an assistant's turn at the end is gone on from must not end in white space. */
const withTrimmedEnd = (messages: Message[], losses: Loss[]): Message[] => {
  const last = messages.at(-1);
  const block = last?.role === "assistant" ? last.content.at(-1) : undefined;
  const text = block?.["type"] === "text" ? String(block["text"]) : "";
  if (last === undefined || block === undefined || text === text.trimEnd()) return messages;
  losses.push({ path: last.at, reason: "approximated", severity: "minor" });
  const ending = text.trimEnd() === "" ? [] : [{ ...block, text: text.trimEnd() }];
  return [...messages.slice(0, -1), { ...last, content: [...last.content.slice(0, -1), ...ending] }];
};

export interface Prompt {
  /** Null for none. */
  readonly system: Json;
  readonly messages: JsonObject[];
}

export const encodePrompt = (turns: readonly Turn[], encoding: Encoding): Prompt => {
  const count = leadingCount(turns);
  const said: JsonObject[] = [];
  for (let index = 0; index < count; index += 1) addContent(said, turns[index] as Turn, encoding);
  const system = said.every(isSpoken) ? said : said.filter(isSpoken);
  const messages = withTrimmedEnd(messagesOf(turns, count, encoding), encoding.losses).map(written);
  return { system: system.length === 0 ? null : contentOf(system), messages };
};

const written = ({ role, content, own }: Message): JsonObject => {
  const said = contentOf(resultsFirst(content));
  return isEmpty(own) ? { role, content: said } : { role, ...own, content: said };
};

const typeOf = (content: Json | undefined, at: number): Json => {
  const block = Array.isArray(content) ? content[at] : null;
  return block !== null && typeof block === "object" && !Array.isArray(block) ? (block?.["type"] ?? null) : null;
};

/**
 * A tool loop is open and the turn that called lost its thinking: with a budget of thinking the API refuses such a turn.
 */
export const isLoopWithoutThinking = (messages: readonly JsonObject[]): boolean => {
  const [calling, answering] = messages.slice(-2);
  if (answering?.["role"] !== "user" || typeOf(answering["content"], 0) !== "tool_result") return false;
  const first = typeOf(calling?.["content"], 0);
  return calling?.["role"] === "assistant" && first !== "thinking" && first !== "redacted_thinking";
};
