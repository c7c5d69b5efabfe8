// What every watch over a stream of server-sent events has in common: the scanner, and the half event that a failure of
// ours may have to close. What the events mean is for the class that extends it.
import { closeObject } from "../wire/json-close.ts";
import { SseScanner, type SseReader } from "../wire/sse.ts";
import { readEvents } from "../wire/sse-events.ts";
import type { ReportedError, StreamWatch, Summary } from "./pass-through.ts";

/** An event with a name is read by OpenAI's library even when it has no data. */
const BEGUN = /(?:^|[\r\n])(?:data|event:)/;
const LAST_LINE = /[^\r\n]*$/;

export abstract class SseWatch implements StreamWatch, SseReader {
  isFinished = false;
  hasTerminator = false;
  error: ReportedError | null = null;
  protected readonly scanner: SseScanner;
  #summary: Summary | null = null;

  constructor(eventBytesMax: number) {
    this.scanner = new SseScanner(eventBytesMax, this);
  }

  abstract seeEvent(scanner: SseScanner): void;
  abstract isWholeData(data: string): boolean;
  /** Called once, after the last event was seen. */
  protected abstract summarize(): Summary;

  get hasEvent(): boolean {
    return this.scanner.hasEvent;
  }

  get isBetweenEvents(): boolean {
    return this.scanner.isBetweenEvents;
  }

  get isAtRest(): boolean {
    return this.scanner.isAtRest;
  }

  get isOversize(): boolean {
    return this.scanner.isOversize;
  }

  push(chunk: Buffer): number {
    return this.scanner.push(chunk);
  }

  end(): Summary {
    if (this.#summary !== null) return this.#summary;
    this.scanner.finish();
    this.#summary = this.summarize();
    return this.#summary;
  }

  /**
   * What ends an event that the client has half of. Half an object is completed so that it parses, with `error` as its
   * last member: a client that reads it learns the reason instead of failing on broken JSON.
   */
  closeEvent(error: string): string {
    const { scanner } = this;
    scanner.finish();
    if (scanner.isBetweenEvents) return "";
    // Nobody knows how much of an event that was too long has been passed on.
    const bytes = scanner.isCut && !scanner.isOversize ? scanner.eventText() : null;
    if (bytes === null) return "\n\n";
    const text = bytes.toString("latin1");
    const data = readEvents(bytes)[0]?.data ?? "";
    if (data === "" && !BEGUN.test(text)) return "\n\n";
    const closing = data === "" ? `{"error":${error}}` : closeObject(data, "error", error);
    return closing === null ? "\n\n" : `${dataField(text.slice(LAST_LINE.exec(text)?.index))}${closing}\n\n`;
  }
}

/** What makes a line of data of the line that has begun, or ends it and begins one. */
const dataField = (line: string): string => {
  if (line.startsWith("data:")) return "";
  if (line === "data") return ": ";
  return line === "" ? "data: " : "\ndata: ";
};

/** The same for any watch. */
export const closeEvent = (watch: StreamWatch, error: string): string => {
  if (watch instanceof SseWatch) return watch.closeEvent(error);
  return watch.isBetweenEvents ? "" : "\n\n";
};
