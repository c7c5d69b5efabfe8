// The same conversation, held by five official SDKs: a system prompt, a picture, two parallel calls, their results, an answer.
// Each says what it understood in one shape, so that twenty-five ways of saying it can be compared; what it replays is what its SDK gave it.
import { request as send, type IncomingMessage } from "node:http";
import Anthropic from "@anthropic-ai/sdk";
import { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand, type ContentBlock, type ConverseCommandInput, type ConverseStreamOutput } from "@aws-sdk/client-bedrock-runtime";
import { GoogleGenAI, type Content, type GenerateContentResponse, type Part } from "@google/genai";
import OpenAI from "openai";
import { picture } from "../../operator/demo/png.ts";

export interface Answer {
  readonly calls: readonly { readonly id: string; readonly name: string; readonly input: unknown }[];
  readonly text: string;
  readonly thoughts: string;
  readonly finish: string;
  readonly usage: { readonly input: number; readonly output: number };
  /** As the SDK gave it, to be said again. */
  readonly said: unknown;
}

export interface Asked {
  readonly model: string;
  readonly isStreaming: boolean;
  readonly isThinking: boolean;
  /** The answer with the calls, which now have results. */
  readonly before?: Answer;
}

export interface Client {
  readonly name: string;
  /** What it says when calls end a turn, and when words do. */
  readonly finishes: readonly [calls: string, words: string];
  ask(asked: Asked): Promise<Answer>;
}

export const SYSTEM = "You are the mate of a ship. Always answer like a sailor at sea.";
export const QUESTION = "Look at this picture and use get_weather and get_time for Oslo";
export const IMAGE = picture(Buffer.from("a ship at sea"));
const BASE64 = IMAGE.toString("base64");
const RESULTS: Readonly<Record<string, string>> = { get_weather: "21 degrees and light rain", get_time: "noon" };
const weather = { type: "object" as const, properties: { city: { type: "string" }, days: { type: "integer", minimum: 1 } }, required: ["city"] };
const time = { type: "object" as const, properties: { place: { type: "object", properties: { city: { type: "string" }, zones: { type: "array", items: { type: "string" } } }, required: ["city"] } }, required: ["place"] };
const TOOLS = [
  { name: "get_weather", description: "Tells the weather of a city.", schema: weather },
  { name: "get_time", description: "Tells the time at a place.", schema: time },
];
const OUTPUT_MAX = 8000;
const BUDGET = 2048;

const all = async <Item>(items: AsyncIterable<Item>): Promise<Item[]> => {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
};

const empty = async function* (): AsyncGenerator<never> {};

const resultOf = (name: string): string => RESULTS[name] ?? "";
const parsed = (text: string): unknown => JSON.parse(text === "" ? "{}" : text);

const chat = (url: string, apiKey: string): Client => {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
  const tools = TOOLS.map(({ name, description, schema }) => ({ type: "function" as const, function: { name, description, parameters: schema } }));
  const answerOf = ({ choices, usage }: OpenAI.ChatCompletion): Answer => {
    const message = choices[0]!.message;
    const calls = (message.tool_calls ?? []).flatMap((call) => (call.type === "function" ? [{ id: call.id, name: call.function.name, input: parsed(call.function.arguments) }] : []));
    const thoughts = "reasoning_content" in message ? String(message.reasoning_content ?? "") : "";
    return { calls, text: message.content ?? "", thoughts, finish: choices[0]!.finish_reason, usage: { input: usage!.prompt_tokens, output: usage!.completion_tokens }, said: message };
  };
  return {
    name: "openai Chat",
    finishes: ["tool_calls", "stop"],
    ask: async ({ model, isStreaming, isThinking, before }) => {
      const user = { role: "user" as const, content: [{ type: "text" as const, text: QUESTION }, { type: "image_url" as const, image_url: { url: `data:image/png;base64,${BASE64}` } }] };
      const past = before === undefined ? [] : [before.said as OpenAI.ChatCompletionMessage, ...before.calls.map(({ id, name }) => ({ role: "tool" as const, tool_call_id: id, content: resultOf(name) }))];
      const body = { model, tools, messages: [{ role: "system" as const, content: SYSTEM }, user, ...past], ...(isThinking ? { reasoning_effort: "medium" as const } : {}) };
      if (!isStreaming) return answerOf(await client.chat.completions.create(body));
      const stream = client.chat.completions.stream({ ...body, stream_options: { include_usage: true } });
      const deltas: Thought[] = [];
      stream.on("chunk", ({ choices }) => void deltas.push(...choices.map(({ delta }) => delta as Thought)));
      return answerOf(withThoughts(await stream.finalChatCompletion(), deltas));
    },
  };
};

interface Thought {
  readonly reasoning_content?: string;
  readonly reasoning_details?: readonly { readonly text?: string; readonly summary?: string; readonly index?: number }[];
}

/** Of members that it does not know the SDK keeps the last; who wants thoughts back joins them, as those do who read OpenRouter. */
const withThoughts = (completion: OpenAI.ChatCompletion, deltas: readonly Thought[]): OpenAI.ChatCompletion => {
  const content = deltas.map((delta) => delta.reasoning_content ?? "").join("");
  const details = deltas.flatMap((delta) => delta.reasoning_details ?? []);
  const joined = [...Map.groupBy(details, ({ index }) => index).values()].map((entries) => {
    const text = entries.map((entry) => entry.text ?? "").join("");
    const summary = entries.map((entry) => entry.summary ?? "").join("");
    return { ...Object.assign({}, ...entries), ...(text === "" ? {} : { text }), ...(summary === "" ? {} : { summary }) };
  });
  const [choice, ...others] = completion.choices;
  const message = { ...choice!.message, ...(content === "" ? {} : { reasoning_content: content }), ...(joined.length === 0 ? {} : { reasoning_details: joined }) };
  return { ...completion, choices: [{ ...choice!, message }, ...others] };
};

const responses = (url: string, apiKey: string): Client => {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
  const tools = TOOLS.map(({ name, description, schema }) => ({ type: "function" as const, name, description, parameters: schema, strict: false }));
  const answerOf = ({ output, output_text: text, status, usage }: OpenAI.Responses.Response): Answer => ({
    calls: output.flatMap((item) => (item.type === "function_call" ? [{ id: item.call_id, name: item.name, input: parsed(item.arguments) }] : [])),
    text,
    thoughts: output.flatMap((item) => (item.type === "reasoning" ? [...item.summary, ...(item.content ?? [])].map((part) => part.text) : [])).join(""),
    finish: status ?? "",
    usage: { input: usage!.input_tokens, output: usage!.output_tokens },
    said: output,
  });
  return {
    name: "openai Responses",
    finishes: ["completed", "completed"],
    ask: async ({ model, isStreaming, isThinking, before }) => {
      const user = { role: "user" as const, content: [{ type: "input_text" as const, text: QUESTION }, { type: "input_image" as const, detail: "auto" as const, image_url: `data:image/png;base64,${BASE64}` }] };
      const past = before === undefined ? [] : [...(before.said as OpenAI.Responses.ResponseInputItem[]), ...before.calls.map(({ id, name }) => ({ type: "function_call_output" as const, call_id: id, output: resultOf(name) }))];
      const thinking = isThinking ? { reasoning: { effort: "medium" as const, summary: "auto" as const }, include: ["reasoning.encrypted_content" as const] } : {};
      const body = { model, tools, instructions: SYSTEM, input: [user, ...past], store: false, ...thinking };
      return answerOf(isStreaming ? await client.responses.stream(body).finalResponse() : await client.responses.create(body));
    },
  };
};

const anthropic = (url: string, apiKey: string): Client => {
  const client = new Anthropic({ baseURL: url, apiKey, maxRetries: 0 });
  const tools = TOOLS.map(({ name, description, schema }) => ({ name, description, input_schema: schema }));
  const answerOf = ({ content, stop_reason: finish, usage }: Anthropic.Message): Answer => ({
    calls: content.flatMap((block) => (block.type === "tool_use" ? [{ id: block.id, name: block.name, input: block.input }] : [])),
    text: content.flatMap((block) => (block.type === "text" ? [block.text] : [])).join(""),
    thoughts: content.flatMap((block) => (block.type === "thinking" ? [block.thinking] : [])).join(""),
    finish: finish ?? "",
    usage: { input: usage.input_tokens + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0), output: usage.output_tokens },
    said: content,
  });
  return {
    name: "Anthropic",
    finishes: ["tool_use", "end_turn"],
    ask: async ({ model, isStreaming, isThinking, before }) => {
      const user = { role: "user" as const, content: [{ type: "text" as const, text: QUESTION }, { type: "image" as const, source: { type: "base64" as const, media_type: "image/png" as const, data: BASE64 } }] };
      const results = { role: "user" as const, content: (before?.calls ?? []).map(({ id, name }) => ({ type: "tool_result" as const, tool_use_id: id, content: resultOf(name) })) };
      const past = before === undefined ? [] : [{ role: "assistant" as const, content: before.said as Anthropic.ContentBlock[] }, results];
      const thinking = isThinking ? { thinking: { type: "enabled" as const, budget_tokens: BUDGET } } : {};
      const body = { model, max_tokens: OUTPUT_MAX, tools, system: SYSTEM, messages: [user, ...past], ...thinking };
      return answerOf(isStreaming ? await client.messages.stream(body).finalMessage() : await client.messages.create(body));
    },
  };
};

const google = (url: string, apiKey: string): Client => {
  const client = new GoogleGenAI({ apiKey, httpOptions: { baseUrl: url } });
  const functionDeclarations = TOOLS.map(({ name, description, schema }) => ({ name, description, parametersJsonSchema: schema }));
  const answerOf = (replies: readonly GenerateContentResponse[]): Answer => {
    const parts = replies.flatMap((reply) => reply.candidates?.[0]?.content?.parts ?? []);
    const usage = replies.at(-1)?.usageMetadata ?? {};
    return {
      calls: parts.flatMap(({ functionCall }) => (functionCall === undefined ? [] : [{ id: functionCall.id ?? "", name: functionCall.name ?? "", input: functionCall.args }])),
      text: parts.flatMap((part) => (part.thought === true ? [] : [part.text ?? ""])).join(""),
      thoughts: parts.flatMap((part) => (part.thought === true ? [part.text ?? ""] : [])).join(""),
      finish: replies.map((reply) => reply.candidates?.[0]?.finishReason).findLast((finish) => finish !== undefined) ?? "",
      usage: { input: usage.promptTokenCount ?? 0, output: (usage.candidatesTokenCount ?? 0) + (usage.thoughtsTokenCount ?? 0) },
      said: parts,
    };
  };
  return {
    name: "Google",
    finishes: ["STOP", "STOP"],
    ask: async ({ model, isStreaming, isThinking, before }) => {
      const user: Content = { role: "user", parts: [{ text: QUESTION }, { inlineData: { mimeType: "image/png", data: BASE64 } }] };
      const responded: Part[] = (before?.calls ?? []).map(({ id, name }) => ({ functionResponse: { ...(id === "" ? {} : { id }), name, response: { output: resultOf(name) } } }));
      const past: Content[] = before === undefined ? [] : [{ role: "model", parts: before.said as Part[] }, { role: "user", parts: responded }];
      const thinking = isThinking ? { thinkingConfig: { includeThoughts: true, thinkingBudget: BUDGET } } : {};
      const body = { model, contents: [user, ...past], config: { systemInstruction: SYSTEM, tools: [{ functionDeclarations }], ...thinking } };
      if (!isStreaming) return answerOf([await client.models.generateContent(body)]);
      return answerOf(await all(await client.models.generateContentStream(body)));
    },
  };
};

/** The SDK's own speaks HTTP/2, which nothing here does. */
const handler = (url: string) => ({
  handle: (asked: { method: string; path: string; headers: Record<string, string>; body?: unknown }) =>
    new Promise<{ response: { statusCode: number; headers: Record<string, string>; body: IncomingMessage } }>((resolve, reject) => {
      const { hostname, port } = new URL(url);
      const outgoing = send({ agent: false, host: hostname, port, method: asked.method, path: asked.path, headers: asked.headers }, (body) =>
        resolve({ response: { statusCode: body.statusCode ?? 0, headers: body.headers as Record<string, string>, body } }),
      );
      outgoing.on("error", reject);
      outgoing.end(asked.body);
    }),
  metadata: { handlerProtocol: "http/1.1" },
  updateHttpClientConfig: () => undefined,
  httpHandlerConfigs: () => ({}),
});

const growing = (events: readonly ConverseStreamOutput[]): ContentBlock[] => {
  const blocks: { text?: string; name?: string; id?: string; input: string; thought?: string; signature?: string }[] = [];
  const at = (index: number | undefined) => (blocks[index ?? 0] ??= { input: "" });
  for (const { contentBlockStart: start, contentBlockDelta: delta } of events) {
    if (start?.start?.toolUse !== undefined) Object.assign(at(start.contentBlockIndex), { name: start.start.toolUse.name, id: start.start.toolUse.toolUseId });
    if (delta === undefined) continue;
    const block = at(delta.contentBlockIndex);
    if (delta.delta?.text !== undefined) block.text = (block.text ?? "") + delta.delta.text;
    block.input += delta.delta?.toolUse?.input ?? "";
    const { text, signature } = delta.delta?.reasoningContent ?? {};
    if (text !== undefined) block.thought = (block.thought ?? "") + text;
    if (signature !== undefined) block.signature = (block.signature ?? "") + signature;
  }
  return blocks.map(({ text, name, id, input, thought, signature }): ContentBlock => {
    if (name !== undefined) return { toolUse: { toolUseId: id, name, input: parsed(input) as never } };
    return thought === undefined && signature === undefined ? { text: text ?? "" } : { reasoningContent: { reasoningText: { text: thought ?? "", signature } } };
  });
};

const aws = (url: string, apiKey: string): Client => {
  const client = new BedrockRuntimeClient({ region: "eu-central-1", endpoint: url, token: { token: apiKey }, authSchemePreference: ["httpBearerAuth"], maxAttempts: 1, requestHandler: handler(url) });
  const tools = TOOLS.map(({ name, description, schema }) => ({ toolSpec: { name, description, inputSchema: { json: schema } } }));
  const answerOf = (content: readonly ContentBlock[], finish: string | undefined, usage: { inputTokens?: number | undefined; outputTokens?: number | undefined } | undefined): Answer => ({
    calls: content.flatMap(({ toolUse }) => (toolUse === undefined ? [] : [{ id: toolUse.toolUseId ?? "", name: toolUse.name ?? "", input: toolUse.input }])),
    text: content.map((block) => block.text ?? "").join(""),
    thoughts: content.map((block) => block.reasoningContent?.reasoningText?.text ?? "").join(""),
    finish: finish ?? "",
    usage: { input: usage?.inputTokens ?? 0, output: usage?.outputTokens ?? 0 },
    said: content,
  });
  return {
    name: "AWS",
    finishes: ["tool_use", "end_turn"],
    ask: async ({ model, isStreaming, isThinking, before }) => {
      const user = { role: "user" as const, content: [{ text: QUESTION }, { image: { format: "png" as const, source: { bytes: IMAGE } } }] };
      const results = { role: "user" as const, content: (before?.calls ?? []).map(({ id, name }) => ({ toolResult: { toolUseId: id, content: [{ text: resultOf(name) }] } })) };
      const past = before === undefined ? [] : [{ role: "assistant" as const, content: before.said as ContentBlock[] }, results];
      const thinking = isThinking ? { additionalModelRequestFields: { thinking: { type: "enabled", budget_tokens: BUDGET } } } : {};
      const input: ConverseCommandInput = { modelId: model, system: [{ text: SYSTEM }], messages: [user, ...past], toolConfig: { tools }, inferenceConfig: { maxTokens: OUTPUT_MAX }, ...thinking };
      if (!isStreaming) {
        const { output, stopReason, usage } = await client.send(new ConverseCommand(input));
        return answerOf(output?.message?.content ?? [], stopReason, usage);
      }
      const { stream } = await client.send(new ConverseStreamCommand(input));
      const events = await all(stream ?? empty());
      const stop = events.findLast((event) => event.messageStop !== undefined);
      const metadata = events.findLast((event) => event.metadata !== undefined);
      return answerOf(growing(events), stop?.messageStop?.stopReason, metadata?.metadata?.usage);
    },
  };
};

export const clients = [chat, responses, anthropic, google, aws];

export interface Run {
  readonly calling: Answer;
  readonly answering: Answer;
}

/** The whole conversation. */
export const held = async (client: Client, model: string, isStreaming: boolean, isThinking: boolean): Promise<Run> => {
  const calling = await client.ask({ model, isStreaming, isThinking });
  return { calling, answering: await client.ask({ model, isStreaming, isThinking, before: calling }) };
};

export const meaning = ({ calling, answering }: Run) => ({ calls: calling.calls.map(({ name, input }) => [name, input]), text: answering.text });

/** What the demo provider makes of it in any protocol. */
export const EXPECTED = {
  calls: [["get_weather", { city: "Oslo", days: 1 }], ["get_time", { place: { city: "Oslo", zones: ["for"] } }]],
  text: `get_weather says: 21 degrees and light rain. get_time says: noon. I was shown 1 image: image/png of ${IMAGE.length} bytes. My instructions end with: "the mate of a ship. Always answer like a sailor at sea.". So much from the demo provider of the gateway.`,
};
