// Cohere's side of a chat, as its documentation has it (v2, seen 2026-11). What it has no word for is told as a loss.
import type { Block, Citation, Logprob, Usage } from "../../../dataplane/protocols/ir.ts";
import { functionCall, halves, piecesOf, told, type SaidChoice, type Writer } from "./server-writing.ts";

const usageOf = ({ inputTokens, outputTokens, cachedInputTokens }: Usage): object => {
  const tokens = { input_tokens: told(inputTokens), output_tokens: told(outputTokens) };
  return { billed_units: tokens, tokens, cached_tokens: told(cachedInputTokens) };
};

/** One each: the probability of the tokens of one piece of text. */
const logprobsOf = (logprobs: readonly Logprob[]): object[] => logprobs.map(({ token, logprob }) => ({ text: token, token_ids: [1], logprobs: [logprob] }));

const sourceOf = ({ url, title, citedText }: Citation): object => ({ type: "document", id: title, document: { id: title, title, snippet: citedText, ...(url === "" ? {} : { url }) } });

const citationOf = (citation: Citation, text: string, content: number): object => {
  const { start, end } = citation.start < 0 ? { start: 0, end: text.length } : citation;
  return { start, end, text: text.slice(start, end), sources: [sourceOf(citation)], content_index: content, type: "TEXT_CONTENT" };
};

const citationsOf = (block: Block, content: number): object[] => (block.kind === "text" ? (block.citations ?? []).map((citation) => citationOf(citation, block.text, content)) : []);

const contentsOf = ({ blocks }: SaidChoice): Block[] => blocks.filter(({ kind }) => kind === "text" || kind === "reasoning");

const contentOf = (block: Block): object[] => (block.kind === "text" ? [{ type: "text", text: block.text }] : block.kind === "reasoning" ? [{ type: "thinking", thinking: block.text }] : []);

const textEvents = (block: Block, index: number): object[] => {
  const [member, type] = block.kind === "reasoning" ? ["thinking", "thinking"] : ["text", "text"];
  const text = block.kind === "text" || block.kind === "reasoning" ? block.text : "";
  const pieces = piecesOf(text, block.kind === "text" ? (block.logprobs ?? []) : []).map((piece) => {
    const [logprobs] = logprobsOf(piece.logprobs);
    return { type: "content-delta", index, delta: { message: { content: { [member]: piece.text } } }, ...(logprobs === undefined ? {} : { logprobs }) };
  });
  const citations = citationsOf(block, index).flatMap((citation, at) => [{ type: "citation-start", index: at, delta: { message: { citations: citation } } }, { type: "citation-end", index: at }]);
  return [{ type: "content-start", index, delta: { message: { content: { type, [member]: "" } } } }, ...pieces, ...citations, { type: "content-end", index }];
};

const eventsOf = (block: Block, index: number): object[] => {
  if (block.kind !== "tool-call") return textEvents(block, index);
  const begin = { id: block.id, type: "function", function: { name: block.name, arguments: "" } };
  const pieces = halves(block.arguments === "" ? "{}" : block.arguments).map((piece) => ({ type: "tool-call-delta", index, delta: { message: { tool_calls: { function: { arguments: piece } } } } }));
  return [{ type: "tool-call-start", index, delta: { message: { tool_calls: begin } } }, ...pieces, { type: "tool-call-end", index }];
};

export const cohereWriter: Writer = {
  finishes: { stop: "COMPLETE", "stop-sequence": "STOP_SEQUENCE", length: "MAX_TOKENS", "tool-calls": "TOOL_CALL" },
  choicesMax: 1,
  isSayable: (block) => block.kind === "text" || (block.kind === "reasoning" && block.text !== "") || (block.kind === "tool-call" && block.isCustom !== true),
  whole({ id, choices: [choice], usage }) {
    if (choice === undefined) return "{}";
    const { blocks, calls, finish, logprobs } = choice;
    const citations = contentsOf(choice).flatMap(citationsOf);
    const message = { role: "assistant", content: blocks.flatMap(contentOf), ...(calls.length === 0 ? {} : { tool_calls: calls.map(functionCall) }), ...(citations.length === 0 ? {} : { citations }) };
    return JSON.stringify({ id, finish_reason: finish, message, usage: usageOf(usage), ...(logprobs.length === 0 ? {} : { logprobs: logprobsOf(logprobs) }) });
  },
  stream({ id, choices: [choice], usage }) {
    const events = [
      { type: "message-start", id, delta: { message: { role: "assistant", content: [], tool_plan: "", tool_calls: [], citations: [] } } },
      ...(choice?.blocks ?? []).flatMap(eventsOf),
      { type: "message-end", id, delta: { finish_reason: choice?.finish, usage: usageOf(usage) } },
    ] as { type: string }[];
    return `${events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("")}data: [DONE]\n\n`;
  },
};
