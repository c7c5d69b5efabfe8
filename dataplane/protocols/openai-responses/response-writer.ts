// An answer as items, told step by step to a scribe: the one way in which streams and whole replies come to the same output.
//
//   item: added ─▶ parts, each added, filled and done ─▶ done, when the next item begins or the answer is finished
//
// An item stays open behind its last block, because texts that follow each other are parts of one message, thoughts are parts
// of one reasoning, and whether an item is complete or was cut off is known only from what comes next. A block is begun
// by what fills it: one that stays empty is no item.
import { isObject } from "../../wire/json.ts";
import { noUsage, updateUsage } from "../ir.ts";
import type { BlockHead, Conversation, Event, Finish, Opaque } from "../ir.ts";
import { type JsonObject, stringOf } from "../json-members.ts";
import { frameOf } from "./echo.ts";
import { type Ending, endingOf } from "./finish.ts";
import { baseOf, type ItemPrefix, itemIdOf } from "./item-id.ts";
import { Losses } from "./losses.ts";
import { extrasIn, ownExtras, PROTOCOL } from "./members.ts";
import { localName, namespaceOf } from "./namespaces.ts";
import { CallItem, type ItemStatus, MessageItem, type OpenItem, ReasoningItem, writeWhole } from "./open-items.ts";
import type { Scribe } from "./scribe.ts";
import { ALONE, BEFORE, sealFor } from "./sealed.ts";
import { encodeUsage } from "./usage.ts";

type Of<Kind extends Event["kind"]> = Extract<Event, { kind: Kind }>;
type CallHead = Extract<BlockHead, { kind: "tool-call" }>;

/** A block that nothing has filled yet, or that is being filled. */
interface OpenBlock {
  readonly start: Of<"block-start">;
  isBegun: boolean;
}

const noMembers: JsonObject = {};
const FAULT = "The provider failed while it answered.";

export class ResponseWriter {
  readonly losses = new Losses();
  readonly output: JsonObject[] = [];
  /** The response that the answer ended with. */
  last: JsonObject = noMembers;
  readonly #asked: Conversation;
  readonly #scribe: Scribe;
  readonly #usage = noUsage();
  /** How often each was asked for. */
  readonly #ids = new Map<string, number>();
  #frame: JsonObject = noMembers;
  #base = "";
  #item: OpenItem | null = null;
  #block: OpenBlock | null = null;
  #callId = "";
  /** Of a call or a text, on the way to a carrier. */
  #sealed: Opaque[] = [];
  #hasRefusal = false;
  #finish: Finish = { reason: "other", raw: "" };

  constructor(asked: Conversation, scribe: Scribe) {
    this.#asked = asked;
    this.#scribe = scribe;
  }

  get hasStarted(): boolean {
    return this.#frame !== noMembers;
  }

  /** Events of one choice at a time, whose blocks do not overlap. */
  push(event: Event): void {
    if ("choice" in event && event.choice !== 0) return;
    switch (event.kind) {
      case "text":
        return this.#begun()?.text(event.text, event.logprobs);
      case "block-start":
        return this.#startBlock(event);
      case "opaque":
        return this.#seal(event.opaque);
      case "citation":
        return this.#cite(event);
      case "media":
        return;
      case "block-stop":
        return this.#stopBlock();
      case "start":
        return this.#start(event);
      case "usage":
        return updateUsage(this.#usage, event.usage);
      case "finish":
        return this.#end(event.finish);
      case "end":
        return this.#terminate(extrasIn(event));
    }
  }

  /** The response as it stands, in a status. */
  response(status: string, more: JsonObject): JsonObject {
    return { ...this.#frame, status, error: null, incomplete_details: null, output: [...this.output], usage: encodeUsage(this.#usage), ...more };
  }

  /** What is half written is cut off. */
  cutOff(): void {
    if (!this.hasStarted) this.#start({ kind: "start", id: "", model: "", createdAt: 0, serviceTier: "" });
    this.#close("incomplete");
  }

  #start(event: Of<"start">): void {
    this.#base = baseOf(event.id);
    this.#frame = frameOf(this.#asked, { id: event.id, createdAt: event.createdAt, serviceTier: event.serviceTier, said: extrasIn(event) });
    const response = this.response("in_progress", { usage: null });
    this.#scribe.event("response.created", { response });
    this.#scribe.event("response.in_progress", { response });
  }

  #startBlock(start: Of<"block-start">): void {
    // Of the block before: its item cannot go on, for the carrier follows it.
    if (this.#sealed.length > 0) this.#close("completed");
    this.#block = { start, isBegun: false };
    if (start.head.kind === "refusal") this.#hasRefusal = true;
    if (start.head.kind === "whole") this.#whole(start.head.block);
    if (start.head.kind === "audio") this.losses.major("output", "unsupported");
  }

  #stopBlock(): void {
    const block = this.#block;
    if (block?.start.head.kind === "tool-call") this.#begun();
    if (block?.isBegun === true) this.#item?.endPart();
    else if (this.#sealed.length > 0) this.#carry(ALONE);
    this.#block = null;
  }

  /** The item that the open block is written into. */
  #begun(): OpenItem | null {
    const block = this.#block;
    if (block === null || block.isBegun) return this.#item;
    block.isBegun = true;
    const { head } = block.start;
    if (head.kind === "reasoning") this.#reasoning(block.start).begin(head.isSummary);
    else if (head.kind === "tool-call") this.#call(head, extrasIn(block.start));
    else if (head.kind !== "whole") this.#message(block.start).begin(head.kind === "refusal" ? "refusal" : "text");
    return this.#item;
  }

  #message(start: Of<"block-start">): MessageItem {
    const mark = extrasIn(start)["message"];
    if (this.#item instanceof MessageItem && !isObject(mark)) return this.#item;
    this.#close("completed");
    const about = isObject(mark) ? mark : noMembers;
    const item = new MessageItem(this.#scribe, this.output.length, { ...about, id: this.#idOf("msg", about) });
    this.#item = item;
    return item;
  }

  #reasoning(start: Of<"block-start">): ReasoningItem {
    const about = ownExtras(start);
    const isSummary = start.head.kind === "reasoning" && start.head.isSummary;
    if (this.#item instanceof ReasoningItem && about === undefined && !this.#item.isSealed && !(isSummary && this.#item.hasThought)) return this.#item;
    this.#close("completed");
    const item = new ReasoningItem(this.#scribe, this.output.length, { ...about, id: this.#idOf("rs", about ?? noMembers) });
    this.#item = item;
    return item;
  }

  #call(head: CallHead, about: JsonObject): void {
    const sealed = this.#sealed;
    this.#sealed = [];
    this.#close("completed");
    this.#callId = this.#unused(head.id === "" ? `call_${this.#base}_${this.output.length}` : head.id);
    this.#sealed = sealed;
    this.#carry(this.#callId);
    const tool = this.#asked.tools.find((one) => one.kind !== "hosted" && one.name === head.name);
    const namespace = stringOf((tool === undefined ? null : namespaceOf(tool))?.["name"] ?? about["namespace"]);
    const item = {
      ...about,
      id: this.#idOf(head.isCustom ? "ctc" : "fc", about),
      call_id: this.#callId,
      name: localName(namespace, head.name),
      ...(namespace === "" ? {} : { namespace }),
    };
    this.#item = new CallItem(this.#scribe, this.output.length, item, head.isCustom);
  }

  #whole(block: Extract<BlockHead, { kind: "whole" }>["block"]): void {
    const item = this.#wholeItem(block);
    if (item === null) return this.losses.minor("output", block.kind === "foreign" ? "foreign" : "unsupported");
    this.#close("completed");
    this.output.push(writeWhole(this.#scribe, this.output.length, item));
    this.#sealed = [...(block.opaques ?? [])];
    this.#carry(BEFORE);
  }

  /** Null for what this protocol has no item for. */
  #wholeItem(block: Extract<BlockHead, { kind: "whole" }>["block"]): JsonObject | null {
    if (block.kind === "foreign") return block.protocol === PROTOCOL ? { ...block.value, id: this.#idOf("msg", block.value) } : null;
    if (block.kind !== "image" || block.source.kind !== "bytes") return null;
    const about = extrasIn(block);
    const { data, mediaType } = block.source;
    const format = mediaType.startsWith("image/") ? { output_format: mediaType.slice("image/".length) } : {};
    return { ...format, ...about, id: this.#idOf("ig", about), type: "image_generation_call", status: "completed", result: data };
  }

  #seal(opaque: Opaque): void {
    if (this.#block?.start.head.kind !== "reasoning") {
      if (opaque.kind !== "id") this.#sealed.push(opaque);
      return;
    }
    // Without text there is no part, but an item there is.
    const item = this.#block.isBegun && this.#item instanceof ReasoningItem ? this.#item : this.#reasoning(this.#block.start);
    item.seal(opaque);
  }

  #cite({ citation }: Of<"citation">): void {
    const item = this.#begun();
    if (item instanceof MessageItem) item.cite(citation);
  }

  /** What is sealed of another block than a reasoning stands in a reasoning of its own, which names it. */
  #carry(owner: string): void {
    if (this.#sealed.length === 0) return;
    const opaques = this.#sealed;
    this.#sealed = [];
    this.#close("completed");
    const item = { id: this.#idOf("rs", noMembers), type: "reasoning", summary: [], encrypted_content: sealFor(owner, opaques) };
    this.output.push(writeWhole(this.#scribe, this.output.length, item));
  }

  #close(status: ItemStatus): void {
    const item = this.#item;
    this.#item = null;
    if (item !== null) this.output.push(item.end(status));
    if (this.#sealed.length > 0) this.#carry(item instanceof CallItem ? this.#callId : BEFORE);
  }

  #end(finish: Finish): void {
    this.#finish = finish;
    const { status } = endingOf(finish, this.#hasRefusal);
    this.#close(status === "completed" ? "completed" : "incomplete");
    if (finish.reason !== "refusal" || this.#hasRefusal || (finish.detail ?? "") === "") return;
    const message = this.#message({ kind: "block-start", choice: 0, index: 0, head: { kind: "refusal" } });
    message.begin("refusal");
    message.text(finish.detail ?? "", undefined);
    this.#close("incomplete");
  }

  #terminate(said: JsonObject): void {
    const ending = endingOf(this.#finish, this.#hasRefusal);
    const status = this.#statusOf(ending);
    this.#frame = { ...this.#frame, ...said };
    const response = this.response(status, {
      ...(ending.why === null ? {} : { incomplete_details: { reason: ending.why } }),
      ...(status === "failed" ? { error: { code: "server_error", message: this.#finish.detail ?? FAULT } } : {}),
    });
    this.#scribe.event(`response.${status}`, { response });
    this.last = response;
  }

  /** One that still runs in the background says so. */
  #statusOf({ status }: Ending): string {
    const { raw } = this.#finish;
    return raw === "queued" || raw === "in_progress" ? raw : status;
  }

  #idOf(prefix: ItemPrefix, about: JsonObject): string {
    const id = stringOf(about["id"]);
    return this.#unused(id === "" ? itemIdOf(prefix, this.#base, this.output.length) : id);
  }

  /** Clients tell items and calls of one answer apart by their ids. */
  #unused(id: string): string {
    let again = this.#ids.get(id) ?? 0;
    let unused = again === 0 ? id : `${id}_${again}`;
    while (this.#ids.has(unused)) unused = `${id}_${++again}`;
    this.#ids.set(unused, 1).set(id, again + 1);
    return unused;
  }
}
