// Ollama's own API: chat as lines of JSON, embed, tags. A stream unless the request says false.
// It refuses ids of calls, and another done_reason than stop for them: older versions have neither.
import { z } from "zod";
import { compose, type Composed } from "../compose.ts";
import { vectorOf } from "../embeddings.ts";
import type { Call, Reply, Routes } from "../exchange.ts";
import { json, readAs, sse } from "../exchange.ts";
import { broken } from "../faults.ts";
import { demoModels, requireModel } from "../models.ts";
import { argumentsOf } from "../prompt.ts";
import { failureBody } from "../shape.ts";
import type { DemoState } from "../state.ts";
import { jsonPieces, pieces } from "../words.ts";
import { ollamaShape, worded } from "./failure.ts";
import { chatRequest, promptOf } from "./request.ts";

export const ollamaRoutes: Routes = {
  "/api/chat": { POST: chat },
  "/api/embed": { POST: embed },
  "/api/tags": { GET: (_call, state) => json({ models: demoModels.map((name) => ({ name, model: name, modified_at: instant(state), size: 0, digest: "", details: {} })) }) },
  "/api/version": { GET: () => json({ version: "0.0.0-demo" }) },
};

const DIMENSIONS = 256;
const embedRequest = z.looseObject({ model: z.string(), input: z.union([z.string(), z.array(z.string())]), dimensions: z.int().min(1).max(3072).optional(), truncate: z.boolean().optional() });

interface Head {
  readonly model: string;
  readonly created_at: string;
}

async function chat(call: Call, state: DemoState): Promise<Reply> {
  const request = readAs(call, chatRequest, worded);
  const isStreaming = request.stream !== false;
  requireModel(request.model, "text", isStreaming);
  const { stop, num_predict: asked = -1 } = request.options ?? {};
  const composed = await compose(promptOf(request), { stops: stop, tokensMax: asked > 0 ? asked : undefined }, "messages", state);
  const head: Head = { model: request.model, created_at: instant(state) };
  if (!isStreaming) return json({ ...head, message: wholeMessage(composed), ...endingOf(composed) });
  const lines = broken(request.model, stream(head, composed, call, state), (failure) => line(Object(failureBody(ollamaShape, failure, ""))));
  return sse(lines, "application/x-ndjson");
}

function instant(state: DemoState): string {
  return new Date(state.nowSeconds() * 1000).toISOString();
}

function wholeMessage(composed: Composed) {
  const { thoughts, text, calls } = composed;
  return { role: "assistant", content: text, ...(thoughts === "" ? {} : { thinking: thoughts }), ...(calls.length === 0 ? {} : { tool_calls: callsOf(composed) }) };
}

function callsOf({ calls }: Composed) {
  return calls.map((each, index) => ({ function: { index, name: each.name, arguments: argumentsOf(each) } }));
}

async function* stream(head: Head, composed: Composed, call: Call, state: DemoState): AsyncGenerator<string> {
  const messages = [
    ...pieces(composed.thoughts).map((thinking) => ({ role: "assistant", content: "", thinking })),
    ...(composed.isJson ? jsonPieces : pieces)(composed.text).map((content) => ({ role: "assistant", content })),
    ...callsOf(composed).map((each) => ({ role: "assistant", content: "", tool_calls: [each] })),
  ];
  for (const message of messages) {
    await state.pause(call.signal);
    yield line({ ...head, message, done: false });
  }
  yield line({ ...head, message: { role: "assistant", content: "" }, ...endingOf(composed) });
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}

function endingOf({ finish, inputTokens, outputTokens }: Composed) {
  return {
    done: true,
    done_reason: finish === "length" ? "length" : "stop",
    total_duration: 2_000_000,
    load_duration: 1_000_000,
    prompt_eval_count: inputTokens,
    prompt_eval_duration: 500_000,
    eval_count: outputTokens,
    eval_duration: 500_000,
  };
}

async function embed(call: Call, state: DemoState): Promise<Reply> {
  const request = readAs(call, embedRequest, worded);
  requireModel(request.model, "embedding");
  const texts = typeof request.input === "string" ? [request.input] : request.input;
  const tokenizer = await state.tokenizer();
  return json({
    model: request.model,
    embeddings: texts.map((text) => [...vectorOf(text, request.dimensions ?? DIMENSIONS)]),
    total_duration: 1_000_000,
    load_duration: 500_000,
    prompt_eval_count: texts.reduce((sum, text) => sum + tokenizer.count(text), 0),
  });
}
