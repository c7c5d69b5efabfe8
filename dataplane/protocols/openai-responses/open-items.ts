// Items of an answer while they are written: each tells its beginning, its parts and its end, and is the item in the end.
// They know nothing of each other; which item comes when is for response-writer.ts.
import { isObject } from "../../wire/json.ts";
import type { Citation, Logprob, Opaque } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { encodeAnnotation, encodeLogprobs, isPlaced } from "./annotations.ts";
import type { Scribe } from "./scribe.ts";
import { seal } from "./sealed.ts";

export type ItemStatus = "completed" | "incomplete";

export interface OpenItem {
  /** More of the part that is open. */
  text(text: string, logprobs: readonly Logprob[] | undefined): void;
  endPart(): void;
  /** Tells the end, and gives the item as it is then. */
  end(status: ItemStatus): JsonObject;
}

/** Parts of a message, and of a reasoning that is told itself: what they are called, and where their text stands. */
const partKinds = {
  text: { type: "output_text", event: "response.output_text", member: "text" },
  refusal: { type: "refusal", event: "response.refusal", member: "refusal" },
  thought: { type: "reasoning_text", event: "response.reasoning_text", member: "text" },
} as const;

type PartKind = keyof typeof partKinds;

class Part {
  readonly #scribe: Scribe;
  readonly #kind: PartKind;
  readonly #place: JsonObject;
  readonly #frame: string;
  readonly #logprobs: Logprob[] = [];
  readonly #annotations: JsonObject[] = [];
  /** Citations of the whole text, whose end is not known yet. */
  readonly #unplaced: Citation[] = [];
  #text = "";

  constructor(scribe: Scribe, kind: PartKind, place: JsonObject) {
    this.#scribe = scribe;
    this.#kind = kind;
    this.#place = place;
    this.#frame = scribe.frame(`${partKinds[kind].event}.delta`, place);
    scribe.event("response.content_part.added", { ...place, part: this.#whole() });
  }

  add(text: string, logprobs: readonly Logprob[] | undefined): void {
    this.#text += text;
    if (logprobs !== undefined) this.#logprobs.push(...logprobs);
    this.#scribe.delta(this.#frame, text, logprobs);
  }

  cite(citation: Citation): void {
    if (isPlaced(citation)) this.#annotate(citation);
    else this.#unplaced.push(citation);
  }

  end(): JsonObject {
    for (const citation of this.#unplaced) this.#annotate(citation);
    const part = this.#whole();
    const { event, member } = partKinds[this.#kind];
    this.#scribe.event(`${event}.done`, { ...this.#place, [member]: this.#text, ...(this.#kind === "text" ? { logprobs: part["logprobs"] ?? [] } : {}) });
    this.#scribe.event("response.content_part.done", { ...this.#place, part });
    return part;
  }

  #annotate(citation: Citation): void {
    const annotation = encodeAnnotation(citation, this.#text.length);
    this.#scribe.event("response.output_text.annotation.added", { ...this.#place, annotation_index: this.#annotations.length, annotation });
    this.#annotations.push(annotation);
  }

  #whole(): JsonObject {
    const { type, member } = partKinds[this.#kind];
    if (this.#kind !== "text") return { type, [member]: this.#text };
    return { type, annotations: [...this.#annotations], logprobs: encodeLogprobs(this.#logprobs), text: this.#text };
  }
}

export class MessageItem implements OpenItem {
  readonly #scribe: Scribe;
  readonly #item: JsonObject;
  readonly #index: number;
  readonly #parts: JsonObject[] = [];
  #part: Part | null = null;

  constructor(scribe: Scribe, index: number, item: JsonObject) {
    this.#scribe = scribe;
    this.#index = index;
    this.#item = item;
    scribe.event("response.output_item.added", { output_index: index, item: this.#whole("in_progress") });
  }

  begin(kind: "text" | "refusal"): void {
    const place = { item_id: this.#item["id"] ?? "", output_index: this.#index, content_index: this.#parts.length };
    this.#part = new Part(this.#scribe, kind, place);
  }

  text(text: string, logprobs: readonly Logprob[] | undefined): void {
    this.#part?.add(text, logprobs);
  }

  cite(citation: Citation): void {
    this.#part?.cite(citation);
  }

  endPart(): void {
    if (this.#part !== null) this.#parts.push(this.#part.end());
    this.#part = null;
  }

  end(status: ItemStatus): JsonObject {
    this.endPart();
    const item = this.#whole(status);
    this.#scribe.event("response.output_item.done", { output_index: this.#index, item });
    return item;
  }

  #whole(status: string): JsonObject {
    return { ...this.#item, type: "message", status, content: [...this.#parts], role: "assistant" };
  }
}

export class ReasoningItem implements OpenItem {
  readonly #scribe: Scribe;
  readonly #item: JsonObject;
  readonly #index: number;
  readonly #summary: JsonObject[] = [];
  readonly #content: JsonObject[] = [];
  readonly #opaques: Opaque[] = [];
  #part: Part | null = null;
  /** Of a summary's part that is open. */
  #text: string | null = null;
  #frame = "";

  constructor(scribe: Scribe, index: number, item: JsonObject) {
    this.#scribe = scribe;
    this.#index = index;
    this.#item = item;
    scribe.event("response.output_item.added", { output_index: index, item: this.#whole() });
  }

  get isSealed(): boolean {
    return this.#opaques.length > 0;
  }

  /** Summaries of the item stand before it, whenever they come. */
  get hasThought(): boolean {
    return this.#content.length > 0;
  }

  begin(isSummary: boolean): void {
    if (!isSummary) {
      this.#part = new Part(this.#scribe, "thought", this.#place("content_index", this.#content.length));
      return;
    }
    const place = this.#place("summary_index", this.#summary.length);
    this.#text = "";
    this.#scribe.event("response.reasoning_summary_part.added", { ...place, part: { type: "summary_text", text: "" } });
    this.#frame = this.#scribe.frame("response.reasoning_summary_text.delta", place);
  }

  text(text: string): void {
    this.#part?.add(text, undefined);
    if (this.#text === null) return;
    this.#text += text;
    this.#scribe.delta(this.#frame, text, undefined);
  }

  seal(opaque: Opaque): void {
    this.#opaques.push(opaque);
  }

  endPart(): void {
    if (this.#part !== null) this.#content.push(this.#part.end());
    this.#part = null;
    if (this.#text === null) return;
    const place = this.#place("summary_index", this.#summary.length);
    const part = { type: "summary_text", text: this.#text };
    this.#scribe.event("response.reasoning_summary_text.done", { ...place, text: this.#text });
    this.#scribe.event("response.reasoning_summary_part.done", { ...place, part });
    this.#summary.push(part);
    this.#text = null;
  }

  end(): JsonObject {
    this.endPart();
    const item = this.#whole();
    this.#scribe.event("response.output_item.done", { output_index: this.#index, item });
    return item;
  }

  #place(key: string, place: number): JsonObject {
    return { item_id: this.#item["id"] ?? "", output_index: this.#index, [key]: place };
  }

  #whole(): JsonObject {
    const sealed = seal(this.#opaques);
    return {
      ...this.#item,
      type: "reasoning",
      summary: [...this.#summary],
      ...(this.#content.length === 0 ? {} : { content: [...this.#content] }),
      ...(sealed === "" ? {} : { encrypted_content: sealed }),
    };
  }
}

const callKinds = {
  function_call: { member: "arguments", event: "response.function_call_arguments" },
  custom_tool_call: { member: "input", event: "response.custom_tool_call_input" },
} as const;

export class CallItem implements OpenItem {
  readonly #scribe: Scribe;
  readonly #item: JsonObject;
  readonly #index: number;
  readonly #type: keyof typeof callKinds;
  readonly #frame: string;
  #text = "";
  #isOpen = true;

  /** `item` has the call's id and name. */
  constructor(scribe: Scribe, index: number, item: JsonObject, isCustom: boolean) {
    this.#scribe = scribe;
    this.#index = index;
    this.#item = item;
    this.#type = isCustom ? "custom_tool_call" : "function_call";
    scribe.event("response.output_item.added", { output_index: index, item: this.#whole("in_progress") });
    this.#frame = scribe.frame(`${callKinds[this.#type].event}.delta`, this.#place());
  }

  text(text: string): void {
    this.#text += text;
    this.#scribe.delta(this.#frame, text, undefined);
  }

  endPart(): void {
    if (!this.#isOpen) return;
    // Clients parse the text, and none is no JSON.
    if (this.#text === "" && this.#type === "function_call") this.text("{}");
    this.#isOpen = false;
    const { event, member } = callKinds[this.#type];
    this.#scribe.event(`${event}.done`, { ...this.#place(), [member]: this.#text });
  }

  end(status: ItemStatus): JsonObject {
    this.endPart();
    const item = this.#whole(status);
    this.#scribe.event("response.output_item.done", { output_index: this.#index, item });
    return item;
  }

  #place(): JsonObject {
    return { item_id: this.#item["id"] ?? "", output_index: this.#index };
  }

  #whole(status: string): JsonObject {
    return { ...this.#item, type: this.#type, status, [callKinds[this.#type].member]: this.#text };
  }
}

/** An item that comes whole. */
export const writeWhole = (scribe: Scribe, index: number, item: JsonObject): JsonObject => {
  const begun = isObject(item) && item["status"] === "completed" ? { ...item, status: "in_progress" } : item;
  scribe.event("response.output_item.added", { output_index: index, item: begun });
  scribe.event("response.output_item.done", { output_index: index, item });
  return item;
};
