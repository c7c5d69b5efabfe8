// Turns written as Ollama's messages: text in one string, images beside it as bare base64, arguments as objects. Calls have no
// ids: results follow in the order of their calls, with the tool's name.
import { argumentsObject, type Lose, wordsOf } from "../asking.ts";
import type { Block, ToolResultBlock, Turn } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";

/** Text and images of blocks; what is neither is told as lost. */
const contentOf = (blocks: readonly Block[], separator: string, lose: Lose): JsonObject => {
  const texts: string[] = [];
  const images: string[] = [];
  for (const block of blocks) {
    const words = wordsOf(block);
    if (words !== null) texts.push(words);
    else if (block.kind === "image" && block.source.kind === "bytes") images.push(block.source.data);
    else lose(block.at, "unsupported", "major");
  }
  return { content: texts.join(separator), ...(images.length === 0 ? {} : { images }) };
};

const writeResult = ({ name, content }: ToolResultBlock, lose: Lose): JsonObject => ({ role: "tool", ...contentOf(content, "\n", lose), ...(name === "" ? {} : { tool_name: name }) });

const writeUser = ({ blocks }: Turn, lose: Lose): JsonObject[] => {
  const results = blocks.filter((block) => block.kind === "tool-result");
  const others = blocks.filter((block) => block.kind !== "tool-result");
  const messages = results.map((block) => writeResult(block, lose));
  if (others.length > 0 || results.length === 0) messages.push({ role: "user", ...contentOf(others, "\n\n", lose) });
  return messages;
};

const writeAssistant = ({ blocks }: Turn, lose: Lose): JsonObject[] => {
  const calls = blocks.filter((block) => block.kind === "tool-call");
  const thinking = blocks.map((block) => (block.kind === "reasoning" ? block.text : "")).join("");
  const others = blocks.filter(({ kind }) => kind !== "tool-call" && kind !== "reasoning");
  return [
    {
      role: "assistant",
      ...contentOf(others, "", lose),
      ...(thinking === "" ? {} : { thinking }),
      ...(calls.length === 0 ? {} : { tool_calls: calls.map(({ name, arguments: text }) => ({ function: { name, arguments: argumentsObject(text) } })) }),
    },
  ];
};

const writeSystem = ({ blocks }: Turn, lose: Lose): JsonObject[] => [{ role: "system", ...contentOf(blocks, "\n\n", lose) }];

const writers: Readonly<Record<Turn["role"], (turn: Turn, lose: Lose) => JsonObject[]>> = { system: writeSystem, developer: writeSystem, user: writeUser, assistant: writeAssistant };

export const writeMessages = (turns: readonly Turn[], lose: Lose): JsonObject[] => turns.flatMap((turn) => writers[turn.role](turn, lose));
