// Watches a stream of Gemini's events while it passes. They are only walked; what they say is read from the last ones, once, at
// the end. Only an error is looked for where an event begins. A stream has no terminator: without a reason for its end it was cut.
import { parseJson } from "../../wire/json.ts";
import type { SseScanner } from "../../wire/sse.ts";
import type { SseEvent } from "../../wire/sse-events.ts";
import type { JsonObject } from "../json-members.ts";
import type { Summary } from "../pass-through.ts";
import { SseWatch } from "../sse-watch.ts";
import { isMembers } from "./members.ts";
import { bytesOf, Ending, errorIn, tokensIn } from "./summary.ts";

const ERROR_KEY = Buffer.from('"error"');
const OPENING_BRACKET = 91;
const OPENING_BRACE = 123;
const FRAMING_BYTES = "data: \r\n".length;

/** Whether the data begin with `{"error"`, or a list does. */
const beginsWithError = ({ data }: SseScanner): boolean => {
  const at = data.byteAt(0) === OPENING_BRACKET ? data.skipSpace(1) : 0;
  return data.byteAt(at) === OPENING_BRACE && data.startsWith(ERROR_KEY, data.skipSpace(at + 1));
};

export class GeminiWatch extends SseWatch {
  seeEvent(scanner: SseScanner): void {
    if (beginsWithError(scanner) || scanner.isErrorField) this.error ??= errorIn(parseJson(scanner.readEvent()?.data ?? ""));
  }

  isWholeData(data: string): boolean {
    return parseJson(data) !== undefined;
  }

  protected summarize(): Summary {
    const { events, cut } = this.scanner.lastEvents();
    const documents = events.map(({ data }) => parseJson(data)).filter(isMembers);
    const ending = new Ending();
    ending.find(cut);
    ending.read(documents);
    for (const document of documents) this.error ??= errorIn(document);
    this.isFinished = this.error === null && !this.scanner.isCut && ending.isFinished;
    const { summary } = ending;
    if (summary.outputTokens < 0) summary.outputTokensEstimate = this.#estimate(events, documents);
    return summary;
  }

  /** What surrounds the text weighs about the same in each event, so the last ones tell it for all. */
  #estimate(events: readonly SseEvent[], documents: readonly JsonObject[]): number {
    if (events.length === 0) return 0;
    const outputBytes = documents.reduce((sum, document) => sum + bytesOf(document), 0);
    const { eventCount, eventBytes } = this.scanner;
    if (eventCount <= events.length) return tokensIn(outputBytes);
    const readBytes = events.reduce((sum, { data }) => sum + Buffer.byteLength(data), 0);
    const surrounding = FRAMING_BYTES + (readBytes - outputBytes) / events.length;
    return tokensIn(Math.max(outputBytes, eventBytes - eventCount * surrounding));
  }
}
