// One choice of an answer while it grows, in every dialect of chat completions: deltas become blocks in order.
// At most one of text, refusal and thinking is open; calls may stay open beside it. It ends only when it is told to, because
// vendors go on after a finish reason.
import { isObject, type Json } from "../../wire/json.ts";
import type { BlockHead, Citation, Event, Extras, Logprob } from "../ir.ts";
import type { Held } from "../held.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import { readAnnotations } from "./citations.ts";
import { type Blocks, CallReader } from "./decode-calls.ts";
import { readImage, thinkingText } from "./decode-parts.ts";
import { thoughtSignatureIn } from "./decode-turns.ts";
import { type Told } from "./finish.ts";
import { readLogprobs } from "./logprobs.ts";
import { NAME } from "./names.ts";
import { entryExtras, isSummary, opaquesIn, textIn } from "./reasoning-details.ts";
import { ThinkTags } from "./think-tags.ts";

type Spoken = "text" | "refusal" | "reasoning";

interface Open {
  readonly kind: Spoken;
  readonly index: number;
  /** Of thinking: which entry of the details it is. */
  readonly key: string;
  /** Half of a surrogate pair that waits for the other. */
  held: string;
  length: number;
}

export interface ChoiceOptions {
  readonly origin: string;
  /** Of all choices together. */
  readonly held: Held;
  readonly hasThinkTags: boolean;
  readonly replyId: string;
}

const ANY_KEY = "";
const BASE64_UNIT = 4;
const CITATIONS_MAX = 10_000;

const endsInHalf = (text: string): boolean => (text.charCodeAt(text.length - 1) & 0xfc00) === 0xd800;

export class ChoiceDecoder implements Told {
  readonly choice: number;
  /** The last thing that the choice said about its end; null while it has not. */
  finish: JsonObject | null = null;
  hasRefusal = false;
  #isOverfull = false;
  readonly #options: ChoiceOptions;
  readonly #calls: CallReader;
  readonly #tags: ThinkTags | null;
  #blocks = 0;
  #open: Open | null = null;
  /** Length of the texts that have ended: where the next one begins in the whole. */
  #base = 0;
  #annotations: JsonObject[] = [];
  #annotationCharacters = 0;
  #audio: { readonly index: number; rest: string; extras: Extras | undefined } | null = null;

  constructor(choice: number, options: ChoiceOptions) {
    this.choice = choice;
    this.#options = options;
    this.#tags = options.hasThinkTags ? new ThinkTags() : null;
    const { origin, held, replyId } = options;
    const blocks: Blocks = { choice, origin, held, replyId, next: () => this.#blocks++, hush: (events) => this.#close(events) };
    this.#calls = new CallReader(blocks);
  }

  get hasCalls(): boolean {
    return !this.#calls.isEmpty;
  }

  /** It said more than may be held until it can be told. */
  get isOverfull(): boolean {
    return this.#isOverfull || this.#calls.isOverfull;
  }

  get isEmpty(): boolean {
    return this.#blocks === 0 && this.#calls.isEmpty;
  }

  /** `said`: a delta, or a message as a whole. */
  read(said: JsonObject, logprobs: Json | undefined, events: Event[]): void {
    this.#readReasoning(said, events);
    const { content, refusal, tool_calls: calls, function_call: call, audio, annotations, images } = said;
    const contentLogprobs = isObject(logprobs) ? readLogprobs(logprobs, "content") : undefined;
    if (typeof content === "string") this.#readText(content, contentLogprobs, events);
    else if (Array.isArray(content)) this.#readParts(content, contentLogprobs, events);
    else if (contentLogprobs !== undefined) this.#say("text", "", events, contentLogprobs);
    if (typeof refusal === "string" && refusal !== "") this.#refuse(refusal, logprobs, events);
    if (isObject(audio)) this.#readAudio(audio, events);
    if (Array.isArray(annotations)) this.#annotate(annotations);
    if (Array.isArray(images)) for (const image of objectsIn(images)) this.#readImage(image, events);
    if (Array.isArray(calls)) this.#calls.read(calls, events);
    if (isObject(call)) this.#calls.readLegacy(call, events);
    if ("extra_content" in said) this.#sign(thoughtSignatureIn(said), events);
  }

  /** Ends all blocks. `sources`: what the answer as a whole is based on. */
  end(sources: readonly Citation[], events: Event[]): void {
    this.#tags?.end((kind, text) => this.#say(kind, text, events));
    // The text that they are about has ended by then: they lose their place, and nothing else.
    if (this.#annotations.length > 0 && this.#open?.kind !== "text") this.#begin("text", { kind: "text" }, events);
    this.#close(events, sources);
    this.#calls.endAll(events);
    if (this.#audio === null) return;
    const { index, extras } = this.#audio;
    events.push({ kind: "block-stop", choice: this.choice, index, ...(extras === undefined ? {} : { extras }) });
    this.#audio = null;
  }

  #readText(text: string, logprobs: readonly Logprob[] | undefined, events: Event[]): void {
    if (this.#tags === null || text === "") this.#say("text", text, events, logprobs);
    else this.#tags.push(text, (kind, part) => this.#say(kind, part, events, kind === "text" ? logprobs : undefined));
  }

  /** Mistral's: thinking and text in one list. */
  #readParts(parts: readonly Json[], logprobs: readonly Logprob[] | undefined, events: Event[]): void {
    for (const part of parts) {
      if (typeof part === "string") this.#readText(part, logprobs, events);
      else if (isObject(part)) this.#readPart(part, logprobs, events);
    }
  }

  #readPart(part: JsonObject, logprobs: readonly Logprob[] | undefined, events: Event[]): void {
    const { type, signature } = part;
    if (type === "image_url") return this.#readImage(part, events);
    if (type !== "thinking") return this.#readText(stringOf(part["text"]), logprobs, events);
    this.#say("reasoning", thinkingText(part["thinking"]), events);
    if (typeof signature === "string" && signature !== "") this.#readDetail({ signature }, events);
  }

  /** Some tell the same thinking in two members: what the details tell is not told again. */
  #readReasoning(said: JsonObject, events: Event[]): void {
    const { reasoning_details: details, reasoning_content: content, reasoning } = said;
    let isTold = false;
    if (Array.isArray(details)) for (const detail of objectsIn(details)) isTold = this.#readDetail(detail, events) || isTold;
    if (isTold) return;
    if (typeof content === "string" && content !== "") this.#say("reasoning", content, events);
    else if (typeof reasoning === "string" && reasoning !== "") this.#say("reasoning", reasoning, events);
  }

  /** True when it told some thinking. */
  #readDetail(detail: JsonObject, events: Event[]): boolean {
    const { origin } = this.#options;
    const text = textIn(detail);
    const opaques = opaquesIn(detail, (value, kind) => [{ kind, origin, value }]);
    if (text === "" && opaques.length === 0) return false;
    const { index } = detail;
    const open = this.#openReasoning(typeof index === "number" ? String(index) : ANY_KEY, detail, events);
    if (text !== "") this.#write(open, text, events);
    for (const opaque of opaques) events.push({ kind: "opaque", choice: this.choice, index: open.index, opaque });
    return text !== "";
  }

  #openReasoning(key: string, detail: JsonObject, events: Event[]): Open {
    const open = this.#open;
    if (open?.kind === "reasoning" && (key === ANY_KEY || open.key === key)) return open;
    return this.#begin("reasoning", { kind: "reasoning", isSummary: isSummary(detail) }, events, key, entryExtras(detail).extras);
  }

  #refuse(text: string, logprobs: Json | undefined, events: Event[]): void {
    this.hasRefusal = true;
    this.#say("refusal", text, events, readLogprobs(logprobs, "refusal"));
  }

  #say(kind: Spoken, text: string, events: Event[], logprobs?: readonly Logprob[]): void {
    if (text === "" && logprobs === undefined) return;
    let open = this.#open;
    if (open === null || open.kind !== kind) open = this.#begin(kind, kind === "reasoning" ? { kind, isSummary: false } : { kind }, events);
    this.#write(open, text, events, logprobs);
  }

  #write(open: Open, text: string, events: Event[], logprobs?: readonly Logprob[]): void {
    let whole = open.held === "" ? text : open.held + text;
    open.held = "";
    if (endsInHalf(whole)) {
      open.held = whole.slice(-1);
      whole = whole.slice(0, -1);
    }
    if (whole === "" && logprobs === undefined) return;
    open.length += whole.length;
    const { choice } = this;
    events.push(logprobs === undefined ? { kind: "text", choice, index: open.index, text: whole } : { kind: "text", choice, index: open.index, text: whole, logprobs });
  }

  #begin(kind: Spoken, head: BlockHead, events: Event[], key = ANY_KEY, extras?: Extras): Open {
    this.#close(events);
    this.#calls.endWhole(events);
    const open: Open = { kind, index: this.#blocks++, key, held: "", length: 0 };
    this.#open = open;
    events.push({ kind: "block-start", choice: this.choice, index: open.index, head, ...(extras === undefined ? {} : { extras }) });
    return open;
  }

  /** Ends what is being said, with the citations of it. */
  #close(events: Event[], sources: readonly Citation[] = []): void {
    const open = this.#open;
    if (open === null) return;
    this.#open = null;
    const { choice } = this;
    const { index, held } = open;
    if (held !== "") events.push({ kind: "text", choice, index, text: held });
    if (open.kind === "text") for (const citation of this.#cite(sources)) events.push({ kind: "citation", choice, index, citation });
    events.push({ kind: "block-stop", choice, index });
    if (open.kind === "text") this.#base += open.length + held.length;
  }

  #cite(sources: readonly Citation[]): Citation[] {
    const citations = readAnnotations(this.#annotations, this.#base);
    this.#annotations = [];
    this.#options.held.giveBack(this.#annotationCharacters);
    this.#annotationCharacters = 0;
    const told = new Set(citations.map(({ url }) => url));
    return [...citations, ...sources.filter(({ url }) => !told.has(url))];
  }

  #annotate(annotations: readonly Json[]): void {
    const characters = JSON.stringify(annotations).length;
    this.#annotationCharacters += characters;
    this.#annotations.push(...objectsIn([...annotations]));
    this.#isOverfull = !this.#options.held.take(characters) || this.#annotations.length > CITATIONS_MAX;
  }

  #readImage(image: JsonObject, events: Event[]): void {
    const block = readImage(image, "");
    if (block === null) return;
    this.#close(events);
    const { choice } = this;
    const index = this.#blocks++;
    events.push({ kind: "block-start", choice, index, head: { kind: "whole", block } }, { kind: "block-stop", choice, index });
  }

  #readAudio(audio: JsonObject, events: Event[]): void {
    const { choice } = this;
    if (this.#audio === null) {
      this.#audio = { index: this.#blocks++, rest: "", extras: undefined };
      events.push({ kind: "block-start", choice, index: this.#audio.index, head: { kind: "audio", id: stringOf(audio["id"]), format: "" } });
    }
    const open = this.#audio;
    const transcript = stringOf(audio["transcript"]);
    if (transcript !== "") events.push({ kind: "text", choice, index: open.index, text: transcript });
    // Each event's bytes must be readable by themselves.
    const data = open.rest + stringOf(audio["data"]);
    const whole = data.length - (data.length % BASE64_UNIT);
    open.rest = data.slice(whole);
    if (whole > 0) events.push({ kind: "media", choice, index: open.index, data: data.slice(0, whole) });
    const { expires_at: expiresAt } = audio;
    if (typeof expiresAt === "number") open.extras = { [NAME]: { expires_at: expiresAt } };
  }

  /** A signature of the whole message: of its first call, or of its text, which may be empty. */
  #sign(value: string, events: Event[]): void {
    if (value === "" || this.#calls.sign(value, events)) return;
    const open = this.#open?.kind === "text" ? this.#open : this.#begin("text", { kind: "text" }, events);
    events.push({ kind: "opaque", choice: this.choice, index: open.index, opaque: { kind: "signature", origin: this.#options.origin, value } });
  }
}
