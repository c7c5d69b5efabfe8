// A provider's stream as events. It reads all dialects: without event names, with `[DONE]` behind it, with ids that restart,
// with items that are told only when they are done, or only in the end.
//
//   waiting ── response.created ──▶ running ── completed, incomplete ──▶ ended
//      └──────────────┴── error, failed, cancelled ──▶ failed        (what comes behind the last two is not read)
import { isObject, type Json, parseJson } from "../../wire/json.ts";
import type { SseEvent } from "../../wire/sse-events.ts";
import { SseReader } from "../../wire/sse-reader.ts";
import type { StreamDecoder, TargetModel } from "../codec.ts";
import type { Event, ProviderFailure } from "../ir.ts";
import { Held, upToFailure } from "../held.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import { errorIn } from "../openai-failure.ts";
import { readUsage } from "../openai-usage.ts";
import { broken } from "../provider-failure.ts";
import { createdAtOf, responseMembers } from "./decode-reply.ts";
import { finishOf } from "./finish.ts";
import { GrowingItem, kindIn, type Outlet, type PartKind } from "./growing-item.ts";
import { argumentsOf, asExtras, countOf, restOf } from "./members.ts";
import { isCall } from "./output-items.ts";
import { eventFailure, responseFailure } from "./provider-failure.ts";

const DONE = "[DONE]";

/** The tier that was really used is known only in the end. */
const saidBefore: ReadonlySet<string> = new Set([...responseMembers].filter((key) => key !== "service_tier"));

/** Of an item whose beginning was never told. */
const typeByKind = { text: "message", refusal: "message", summary: "reasoning", thought: "reasoning", call: "function_call" } as const satisfies Record<PartKind, string>;

/** They are looked through for one that is meant by its id. */
const ITEMS_MAX = 4096;

const tooMuch = (): ProviderFailure => broken("too_large", "The provider's answer has more items than may be held.");

class Answer implements Outlet {
  events: Event[] = [];
  readonly origin: string;
  isOver = false;
  hasRefusal = false;
  readonly #items = new Map<number, GrowingItem>();
  #blocks = 0;
  #hasStarted = false;
  readonly #held: Held;

  constructor(origin: string, charactersMax: number) {
    this.origin = origin;
    this.#held = new Held(charactersMax);
  }

  nextIndex(): number {
    return this.#blocks++;
  }

  hold(characters: number): void {
    if (!this.#held.take(characters) && !this.isOver) this.fail(tooMuch());
  }

  start(response: JsonObject): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    const { id, model, service_tier: tier } = response;
    this.events.push({
      kind: "start",
      id: stringOf(id),
      model: stringOf(model),
      createdAt: createdAtOf(response),
      serviceTier: stringOf(tier),
      ...asExtras(restOf(response, responseMembers)),
    });
  }

  add(event: JsonObject): void {
    const { item } = event;
    if (!isObject(item)) return;
    const place = this.#placeOf(event);
    const before = this.#items.get(place);
    if (before !== undefined && !before.isDone) return;
    // A server that counts from 0 again means a new item.
    if (before !== undefined) this.#items.set(-1 - this.#items.size, before);
    this.#begin(place, item);
  }

  finishItem(event: JsonObject): void {
    const { item } = event;
    if (!isObject(item)) return;
    const place = this.#placeOf(event);
    (this.#items.get(place) ?? this.#begin(place, item)).end(item);
  }

  grow(event: JsonObject, kind: PartKind, place: Json | undefined): void {
    const { delta } = event;
    if (typeof delta !== "string") return;
    this.#itemOf(event, kind).grow(kind, typeof place === "number" ? place : 0, delta, event["logprobs"]);
  }

  itemOf(event: JsonObject): GrowingItem | undefined {
    return this.#items.get(this.#placeOf(event));
  }

  finish(response: JsonObject): void {
    const failure = response["status"] === "failed" || response["status"] === "cancelled" ? responseFailure(response) : null;
    if (failure !== null) return this.fail(failure);
    this.start(response);
    this.#endItems(objectsIn(response["output"]));
    const usage = readUsage(response["usage"]);
    const calls = [...this.#items.values()].some(({ item }) => isCall(item));
    this.events.push({ kind: "finish", choice: 0, finish: finishOf(response, { calls, refusal: this.hasRefusal }) });
    if (usage !== null) this.events.push({ kind: "usage", usage });
    this.events.push({ kind: "end", ...asExtras(restOf(response, saidBefore)) });
    this.isOver = true;
  }

  /** The stream said that it is over without saying how the response ended. */
  finishSilently(): void {
    if (this.#items.size === 0) return;
    this.finish({});
  }

  fail(failure: ProviderFailure): void {
    this.events.push({ kind: "failure", failure });
    this.isOver = true;
  }

  #begin(place: number, item: JsonObject): GrowingItem {
    this.start({});
    const growing = new GrowingItem(item, this);
    this.#items.set(place, growing);
    if (this.#items.size > ITEMS_MAX && !this.isOver) this.fail(tooMuch());
    return growing;
  }

  #itemOf(event: JsonObject, kind: PartKind): GrowingItem {
    const place = this.#placeOf(event);
    return this.#items.get(place) ?? this.#begin(place, { type: typeByKind[kind], call_id: event["item_id"] ?? "" });
  }

  #placeOf(event: JsonObject): number {
    const place = event["output_index"];
    if (typeof place === "number" && place >= 0) return place;
    const id = stringOf(event["item_id"]);
    for (const [at, { item }] of this.#items) if (id !== "" && item["id"] === id) return at;
    return isObject(event["item"]) ? this.#items.size : Math.max(0, this.#items.size - 1);
  }

  /** What the end repeats counts for items whose own end never came, and for all when none was told. */
  #endItems(output: readonly JsonObject[]): void {
    if (this.#items.size === 0) output.forEach((item, place) => this.#begin(place, item).end(item));
    for (const [place, growing] of this.#items) {
      if (growing.isDone) continue;
      const item = output[place];
      if (item !== undefined && item["type"] === growing.item["type"]) growing.end(item);
      else growing.abandon();
    }
  }
}

type Handle = (answer: Answer, event: JsonObject) => void;

const responseIn = (event: JsonObject): JsonObject => (isObject(event["response"]) ? event["response"] : {});
const start: Handle = (answer, event) => answer.start(responseIn(event));
const content = (kind: PartKind): Handle => (answer, event) => answer.grow(event, kind, event["content_index"]);
const place = (event: JsonObject, key: string): number => countOf(event[key], 0);

/** Ends of texts, with the member that repeats the text. */
const textDone = (kind: PartKind, member: string, index: string): Handle => (answer, event) =>
  answer.itemOf(event)?.complete(kind, place(event, index), stringOf(event[member]), event["logprobs"]);

const callDone = (member: string): Handle => (answer, event) => {
  const item = answer.itemOf(event);
  item?.complete("call", 0, argumentsOf(event[member]));
  item?.endCall();
};

const partDone: Handle = (answer, event) => {
  const { part } = event;
  const kind = isObject(part) ? kindIn(part) : null;
  if (kind !== null && isObject(part)) answer.itemOf(event)?.endPart(kind, place(event, "content_index"), part);
};

const annotation: Handle = (answer, event) => {
  if (isObject(event["annotation"])) answer.itemOf(event)?.cite(place(event, "content_index"), event["annotation"]);
};

const end = (status: string): Handle => (answer, event) => answer.finish({ status, ...responseIn(event) });

/** Per type of event; others say nothing that is not said elsewhere. */
const handles: ReadonlyMap<string, Handle> = new Map<string, Handle>([
  ["response.created", start],
  ["response.queued", start],
  ["response.in_progress", start],
  ["response.output_item.added", (answer, event) => answer.add(event)],
  ["response.output_item.done", (answer, event) => answer.finishItem(event)],
  ["response.output_text.delta", content("text")],
  ["response.refusal.delta", content("refusal")],
  ["response.reasoning_text.delta", content("thought")],
  ["response.reasoning.delta", content("thought")],
  ["response.reasoning_summary_text.delta", (answer, event) => answer.grow(event, "summary", event["summary_index"])],
  ["response.function_call_arguments.delta", (answer, event) => answer.grow(event, "call", 0)],
  ["response.custom_tool_call_input.delta", (answer, event) => answer.grow(event, "call", 0)],
  ["response.output_text.annotation.added", annotation],
  ["response.output_text.done", textDone("text", "text", "content_index")],
  ["response.refusal.done", textDone("refusal", "refusal", "content_index")],
  ["response.reasoning_text.done", textDone("thought", "text", "content_index")],
  ["response.reasoning_summary_text.done", textDone("summary", "text", "summary_index")],
  ["response.function_call_arguments.done", callDone("arguments")],
  ["response.custom_tool_call_input.done", callDone("input")],
  ["response.content_part.done", partDone],
  ["response.completed", end("completed")],
  ["response.incomplete", end("incomplete")],
  ["response.failed", end("failed")],
  ["response.cancelled", end("cancelled")],
  ["keepalive", (answer) => answer.events.push({ kind: "ping" })],
]);

class ResponsesDecoder implements StreamDecoder {
  readonly #reader: SseReader;
  readonly #answer: Answer;
  #isDone = false;

  constructor(target: TargetModel, eventBytesMax: number) {
    this.#reader = new SseReader(eventBytesMax);
    this.#answer = new Answer(target.origin, eventBytesMax);
  }

  push(bytes: Buffer): Event[] {
    for (const event of this.#reader.push(bytes)) this.#read(event);
    if (this.#reader.isOversize && !this.#answer.isOver) this.#answer.fail(broken("event_too_large", "An event of the provider's stream was larger than the limit."));
    return this.#take();
  }

  end(): Event[] {
    for (const event of this.#reader.end()) this.#read(event);
    const answer = this.#answer;
    if (!answer.isOver && this.#isDone && !this.#reader.isCut) answer.finishSilently();
    if (!answer.isOver) answer.fail(broken("truncated", "The provider's stream broke off before its end."));
    return this.#take();
  }

  #take(): Event[] {
    const { events } = this.#answer;
    if (events.length > 0) this.#answer.events = [];
    return this.#answer.isOver ? upToFailure(events) : events;
  }

  #read({ name, data }: SseEvent): void {
    const answer = this.#answer;
    if (answer.isOver) return;
    if (data === DONE) {
      this.#isDone = true;
      return;
    }
    const event = parseJson(data);
    const type = isObject(event) && typeof event["type"] === "string" ? event["type"] : name;
    const handle = handles.get(type);
    if (handle !== undefined && isObject(event)) return handle(answer, event);
    if (type === "error" || name === "error" || (!type.startsWith("response.") && errorIn(event) !== null)) answer.fail(eventFailure(data, event));
  }
}

export const decodeStream = (target: TargetModel, eventBytesMax: number): StreamDecoder => new ResponsesDecoder(target, eventBytesMax);
