// Bedrock's Converse, ConverseStream and CountTokens.
// It refuses signatures of requests: any or none will do, because no key is needed here.
import { compose, type Composed } from "../compose.ts";
import type { Call, Reply, Routes } from "../exchange.ts";
import { json, readAs } from "../exchange.ts";
import { broken } from "../faults.ts";
import { isJsonObject, parseJson } from "../json.ts";
import { requireModel } from "../models.ts";
import { promptTokens } from "../prompt.ts";
import { wordsOf } from "../shape.ts";
import type { DemoState } from "../state.ts";
import { bedrockShape, exceptionName, refused, worded } from "./failure.ts";
import { eventFrame, exceptionFrame } from "./frame.ts";
import { blocksOf, outputEvents, wholeOutput, type Event } from "./output.ts";
import { promptOf } from "./prompt.ts";
import { converseRequest, countRequest } from "./request.ts";

const BODY_BYTES_MAX = 16 * 1024 * 1024;

export const bedrockRoutes: Routes = {
  "/model/*/converse": { POST: converse },
  "/model/*/converse-stream": { POST: converseStream },
  "/model/*/count-tokens": { POST: countTokens },
};

async function converse(call: Call, state: DemoState, model: string): Promise<Reply> {
  requireModel(model, "text");
  const composed = await composedFor(call, state);
  return json(wholeOutput(composed, blocksOf(composed, (prefix) => state.nextId(prefix, call.body))));
}

async function converseStream(call: Call, state: DemoState, model: string): Promise<Reply> {
  requireModel(model, "text", true);
  const composed = await composedFor(call, state);
  const events = outputEvents(composed, blocksOf(composed, (prefix) => state.nextId(prefix, call.body)));
  const frames = broken(model, stream(events, call, state), (failure) => {
    const [word, message] = wordsOf(bedrockShape, failure);
    return exceptionFrame(exceptionName(word), message);
  });
  return { kind: "stream", contentType: "application/vnd.amazon.eventstream", pieces: frames };
}

function composedFor(call: Call, state: DemoState): Promise<Composed> {
  const request = readAs(call, converseRequest, worded);
  const { stopSequences, maxTokens } = request.inferenceConfig ?? {};
  return compose(promptOf(request), { stops: stopSequences, tokensMax: maxTokens }, "messages", state);
}

async function* stream(events: readonly Event[], call: Call, state: DemoState): AsyncGenerator<Buffer> {
  for (const { type, payload } of events) {
    if (type === "contentBlockDelta") await state.pause(call.signal);
    yield eventFrame(type, payload);
  }
}

async function countTokens(call: Call, state: DemoState, model: string): Promise<Reply> {
  requireModel(model, "text");
  const { converse: asked, invokeModel } = readAs(call, countRequest, worded).input;
  const tokenizer = await state.tokenizer();
  if (asked !== undefined) return json({ inputTokens: promptTokens(tokenizer, promptOf(asked)) });
  const body = parseJson(Buffer.from(invokeModel?.body ?? "", "base64"), BODY_BYTES_MAX);
  if (!isJsonObject(body)) throw refused("Malformed input request: the body of invokeModel is not JSON.");
  return json({ inputTokens: tokenizer.count(JSON.stringify(body["messages"] ?? body)) });
}
