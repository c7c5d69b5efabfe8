// Step 7: what is sent to the provider. The same protocol on both sides: the same bytes, with the model's name replaced.
// Otherwise the conversation is read once, made to fit, and written in the provider's words. It sends nothing.
import { failure, type Failure } from "../errors.ts";
import { isInvalid, type Asked, type ClientCodec, type ProviderCodec, type TargetModel } from "../protocols/codec.ts";
import { isTooDeep, TOO_DEEP } from "../protocols/depth.ts";
import type { Dialect } from "../protocols/dialect.ts";
import { fit, type Fitted, type Undo } from "../protocols/fit/index.ts";
import { nameInside } from "../protocols/google-model.ts";
import { clientCodecs, providerCodecs } from "../protocols/index.ts";
import type { Conversation, Loss } from "../protocols/ir.ts";
import type { CountProvider } from "../protocols/token-count/index.ts";
import { joined, withBothReplaced, withReplaced, type Replacement } from "../wire/pieces.ts";
import type { ClientRequest } from "./client.ts";
import type { Destination, Key, ModelName } from "./destination.ts";
import { countBase, counterFor, countPassage, countedBody, estimate } from "./count-translation.ts";
import type { Exchange } from "./exchange.ts";
import { fetchMedia } from "./fetch-media.ts";
import { heldOf } from "./held.ts";
import { each, inClientsWords, NO_LOSSES, refusedLosses } from "./losses.ts";
import type { Outgoing, OutgoingBody, OwnAnswer } from "./outgoing.ts";
import { Untouched, type Passage } from "./passage.ts";
import { PerhapsCounted } from "./perhaps-counted.ts";
import { reframed } from "./reframed.ts";
import { translateSide } from "./side-translation.ts";
import { Sifted } from "./sifted.ts";
import { Translated, type Translating } from "./translation.ts";
import { addMissing, addTracing, documentHeaders } from "./upstream-headers.ts";
import { dialectPath, holdsModel, templateOf, upstreamPath, withFixed, withQuery } from "./upstream-path.ts";
import { unframed } from "./unframed.ts";
import { vendorForm } from "./vendor-form.ts";

const CLIENT_PREFIX_LENGTH = "/v1".length;

export type Translation = Outgoing | OwnAnswer | Failure;

export const translate = (exchange: Exchange, destination: Destination, key: Key): Translation | Promise<Translation> => {
  const model = exchange.modelAsked === "" ? null : destination.modelFor(exchange.modelAsked);
  exchange.modelSent = model?.name ?? "";
  exchange.losses = NO_LOSSES;
  const { family, protocol } = exchange.endpoint;
  if (destination.protocol === protocol && !lacksCount(exchange, destination)) return untouched(exchange, destination, key, model);
  try {
    const outcome = family === "embeddings" || family === "rerank" ? translateSide(family, exchange, destination, key) : translated(exchange, destination, key);
    return outcome instanceof Promise ? outcome.catch(refuseTooDeep) : outcome;
  } catch (error) {
    return refuseTooDeep(error);
  }
};

const refuseTooDeep = (error: unknown): Failure => {
  if (isTooDeep(error)) return failure("REQUEST_INVALID", { problem: TOO_DEEP.problem }, TOO_DEEP.parameter);
  throw error;
};

/** A vendor may speak a protocol without its counting of tokens. */
const lacksCount = ({ endpoint, modelSent }: Exchange, { dialects }: Destination): boolean =>
  endpoint.family === "token-count" && (dialects(modelSent).dialect.countsTokens ?? true) !== true;

/** The same protocol, as its vendor has it: most have it as it is. */
const untouched = (exchange: Exchange, destination: Destination, key: Key, model: ModelName | null): Outgoing => {
  const { endpoint, path, query, modelSent, isStreaming } = exchange;
  const vendor = destination.dialects(modelSent);
  // Endpoints are found under other spellings too (whole URLs, escapes): a provider hears only the usual one.
  const template = endpoint.upstreamPath === "" ? "" : templateOf(endpoint.upstreamPath, isStreaming, vendor.dialect);
  const own = template === "" ? path.slice(CLIENT_PREFIX_LENGTH) + query : upstreamPath(template, modelSent, query);
  const asking = usageAsked(exchange, vendor.dialect);
  const body = bodyOf(exchange, model, asking);
  const form = vendor.edit === null ? null : vendorForm(exchange, vendor, body, holdsModel(template));
  const { protocol } = exchange;
  const passage = asking === null || protocol.usageOnRequest === undefined ? new Untouched(protocol, exchange) : new Sifted(protocol, exchange, protocol.usageOnRequest);
  const outgoing: Outgoing = {
    path: destination.basePath + withFixed(withQuery(own, key.query), destination.query),
    headers: headersOf(exchange, destination, key, form === null ? exchange.forwarded : form.headers),
    body: form === null ? body : form.body,
    passage: reframed(unframed(passage, destination.protocol, vendor.dialect), protocol, query),
  };
  return endpoint.family === "token-count" && vendor.dialect.mayLackCount === true ? perhapsCounted(exchange, outgoing) : outgoing;
};

/** A server that turns out not to count is estimated for. */
const perhapsCounted = (exchange: Exchange, outgoing: Outgoing): Outgoing => {
  const passage = new PerhapsCounted(outgoing.passage, exchange.modelSent);
  return { ...outgoing, passage, otherwise: { isDue: () => passage.isUncounted, answer: () => estimated(exchange) } };
};

const estimated = async (exchange: Exchange): Promise<OwnAnswer | Failure> => {
  const client = clientCodecs[exchange.endpoint.protocol];
  if (client === undefined) return failure("ROUTE_NO_TARGET", { route: exchange.routeName, operation: exchange.operation });
  // What was left out for the server was left out of nothing here.
  exchange.losses = NO_LOSSES;
  try {
    return read(exchange, client) ?? (await estimate(exchange, exchange.conversation as Conversation));
  } catch (error) {
    return refuseTooDeep(error);
  }
};

/** A stream is metered by what its provider counted, also where its client did not ask for that: then we do, and the client does not see it. */
const usageAsked = ({ isStreaming, isUsageWanted, body, topLevel, protocol: { usageOnRequest } }: Exchange, dialect: Dialect): Replacement | null =>
  !isStreaming || isUsageWanted || topLevel === null || usageOnRequest === undefined ? null : usageOnRequest.ask(body, topLevel, dialect);

const headersOf = (exchange: Exchange, destination: Destination, key: Key, forwarded: readonly string[]): string[] => {
  const { contentType, upload } = exchange;
  const headers = key.headers.concat(forwarded);
  addMissing(headers, destination.headers, forwarded);
  if (contentType !== "" && exchange.endpoint.body !== "none") headers.push("content-type", contentType);
  addTracing(headers, exchange);
  const length = upload?.contentLength(renamed(exchange)) ?? null;
  if (length !== null) headers.push("content-length", String(length));
  return headers;
};

const renamed = ({ modelAsked, modelSent }: Exchange): string | null => (modelSent === modelAsked ? null : modelSent);

const bodyOf = (exchange: Exchange, model: ModelName | null, asking: Replacement | null): OutgoingBody => {
  const { upload, endpoint, body, modelStart, modelEnd, modelAsked, modelSent } = exchange;
  if (upload !== null) return upload.open(renamed(exchange));
  if (endpoint.body === "none") return null;
  const isSpelt = model === null || modelStart === -1 || modelSent === modelAsked;
  const asked = asking === null ? null : isSpelt ? withReplaced(body, asking.start, asking.end, asking.bytes) : inOrder(body, asking, { start: modelStart, end: modelEnd, bytes: model.json });
  const spelt = asked ?? (isSpelt ? body : withReplaced(body, modelStart, modelEnd, model.json));
  return isNamedInside(exchange) ? [nameInside(joined(spelt), modelAsked, modelSent)] : spelt;
};

const inOrder = (body: readonly Buffer[], one: Replacement, other: Replacement): readonly Buffer[] =>
  one.start < other.start ? withBothReplaced(body, one, other) : withBothReplaced(body, other, one);

const isNamedInside = ({ endpoint: { protocol, family }, modelAsked, modelSent }: Exchange): boolean =>
  protocol === "gemini" && family !== "conversation" && modelSent !== modelAsked;

/** One translation of one request for one target. */
interface Work {
  readonly exchange: Exchange;
  readonly destination: Destination;
  readonly key: Key;
  readonly client: ClientCodec;
  readonly provider: ProviderCodec;
  readonly asked: Conversation;
  readonly target: TargetModel;
  /** Set where a number of tokens is asked for, and not an answer. */
  readonly counter: CountProvider | null;
}

const translated = (exchange: Exchange, destination: Destination, key: Key): Translation | Promise<Translation> => {
  const client = clientCodecs[exchange.endpoint.protocol];
  const provider = providerCodecs[destination.protocol];
  if (client === undefined || provider === undefined) return failure("ROUTE_NO_TARGET", { route: exchange.routeName, operation: exchange.operation });
  const refusal = read(exchange, client);
  if (refusal !== null) return refusal;
  const asked = exchange.conversation as Conversation;
  const target = targetOf(exchange, destination, asked);
  const isCount = exchange.endpoint.family === "token-count";
  const counter = isCount ? counterFor(destination, target) : null;
  if (isCount && counter === null) return estimate(exchange, asked);
  const work: Work = { exchange, destination, key, client, provider, asked, target, counter };
  const fitted = fit(asked, target, provider.abilities(target.dialect, target.model), client);
  const refused = refusedLosses(fitted.losses, exchange, destination);
  if (refused !== null) return refused;
  if (fitted.fetches.length === 0) return encode(work, fitted, fitted.conversation);
  return fetchMedia(exchange, fitted.fetches).then((fetched) => {
    if ("code" in fetched) return fetched;
    const whole = fitted.withFetched(fetched.media);
    return encode(work, whole, whole.conversation);
  });
};

class Asking implements Asked {
  readonly model: string;
  readonly isStreaming: boolean;
  readonly query: string;
  readonly #request: ClientRequest;

  constructor({ modelAsked, endpoint, query, request }: Exchange) {
    this.model = modelAsked;
    this.isStreaming = endpoint.isStreaming;
    this.query = query;
    this.#request = request;
  }

  /** Few look at them, and to have them by name costs as much as a small step. */
  get headers(): Asked["headers"] {
    return this.#request.headers;
  }
}

const read = (exchange: Exchange, client: ClientCodec): Failure | null => {
  if (exchange.conversation !== null) return null;
  const { body, endpoint } = exchange;
  const sent = joined(body);
  const bytes = endpoint.family === "token-count" ? countedBody(endpoint.protocol, sent) : sent;
  const conversation = "problem" in bytes ? bytes : client.decodeRequest(bytes, new Asking(exchange));
  if (isInvalid(conversation)) return failure("REQUEST_INVALID", { problem: conversation.problem }, conversation.parameter);
  exchange.conversation = conversation;
  exchange.isStreaming = conversation.isStreaming;
  return null;
};

const targetOf = ({ modelSent }: Exchange, { dialects, protocol, providerLabel }: Destination, { isStreaming }: Conversation): TargetModel => {
  const { dialect, outputTokensMax } = dialects(modelSent);
  return { model: modelSent, isStreaming: isStreaming || dialect.onlyStreams === true, dialect, origin: `${protocol}/${providerLabel}`, outputTokensMax };
};

const encode = (work: Work, fitted: Fitted, conversation: Conversation): Outgoing | Failure => {
  const { exchange, destination, key, client, provider, target, counter } = work;
  const written = provider.encodeRequest(conversation, target);
  const encoded = counter === null ? written : counter.encodeRequest(written, target);
  const { losses } = encoded;
  exchange.losses = losses.length === 0 ? each(fitted.losses) : each([...fitted.losses, ...losses.map((loss) => inClientsWords(loss, client.fieldNames))]);
  const refused = refusedLosses(exchange.losses, exchange, destination);
  if (refused !== null) return refused;
  exchange.conversation = null;
  const outgoing: Outgoing = {
    path: (counter === null ? destination.basePath : countBase(destination, counter)) + withFixed(withQuery(dialectPath(encoded.path, target.model, target.dialect), key.query), destination.query),
    headers: documentHeaders(exchange, destination, key, encoded.headers),
    body: [encoded.body],
    passage: counter === null ? passageOf(work, fitted) : countPassage(exchange.endpoint.protocol, counter, provider),
  };
  return counter !== null && target.dialect.mayLackCount === true ? perhapsCounted(exchange, outgoing) : outgoing;
};

const passageOf = (work: Work, { undo }: Fitted): Passage => unframed(new Translated(new WayBack(work, undo)), work.provider.name, work.target.dialect);

/** An object with methods: closures that a request keeps outlive collections, see `Exchange.waiting`. */
class WayBack implements Translating {
  readonly client: ClientCodec;
  readonly provider: ProviderCodec;
  readonly asked: Conversation;
  readonly target: TargetModel;
  readonly undo: Undo;
  readonly requestId: string;
  readonly bytesIn: number;
  readonly #exchange: Exchange;

  constructor({ exchange, client, provider, asked, target }: Work, undo: Undo) {
    this.client = client;
    this.provider = provider;
    this.asked = heldOf(asked, client);
    this.target = target;
    this.undo = undo;
    this.requestId = exchange.id;
    this.bytesIn = exchange.bytesIn;
    this.#exchange = exchange;
  }

  nowSeconds(): number {
    return Math.floor(this.#exchange.gateway.clock.now() / 1000);
  }

  onLosses(losses: readonly Loss[]): void {
    if (losses.length > 0) this.#exchange.losses = [...this.#exchange.losses, ...losses];
  }
}
