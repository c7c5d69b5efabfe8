// What the requests of several protocols have in common where none of them has a form of its own: function tools, texts of
// blocks, the word JSON, and how a vendor's dialect changes the members of a body.
import { isObject, type Json, parseExact } from "../wire/json.ts";
import { writeDataUri } from "./data-uri.ts";
import type { Dialect } from "./dialect.ts";
import type { Block, Conversation, Format, Loss, LossReason, Source, Tool, Turn } from "./ir.ts";
import type { JsonObject } from "./json-members.ts";

/** Tells a loss; minor when nothing else is said. */
export type Lose = (path: string, reason: LossReason, severity?: Loss["severity"]) => void;

export const losing = (): { readonly losses: Loss[]; readonly lose: Lose } => {
  const losses: Loss[] = [];
  return { losses, lose: (path, reason, severity = "minor") => void losses.push({ path: path === "" ? "messages" : path, reason, severity }) };
};

/** Without the members that say nothing. */
export const said = (members: Readonly<Record<string, Json>>): JsonObject => Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null));

type FunctionTool = Extract<Tool, { kind: "function" }>;

/** In the form that OpenAI gave it and others took over. */
export const writeFunctionTool = ({ name, description, schema }: FunctionTool): JsonObject => ({
  type: "function",
  function: { name, ...(description === "" ? {} : { description }), parameters: schema ?? { type: "object", properties: {} } },
});

/** What a schema is about, in the schema itself: for who has no other place for it. */
export const describedSchema = ({ schema, description }: Extract<Format, { kind: "schema" }>): JsonObject => {
  if (description === "") return schema;
  const own = schema["description"];
  return { ...schema, description: typeof own === "string" && own !== "" ? `${description}\n${own}` : description };
};

/** Only functions; others are told as lost. */
export const functionsIn = (tools: readonly Tool[], lose: Lose): FunctionTool[] =>
  tools.flatMap((tool) => {
    if (tool.kind === "function") return [tool];
    lose(tool.at, "unsupported", "major");
    return [];
  });

/** The words of blocks that have some; null for others. */
export const wordsOf = (block: Block): string | null => {
  switch (block.kind) {
    case "text":
    case "refusal":
      return block.text;
    case "file":
      return block.source.kind === "text" ? withHeading(block.title ?? block.name, block.source.text) : null;
    case "audio":
      return block.transcript ?? null;
    case "foreign":
      return block.text === "" ? null : block.text;
    default:
      return null;
  }
};

const withHeading = (heading: string, text: string): string => (heading === "" ? text : `${heading}\n\n${text}`);

/** All words of the blocks; what has none is told as lost. */
export const joinWords = (blocks: readonly Block[], separator: string, lose: Lose): string =>
  blocks
    .flatMap((block) => {
      const words = wordsOf(block);
      if (words === null) lose(block.at, "unsupported", "major");
      return words ?? [];
    })
    .join(separator);

/** An address, or the bytes as one; null for what neither is. */
export const urlOf = (source: Source, mediaType: string): string | null => {
  if (source.kind === "url") return source.url;
  return source.kind === "bytes" ? writeDataUri(source.mediaType || mediaType, source.data) : null;
};

/** A number that is kept as it was written is an object in between. */
const isKeptNumber = (value: JsonObject): boolean => typeof value["rawJSON"] === "string" && Object.getPrototypeOf(value) === null;

/** Arguments where an object must stand; its numbers as they were written. */
export const argumentsObject = (text: string): JsonObject => {
  const value = parseExact(text === "" ? "{}" : text);
  return isObject(value) && !isKeptNumber(value) ? value : { _raw: text };
};

const JSON_WORD = /json/i;
const JSON_PLEASE = "Answer with one JSON object and nothing else.";

const speaksOfJson = ({ blocks }: Turn): boolean => blocks.some((block) => block.kind === "text" && JSON_WORD.test(block.text));

/** Models that are made to write JSON and are not told so write white space without end, or are refused at once. */
export const withJsonWord = (conversation: Conversation): Conversation => {
  const { format, turns } = conversation;
  if (format?.kind !== "json" || turns.some(speaksOfJson)) return conversation;
  const first = turns.findIndex(({ role }) => role !== "system" && role !== "developer");
  const told: Turn = { role: "system", at: "", blocks: [{ kind: "text", at: "", text: JSON_PLEASE }] };
  return { ...conversation, turns: turns.toSpliced(first === -1 ? turns.length : first, 0, told) };
};

/** `major`: members that the meaning of the answer hangs on. */
export const inDialect = (body: JsonObject, { refuses = [], renames = {}, adds = {} }: Dialect, major: ReadonlySet<string>, lose: Lose): JsonObject => {
  const kept: JsonObject = { ...adds };
  for (const [key, value] of Object.entries(body)) {
    if (refuses.includes(key)) lose(key, "unsupported", major.has(key) ? "major" : "minor");
    else kept[Object.hasOwn(renames, key) ? (renames[key] ?? key) : key] = value;
  }
  return kept;
};
