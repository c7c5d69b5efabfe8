// An API server on loopback, as far as an operator sees one: lists in pages, watches with bookmarks, apply, conflicts, expired versions.
// A test says how it misbehaves: refused requests, streams that end, fall silent or carry rubbish. It checks no schema and no rights.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { applied, merged } from "./kube-merge.ts";
import { formOf, matcherOf } from "./kube-select.ts";
import { idIn, KubeStore, type Collection, type Happening, type Raw } from "./kube-store.ts";

export type { Raw } from "./kube-store.ts";

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly isWatch: boolean;
  readonly accept: string;
  readonly contentType: string;
  readonly authorization: string;
}

export type Misbehaviour = { readonly status: number; readonly reason?: string; readonly message?: string; readonly retryAfter?: number; readonly causes?: readonly { field: string; message: string }[] } | "hang" | "destroy" | undefined;

interface Stream {
  readonly collection: Collection;
  readonly matches: (object: Raw) => boolean;
  readonly form: (object: Raw) => Raw;
  readonly response: ServerResponse;
}

interface Target {
  readonly collection: Collection;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

class Refused extends Error {
  readonly status: number;
  readonly reason: string;
  readonly causes: readonly object[];

  constructor(status: number, reason: string, message: string, causes: readonly object[] = []) {
    super(message);
    this.causes = causes;
    this.status = status;
    this.reason = reason;
  }
}

const statusBody = (code: number, reason: string, message: string): Raw => ({ apiVersion: "v1", kind: "Status", status: "Failure", code, reason, message, metadata: { name: "" } });

export class KubeDouble {
  readonly store = new KubeStore();
  readonly seen: Seen[] = [];
  /** Asked before each request is answered. */
  misbehave: (request: Seen) => Misbehaviour = () => undefined;
  hasWatchList = true;
  /** Answers TokenReviews. */
  review: (token: string, audiences: readonly string[]) => Record<string, unknown> = () => ({ authenticated: false });
  /** What is behind the proxy to a pod. */
  proxied: (path: string) => unknown = (path) => {
    throw new Refused(404, "NotFound", `nothing is at ${path}`);
  };
  readonly #streams = new Set<Stream>();
  readonly #pages = new Map<string, { objects: Raw[]; revision: number }>();
  readonly #applied = new Map<string, unknown>();
  #isMute = false;
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  static async start(): Promise<KubeDouble> {
    const double = new KubeDouble();
    double.store.listen((happening) => double.#broadcast(happening));
    await new Promise<void>((resolve) => double.#server.listen(0, "127.0.0.1", resolve));
    return double;
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${address !== null && typeof address === "object" ? address.port : 0}`;
  }

  get watches(): number {
    return this.#streams.size;
  }

  /** Puts an object into its collection. */
  put(collection: Collection, object: Raw): Raw {
    return this.store.put(collection, object);
  }

  seenOf(method: string, part: string): Seen[] {
    return this.seen.filter((one) => one.method === method && one.path.includes(part));
  }

  /** Clean: as when its time is up. Broken: in the middle of a line and without an end. */
  endWatches(how: "clean" | "broken" = "clean"): void {
    for (const { response } of this.#streams) {
      if (how === "clean") response.end();
      else response.write('{"type":"MODI', () => response.destroy());
    }
    this.#streams.clear();
  }

  /** Nothing more is written to the streams, and they stay open: a connection that only looks alive. */
  mute(isMute: boolean): void {
    this.#isMute = isMute;
  }

  bookmark(): void {
    for (const stream of this.#streams) send(stream, "BOOKMARK", this.#bookmarkOf({}));
  }

  /** A line as it is, on each stream of the collection. */
  say(collection: Collection, line: string): void {
    for (const stream of this.#streams) if (stream.collection === collection) stream.response.write(`${line}\n`);
  }

  expire(collection: Collection): void {
    this.say(collection, JSON.stringify({ type: "ERROR", object: statusBody(410, "Expired", "too old resource version") }));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on("error", () => undefined);
    const url = new URL(request.url ?? "/", "http://localhost");
    const body = await bodyOf(request);
    const seen: Seen = {
      method: request.method ?? "", path: url.pathname, query: url.searchParams, body, isWatch: url.searchParams.get("watch") === "true",
      accept: request.headers.accept ?? "", contentType: request.headers["content-type"] ?? "", authorization: request.headers.authorization ?? "",
    };
    this.seen.push(seen);
    const wrong = this.misbehave(seen);
    if (wrong === "hang") return;
    if (wrong === "destroy") return void response.destroy();
    try {
      if (wrong !== undefined) {
        if (wrong.retryAfter !== undefined) response.setHeader("retry-after", String(wrong.retryAfter));
        throw new Refused(wrong.status, wrong.reason ?? "InternalError", wrong.message ?? "as the test wants it", wrong.causes);
      }
      this.#answer(seen, response);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      answerJson(response, error.status, { ...statusBody(error.status, error.reason, error.message), details: { causes: error.causes } });
    }
  }

  #answer(seen: Seen, response: ServerResponse): void {
    if (seen.path === "/version") return answerJson(response, 200, { gitVersion: "v0.0.0-double" });
    if (seen.path.includes("/proxy/")) return answerJson(response, 200, this.proxied(seen.path));
    const target = targetOf(seen.path);
    // A dry run takes every object as it is and keeps none.
    if (seen.query.get("dryRun") === "All") return answerJson(response, 200, seen.body);
    if (target.collection === "authentication.k8s.io/v1/tokenreviews") return answerJson(response, 201, this.#reviewed(seen.body as Raw));
    if (seen.method === "GET" && seen.isWatch) return this.#watch(seen, target, response);
    if (seen.method === "GET" && target.name === undefined) return answerJson(response, 200, this.#list(seen, target));
    if (seen.method === "GET") return answerJson(response, 200, formOf(seen.accept)(this.#present(target)));
    if (seen.method === "POST") return answerJson(response, 201, this.#create(seen.body as Raw, target));
    if (seen.method === "PUT") return answerJson(response, 200, this.#update(seen.body as Raw, target));
    if (seen.method === "PATCH") return answerJson(response, 200, this.#patch(seen, target));
    if (seen.method !== "DELETE") throw new Refused(405, "MethodNotAllowed", "no such verb");
    this.#present(target);
    return answerJson(response, 200, this.store.remove(target.collection, idOf(target)));
  }

  #reviewed(review: Raw): Raw {
    const spec = (review["spec"] ?? {}) as { token?: string; audiences?: string[] };
    return { ...review, status: this.review(spec.token ?? "", spec.audiences ?? []) };
  }

  #present(target: Target): Raw {
    const object = this.store.get(target.collection, idOf(target));
    if (object === undefined) throw new Refused(404, "NotFound", `${target.collection} "${target.name ?? ""}" not found`);
    return object;
  }

  #list({ query, accept }: Seen, { collection, namespace }: Target): unknown {
    const [limit, token] = [Number(query.get("limit") ?? 0), query.get("continue")];
    const [pageId, from = "0"] = (token ?? "").split(".");
    const page = token === null ? { objects: this.store.all(collection).filter(matcherOf(query, namespace)), revision: this.store.revision } : this.#pages.get(pageId ?? "");
    if (page === undefined || page.revision < this.store.compacted) throw new Refused(410, "Expired", "The provided continue parameter is too old");
    const start = Number(from);
    const end = limit === 0 ? page.objects.length : start + limit;
    const id = token === null ? String(this.#pages.size) : (pageId ?? "");
    this.#pages.set(id, page);
    const rest = end < page.objects.length ? { continue: `${id}.${end}` } : {};
    const items = page.objects.slice(start, end).map(formOf(accept)).map(({ apiVersion: _, kind: __, ...object }) => object);
    return { kind: "List", metadata: { resourceVersion: String(page.revision), ...rest }, items };
  }

  #watch({ query, accept }: Seen, { collection, namespace }: Target, response: ServerResponse): void {
    const isInitial = query.get("sendInitialEvents") === "true";
    if (isInitial && !this.hasWatchList) throw new Refused(422, "Invalid", "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled");
    const stream: Stream = { collection, matches: matcherOf(query, namespace), form: formOf(accept), response };
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    const version = query.get("resourceVersion") ?? "";
    if (version === "" || version === "0") for (const object of this.store.all(collection)) if (stream.matches(object)) send(stream, "ADDED", stream.form(object));
    if (isInitial) send(stream, "BOOKMARK", this.#bookmarkOf({ "k8s.io/initial-events-end": "true" }));
    if (version !== "" && version !== "0") {
      const missed = this.store.since(Number(version));
      if (missed === undefined) return void response.end(`${JSON.stringify({ type: "ERROR", object: statusBody(410, "Expired", `too old resource version: ${version}`) })}\n`);
      for (const happening of missed) pass(stream, happening);
    }
    this.#streams.add(stream);
    response.on("close", () => this.#streams.delete(stream));
  }

  #bookmarkOf(annotations: Record<string, string>): Raw {
    return { metadata: { name: "", resourceVersion: String(this.store.revision), annotations } };
  }

  #create(object: Raw, target: Target): Raw {
    const { namespace } = target;
    const named = { ...object, metadata: { ...object.metadata, ...(namespace === undefined ? {} : { namespace }) } };
    if (this.store.get(target.collection, idIn(named)) !== undefined) throw new Refused(409, "AlreadyExists", `"${named.metadata.name}" already exists`);
    return this.store.put(target.collection, named);
  }

  #update(object: Raw, target: Target): Raw {
    const present = this.#present(target);
    checkPreconditions(object, present);
    return this.store.put(target.collection, target.subresource === "status" ? { ...present, status: object["status"] } : { ...object, status: present["status"] ?? object["status"] });
  }

  #patch({ body, contentType, query }: Seen, target: Target): Raw {
    const present = this.#present(target);
    const patch = body as Raw;
    checkPreconditions(patch, present);
    if (contentType !== "application/apply-patch+yaml") return this.store.put(target.collection, merged(present, patch) as Raw);
    const field = target.subresource ?? "spec";
    const key = [target.collection, idOf(target), field, query.get("fieldManager"), present.metadata["uid"]].join(" ");
    const changed = { ...present, [field]: applied(present[field], patch[field], this.#applied.get(key)) };
    this.#applied.set(key, patch[field]);
    return JSON.stringify(changed) === JSON.stringify(present) ? present : this.store.put(target.collection, changed);
  }

  #broadcast(happening: Happening): void {
    if (this.#isMute) return;
    for (const stream of this.#streams) if (stream.collection === happening.collection) pass(stream, happening);
  }
}

const checkPreconditions = (given: Raw, present: Raw): void => {
  const { resourceVersion } = given.metadata ?? {};
  if (resourceVersion !== undefined && resourceVersion !== present.metadata["resourceVersion"]) throw new Refused(409, "Conflict", "the object has been modified; please apply your changes to the latest version and try again");
};

const pass = (stream: Stream, { type, object, before }: Happening): void => {
  const [wasSeen, isSeen] = [before !== undefined && stream.matches(before), type !== "DELETED" && stream.matches(object)];
  if (isSeen) send(stream, wasSeen ? "MODIFIED" : "ADDED", stream.form(object));
  else if (wasSeen) send(stream, "DELETED", stream.form(object));
};

const send = ({ response }: Stream, type: string, object: Raw): void => void response.write(`${JSON.stringify({ type, object })}\n`);

const answerJson = (response: ServerResponse, status: number, body: unknown): void => {
  const text = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) }).end(text);
};

const bodyOf = async (request: IncomingMessage): Promise<unknown> => {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return pieces.length === 0 ? undefined : JSON.parse(Buffer.concat(pieces).toString("utf8"));
};

/** Every collection has namespaces, apart from those of the whole cluster. */
const targetOf = (path: string): Target => {
  const steps = path.split("/").filter((step) => step !== "").map(decodeURIComponent);
  const root = steps.shift();
  const group = root === "api" ? "" : `${steps.shift() ?? ""}/`;
  const version = steps.shift() ?? "";
  const isInside = steps[0] === "namespaces" && steps.length > 2;
  const [namespace] = isInside ? steps.splice(0, 2).slice(1) : [undefined];
  const [plural = "", name, subresource] = steps;
  if (plural === "") throw new Refused(404, "NotFound", "the server could not find the requested resource");
  return { collection: `${group}${version}/${plural}`, namespace, name, subresource };
};

const idOf = ({ namespace, name }: Target): string => (namespace === undefined ? (name ?? "") : `${namespace}/${name ?? ""}`);
