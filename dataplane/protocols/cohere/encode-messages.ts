// Turns written as Cohere's messages. Results of tools are messages of their own; what the model said before it called is its
// plan; texts that are to be cited stand beside the messages, as documents.
import type { Json } from "../../wire/json.ts";
import { joinWords, type Lose, urlOf, wordsOf } from "../asking.ts";
import type { Block, FileBlock, ImageBlock, ToolCallBlock, ToolResultBlock, Turn } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";

export interface Writing {
  readonly lose: Lose;
  /** The model takes its thinking back. */
  readonly isThinking: boolean;
  /** Documents are taken beside neither tools nor a form of the answer. */
  readonly mayCite: boolean;
  readonly documents: JsonObject[];
}

const writeSystem = ({ blocks }: Turn, { lose }: Writing): JsonObject[] => [{ role: "system", content: joinWords(blocks, "\n\n", lose) }];

const writeResult = ({ id, content }: ToolResultBlock, { lose }: Writing): JsonObject => ({ role: "tool", tool_call_id: id, content: joinWords(content, "\n", lose) });

const writeImage = ({ source, detail, at }: ImageBlock, { lose }: Writing): JsonObject[] => {
  const url = urlOf(source, "image/png");
  if (url === null) lose(at, "foreign", "major");
  return url === null ? [] : [{ type: "image_url", image_url: { url, ...(detail === undefined ? {} : { detail }) } }];
};

const isCitedText = (block: Block): block is FileBlock & { readonly source: { readonly kind: "text" } } => block.kind === "file" && block.source.kind === "text" && block.isCited === true;

const addDocument = (block: FileBlock, text: string, { documents }: Writing): void => {
  const title = block.title ?? block.name;
  documents.push({ id: `document_${documents.length}`, data: { ...(title === "" ? {} : { title }), text } });
};

const writePart = (block: Block, writing: Writing): JsonObject[] => {
  if (block.kind === "image") return writeImage(block, writing);
  const text = wordsOf(block);
  if (text === null) writing.lose(block.at, "unsupported", "major");
  else if (isCitedText(block)) writing.lose(block.at, "approximated");
  return text === null ? [] : [{ type: "text", text }];
};

/** One text is said as such. */
const contentOf = (parts: readonly JsonObject[]): Json => {
  const [first] = parts;
  if (first === undefined) return "";
  return parts.length === 1 && typeof first["text"] === "string" ? first["text"] : [...parts];
};

const writeUser = ({ blocks }: Turn, writing: Writing): JsonObject[] => {
  const messages: JsonObject[] = [];
  const parts: JsonObject[] = [];
  for (const block of blocks) {
    if (block.kind === "tool-result") messages.push(writeResult(block, writing));
    else if (isCitedText(block) && writing.mayCite) addDocument(block, block.source.text, writing);
    else parts.push(...writePart(block, writing));
  }
  if (parts.length > 0 || messages.length === 0) messages.push({ role: "user", content: contentOf(parts) });
  return messages;
};

const writeCall = ({ id, name, arguments: text }: ToolCallBlock): JsonObject => ({ id, type: "function", function: { name, arguments: text === "" ? "{}" : text } });

const thinkingOf = (blocks: readonly Block[], { isThinking, lose }: Writing): JsonObject[] =>
  blocks.flatMap((block) => {
    if (block.kind !== "reasoning" || block.text === "") return [];
    if (!isThinking) lose(block.at, "unsupported");
    return isThinking ? [{ type: "thinking", thinking: block.text }] : [];
  });

const writeAssistant = ({ blocks }: Turn, writing: Writing): JsonObject[] => {
  const calls = blocks.filter((block) => block.kind === "tool-call");
  const words = joinWords(blocks.filter(({ kind }) => kind !== "tool-call" && kind !== "reasoning"), "", writing.lose);
  const thinking = thinkingOf(blocks, writing);
  if (calls.length === 0) return [{ role: "assistant", content: thinking.length === 0 ? words : [...thinking, { type: "text", text: words }] }];
  return [
    {
      role: "assistant",
      ...(thinking.length === 0 ? {} : { content: thinking }),
      ...(words === "" ? {} : { tool_plan: words }),
      tool_calls: calls.map(writeCall),
    },
  ];
};

const writers: Readonly<Record<Turn["role"], (turn: Turn, writing: Writing) => JsonObject[]>> = { system: writeSystem, developer: writeSystem, user: writeUser, assistant: writeAssistant };

export const writeMessages = (turns: readonly Turn[], writing: Writing): JsonObject[] => turns.flatMap((turn) => writers[turn.role](turn, writing));
