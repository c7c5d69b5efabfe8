// Step 7: what is sent to the provider. The same protocol on both sides: the same bytes, with the model's name replaced.
// Otherwise the conversation is read once, made to fit, and written in the provider's words. It sends nothing.
import type { Readable } from "node:stream";
import { failure, type Failure } from "../errors.ts";
import { isInvalid, type ClientCodec, type ProviderCodec, type TargetModel } from "../protocols/codec.ts";
import { fit, type Fitted } from "../protocols/fit/index.ts";
import { clientCodecs, providerCodecs } from "../protocols/index.ts";
import type { Conversation, Loss } from "../protocols/ir.ts";
import { splice } from "../wire/json-splice.ts";
import type { Destination, Key, ModelName } from "./destination.ts";
import type { Exchange } from "./exchange.ts";
import { fetchMedia } from "./fetch-media.ts";
import type { Outgoing } from "./outgoing.ts";
import { Untouched } from "./passage.ts";
import { Translated } from "./translation.ts";
import { dialectPath, upstreamPath, withQuery } from "./upstream-path.ts";

const CLIENT_PREFIX_LENGTH = "/v1".length;
/** Moving more than this costs as much as a copy. */
const PREFIX_BYTES_MAX = 16_384;

export const translate = (exchange: Exchange, destination: Destination, key: Key): Outgoing | Failure | Promise<Outgoing | Failure> => {
  const model = exchange.modelAsked === "" ? null : destination.modelFor(exchange.modelAsked);
  exchange.modelSent = model?.name ?? "";
  exchange.losses = NO_LOSSES;
  if (destination.protocol === exchange.endpoint.protocol) return untouched(exchange, destination, key, model);
  return translated(exchange, destination, key);
};

const NO_LOSSES: readonly Loss[] = [];

const untouched = (exchange: Exchange, destination: Destination, key: Key, model: ModelName | null): Outgoing => ({
  path: destination.basePath + withQuery(pathOf(exchange, destination), key.query),
  headers: headersOf(exchange, destination, key),
  body: bodyOf(exchange, model),
  passage: new Untouched(exchange.protocol, exchange),
});

/** Endpoints are found under other spellings too (whole URLs, escapes): a provider hears only the usual one. */
const pathOf = ({ endpoint, path, query, modelSent }: Exchange, { dialects }: Destination): string =>
  endpoint.upstreamPath === "" ? path.slice(CLIENT_PREFIX_LENGTH) + query : upstreamPath(endpoint.upstreamPath, modelSent, query, dialects(modelSent).dialect);

const headersOf = (exchange: Exchange, destination: Destination, key: Key): string[] => {
  const { contentType, upload } = exchange;
  const headers = key.headers.concat(exchange.forwarded);
  addMissing(headers, destination.headers, exchange.forwarded);
  if (contentType !== "" && exchange.endpoint.body !== "none") headers.push("content-type", contentType);
  addTracing(headers, exchange);
  const length = upload?.contentLength(renamed(exchange)) ?? null;
  if (length !== null) headers.push("content-length", String(length));
  return headers;
};

const addMissing = (headers: string[], wanted: readonly string[], sent: readonly string[]): void => {
  for (let index = 0; index < wanted.length; index += 2) if (!sent.includes(wanted[index] as string)) headers.push(wanted[index] as string, wanted[index + 1] as string);
};

const addTracing = (headers: string[], { id, trace }: Exchange): void => {
  headers.push("x-request-id", id);
  if (trace !== null && trace.traceparent !== "") headers.push("traceparent", trace.traceparent);
  if (trace !== null && trace.tracestate !== "") headers.push("tracestate", trace.tracestate);
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

/** One translation of one request for one target. */
interface Work {
  readonly exchange: Exchange;
  readonly destination: Destination;
  readonly key: Key;
  readonly client: ClientCodec;
  readonly provider: ProviderCodec;
  readonly asked: Conversation;
  readonly target: TargetModel;
}

const translated = (exchange: Exchange, destination: Destination, key: Key): Outgoing | Failure | Promise<Outgoing | Failure> => {
  const client = clientCodecs[exchange.endpoint.protocol];
  const provider = providerCodecs[destination.protocol];
  if (client === undefined || provider === undefined) return failure("ROUTE_NO_TARGET", { route: exchange.routeName, operation: exchange.operation });
  const refusal = read(exchange, client);
  if (refusal !== null) return refusal;
  const asked = exchange.conversation as Conversation;
  const target = targetOf(exchange, destination, asked);
  const work: Work = { exchange, destination, key, client, provider, asked, target };
  const fitted = fit(asked, target, provider.abilities(target.dialect, target.model), client);
  const refused = refusedLosses(fitted.losses, work);
  if (refused !== null) return refused;
  if (fitted.fetches.length === 0) return encode(work, fitted, fitted.conversation);
  return fetchMedia(exchange, fitted.fetches).then((fetched) => {
    if ("code" in fetched) return fetched;
    const whole = fitted.withFetched(fetched.media);
    return encode(work, whole, whole.conversation);
  });
};

const read = (exchange: Exchange, client: ClientCodec): Failure | null => {
  if (exchange.conversation !== null) return null;
  const { body, bodyStart, bodyEnd, modelAsked, endpoint, query, request } = exchange;
  const conversation = client.decodeRequest(body.subarray(bodyStart, bodyEnd), { model: modelAsked, isStreaming: endpoint.isStreaming, query, headers: request.headers });
  if (isInvalid(conversation)) return failure("REQUEST_INVALID", { problem: conversation.problem }, conversation.parameter);
  // A former attempt may have spelt the model otherwise in the bytes.
  exchange.conversation = conversation.model === modelAsked ? conversation : { ...conversation, model: modelAsked };
  exchange.isStreaming = conversation.isStreaming;
  return null;
};

const targetOf = ({ modelSent }: Exchange, { dialects, protocol, providerLabel }: Destination, { isStreaming }: Conversation): TargetModel => {
  const { dialect, outputTokensMax } = dialects(modelSent);
  return { model: modelSent, isStreaming: isStreaming || dialect.onlyStreams === true, dialect, origin: `${protocol}/${providerLabel}`, outputTokensMax };
};

/** An encoder names the neutral model's members; the client has its own words for them. */
const inClientsWords = (loss: Loss, { fieldNames }: ClientCodec): Loss => {
  const words: Readonly<Record<string, string>> = fieldNames;
  const path = Object.hasOwn(words, loss.path) ? words[loss.path] : undefined;
  return path === undefined ? loss : { ...loss, path };
};

/** What two places notice is one loss. */
const each = (losses: readonly Loss[]): readonly Loss[] =>
  losses.length < 2 ? losses : [...new Map(losses.map((loss) => [`${loss.path} ${loss.reason}`, loss])).values()];

const NAMED_MAX = 5;

const inexpressible = ({ routeName }: Exchange, { protocol }: Destination, losses: readonly Loss[]): Failure => {
  const named = losses.slice(0, NAMED_MAX).map(({ path }) => path).join(", ");
  const paths = losses.length > NAMED_MAX ? `${named} and ${losses.length - NAMED_MAX} more` : named;
  return { ...failure("REQUEST_NOT_EXPRESSIBLE", { protocol, paths, route: routeName }, losses[0]?.path ?? ""), kind: "invalid" };
};

const refusedLosses = (losses: readonly Loss[], { exchange, destination }: Work): Failure | null => {
  const major = destination.mayLose ? NO_LOSSES : losses.filter(({ severity }) => severity === "major");
  return major.length === 0 ? null : inexpressible(exchange, destination, major);
};

const encode = (work: Work, fitted: Fitted, conversation: Conversation): Outgoing | Failure => {
  const { exchange, destination, key, client, provider, asked, target } = work;
  const encoded = provider.encodeRequest(conversation, target);
  exchange.losses = each([...fitted.losses, ...encoded.losses.map((loss) => inClientsWords(loss, client))]);
  const refused = refusedLosses(exchange.losses, work);
  if (refused !== null) return refused;
  const headers = key.headers.concat(encoded.headers);
  addMissing(headers, destination.headers, encoded.headers);
  headers.push("content-type", "application/json");
  addTracing(headers, exchange);
  const { clock } = exchange.gateway;
  return {
    path: destination.basePath + withQuery(dialectPath(encoded.path, target.model, target.dialect), key.query),
    headers,
    body: encoded.body,
    passage: new Translated({
      client,
      provider,
      asked,
      target,
      undo: fitted.undo,
      requestId: exchange.id,
      nowSeconds: () => Math.floor(clock.now() / 1000),
      onLosses: (losses) => {
        if (losses.length > 0) exchange.losses = [...exchange.losses, ...losses];
      },
    }),
  };
};
