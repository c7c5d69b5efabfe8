// DashScope's side of a native generation, as its documentation has it (seen 2026-11): each event has all choices, and pages
// that were found stand beside them. What it has no word for is told as a loss.
import type { Block, Usage } from "../../../dataplane/protocols/ir.ts";
import { functionCall, halves, piecesOf, told, writtenLogprobs, type Said, type SaidChoice, type Writer } from "./server-writing.ts";

const usageOf = ({ inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens, reasoningTokens, audioInputTokens, audioOutputTokens }: Usage): object => ({
  input_tokens: told(inputTokens),
  output_tokens: told(outputTokens),
  total_tokens: inputTokens + outputTokens,
  prompt_tokens_details: { cached_tokens: told(cachedInputTokens), cache_creation_input_tokens: told(cacheWriteTokens) },
  input_tokens_details: { audio_tokens: told(audioInputTokens) },
  output_tokens_details: { reasoning_tokens: told(reasoningTokens), audio_tokens: told(audioOutputTokens) },
});

const logprobsOf = ({ logprobs }: Pick<SaidChoice, "logprobs">): object => (logprobs.length === 0 ? {} : { logprobs: { content: writtenLogprobs(logprobs) } });

const searchOf = ({ choices }: Said): object => {
  const results = choices.flatMap(({ citations }) => citations.map(({ url, title }, index) => ({ index: index + 1, url, title, site_name: title, icon: "" })));
  return results.length === 0 ? {} : { search_info: { search_results: results } };
};

const documentOf = (said: Said, choices: readonly object[]): string => JSON.stringify({ output: { choices, ...searchOf(said) }, usage: usageOf(said.usage), request_id: said.id });

/** Pictures stand in parts, beside parts of text. */
const contentOf = ({ text, images }: Pick<SaidChoice, "text" | "images">): unknown =>
  images.length === 0 ? text : [...(text === "" ? [] : [{ text }]), ...images.map((data) => ({ image: `data:image/png;base64,${data}` }))];

const wholeChoice = (choice: SaidChoice): object => {
  const { index, thinking, calls, finish } = choice;
  const message = { role: "assistant", content: contentOf(choice), ...(thinking === "" ? {} : { reasoning_content: thinking }), ...(calls.length === 0 ? {} : { tool_calls: calls.map((call, at) => ({ index: at, ...functionCall(call) })) }) };
  return { index, message, finish_reason: finish, ...logprobsOf(choice) };
};

const piecesIn = (choice: SaidChoice): object[] => {
  const { index, text, thinking, calls, images, logprobs, finish } = choice;
  const messages: { message: object; more?: object }[] = [
    ...halves(thinking).map((piece) => ({ message: { content: "", reasoning_content: piece } })),
    ...piecesOf(text, logprobs).map((piece) => ({ message: { content: piece.text }, more: logprobsOf(piece) })),
    ...(images.length === 0 ? [] : [{ message: { content: contentOf({ text: "", images }) } }]),
    ...calls.map((call, at) => ({ message: { content: "", tool_calls: [{ index: at, ...functionCall(call) }] } })),
  ];
  const pieces = messages.map(({ message, more }) => ({ index, message: { role: "assistant", ...message }, finish_reason: "null", ...more }));
  return [...pieces, { index, message: { role: "assistant", content: "" }, finish_reason: finish }];
};

/** It tells pages and not places in a text, and only of what is at an address. */
const isPlaced = (block: Block): boolean => block.kind === "text" && (block.citations ?? []).some(({ url, start }) => url === "" || start >= 0);

export const dashscopeWriter: Writer = {
  finishes: { stop: "stop", length: "length", "tool-calls": "tool_calls", filter: "content_filter" },
  choicesMax: 4,
  isSayable: (block) => (block.kind === "text" && !isPlaced(block)) || (block.kind === "reasoning" && block.text !== "") || block.kind === "image" || (block.kind === "tool-call" && block.isCustom !== true),
  whole: (said) => documentOf(said, said.choices.map(wholeChoice)),
  stream(said) {
    const documents = said.choices.flatMap(piecesIn).map((choice) => documentOf(said, [choice]));
    return documents.map((document, index) => `id:${index + 1}\nevent:result\n:HTTP_STATUS/200\ndata:${document}\n\n`).join("");
  },
};
