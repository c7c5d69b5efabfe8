// Streams made of `choices`: chat completions and the older completions, in all their dialects.
// Bytes are only walked while they pass; what they say is read from the last events, once, at the end.
import { isObject, parseJson } from "../wire/json.ts";
import type { SseScanner } from "../wire/sse.ts";
import type { SseEvent } from "../wire/sse-events.ts";
import type { Summary } from "./pass-through.ts";
import { type JsonObject, objectsIn } from "./json-members.ts";
import { errorFrom, errorIn } from "./openai-failure.ts";
import { addUsage, findUsage, hasUsage, noSummary, readUsage, tokensIn } from "./openai-usage.ts";
import { SseWatch } from "./sse-watch.ts";

/** The bytes of what the model wrote in one choice. */
export type MeasureChoice = (choice: JsonObject) => number;

const DONE = Buffer.from("[DONE]");
const DONE_WORD = "[DONE]";
const ERROR_NAME = Buffer.from("error");
const ERROR_KEY = Buffer.from('"error"');
const OPENING_BRACKET = 91;
const OPENING_BRACE = 123;
/** A failure in place of an answer comes at once; later events are only looked at where they begin, and at the end. */
const SEARCHED_EVENTS = 4;
/** With the terminator seen, so many of the last events are enough for an estimate; without it each choice is looked for. */
const READ_EVENTS = 8;
const READ_EVENTS_UNFINISHED = 64;
const FRAMING_BYTES = "data: \n".length;
/** Reasons that say that the provider failed and not that the model ended. */
const faults: ReadonlySet<string> = new Set(["error", "insufficient_system_resource"]);

export const usageIn = (document: JsonObject, choices: JsonObject[]): ReturnType<typeof readUsage> => {
  const groq = document["x_groq"];
  return readUsage(document["usage"]) ?? readUsage(isObject(groq) ? groq["usage"] : undefined) ?? readUsage(choices.at(-1)?.["usage"]);
};

/** Whether the data begin with `{"error"`. */
const beginsWithError = ({ data }: SseScanner): boolean => data.byteAt(0) === OPENING_BRACE && data.startsWith(ERROR_KEY, data.skipSpace(1));

export class ChoicesWatch extends SseWatch {
  readonly #measure: MeasureChoice;

  constructor(eventBytesMax: number, measure: MeasureChoice) {
    super(eventBytesMax);
    this.#measure = measure;
  }

  seeEvent(scanner: SseScanner): void {
    const { data, name } = scanner;
    if (data.byteAt(0) === OPENING_BRACKET && data.startsWith(DONE)) {
      this.hasTerminator = true;
      this.isFinished = true;
      scanner.stop();
    } else if (scanner.isErrorField || name.is(ERROR_NAME) || beginsWithError(scanner)) {
      this.#readError(scanner, true);
    } else if (scanner.eventCount <= SEARCHED_EVENTS && (scanner.eventText()?.includes(ERROR_KEY) ?? false)) {
      this.#readError(scanner, false);
    }
  }

  isWholeData(data: string): boolean {
    return data.startsWith(DONE_WORD) || parseJson(data) !== undefined;
  }

  protected summarize(): Summary {
    const few = this.hasTerminator ? new TailReader(this, this.scanner, this.#measure).readFew() : null;
    return few ?? new TailReader(this, this.scanner, this.#measure).readAll();
  }

  #readError(scanner: SseScanner, isSure: boolean): void {
    const text = scanner.readEvent()?.data ?? "";
    const document = parseJson(text);
    const error = errorIn(document);
    // A chunk that names itself an error in its shape but says `null` is none.
    if (error !== null) this.error ??= error;
    else if (isSure && !(isObject(document) && "choices" in document)) this.error ??= errorFrom(text, document);
  }
}

/** Walks the last events backwards: values are snapshots, so the last one of each wins. */
class TailReader {
  readonly #watch: ChoicesWatch;
  readonly #scanner: SseScanner;
  readonly #measure: MeasureChoice;
  readonly #summary = noSummary();
  readonly #seen = new Set<number>();
  readonly #finished = new Set<number>();
  #readEvents = 0;
  #readBytes = 0;
  #outputBytes = 0;

  constructor(watch: ChoicesWatch, scanner: SseScanner, measure: MeasureChoice) {
    this.#watch = watch;
    this.#scanner = scanner;
    this.#measure = measure;
  }

  /** The ordinary end: reason, usage, terminator. Null when that does not tell all. */
  readFew(): Summary | null {
    for (const event of this.#scanner.lastFewEvents().reverse()) this.#readEvent(event);
    return this.#isComplete() ? this.#summary : null;
  }

  readAll(): Summary {
    const { events, cut } = this.#scanner.lastEvents();
    const watch = this.#watch;
    const readMax = watch.hasTerminator ? READ_EVENTS : READ_EVENTS_UNFINISHED;
    for (let index = events.length - 1; index >= 0 && this.#readEvents < readMax; index--) {
      this.#readEvent(events[index] as SseEvent);
      if (watch.hasTerminator && this.#isComplete()) break;
    }
    if (!hasUsage(this.#summary) && cut !== "") addUsage(this.#summary, findUsage(cut));
    if (!watch.hasTerminator) watch.isFinished = !this.#scanner.isCut && this.#finished.size > 0 && this.#finished.size === this.#seen.size;
    if (this.#summary.outputTokens < 0) this.#summary.outputTokensEstimate = this.#estimate();
    return this.#summary;
  }

  #isComplete(): boolean {
    return hasUsage(this.#summary) && this.#summary.finishReason !== "" && this.#summary.model !== "";
  }

  #readEvent({ name, data }: SseEvent): void {
    // A parse that fails costs more than all the others together.
    const document = data.startsWith(DONE_WORD) ? null : parseJson(data);
    if (!isObject(document)) return;
    const error = errorIn(document);
    if (error !== null) this.#watch.error ??= error;
    if (name === "error") return;
    const choices = objectsIn(document["choices"]);
    this.#readEvents++;
    this.#readBytes += Buffer.byteLength(data);
    addUsage(this.#summary, usageIn(document, choices));
    if (this.#summary.model === "" && typeof document["model"] === "string") this.#summary.model = document["model"];
    for (const choice of choices) this.#readChoice(choice);
  }

  #readChoice(choice: JsonObject): void {
    const index = typeof choice["index"] === "number" ? choice["index"] : 0;
    const reason = choice["finish_reason"];
    this.#seen.add(index);
    this.#outputBytes += this.#measure(choice);
    if (typeof reason !== "string" || reason === "") return;
    this.#finished.add(index);
    if (this.#summary.finishReason === "") this.#summary.finishReason = reason;
    if (faults.has(reason)) this.#watch.error ??= { message: `the model's answer ended with "${reason}"`, type: "", code: reason };
  }

  /** What surrounds the text weighs the same in each event, so the last ones tell it for all. */
  #estimate(): number {
    if (this.#readEvents === 0) return 0;
    const { eventCount, eventBytes } = this.#scanner;
    const unread = eventCount - this.#readEvents - (this.#watch.hasTerminator ? 1 : 0);
    if (unread <= 0) return tokensIn(this.#outputBytes);
    const surrounding = FRAMING_BYTES + (this.#readBytes - this.#outputBytes) / this.#readEvents;
    return tokensIn(Math.max(this.#outputBytes, eventBytes - (unread + this.#readEvents) * surrounding));
  }
}
