// Turns of a conversation into the system prompt and the messages. Turns of one role that follow each other become one, for
// the API refuses two. What it demands of a message is put in: a text beside a document. Nothing is moved over another turn.
import type { Loss, Turn } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { encodeBlock, type Encoding, isPoint } from "./encode-blocks.ts";
import { ownOf } from "./members.ts";

interface Message {
  readonly role: "user" | "assistant" | "system";
  readonly content: JsonObject[];
  /** What the client said beside role and content. */
  readonly own: JsonObject;
  readonly at: string;
}

const SYSTEM_MEMBER = "system";
const WORDS_BESIDE_DOCUMENTS = "The document is attached.";

const isSystem = ({ role }: Turn): boolean => role === "system" || role === "developer";
const roleOf = (turn: Turn): Message["role"] => (turn.role === "developer" ? "system" : turn.role);

/** How many turns at the beginning are the system prompt; of this protocol's own clients only what they called so. */
const leadingCount = (turns: readonly Turn[], isOwn: boolean): number => {
  const count = turns.findIndex((turn) => !isSystem(turn) || (isOwn && turn.at !== SYSTEM_MEMBER));
  return count === -1 ? turns.length : count;
};

const contentOf = (turn: Turn, encoding: Encoding): JsonObject[] => turn.blocks.flatMap((block) => encodeBlock(block, encoding));

const inSystem: ReadonlySet<string> = new Set(["text", "guardContent", "cachePoint"]);

const systemOf = (turns: readonly Turn[], encoding: Encoding): JsonObject[] => turns.flatMap((turn) => contentOf(turn, encoding)).filter((part) => Object.keys(part).some((key) => inSystem.has(key)));

const merged = (messages: readonly Message[]): Message[] => {
  const joined: Message[] = [];
  for (const message of messages) {
    const last = joined.at(-1);
    if (last !== undefined && last.role === message.role && message.role !== "system" && Object.keys(message.own).length === 0) last.content.push(...message.content);
    else joined.push({ ...message, content: [...message.content] });
  }
  return joined;
};

const saysNothing = ({ content }: Message): boolean => content.every(isPoint);

const isText = (part: JsonObject): boolean => part["text"] !== undefined || part["guardContent"] !== undefined || part["citationsContent"] !== undefined;

const withWords = (content: readonly JsonObject[]): readonly JsonObject[] => (content.some((part) => part["document"] !== undefined) && !content.some(isText) ? [{ text: WORDS_BESIDE_DOCUMENTS }, ...content] : content);

/** What an assistant's turn at the end is gone on from must not end in white space. */
const withTrimmedEnd = (messages: Message[], losses: Loss[]): Message[] => {
  const last = messages.at(-1);
  const part = last?.role === "assistant" ? last.content.at(-1) : undefined;
  const text = typeof part?.["text"] === "string" ? part["text"] : "";
  if (last === undefined || part === undefined || text === text.trimEnd()) return messages;
  losses.push({ path: last.at, reason: "approximated", severity: "minor" });
  return [...messages.slice(0, -1), { ...last, content: [...last.content.slice(0, -1), { ...part, text: text.trimEnd() }] }];
};

export interface Prompt {
  readonly system: JsonObject[];
  readonly messages: JsonObject[];
}

export const encodePrompt = (turns: readonly Turn[], encoding: Encoding): Prompt => {
  const count = leadingCount(turns, encoding.isOwn);
  const system = systemOf(turns.slice(0, count), encoding);
  const said = turns.slice(count).map((turn): Message => ({ role: roleOf(turn), content: contentOf(turn, encoding), own: ownOf(turn), at: turn.at }));
  const messages = withTrimmedEnd(merged(said).filter((message) => !saysNothing(message)), encoding.losses);
  return { system, messages: messages.map(({ role, content, own }) => ({ role, ...own, content: [...withWords(content)] })) };
};

const partsOf = (message: JsonObject | undefined): JsonObject[] => (Array.isArray(message?.["content"]) ? (message["content"] as JsonObject[]) : []);

/** Names of the tools that the history tells of, each once. */
export const toolsIn = (messages: readonly JsonObject[]): string[] => [
  ...new Set(messages.flatMap((message) => partsOf(message).map(({ toolUse }) => (typeof toolUse === "object" && toolUse !== null && !Array.isArray(toolUse) ? String(toolUse["name"] ?? "") : "")))),
].filter((name) => name !== "");

/**
 * A tool loop is open and the turn that called lost its thinking: with a budget of thinking the model refuses such a turn.
 */
export const isLoopWithoutThinking = (messages: readonly JsonObject[]): boolean => {
  const [calling, answering] = messages.slice(-2);
  if (answering?.["role"] !== "user" || !partsOf(answering).some(({ toolResult }) => toolResult !== undefined)) return false;
  return calling?.["role"] === "assistant" && partsOf(calling)[0]?.["reasoningContent"] === undefined;
};
