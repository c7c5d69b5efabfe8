// Usage of streams made of `choices` that the gateway asks for where the client did not: what asks for it in the request, and
// which event of the stream tells it because of that. It changes no bytes: its callers do.
//
// Only that event is left out. The `"usage":null` that OpenAI gives every other chunk then stays: all SDKs take it, and to cut
// it out would mean to look into each event. So does usage that a provider tells in another place, which it tells unasked.
import { isObject, parseJson, type Json } from "../wire/json.ts";
import { editMembers, type MemberEdit } from "../wire/json-edit.ts";
import type { TopLevel } from "../wire/json-top-level.ts";
import { spanOf, type Replacement } from "../wire/pieces.ts";
import type { SseScanner } from "../wire/sse.ts";
import type { Dialect } from "./dialect.ts";
import { ChoicesWatch } from "./openai-choices.ts";
import { errorIn } from "./openai-failure.ts";
import type { SiftingWatch, Span } from "./pass-through.ts";

const MEMBER = "stream_options";
const WHOLE = Buffer.from('{"include_usage":true}');
const BEHIND_STREAM = Buffer.from(`,"${MEMBER}":${WHOLE.toString()}`);
const INSIDE: MemberEdit = { drops: new Set(), renames: new Map(), adds: new Map(), sets: new Map([["include_usage", "true"]]) };

export const askForUsage = (body: readonly Buffer[], { streamEnd, optionsStart, optionsEnd }: TopLevel, { refusesStreamOptions, refuses = [] }: Dialect): Replacement | null => {
  if (refusesStreamOptions === true || refuses.includes(MEMBER)) return null;
  if (optionsStart === -1) return { start: streamEnd, end: streamEnd, bytes: BEHIND_STREAM };
  const bytes = inOptions(spanOf(body, optionsStart, optionsEnd));
  return bytes === null ? null : { start: optionsStart, end: optionsEnd, bytes };
};

/** Null for what the provider has to judge. */
const inOptions = (value: Buffer): Buffer | null => {
  const options = parseJson(value.toString("utf8"));
  if (options === null) return WHOLE;
  if (!isObject(options) || (options["include_usage"] ?? false) !== false) return null;
  return editMembers(value, INSIDE)?.body ?? null;
};

/** Nobody writes a space in it; an event that had one would stay, which harms nobody. */
const EMPTY_LIST = Buffer.from("[]");
const NO_CHOICES = /"choices"\s*:\s*\[\]/;
const LINE_FEED = 10;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const NOTHING = Buffer.alloc(0);
const NONE: readonly Span[] = [];

/** What vendors add to the chunk with the usage are measures, flat ones: times and rates. Anything else is part of the answer. */
const isMeasure = (value: Json): boolean => {
  if (Array.isArray(value)) return value.length === 0;
  return !isObject(value) || !Object.values(value).some((inner) => typeof inner === "object" && inner !== null);
};

const tellsUsageOnly = (document: Json | undefined): boolean => {
  if (!isObject(document) || errorIn(document) !== null) return false;
  const { choices, usage, ...others } = document;
  return Array.isArray(choices) && choices.length === 0 && isObject(usage) && Object.values(others).every(isMeasure);
};

export class SiftingChoicesWatch extends ChoicesWatch implements SiftingWatch {
  #unwanted: Span[] | null = null;
  #lastEnd = -1;
  #chunk: Buffer = NOTHING;
  /** Position in the stream of the next empty list in the present chunk: events before it are not looked at. */
  #listAt = Infinity;

  get wholeEnd(): number {
    return this.scanner.wholeEnd;
  }

  takeUnwanted(): readonly Span[] {
    const unwanted = this.#unwanted ?? NONE;
    this.#unwanted = null;
    return unwanted;
  }

  override push(chunk: Buffer): number {
    const { isAfterReturn, position } = this.scanner;
    // The other half of a line end that the last chunk cut goes with its event.
    if (isAfterReturn && position === this.#lastEnd && chunk[0] === LINE_FEED) this.#leaveOut(position, position + 1);
    this.#chunk = chunk;
    this.#seekList(0);
    const own = super.push(chunk);
    this.#chunk = NOTHING;
    return own;
  }

  override seeEvent(scanner: SseScanner): void {
    super.seeEvent(scanner);
    // One that began in an earlier chunk may have its list there.
    if (this.#listAt >= scanner.eventEnd && scanner.isInChunk) return;
    this.#judge(scanner);
    this.#seekList(scanner.eventEnd - scanner.position);
  }

  #judge(scanner: SseScanner): void {
    const text = scanner.eventText();
    if (text === null || !text.includes(EMPTY_LIST) || !NO_CHOICES.test(text.toString("latin1"))) return;
    if (tellsUsageOnly(parseJson(scanner.readEvent()?.data ?? ""))) this.#leaveOut(scanner.eventStart, scanner.eventEnd);
  }

  /** An event has one end of a list or two, and to look for a byte costs a fraction of looking for two. */
  #seekList(from: number): void {
    const chunk = this.#chunk;
    let at = chunk.indexOf(CLOSE_BRACKET, from);
    while (at !== -1 && chunk[at - 1] !== OPEN_BRACKET) at = chunk.indexOf(CLOSE_BRACKET, at + 1);
    this.#listAt = at === -1 ? Infinity : this.scanner.position + at;
  }

  #leaveOut(start: number, end: number): void {
    (this.#unwanted ??= []).push({ start, end });
    this.#lastEnd = end;
  }
}
