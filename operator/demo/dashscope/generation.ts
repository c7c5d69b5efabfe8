// DashScope's generation endpoints: one JSON answer, or events of which each says all so far, or only what is new (incremental_output).
// It refuses a terminator: the last event is the one whose finish_reason is not the word "null".
import { compose, type Composed } from "../compose.ts";
import type { Call, Reply } from "../exchange.ts";
import { json, readAs, sse } from "../exchange.ts";
import { broken } from "../faults.ts";
import { requireModel } from "../models.ts";
import { failureBody } from "../shape.ts";
import type { DemoState } from "../state.ts";
import { jsonPieces, pieces } from "../words.ts";
import { dashscopeShape, worded } from "./failure.ts";
import { generationRequest, promptOf, type GenerationRequest } from "./request.ts";

interface Manner {
  readonly isMultimodal: boolean;
  readonly isText: boolean;
  readonly isIncremental: boolean;
  readonly requestId: string;
}

interface Grown {
  readonly thoughts: string;
  readonly text: string;
  readonly calls: readonly object[];
}

const FINISH = { stop: "stop", length: "length", calls: "tool_calls" } as const;
const STATUS_LINE = ":HTTP_STATUS/200";

export async function generation(isMultimodal: boolean, call: Call, state: DemoState): Promise<Reply> {
  const request = readAs(call, generationRequest, worded);
  const isStreaming = call.headers["x-dashscope-sse"] === "enable" || /text\/event-stream/.test(call.headers.accept ?? "");
  requireModel(request.model, "text", isStreaming);
  const { stop, max_tokens: tokensMax } = request.parameters ?? {};
  const composed = await compose(promptOf(request, isMultimodal), { stops: typeof stop === "string" ? [stop] : stop, tokensMax }, "input.messages", state);
  const callIds = composed.calls.map(() => state.nextId("call_", call.body));
  const manner = mannerOf(request, isMultimodal, state.nextId("", call.body));
  if (!isStreaming) return json(answer(manner, composed, wholeOf(composed, callIds), FINISH[composed.finish]));
  const steps = (manner.isIncremental ? incrementalSteps : repeatedSteps)(composed, callIds);
  const events = stream(steps, composed, manner, call, state);
  return sse(broken(request.model, events, (failure) => `event:error\n:HTTP_STATUS/${failure.kind}\ndata:${JSON.stringify(failureBody(dashscopeShape, failure, manner.requestId))}\n\n`), "text/event-stream;charset=UTF-8");
}

function mannerOf({ parameters }: GenerationRequest, isMultimodal: boolean, requestId: string): Manner {
  return {
    isMultimodal,
    isText: !isMultimodal && parameters?.result_format !== "message",
    isIncremental: parameters?.incremental_output ?? parameters?.enable_thinking ?? false,
    requestId,
  };
}

function wireCall(call: Composed["calls"][number], id: string, index: number) {
  return { index, id, type: "function", function: { name: call.name, arguments: call.input } };
}

function wholeOf({ thoughts, text, calls }: Composed, callIds: readonly string[]): Grown {
  return { thoughts, text, calls: calls.map((call, at) => wireCall(call, callIds[at] ?? "", at)) };
}

const NOTHING: Grown = { thoughts: "", text: "", calls: [] };

/** Only what is new: a word of the thoughts, of the text, or a fragment of a call, whose id and name come with its first. */
function incrementalSteps({ thoughts, text, calls, isJson }: Composed, callIds: readonly string[]): Grown[] {
  return [
    ...pieces(thoughts).map((piece) => ({ ...NOTHING, thoughts: piece })),
    ...(isJson ? jsonPieces : pieces)(text).map((piece) => ({ ...NOTHING, text: piece })),
    ...calls.flatMap((call, index) => [
      { ...NOTHING, calls: [wireCall({ ...call, input: "" }, callIds[index] ?? "", index)] },
      ...jsonPieces(call.input).map((input) => ({ ...NOTHING, calls: [{ index, id: "", type: "function", function: { arguments: input } }] })),
    ]),
    NOTHING,
  ];
}

/** All so far, each time; a call comes whole. */
function repeatedSteps(composed: Composed, callIds: readonly string[]): Grown[] {
  const whole = wholeOf(composed, callIds);
  return [
    ...prefixes(pieces(composed.thoughts)).map((thoughts) => ({ ...NOTHING, thoughts })),
    ...prefixes((composed.isJson ? jsonPieces : pieces)(composed.text)).map((text) => ({ ...whole, text })),
    ...whole.calls.map((_call, at) => ({ ...whole, calls: whole.calls.slice(0, at + 1) })),
    whole,
  ];
}

function prefixes(texts: readonly string[]): string[] {
  let sofar = "";
  return texts.map((text) => (sofar += text));
}

/** The last step is the end. */
async function* stream(steps: readonly Grown[], composed: Composed, manner: Manner, call: Call, state: DemoState): AsyncGenerator<string> {
  for (const [at, step] of steps.entries()) {
    await state.pause(call.signal);
    yield event(at + 1, answer(manner, composed, step, at === steps.length - 1 ? FINISH[composed.finish] : "null"));
  }
}

function event(id: number, body: object): string {
  return `id:${id}\nevent:result\n${STATUS_LINE}\ndata:${JSON.stringify(body)}\n\n`;
}

function answer(manner: Manner, composed: Composed, said: Grown, finish: string) {
  const { inputTokens, outputTokens, reasoningTokens, cacheRead } = composed;
  const usage = {
    input_tokens: inputTokens,
    output_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    ...(reasoningTokens > 0 ? { output_tokens_details: { reasoning_tokens: reasoningTokens } } : {}),
    ...(cacheRead > 0 ? { prompt_tokens_details: { cached_tokens: cacheRead } } : {}),
  };
  if (manner.isText) return { output: { text: said.text, finish_reason: finish }, usage, request_id: manner.requestId };
  const message = {
    role: "assistant",
    content: manner.isMultimodal ? (said.text === "" ? [] : [{ text: said.text }]) : said.text,
    ...(said.thoughts === "" ? {} : { reasoning_content: said.thoughts }),
    ...(said.calls.length === 0 ? {} : { tool_calls: said.calls }),
  };
  return { output: { choices: [{ finish_reason: finish, message }] }, usage, request_id: manner.requestId };
}
