// Every request to the API server: raw JSON over one shared pool, each with a deadline and a bound, failures as the server told them.
// It retries nothing but a stale credential: when to ask again is the caller's matter.
import { request, type Dispatcher } from "undici";
import { parseText } from "../../dataplane/snapshot/parse.ts";
import type { KubeConnection } from "./connection.ts";
import { failureOf, KubeFailure } from "./failure.ts";
import { LineSplitter } from "./lines.ts";
import { apiVersionOf, fieldsOf, isFields, isKubeObject, listOf, pathOf, textOf, type Fields, type KubeList, type KubeObject, type Place, type Resource, type WatchEvent } from "./types.ts";

export interface KubeClientParts {
  readonly connection: KubeConnection;
  readonly clock: { tick(): number; after(delayMs: number, run: () => void): () => void };
  /** After each request; the status is 0 without an answer. */
  readonly observe?: (verb: Verb, resource: string, status: number, tookMs: number) => void;
}

export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "apply" | "delete";

export interface Selection {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Only metadata: the content stays at the server. */
  readonly isMetadataOnly?: boolean | undefined;
}

export interface PageQuery {
  readonly limit: number;
  readonly continueToken: string;
}

export interface WatchQuery {
  /** "" together with `isInitialWanted`: everything there is, first. */
  readonly resourceVersion: string;
  readonly isInitialWanted: boolean;
  readonly timeoutSeconds: number;
}

export const FIELD_MANAGER = "llm-gateway-operator";

const TRYING_MANAGER = "llmgw-validate";

const REQUEST_MS_MAX = 15_000;
const PAGE_MS_MAX = 60_000;
const BODY_BYTES_MAX = 67_108_864;
const LINE_BYTES_MAX = 16_777_216;

interface Asked {
  readonly verb: Verb;
  readonly method: Dispatcher.HttpMethod;
  readonly resource: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
}

export class KubeClient {
  readonly #parts: KubeClientParts;

  constructor(parts: KubeClientParts) {
    this.#parts = parts;
  }

  get(resource: Resource, place: Place, options: CallOptions = {}): Promise<KubeObject> {
    return this.#object({ verb: "get", method: "GET", resource: resource.plural, path: pathOf(resource, place), ...options });
  }

  /** One page. Without a resourceVersion the answer is as new as the store itself. */
  async list(resource: Resource, selection: Selection, page: PageQuery, signal?: AbortSignal): Promise<KubeList> {
    const query = { ...selectors(selection), limit: String(page.limit), ...(page.continueToken !== "" && { continue: page.continueToken }) };
    const accept = selection.isMetadataOnly === true ? METADATA_LIST : JSON_TYPE;
    const body = await this.#json({ verb: "list", method: "GET", resource: resource.plural, path: pathOf(resource, { namespace: selection.namespace }), query, accept, timeoutMs: PAGE_MS_MAX, signal });
    const metadata = fieldsOf(fieldsOf(body)["metadata"]);
    const items = listOf(fieldsOf(body)["items"]).filter(isKubeObject);
    return { items, resourceVersion: textOf(metadata["resourceVersion"]), continueToken: textOf(metadata["continue"]) };
  }

  /** Ends when the server ends it; throws what the server says in an ERROR event. The caller watches over silence, and aborts. */
  async *watch(resource: Resource, selection: Selection, query: WatchQuery, signal: AbortSignal): AsyncGenerator<WatchEvent, void> {
    const initial = query.isInitialWanted ? { sendInitialEvents: "true", resourceVersionMatch: "NotOlderThan" } : {};
    const version = query.resourceVersion === "" ? {} : { resourceVersion: query.resourceVersion };
    const asked: Asked = {
      verb: "watch", method: "GET", resource: resource.plural, path: pathOf(resource, { namespace: selection.namespace }), signal,
      query: { ...selectors(selection), watch: "true", allowWatchBookmarks: "true", timeoutSeconds: String(query.timeoutSeconds), ...initial, ...version },
      accept: selection.isMetadataOnly === true ? METADATA : JSON_TYPE,
    };
    const answer = await this.#send(asked);
    yield* eventsIn(answer.body, signal);
  }

  create(resource: Resource, place: Place, object: Fields, options: CallOptions = {}): Promise<KubeObject> {
    const query = { fieldManager: FIELD_MANAGER };
    return this.#object({ verb: "create", method: "POST", resource: resource.plural, path: pathOf(resource, place), query, body: named(resource, object), contentType: JSON_TYPE, ...options });
  }

  /** In place of the version that the object carries; a newer one there is a conflict. */
  update(resource: Resource, place: Place, object: Fields, options: CallOptions = {}): Promise<KubeObject> {
    const query = { fieldManager: FIELD_MANAGER };
    return this.#object({ verb: "update", method: "PUT", resource: resource.plural, path: pathOf(resource, place), query, body: named(resource, object), contentType: JSON_TYPE, ...options });
  }

  /** Merges; null removes. */
  patch(resource: Resource, place: Place, patch: Fields, options: CallOptions = {}): Promise<KubeObject> {
    const query = { fieldManager: FIELD_MANAGER };
    return this.#object({ verb: "patch", method: "PATCH", resource: resource.plural, path: pathOf(resource, place), query, body: patch, contentType: "application/merge-patch+json", ...options });
  }

  /** Server-side apply: what is in `object` is ours from here on, and what we no longer name is given up. */
  apply(resource: Resource, place: Place, object: Fields, options: CallOptions = {}): Promise<KubeObject> {
    const query = { fieldManager: FIELD_MANAGER, force: "true" };
    return this.#object({ verb: "apply", method: "PATCH", resource: resource.plural, path: pathOf(resource, place), query, body: named(resource, object), contentType: "application/apply-patch+yaml", ...options });
  }

  /** What would come of applying the object as a whole, by somebody who takes over every field; nothing is kept. */
  tryApply(resource: Resource, place: Place, object: Fields, options: CallOptions = {}): Promise<KubeObject> {
    const query = { fieldManager: TRYING_MANAGER, force: "true", dryRun: "All", fieldValidation: "Strict" };
    return this.#object({ verb: "apply", method: "PATCH", resource: resource.plural, path: pathOf(resource, place), query, body: named(resource, object), contentType: "application/apply-patch+yaml", ...options });
  }

  async delete(resource: Resource, place: Place, options: CallOptions = {}): Promise<void> {
    await this.#json({ verb: "delete", method: "DELETE", resource: resource.plural, path: pathOf(resource, place), ...options });
  }

  /** A page that is no object: of the server itself, or of a pod behind its proxy. */
  read(path: string, options: CallOptions = {}): Promise<unknown> {
    return this.#json({ verb: "get", method: "GET", resource: "page", path, ...options });
  }

  /** Whether a server answers at all. */
  async version(options: CallOptions = {}): Promise<string> {
    return textOf(fieldsOf(await this.#json({ verb: "get", method: "GET", resource: "version", path: "/version", ...options }))["gitVersion"]);
  }

  close(): Promise<void> {
    return this.#parts.connection.close();
  }

  async #object(asked: Asked): Promise<KubeObject> {
    const body = await this.#json(asked);
    // A review has no name, and is an object all the same.
    if (isFields(body)) return { ...body, metadata: { name: "", ...fieldsOf(body["metadata"]) } };
    throw new KubeFailure(`the answer to ${asked.verb} ${asked.path} is no object`, { status: 0, reason: "Malformed" });
  }

  async #json(asked: Asked): Promise<unknown> {
    const { clock } = this.#parts;
    const deadline = new AbortController();
    const timeoutMs = asked.timeoutMs ?? REQUEST_MS_MAX;
    const cancel = clock.after(timeoutMs, () => deadline.abort(new KubeFailure(`no answer within ${timeoutMs} ms`, { status: 0, reason: "TimedOut" })));
    const signal = asked.signal === undefined ? deadline.signal : AbortSignal.any([asked.signal, deadline.signal]);
    try {
      const answer = await this.#send({ ...asked, signal });
      const body = parseText(await textIn(answer.body));
      if (body === undefined) throw new KubeFailure(`the answer to ${asked.verb} ${asked.path} is no JSON`, { status: 0, reason: "Malformed" });
      return body;
    } catch (error) {
      throw asFailure(error, signal);
    } finally {
      cancel();
    }
  }

  /** The good answer, its body not yet read. */
  async #send(asked: Asked, isRefused = false): Promise<Dispatcher.ResponseData> {
    const { connection, clock, observe } = this.#parts;
    const startTick = clock.tick();
    let status = 0;
    try {
      const { dispatcher, headers } = await connection.access(isRefused);
      const answer = await request(`${connection.server}${asked.path}`, {
        dispatcher,
        method: asked.method,
        headers: { ...headers, "user-agent": FIELD_MANAGER, accept: asked.accept ?? JSON_TYPE, ...(asked.contentType !== undefined && { "content-type": asked.contentType }) },
        ...(asked.query !== undefined && { query: asked.query }),
        ...(asked.body !== undefined && { body: JSON.stringify(asked.body) }),
        ...(asked.signal !== undefined && { signal: asked.signal }),
      });
      status = answer.statusCode;
      if (status < 300) return answer;
      const told = await textIn(answer.body);
      if (status !== 401 || isRefused) throw failureOf(status, parseText(told), headerOf(answer, "retry-after"));
    } catch (error) {
      throw asFailure(error, asked.signal);
    } finally {
      observe?.(asked.verb, asked.resource, status, clock.tick() - startTick);
    }
    return this.#send(asked, true);
  }
}

const JSON_TYPE = "application/json";
const METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

const selectors = ({ labelSelector, fieldSelector }: Selection): Record<string, string> => ({
  ...(labelSelector !== undefined && { labelSelector }),
  ...(fieldSelector !== undefined && { fieldSelector }),
});

const named = (resource: Resource, object: Fields): Fields => ({ apiVersion: apiVersionOf(resource), kind: resource.kind, ...object });

const headerOf = (answer: Dispatcher.ResponseData, name: string): string | undefined => {
  const value = answer.headers[name];
  return Array.isArray(value) ? value[0] : value;
};

const textIn = async (body: AsyncIterable<Buffer>): Promise<string> => {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of body) {
    length += piece.length;
    if (length > BODY_BYTES_MAX) throw new KubeFailure(`the answer is larger than ${BODY_BYTES_MAX} bytes`, { status: 0, reason: "TooLarge" });
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
};

async function* eventsIn(body: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<WatchEvent, void> {
  const splitter = new LineSplitter(LINE_BYTES_MAX);
  try {
    for await (const piece of body) for (const line of splitter.push(piece)) yield eventIn(line);
  } catch (error) {
    throw asFailure(error, signal);
  }
  if (splitter.isTorn) throw new KubeFailure("the watch ended in the middle of an event", { status: 0, reason: "Malformed" });
}

const known = ["ADDED", "MODIFIED", "DELETED", "BOOKMARK"] as const;

const eventIn = (line: string): WatchEvent => {
  const event = fieldsOf(parseText(line));
  if (event["type"] === "ERROR") throw failureOf(500, event["object"], undefined);
  const type = known.find((one) => one === event["type"]);
  const object = type === "BOOKMARK" ? bookmarked(event["object"]) : event["object"];
  if (type !== undefined && isKubeObject(object)) return { type, object };
  throw new KubeFailure("an event of a watch cannot be read", { status: 0, reason: "Malformed" });
};

/** A bookmark has a version and no name. */
const bookmarked = (object: unknown): KubeObject => ({ metadata: { ...fieldsOf(fieldsOf(object)["metadata"]), name: "bookmark" } });

const asFailure = (error: unknown, signal: AbortSignal | undefined): KubeFailure => {
  if (error instanceof KubeFailure) return error;
  if (signal?.reason instanceof KubeFailure) return signal.reason;
  if (signal?.aborted === true) return new KubeFailure("given up", { status: 0, reason: "Aborted", cause: error });
  const words = error instanceof Error ? causeOf(error) : String(error);
  return new KubeFailure(`the API server does not answer: ${words}`, { status: 0, reason: "NoAnswer", cause: error });
};

/** Of several addresses that were tried in vain, the first one's story. */
const causeOf = (error: Error): string => {
  const [first] = error instanceof AggregateError ? error.errors : [];
  if (first instanceof Error) return first.message;
  return error.message === "" ? error.name : error.message;
};
