// POST /v1/messages and /v1/messages/count_tokens, in Anthropic's protocol.
// It refuses a success terminator to a reader that left: the stream just stops.
import { compose } from "../compose.ts";
import type { Call, Reply, Routes } from "../exchange.ts";
import { json, namedEvent, readAs, sse } from "../exchange.ts";
import { broken } from "../faults.ts";
import { requireModel } from "../models.ts";
import { promptTokens } from "../prompt.ts";
import { failureBody } from "../shape.ts";
import type { DemoState } from "../state.ts";
import { messageEvents } from "./events.ts";
import { anthropicShape, refused, worded } from "./failure.ts";
import { messageOf, type OutMessage } from "./message.ts";
import { promptOf } from "./prompt.ts";
import { countRequest, messagesRequest } from "./request.ts";

export const anthropicRoutes: Routes = {
  "/v1/messages": { POST: messages },
  "/v1/messages/count_tokens": { POST: countTokens },
};

async function messages(call: Call, state: DemoState): Promise<Reply> {
  requireVersion(call);
  const request = readAs(call, messagesRequest, worded);
  requireModel(request.model, "text", request.stream === true);
  const composed = await compose(promptOf(request), { stops: request.stop_sequences, tokensMax: request.max_tokens }, "messages", state);
  const { thinking } = request;
  const isShown = thinking === undefined || thinking.type === "disabled" || thinking.display !== "omitted";
  const message = messageOf(composed, request.model, isShown, (prefix) => state.nextId(prefix, call.body));
  if (request.stream !== true) return json(message);
  return sse(broken(request.model, stream(message, call, state), (failure) => {
    const body = failureBody(anthropicShape, failure, message.id);
    return `event: error\ndata: ${JSON.stringify(body)}\n\n`;
  }));
}

async function* stream(message: OutMessage, call: Call, state: DemoState): AsyncGenerator<string> {
  for (const { type, fields, isBeat } of messageEvents(message)) {
    if (isBeat === true) await state.pause(call.signal);
    yield namedEvent(type, fields);
  }
}

async function countTokens(call: Call, state: DemoState): Promise<Reply> {
  requireVersion(call);
  const request = readAs(call, countRequest, worded);
  requireModel(request.model, "text");
  return json({ input_tokens: promptTokens(await state.tokenizer(), promptOf(request)) });
}

function requireVersion(call: Call): void {
  const version = call.headers["anthropic-version"];
  if (version === undefined) throw refused("anthropic-version: header is required");
  if (!/^20\d\d-\d\d-\d\d$/.test(String(version))) throw refused(`anthropic-version: "${String(version)}" is not a valid version. Please reference our documentation.`);
}
