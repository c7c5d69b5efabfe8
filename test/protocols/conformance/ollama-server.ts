// Ollama's side of a chat, as its documentation has it (seen 2026-11): a line each, calls whole and without ids. What it has no
// word for is told as a loss.
import { halves, isJson, piecesOf, told, writtenLogprobs, type Call, type Said, type SaidChoice, type Writer } from "./server-writing.ts";

/** The arguments as the text that they are: a number may be longer than a number of JavaScript's. */
const withArguments = (document: object, calls: readonly Call[]): string =>
  calls.reduce((text, call, index) => text.replace(`"arguments ${index}"`, () => (call.arguments === "" || !isJson(call.arguments) ? "{}" : call.arguments)), JSON.stringify(document));

const callsOf = (calls: readonly Call[]): object => (calls.length === 0 ? {} : { tool_calls: calls.map(({ name }, index) => ({ function: { name, arguments: `arguments ${index}` } })) });
const endOf = ({ usage }: Said, { finish }: SaidChoice): object => ({ done: true, done_reason: finish, total_duration: 1, prompt_eval_count: told(usage.inputTokens), eval_count: told(usage.outputTokens) });
const headOf = ({ model }: Said): object => ({ model, created_at: "2026-06-01T00:00:00Z" });
const logprobsOf = ({ logprobs }: Pick<SaidChoice, "logprobs">): object => (logprobs.length === 0 ? {} : { logprobs: writtenLogprobs(logprobs) });
const imagesOf = ({ images }: SaidChoice): object => (images.length === 0 ? {} : { images });

export const ollamaWriter: Writer = {
  finishes: { stop: "stop", length: "length", "tool-calls": "stop" },
  choicesMax: 1,
  isSayable: (block) =>
    (block.kind === "text" && block.citations === undefined) || (block.kind === "reasoning" && block.text !== "") || block.kind === "image" || (block.kind === "tool-call" && block.isCustom !== true && isJson(block.arguments)),
  whole(said) {
    const [choice] = said.choices;
    if (choice === undefined) return "{}";
    const message = { role: "assistant", content: choice.text, ...(choice.thinking === "" ? {} : { thinking: choice.thinking }), ...imagesOf(choice), ...callsOf(choice.calls) };
    return withArguments({ ...headOf(said), message, ...logprobsOf(choice), ...endOf(said, choice) }, choice.calls);
  },
  stream(said) {
    const [choice] = said.choices;
    if (choice === undefined) return "";
    const messages: { message: object; more?: object }[] = [
      ...halves(choice.thinking).map((piece) => ({ message: { content: "", thinking: piece } })),
      ...piecesOf(choice.text, choice.logprobs).map((piece) => ({ message: { content: piece.text }, more: logprobsOf(piece) })),
      ...(choice.images.length === 0 ? [] : [{ message: { content: "", ...imagesOf(choice) } }]),
      ...(choice.calls.length === 0 ? [] : [{ message: { content: "", ...callsOf(choice.calls) } }]),
    ];
    const lines = [...messages.map(({ message, more }) => ({ ...headOf(said), message: { role: "assistant", ...message }, ...more, done: false })), { ...headOf(said), message: { role: "assistant", content: "" }, ...endOf(said, choice) }];
    return lines.map((line) => `${withArguments(line, choice.calls)}\n`).join("");
  },
};
