// Tools at all, and tools that a provider runs itself: another provider does not have them, but for searching the web.
// History of tools goes as text to a target that knows no tools.
import type { Conversation, ToolCallBlock, ToolResultBlock } from "../ir.ts";
import { mapBlocks, mapSame, textBlock } from "./blocks.ts";
import type { Concern, Fitting } from "./fitting.ts";

const withoutHosted = (conversation: Conversation, fitting: Fitting): Conversation => {
  const tools = mapSame(conversation.tools, (tool) => {
    if (tool.kind !== "hosted" || tool.protocol === fitting.protocol) return tool;
    const isMapped = tool.purpose === "web-search" && fitting.abilities.hasHostedWebSearch;
    fitting.lose(tool.at, isMapped ? "approximated" : "unsupported", isMapped ? "minor" : "major");
    return isMapped ? tool : null;
  });
  return tools === conversation.tools ? conversation : { ...conversation, tools };
};

const callText = ({ name, arguments: text }: ToolCallBlock): string => `[Called the tool ${name} with ${text === "" ? "{}" : text}]`;

const resultText = ({ content, isError }: ToolResultBlock): string => {
  const text = content.map((block) => (block.kind === "text" ? block.text : "")).join("\n");
  return `[${isError ? "The tool failed" : "Result of the tool"}]\n${text}`;
};

const withoutAny = (conversation: Conversation, fitting: Fitting): Conversation => {
  for (const tool of conversation.tools) fitting.lose(tool.at, "unsupported", "major");
  const fitted = mapBlocks(conversation, (block) => {
    if (block.kind !== "tool-call" && block.kind !== "tool-result") return block;
    fitting.lose(block.at, "approximated", "minor");
    if (block.kind === "tool-call") return textBlock(callText(block), block.at);
    return [textBlock(resultText(block), block.at), ...block.content.filter(({ kind }) => kind !== "text")];
  });
  const { tools, toolChoice, isParallel } = conversation;
  return tools.length === 0 && toolChoice === null && isParallel === null ? fitted : { ...fitted, tools: [], toolChoice: null, isParallel: null };
};

export const fitHostedTools: Concern = (conversation, fitting) => (fitting.abilities.hasTools ? withoutHosted(conversation, fitting) : withoutAny(conversation, fitting));
