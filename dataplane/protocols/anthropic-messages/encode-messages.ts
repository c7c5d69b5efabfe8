// Turns of a conversation into the system prompt and the messages. Turns of one role that follow each other become one, as
// the API itself reads them, with the results of tools first. Nothing is moved over a turn of another role.
import type { Loss, Turn } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
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
  const count = turns.findIndex((turn) => !isSystem(turn) || Object.keys(ownOf(turn)).length > 0);
  return count === -1 ? turns.length : count;
};

const contentIn = ({ blocks }: Turn, encoding: Encoding): JsonObject[] => {
  const content: JsonObject[] = [];
  for (const block of blocks) content.push(...encodeBlock(block, encoding));
  return content;
};

const messageOf = (turn: Turn, encoding: Encoding): Message => ({ role: roleOf(turn), content: contentIn(turn, encoding), own: ownOf(turn), at: turn.at });

const isResult = ({ type }: JsonObject): boolean => type === "tool_result";

const resultsFirst = (content: readonly JsonObject[]): readonly JsonObject[] => {
  const first = content.findIndex((block) => !isResult(block));
  if (first === -1 || content.findLastIndex(isResult) < first) return content;
  return [...content.filter(isResult), ...content.filter((block) => !isResult(block))];
};

/** Those that say something. */
const messagesOf = (turns: readonly Turn[], encoding: Encoding): Message[] => {
  const joined: Message[] = [];
  for (const turn of turns) {
    const message = messageOf(turn, encoding);
    const last = joined.at(-1);
    if (last !== undefined && last.role === message.role && message.role !== "system" && Object.keys(message.own).length === 0) last.content.push(...message.content);
    else joined.push(message);
  }
  return joined.filter((message) => !saysNothing(message));
};

/** A text of nothing but white space is refused where it is all that a message says. */
const saysNothing = ({ content, own, role }: Message): boolean => {
  if (role === "system" && Object.keys(own).length > 0) return false;
  return content.every((block) => block["type"] === "text" && String(block["text"]).trim() === "");
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
  const system: JsonObject[] = [];
  for (const turn of turns.slice(0, count)) for (const block of contentIn(turn, encoding)) if (String(block["text"] ?? "x").trim() !== "") system.push(block);
  const messages = withTrimmedEnd(messagesOf(turns.slice(count), encoding), encoding.losses).map(({ role, content, own }) => ({ role, ...own, content: contentOf(resultsFirst(content)) }));
  return { system: system.length === 0 ? null : contentOf(system), messages };
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
