// Watches a stream that is one list of responses while it passes: where its elements end, whether it was closed, what the last
// ones say. An error of ours is put in as its last element, and the list is closed.
import { closeObject } from "../../wire/json-close.ts";
import { parseJson } from "../../wire/json.ts";
import type { StreamWatch, ReportedError, Summary } from "../pass-through.ts";
import { JsonElements } from "./json-elements.ts";
import { isMembers } from "./members.ts";
import { bytesOf, Ending, errorIn, tokensIn } from "./summary.ts";

/** So many of the last elements tell how the stream ended; longer ones are only searched. */
const KEPT = 3;
const KEPT_BYTES_MAX = 32_768;
const ERROR = /^\s*\{\s*"error"/;
const HEAD_BYTES = 128;

export class ListWatch implements StreamWatch {
  hasEvent = false;
  isFinished = false;
  error: ReportedError | null = null;
  readonly #elements: JsonElements;
  /** The last ones, or their ends. */
  #kept: string[] = [];
  /** Of those that are kept as a whole. */
  #keptBytes = 0;
  #outputBytes = 0;
  #summary: Summary | null = null;

  constructor(eventBytesMax: number) {
    this.#elements = new JsonElements(eventBytesMax);
  }

  push(chunk: Buffer): number {
    for (const element of this.#elements.push(chunk)) this.#see(element);
    return chunk.length;
  }

  get hasTerminator(): boolean {
    return this.#elements.isClosed;
  }

  get isBetweenEvents(): boolean {
    return !this.#elements.isInside;
  }

  get isOversize(): boolean {
    return this.#elements.isOversize;
  }

  end(): Summary {
    this.#summary ??= this.#summarize();
    return this.#summary;
  }

  /** What ends the list with an error, wherever it stands. */
  close(error: string): string {
    const { isClosed, isOpened, isInside, count, hasComma, half } = this.#elements;
    if (isClosed) return "";
    if (isInside) {
      // Half an object is completed, with the error as its last member.
      const closing = closeObject(half.toString("utf8"), "error", error);
      return closing === null ? "" : closing + (isOpened ? "\r\n]" : "");
    }
    const element = `{"error":${error}}`;
    if (!isOpened) return count === 0 ? `[${element}\r\n]` : `\r\n${element}`;
    return `${count === 0 || hasComma ? "" : ",\r\n"}${element}\r\n]`;
  }

  #see(element: Buffer): void {
    this.hasEvent = true;
    if (ERROR.test(element.toString("latin1", 0, HEAD_BYTES))) this.error ??= errorIn(parseJson(element.toString("utf8")));
    this.#kept.push(element.toString("utf8", Math.max(0, element.length - KEPT_BYTES_MAX)));
    if (this.#kept.length > KEPT) this.#kept.shift();
  }

  #summarize(): Summary {
    const ending = new Ending();
    for (const text of this.#kept) {
      const document = parseJson(text);
      if (isMembers(document)) {
        ending.read([document]);
        this.#keptBytes += Buffer.byteLength(text);
        this.#outputBytes += bytesOf(document);
      } else ending.find(text);
    }
    const { isClosed, isOpened, isInside, count } = this.#elements;
    this.isFinished = this.error === null && !isInside && (isOpened ? isClosed && count > 0 : ending.isFinished);
    const { summary } = ending;
    if (summary.outputTokens < 0) summary.outputTokensEstimate = this.#estimate();
    return summary;
  }

  #estimate(): number {
    const { count, bytes } = this.#elements;
    const kept = this.#kept.length;
    if (count <= kept) return tokensIn(this.#outputBytes);
    return tokensIn(Math.max(this.#outputBytes, bytes - count * ((this.#keptBytes - this.#outputBytes) / kept)));
  }
}
