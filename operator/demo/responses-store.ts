// The stored responses: get, delete, their input items, and the turns a following response goes on from.
// It refuses to keep what was sent with `store: false`.

import type { Call, Reply } from "./exchange.ts";
import { json, page, readBody } from "./exchange.ts";
import { Failure } from "./failure.ts";
import { requireModel } from "./models.ts";
import type { Turn } from "./prompt.ts";
import { promptTokens } from "./prompt.ts";
import { promptOfResponses, responsesRequest } from "./responses-request.ts";
import type { StoredResponse } from "./records.ts";
import type { DemoState } from "./state.ts";

export function turnsBefore(state: DemoState, previousId: string | null | undefined): readonly Turn[] {
  if (previousId === null || previousId === undefined) return [];
  const previous = state.responses.get(previousId);
  if (previous !== undefined) return previous.turns;
  const message = `Previous response with id '${previousId}' not found.`;
  throw new Failure(400, message, { param: "previous_response_id", code: "previous_response_not_found" });
}

export function getResponse(_call: Call, state: DemoState, id: string): Reply {
  return json(stored(state, id).body);
}

export function deleteResponse(_call: Call, state: DemoState, id: string): Reply {
  stored(state, id);
  state.responses.remove(id);
  return json({ id, object: "response", deleted: true });
}

export function listInputItems(call: Call, state: DemoState, id: string): Reply {
  return json(page(stored(state, id).items, call.query));
}

/** POST /v1/responses/input_tokens: what the same request would cost to read. */
export async function countInputTokens(call: Call, state: DemoState): Promise<Reply> {
  const request = readBody(call, responsesRequest);
  requireModel(request.model, "text");
  const prompt = promptOfResponses(request, turnsBefore(state, request.previous_response_id));
  return json({ object: "response.input_tokens", input_tokens: promptTokens(await state.tokenizer(), prompt) });
}

function stored(state: DemoState, id: string): StoredResponse {
  const response = state.responses.get(id);
  if (response === undefined) throw new Failure(404, `Response with id '${id}' not found.`);
  return response;
}
