// Step 7: what is sent to the provider. The same protocol on both sides: the same bytes, with the model's name replaced.
// It does not send, and it does not read a body for anything but that one place.
import type { Readable } from "node:stream";
import { splice } from "../wire/json-splice.ts";
import type { Exchange } from "./exchange.ts";
import type { Outgoing } from "./outgoing.ts";
import { Untouched } from "./passage.ts";
import type { Destination, Key, ModelName } from "./router.ts";

const CLIENT_PREFIX_LENGTH = "/v1".length;
/** Moving more than this costs as much as a copy. */
const PREFIX_BYTES_MAX = 16_384;

export const translate = (exchange: Exchange, destination: Destination, key: Key): Outgoing => {
  const model = exchange.modelAsked === "" ? null : destination.modelFor(exchange.modelAsked);
  exchange.modelSent = model?.name ?? "";
  return {
    path: destination.basePath + pathOf(exchange).slice(CLIENT_PREFIX_LENGTH) + exchange.query,
    headers: headersOf(exchange, key),
    body: bodyOf(exchange, model),
    passage: new Untouched(exchange.protocol, exchange),
  };
};

/** Endpoints are found under other spellings too (whole URLs, escapes): a provider hears only the usual one. */
const pathOf = ({ endpoint, path }: Exchange): string => (endpoint.path.includes(":") ? path : endpoint.path);

const headersOf = (exchange: Exchange, key: Key): string[] => {
  const { trace, contentType, upload } = exchange;
  const headers = key.headers.concat(exchange.forwarded);
  headers.push("x-request-id", exchange.id);
  if (contentType !== "" && exchange.endpoint.body !== "none") headers.push("content-type", contentType);
  if (trace !== null && trace.traceparent !== "") headers.push("traceparent", trace.traceparent);
  if (trace !== null && trace.tracestate !== "") headers.push("tracestate", trace.tracestate);
  const length = upload?.contentLength(renamed(exchange)) ?? null;
  if (length !== null) headers.push("content-length", String(length));
  return headers;
};

const renamed = ({ modelAsked, modelSent }: Exchange): string | null => (modelSent === modelAsked ? null : modelSent);

const bodyOf = (exchange: Exchange, model: ModelName | null): Buffer | Readable | null => {
  if (exchange.upload !== null) return exchange.upload.open(renamed(exchange));
  if (exchange.endpoint.body === "none") return null;
  // A former attempt may have put another name where the asked one stood.
  if (model !== null && exchange.modelStart !== -1 && (exchange.isBodySpliced || exchange.modelSent !== exchange.modelAsked)) renameModel(exchange, model.json);
  return exchange.body.subarray(exchange.bodyStart, exchange.bodyEnd);
};

/*
 * The first time, what stands before the model's name is moved within the room before the body: a large body is not
 * copied. Later times make a copy, because the former attempt's socket may still be reading from this memory.
 *
 *   |room| {"model": | "support-chat" | ,"messages":[…]}     becomes     |roo| {"model": | "gpt-5.5-mini" | ,"messages":[…]}
 */
const renameModel = (exchange: Exchange, name: Buffer): void => {
  const { body, bodyStart, modelStart, modelEnd } = exchange;
  const newModelStart = modelEnd - name.length;
  const newBodyStart = newModelStart - (modelStart - bodyStart);
  const isCheap = !exchange.isBodySpliced && newBodyStart >= 0 && modelStart - bodyStart <= PREFIX_BYTES_MAX;
  exchange.isBodySpliced = true;
  if (isCheap) {
    body.copyWithin(newBodyStart, bodyStart, modelStart);
    name.copy(body, newModelStart);
    exchange.bodyStart = newBodyStart;
    exchange.modelStart = newModelStart;
    return;
  }
  exchange.body = splice(body.subarray(bodyStart, exchange.bodyEnd), modelStart - bodyStart, modelEnd - bodyStart, name);
  exchange.bodyStart = 0;
  exchange.bodyEnd = exchange.body.length;
  exchange.modelStart = modelStart - bodyStart;
  exchange.modelEnd = exchange.modelStart + name.length;
};
