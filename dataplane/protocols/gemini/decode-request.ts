// A request of a client that speaks Gemini's protocol, into a conversation. It refuses only what cannot be understood: the
// provider judges the rest. The model and whether a stream is asked for stand in the path, how it is framed in the query.
// Token counting takes the same requests, alone or wrapped.
import type { Asked, Invalid } from "../codec.ts";
import type { Block, Conversation, Extras, Turn } from "../ir.ts";
import { type JsonObject, stringOf } from "../json-members.ts";
import { type Json, parseExact } from "../../wire/json.ts";
import { decodeGeneration } from "./decode-generation.ts";
import { decodePart } from "./decode-parts.ts";
import { decodeTools, decodeToolChoice } from "./decode-tools.ts";
import { JoinedBlocks } from "./joined-blocks.ts";
import { camel, extrasOf, invalid, isMembers, isProblem, listOf, lookUp, membersOf, NAME, ownOf, restOf } from "./members.ts";

const known: ReadonlySet<string> = new Set(["model", "contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "serviceTier"]);

/** Old clients call the turn of functions' results so. */
const roles: Readonly<Record<string, Turn["role"]>> = { "": "user", user: "user", model: "assistant", assistant: "assistant", function: "user", tool: "user", system: "system" };

/** The query's parameter that frames a stream; kept under its own name and never sent. */
export const ALT = "alt";
export const SSE = "sse";
const EVENT_STREAM = /(?:^|[?&])\$?alt=sse(?:&|$)/;

interface Content {
  readonly role: Turn["role"];
  readonly at: string;
  /** Of each part its block, and before it what its signature carries. */
  readonly parts: readonly (readonly Block[])[];
  readonly extras?: Extras;
}

const knownOfContent: ReadonlySet<string> = new Set(["role", "parts"]);

const decodeParts = (value: Json | undefined, at: string): Block[][] | Invalid => {
  const parts: Block[][] = [];
  for (const [index, part] of listOf(value).entries()) {
    const place = `${at}[${index}]`;
    const decoded = decodePart(part, place);
    if (decoded === null) return invalid(`${place} must be an object with one of "text", "inlineData", "fileData", "functionCall" and "functionResponse".`, place);
    parts.push(decoded);
  }
  return parts;
};

const decodeContent = (value: Json, at: string): Content | Invalid => {
  if (typeof value === "string") return { role: "user", at, parts: [[{ kind: "text", at, text: value }]] };
  if (!isMembers(value)) return invalid(`${at} must be an object with "role" and "parts".`, at);
  const role = lookUp(roles, stringOf(value["role"]).toLowerCase());
  if (role === undefined) return invalid(`${at}.role must be "user" or "model".`, `${at}.role`);
  const parts = decodeParts(value["parts"], `${at}.parts`);
  return Array.isArray(parts) ? { role, at, parts, ...extrasOf(restOf(value, knownOfContent)) } : parts;
};

const decodeSystem = (value: Json | undefined): Turn[] | Invalid => {
  if (value === undefined || value === null) return [];
  const content = decodeContent(value, "systemInstruction");
  if (isProblem(content)) return content;
  const { parts, ...about } = content;
  return parts.length === 0 ? [] : [{ ...about, role: "system", blocks: parts.flat() }];
};

/** What a model said piece by piece is one turn: clients keep each chunk of a stream as a content of its own. */
const addTurn = (turns: Turn[], { parts, ...about }: Content): void => {
  const last = turns.at(-1);
  if (about.role !== "assistant") turns.push({ ...about, blocks: parts.flat() });
  else if (last?.role !== "assistant") turns.push({ ...about, blocks: new JoinedBlocks([]).add(parts) });
  else turns[turns.length - 1] = { ...last, ...extrasOf({ ...ownOf(last), ...ownOf(about) }), blocks: new JoinedBlocks(last.blocks).add(parts) };
};

const decodeTurns = (body: JsonObject): Turn[] | Invalid => {
  if (body["contents"] === undefined) return invalid('contents must be a list of contents, as [{"role":"user","parts":[{"text":"…"}]}].', "contents");
  const turns = decodeSystem(body["systemInstruction"]);
  if (!Array.isArray(turns)) return turns;
  for (const [index, content] of listOf(body["contents"]).entries()) {
    const decoded = decodeContent(content, `contents[${index}]`);
    if (isProblem(decoded)) return decoded;
    addTurn(turns, decoded);
  }
  return turns;
};

const tierOf = ({ serviceTier }: JsonObject): string | null => (typeof serviceTier === "string" && serviceTier !== "" ? serviceTier.toLowerCase().replace(/^service_tier_/, "") : null);

const read = (body: JsonObject, asked: Asked): Conversation | Invalid => {
  const turns = decodeTurns(body);
  if (!Array.isArray(turns)) return turns;
  const tools = decodeTools(body["tools"]);
  if (!Array.isArray(tools)) return tools;
  const generation = decodeGeneration(body["generationConfig"]);
  if (isProblem(generation)) return generation;
  const { rest, ...settings } = generation;
  const choosing = decodeToolChoice(body["toolConfig"]);
  return {
    protocol: NAME,
    model: asked.model,
    isStreaming: asked.isStreaming,
    isUsageWanted: true,
    turns,
    tools,
    toolChoice: choosing.toolChoice,
    isParallel: null,
    ...settings,
    verbosity: null,
    userId: null,
    metadata: null,
    serviceTier: tierOf(body),
    cacheKey: null,
    extras: { [NAME]: { ...restOf(body, known), ...choosing.rest, ...rest, ...(EVENT_STREAM.test(asked.query) ? { [ALT]: SSE } : {}) } },
  };
};

const bodyIn = (bytes: Buffer): JsonObject | null => {
  const value = parseExact(bytes.toString("utf8"));
  if (!isMembers(value)) return null;
  const body = camel(value);
  return body["contents"] === undefined && isMembers(body["generateContentRequest"]) ? membersOf(body["generateContentRequest"]) : body;
};

const TOO_DEEP = invalid("The request body is nested too deeply to be read.", "");

export const decodeRequest = (bytes: Buffer, asked: Asked): Conversation | Invalid => {
  const body = bodyIn(bytes);
  if (body === null) return invalid("The request body must be one JSON object.", "");
  try {
    return read(body, asked);
  } catch (error) {
    // What is nested deeper than the stack goes has no meaning for anybody.
    if (error instanceof RangeError) return TOO_DEEP;
    throw error;
  }
};

/** "?alt=sse", among others. */
export const isEventQuery = (query: string): boolean => EVENT_STREAM.test(query);

/** Of the client's stream: events, or one list that grows. */
export const isEventFramed = ({ extras }: Conversation): boolean => extras[NAME]?.[ALT] === SSE;
