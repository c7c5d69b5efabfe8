// A failure of ours inside a stream of the Responses protocol: the error event, then the failed response it ends with.
// The numbers go on where the stream stood; the response keeps the id that the client knows.
import type { Failure } from "../../errors.ts";
import type { Json } from "../../wire/json.ts";
import { encodeEvent } from "../../wire/sse-events.ts";
import type { StreamWatch } from "../pass-through.ts";
import { failureBody } from "../openai-failure.ts";
import { closeEvent } from "../sse-watch.ts";
import { ResponsesWatch } from "./watch.ts";

interface Place {
  id: string;
  model: string;
  createdAt: number;
  nextNumber: number;
  hasNames: boolean;
}

const captured = (text: string, pattern: RegExp): string => pattern.exec(text)?.[1] ?? "";

const placeOf = (watch: StreamWatch): Place => {
  if (!(watch instanceof ResponsesWatch)) return { id: "", model: "", createdAt: 0, nextNumber: 0, hasNames: true };
  const { opening, ending } = watch.remains;
  const numbers = [...`${opening}\n${ending}`.matchAll(/"sequence_number"\s*:\s*(\d{1,15})/g)].map(([, digits]) => Number(digits));
  return {
    id: captured(opening, /"id"\s*:\s*"([^"\\]*)"/),
    model: captured(opening, /"model"\s*:\s*"([^"\\]*)"/),
    createdAt: Math.trunc(Number(captured(opening, /"created_at"\s*:\s*(\d{1,15})/))),
    nextNumber: numbers.reduce((highest, number) => Math.max(highest, number), -1) + 1,
    hasNames: watch.hasNames,
  };
};

/** The members that clients read without asking whether they are there. */
const failedResponse = ({ id, model, createdAt }: Place, failure: Failure): { [key: string]: Json } => ({
  id,
  object: "response",
  created_at: createdAt,
  status: "failed",
  error: { code: failure.code, message: failure.message },
  incomplete_details: null,
  instructions: null,
  metadata: {},
  model,
  output: [],
  parallel_tool_calls: true,
  temperature: null,
  tool_choice: "auto",
  tools: [],
  top_p: null,
  usage: null,
});

export const encodeStreamFailure = (failure: Failure, watch: StreamWatch): Buffer => {
  const body = failureBody(failure);
  const closing = closeEvent(watch, JSON.stringify(body));
  const place = placeOf(watch);
  const write = (type: string, members: { [key: string]: Json }): string =>
    encodeEvent(JSON.stringify({ type, ...members }), place.hasNames ? type : "");
  const { code = null, message = null, param = null } = body;
  const error = write("error", { code, message, param, sequence_number: place.nextNumber });
  const failed = write("response.failed", { sequence_number: place.nextNumber + 1, response: failedResponse(place, failure) });
  return Buffer.from(closing + error + failed);
};
