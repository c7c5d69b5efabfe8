// Watches the typed streams of images, speech and transcriptions: data with a `type`, ended by `*.done` or `*.completed`.
// What follows such an end still belongs to the client, since several images end one after another.
import { isObject, parseJson } from "../../wire/json.ts";
import type { SseScanner } from "../../wire/sse.ts";
import type { Summary } from "../pass-through.ts";
import { typeAt, typeEnd } from "../event-type.ts";
import { stringOf } from "../json-members.ts";
import { errorFrom, errorIn } from "../openai-failure.ts";
import { addUsage, findUsage, hasUsage, noSummary, readUsage } from "../openai-usage.ts";
import { SseWatch } from "../sse-watch.ts";

const DONE = Buffer.from("[DONE]");
const DONE_WORD = "[DONE]";
const ENDINGS = [Buffer.from(".done"), Buffer.from(".completed")];
const ERROR_NAME = Buffer.from("error");
const ERROR_TYPE = Buffer.from('error"');
const ERROR_KEY = Buffer.from('"error"');
const OPENING_BRACKET = 91;
const OPENING_BRACE = 123;

export class TypedWatch extends SseWatch {
  /** Some event named its type, so that the end will be told. */
  #isTyped = false;

  seeEvent(scanner: SseScanner): void {
    const { data, name } = scanner;
    if (data.byteAt(0) === OPENING_BRACKET && data.startsWith(DONE)) {
      scanner.stop();
      this.#finish();
    } else if (scanner.isErrorField || name.is(ERROR_NAME)) {
      this.#readError(scanner);
    } else if (!name.isEmpty) {
      this.#isTyped = true;
      if (ENDINGS.some((ending) => name.endsWith(ending))) this.#finish();
    } else if (data.byteAt(0) === OPENING_BRACE) {
      this.#seeUnnamed(scanner);
    }
  }

  isWholeData(data: string): boolean {
    return data.startsWith(DONE_WORD) || parseJson(data) !== undefined;
  }

  protected summarize(): Summary {
    const summary = noSummary();
    const { events, cut } = this.scanner.lastEvents();
    for (const { data } of events.reverse()) {
      const document = parseJson(data);
      if (!isObject(document)) continue;
      addUsage(summary, readUsage(document["usage"]));
      if (summary.model === "") summary.model = stringOf(document["model"]);
      this.error ??= errorIn(document);
    }
    if (!hasUsage(summary) && cut !== "") addUsage(summary, findUsage(cut));
    if (!this.#isTyped && !this.hasTerminator) this.isFinished = this.hasEvent && !this.scanner.isCut;
    return summary;
  }

  /** An event that says what it is only in its data, in front. */
  #seeUnnamed(scanner: SseScanner): void {
    const { data } = scanner;
    if (data.startsWith(ERROR_KEY, data.skipSpace(1))) return this.#readError(scanner);
    const at = typeAt(data);
    if (at === -1) return;
    this.#isTyped = true;
    if (data.startsWith(ERROR_TYPE, at)) return this.#readError(scanner);
    const end = typeEnd(data, at);
    if (ENDINGS.some((ending) => data.endsWith(ending, end))) this.#finish();
  }

  #finish(): void {
    this.hasTerminator = true;
    this.isFinished = true;
  }

  #readError(scanner: SseScanner): void {
    const text = scanner.readEvent()?.data ?? "";
    this.error ??= errorFrom(text, parseJson(text));
  }
}
