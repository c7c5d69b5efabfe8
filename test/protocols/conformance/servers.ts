// Who speaks as a provider in these tests. Where clients speak the protocol too, their half of it writes the answers; the
// others are written here, from what their vendors document. What such a protocol has no word for is told as a loss.
import { Collector } from "../../../dataplane/protocols/collect.ts";
import type { ClientCodec, EncodedReply, ProviderCodec, StreamEncoder } from "../../../dataplane/protocols/codec.ts";
import type { Block, Finish, Loss, Reply, Usage } from "../../../dataplane/protocols/ir.ts";
import { bothHalves } from "./protocols.ts";

export type Server = Pick<ClientCodec, "encodeReply" | "encodeStream">;

interface Writer {
  readonly finishes: Readonly<Partial<Record<Finish["reason"], string>>>;
  /** Arguments are objects, not text. */
  readonly hasObjects: boolean;
  whole(said: Said): string;
  stream(said: Said): string;
}

type Call = Extract<Block, { kind: "tool-call" }>;

interface Said {
  readonly id: string;
  readonly model: string;
  readonly blocks: readonly Block[];
  readonly text: string;
  readonly thinking: string;
  readonly calls: readonly Call[];
  readonly finish: string;
  readonly usage: Usage;
}

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text === "" ? "{}" : text);
    return true;
  } catch {
    return false;
  }
};

const isSayable = (block: Block, { hasObjects }: Writer): boolean => {
  if (block.kind === "text") return block.citations === undefined && block.logprobs === undefined;
  return block.kind === "reasoning" || (block.kind === "tool-call" && block.isCustom !== true && (!hasObjects || isJson(block.arguments)));
};

const lossesOf = ({ choices }: Reply, writer: Writer): Loss[] => {
  const isSaid = choices.length === 1 && choices.every(({ blocks, finish }) => writer.finishes[finish.reason] !== undefined && blocks.every((block) => isSayable(block, writer)));
  return isSaid ? [] : [{ path: "answer", reason: "unsupported", severity: "major" }];
};

const textOf = (blocks: readonly Block[], kind: "text" | "reasoning"): string => blocks.map((block) => (block.kind === kind ? block.text : "")).join("");

const saidIn = ({ id, model, choices, usage }: Reply, { finishes }: Writer): Said => {
  const blocks = choices[0]?.blocks ?? [];
  // Where it has no word for the reason that is told as lost, and it ends all the same.
  const finish = finishes[choices[0]?.finish.reason ?? "stop"] ?? finishes.stop ?? "";
  return { id, model, blocks, text: textOf(blocks, "text"), thinking: textOf(blocks, "reasoning"), calls: blocks.filter((block) => block.kind === "tool-call"), finish, usage };
};

const serverBy = (writer: Writer): Server => ({
  encodeReply: (reply): EncodedReply => ({ body: Buffer.from(writer.whole(saidIn(reply, writer))), losses: lossesOf(reply, writer) }),
  encodeStream(): StreamEncoder {
    const collector = new Collector();
    const losses: Loss[] = [];
    return {
      losses,
      fail: () => "",
      push(event) {
        collector.push(event);
        const reply = collector.reply();
        if (reply === null) return "";
        losses.push(...lossesOf(reply, writer));
        return writer.stream(saidIn(reply, writer));
      },
    };
  },
});

/** In two pieces, so that a stream is one. */
const halves = (text: string): readonly string[] => {
  const characters = [...text];
  const middle = characters.length >> 1;
  return [characters.slice(0, middle).join(""), characters.slice(middle).join("")].filter((piece) => piece !== "");
};

const told = (count: number): number | undefined => (count === -1 ? undefined : count);

const cohereUsage = ({ inputTokens, outputTokens, cachedInputTokens }: Usage): object => {
  const tokens = { input_tokens: told(inputTokens), output_tokens: told(outputTokens) };
  return { billed_units: tokens, tokens, cached_tokens: told(cachedInputTokens) };
};

const cohereContent = (block: Block): object[] => (block.kind === "text" ? [{ type: "text", text: block.text }] : block.kind === "reasoning" ? [{ type: "thinking", thinking: block.text }] : []);
const functionCall = ({ id, name, arguments: text }: Call): object => ({ id, type: "function", function: { name, arguments: text === "" ? "{}" : text } });

const cohereBlock = (block: Block, index: number): object[] => {
  if (block.kind === "tool-call") {
    const begin = { id: block.id, type: "function", function: { name: block.name, arguments: "" } };
    const pieces = halves(block.arguments === "" ? "{}" : block.arguments).map((piece) => ({ type: "tool-call-delta", index, delta: { message: { tool_calls: { function: { arguments: piece } } } } }));
    return [{ type: "tool-call-start", index, delta: { message: { tool_calls: begin } } }, ...pieces, { type: "tool-call-end", index }];
  }
  const [member, type] = block.kind === "reasoning" ? ["thinking", "thinking"] : ["text", "text"];
  const text = "text" in block ? (block.text as string) : "";
  const pieces = halves(text).map((piece) => ({ type: "content-delta", index, delta: { message: { content: { [member]: piece } } } }));
  return [{ type: "content-start", index, delta: { message: { content: { type, [member]: "" } } } }, ...pieces, { type: "content-end", index }];
};

const cohere: Writer = {
  finishes: { stop: "COMPLETE", "stop-sequence": "STOP_SEQUENCE", length: "MAX_TOKENS", "tool-calls": "TOOL_CALL" },
  hasObjects: false,
  whole: ({ id, blocks, calls, finish, usage }) =>
    JSON.stringify({ id, finish_reason: finish, message: { role: "assistant", content: blocks.flatMap(cohereContent), ...(calls.length === 0 ? {} : { tool_calls: calls.map(functionCall) }) }, usage: cohereUsage(usage) }),
  stream({ id, blocks, finish, usage }) {
    const events = [
      { type: "message-start", id, delta: { message: { role: "assistant", content: [], tool_plan: "", tool_calls: [], citations: [] } } },
      ...blocks.flatMap(cohereBlock),
      { type: "message-end", id, delta: { finish_reason: finish, usage: cohereUsage(usage) } },
    ] as { type: string }[];
    return `${events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("")}data: [DONE]\n\n`;
  },
};

const dashscopeUsage = ({ inputTokens, outputTokens, cachedInputTokens, reasoningTokens }: Usage): object => ({
  input_tokens: told(inputTokens),
  output_tokens: told(outputTokens),
  total_tokens: inputTokens + outputTokens,
  ...(cachedInputTokens === -1 ? {} : { prompt_tokens_details: { cached_tokens: cachedInputTokens } }),
  ...(reasoningTokens === -1 ? {} : { output_tokens_details: { reasoning_tokens: reasoningTokens } }),
});

const dashscopeDocument = ({ id, usage }: Said, message: object, finish: string): string =>
  JSON.stringify({ output: { choices: [{ message: { role: "assistant", ...message }, finish_reason: finish }] }, usage: dashscopeUsage(usage), request_id: id });

const dashscope: Writer = {
  finishes: { stop: "stop", length: "length", "tool-calls": "tool_calls" },
  hasObjects: false,
  whole: (said) =>
    dashscopeDocument(said, { content: said.text, ...(said.thinking === "" ? {} : { reasoning_content: said.thinking }), ...(said.calls.length === 0 ? {} : { tool_calls: said.calls.map((call, index) => ({ index, ...functionCall(call) })) }) }, said.finish),
  stream(said) {
    const messages = [
      ...halves(said.thinking).map((piece) => ({ content: "", reasoning_content: piece })),
      ...halves(said.text).map((piece) => ({ content: piece })),
      ...said.calls.map((call, index) => ({ content: "", tool_calls: [{ index, ...functionCall(call) }] })),
    ];
    const documents = [...messages.map((message) => dashscopeDocument(said, message, "null")), dashscopeDocument(said, { content: "" }, said.finish)];
    return documents.map((document, index) => `id:${index + 1}\nevent:result\n:HTTP_STATUS/200\ndata:${document}\n\n`).join("");
  },
};

/** The arguments as the text that they are: a number may be longer than a number of JavaScript's. */
const withArguments = (document: object, calls: readonly Call[]): string =>
  calls.reduce((text, call, index) => text.replace(`"arguments ${index}"`, () => (call.arguments === "" || !isJson(call.arguments) ? "{}" : call.arguments)), JSON.stringify(document));

const ollamaCalls = (calls: readonly Call[]): object => ({ tool_calls: calls.map(({ name }, index) => ({ function: { name, arguments: `arguments ${index}` } })) });
const ollamaEnd = ({ finish, usage }: Said): object => ({ done: true, done_reason: finish, total_duration: 1, prompt_eval_count: told(usage.inputTokens), eval_count: told(usage.outputTokens) });
const ollamaHead = ({ model }: Said): object => ({ model, created_at: "2026-06-01T00:00:00Z" });

const ollama: Writer = {
  finishes: { stop: "stop", length: "length", "tool-calls": "stop" },
  hasObjects: true,
  whole(said) {
    const message = { role: "assistant", content: said.text, ...(said.thinking === "" ? {} : { thinking: said.thinking }), ...(said.calls.length === 0 ? {} : ollamaCalls(said.calls)) };
    return withArguments({ ...ollamaHead(said), message, ...ollamaEnd(said) }, said.calls);
  },
  stream(said) {
    const messages = [
      ...halves(said.thinking).map((piece) => ({ content: "", thinking: piece })),
      ...halves(said.text).map((piece) => ({ content: piece })),
      ...(said.calls.length === 0 ? [] : [{ content: "", ...ollamaCalls(said.calls) }]),
    ];
    const lines = [...messages.map((message) => ({ ...ollamaHead(said), message: { role: "assistant", ...message }, done: false })), { ...ollamaHead(said), message: { role: "assistant", content: "" }, ...ollamaEnd(said) }];
    return lines.map((line) => `${withArguments(line, said.calls)}\n`).join("");
  },
};

const writers: Readonly<Record<string, Writer>> = { cohere, dashscope, ollama };

/** Null where nobody writes such answers here. */
export const serverOf = (provider: ProviderCodec): Server | null => {
  const writer = writers[provider.name];
  return bothHalves(provider) ?? (writer === undefined ? null : serverBy(writer));
};
