// THE STORY: the ten steps of a request, in order. The steps do not know each other; they are wired here.
import { failure, type Failure } from "../errors.ts";
import { modelListForm } from "../protocols/model-list.ts";
import { letGo } from "../wire/pieces.ts";
import { accept, receive, receiveWhole } from "./accept.ts";
import { admit, refuseWhenCrowded } from "./admit.ts";
import { refuse, reply } from "./answer.ts";
import { attempt, type Send } from "./attempt.ts";
import { authenticate } from "./authenticate.ts";
import { authorize } from "./authorize.ts";
import { decide, mayAskFor, notFound, usableModels } from "./decide.ts";
import type { Destination, Key } from "./destination.ts";
import type { Exchange } from "./exchange.ts";
import { observe } from "./observe.ts";
import { inTime } from "./patience.ts";
import type { Otherwise, Outgoing } from "./outgoing.ts";
import type { Router } from "./router.ts";
import { settle } from "./settle.ts";
import { stream } from "./stream.ts";
import { translate, type Translation } from "./translate.ts";
import { understand } from "./understand.ts";

export const handle = async (exchange: Exchange, idPrefix: string): Promise<void> => {
  begin(exchange);
  try {
    const refusal =
      accept(exchange, idPrefix) ??
      refuseWhenCrowded(exchange) ??
      authenticate(exchange) ??
      (exchange.request.body === undefined ? await receive(exchange) : receiveWhole(exchange, exchange.request.body)) ??
      understand(exchange) ??
      decide(exchange) ??
      admit(exchange) ??
      (await attempt(exchange, send));
    if (refusal !== null) refuse(exchange, refusal);
  } catch (error) {
    blunder(exchange, error);
  } finally {
    closeUpload(exchange);
    settle(exchange);
    observe(exchange);
    end(exchange);
  }
};

/** What is held of it goes, and what was not read is let by, so that the connection serves its next request. */
const closeUpload = (exchange: Exchange): void => {
  if (exchange.upload === null) return;
  exchange.bytesIn = exchange.upload.bytes;
  exchange.upload.close();
};

const send: Send = (exchange, destination, key, hasNext): Promise<Failure | null> | Failure => {
  const translated = translate(exchange, destination, key);
  return translated instanceof Promise ? sendLater(exchange, destination, key, hasNext, translated) : dispatch(exchange, destination, key, hasNext, translated);
};

const sendLater = async (exchange: Exchange, destination: Destination, key: Key, hasNext: boolean, translated: Promise<Translation>): Promise<Failure | null> => {
  const outcome = await inTime(exchange, destination, translated);
  return outcome === null ? null : dispatch(exchange, destination, key, hasNext, outcome);
};

const dispatch = (exchange: Exchange, destination: Destination, key: Key, hasNext: boolean, translated: Translation): Promise<Failure | null> | Failure => {
  if ("code" in translated) return translated;
  if ("answer" in translated) return replyOwn(exchange, translated.answer);
  const authorized = authorize(translated, exchange.endpoint.method, destination, key);
  const outcome = authorized instanceof Promise ? streamLater(exchange, destination, key, hasNext, authorized) : stream(exchange, destination, authorized, key, hasNext);
  return translated.otherwise === undefined ? outcome : orOtherwise(exchange, translated.otherwise, outcome);
};

/** What the provider lacks the gateway answers by itself. */
const orOtherwise = async (exchange: Exchange, otherwise: Otherwise, outcome: Promise<Failure | null>): Promise<Failure | null> => {
  const refusal = await outcome;
  if (refusal === null || !otherwise.isDue()) return refusal;
  const own = await otherwise.answer();
  if ("code" in own) return own;
  exchange.errorCode = "";
  return replyOwn(exchange, own.answer);
};

const replyOwn = async (exchange: Exchange, answer: object): Promise<null> => {
  if (!exchange.isAborted) reply(exchange, answer);
  return null;
};

/** While a token is on its way the request's time runs, and its client may leave. */
const streamLater = async (exchange: Exchange, destination: Destination, key: Key, hasNext: boolean, authorized: Promise<Outgoing | Failure>): Promise<Failure | null> => {
  const outgoing = await inTime(exchange, destination, authorized);
  if (outgoing === null || "code" in outgoing) return outgoing;
  return exchange.isAborted ? null : stream(exchange, destination, outgoing, key, hasNext);
};

/** Models are answered from the snapshot: the same first steps, no provider. */
export const handleModels = (exchange: Exchange, idPrefix: string, id: string | null): void => {
  begin(exchange);
  try {
    const refusal = accept(exchange, idPrefix) ?? authenticate(exchange) ?? replyModels(exchange, id);
    if (refusal !== null) refuse(exchange, refusal);
  } catch (error) {
    blunder(exchange, error);
  } finally {
    observe(exchange);
    end(exchange);
  }
};

/** What no endpoint takes: refused in the client's own shape, seen and counted like the rest. */
export const handleNothing = (exchange: Exchange, idPrefix: string, refusal: Failure): void => {
  begin(exchange);
  try {
    accept(exchange, idPrefix);
    refuse(exchange, refusal);
  } finally {
    observe(exchange);
    end(exchange);
  }
};

const replyModels = (exchange: Exchange, id: string | null): Failure | null => {
  const router = exchange.router as Router;
  const form = modelListForm(exchange.endpoint.protocol);
  const model = (name: string) => ({ name, owner: router.exact.get(name)?.route.name ?? "" });
  if (id === null) {
    const names = usableModels(router, exchange.caller).toSorted();
    reply(exchange, form.list(names.map(model), exchange.query));
    return null;
  }
  const match = router.exact.get(id);
  const isUsable = match !== undefined && mayAskFor(exchange.caller, id) && match.route.mayUse(exchange.caller);
  if (!isUsable) return notFound(router, exchange.caller, id.slice(0, 256));
  reply(exchange, form.one(model(id)));
  return null;
};

const begin = (exchange: Exchange): void => {
  const { gateway } = exchange;
  gateway.openRequests++;
  gateway.openResponses++;
  exchange.response.on("close", () => {
    gateway.openResponses--;
    if (gateway.isDraining) gateway.onIdle?.();
    if (exchange.response.writableFinished) return;
    exchange.isAborted = true;
    exchange.waiting?.onClientLeft();
  });
};

const end = ({ gateway, body, attempts, isBodySent }: Exchange): void => {
  // Of a former attempt some may still be on its way.
  if (isBodySent && attempts === 1) letGo(body);
  gateway.openRequests--;
  if (gateway.isDraining) gateway.onIdle?.();
};

const blunder = (exchange: Exchange, error: unknown): void => {
  exchange.gateway.telemetry.log.error("a request failed inside the gateway", { id: exchange.id, error });
  refuse(exchange, failure("INTERNAL"));
};
