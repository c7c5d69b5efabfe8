// Server-sent events read one by one as their bytes come: names and data, whole, for whoever translates a stream.
// What they mean is for its caller; a stream that only passes is walked by sse.ts, which decodes nothing.
import { StringDecoder } from "node:string_decoder";
import { parseJson } from "./json.ts";
import type { SseEvent } from "./sse-events.ts";

const LINE_END = /[\r\n]/g;
const ASCII_END = 0x80;
const BYTE_ORDER_MARK = "\uFEFF";
/** What it takes to hold one line of an event, however short it is. */
const LINE_CHARACTERS = 48;

export class SseReader {
  /** An event was longer than the limit: nothing is read any more, and the stream cannot be trusted. */
  isOversize = false;
  /** The bytes ended inside an event that is not whole. Known after `end`. */
  isCut = false;
  readonly #charactersMax: number;
  readonly #decoder = new StringDecoder("utf8");
  /** The decoder holds no half of a character. */
  #isAtCharacter = true;
  #events: SseEvent[] = [];
  /** What of the present line came with earlier bytes. */
  #line = "";
  #isAfterReturn = false;
  #isFirst = true;
  #name = "";
  #data = "";
  #hasData = false;
  /** What holding the lines of the present event takes beside their characters. */
  #overhead = 0;

  constructor(eventBytesMax: number) {
    this.#charactersMax = eventBytesMax;
  }

  /** The events that these bytes complete; comments and events without data are none. */
  push(bytes: Buffer): SseEvent[] {
    if (!this.isOversize) this.#read(this.#decode(bytes));
    return this.#take();
  }

  /** Only what a character is cut in needs a decoder that remembers: most bytes end with a line. */
  #decode(bytes: Buffer): string {
    const last = bytes[bytes.length - 1];
    if (last === undefined) return "";
    const wasAtCharacter = this.#isAtCharacter;
    this.#isAtCharacter = last < ASCII_END;
    return wasAtCharacter && this.#isAtCharacter ? bytes.toString("utf8") : this.#decoder.write(bytes);
  }

  /** No more bytes will come: a last event without its blank line is among the events when its data are whole. */
  end(): SseEvent[] {
    if (this.isOversize) return [];
    this.#read(this.#decoder.end());
    if (this.#line !== "") this.#endLine(this.#line);
    this.isCut = this.#hasData && this.#data !== "[DONE]" && parseJson(this.#data) === undefined;
    if (!this.isCut) this.#endEvent();
    return this.#take();
  }

  #take(): SseEvent[] {
    const events = this.#events;
    if (events.length > 0) this.#events = [];
    return events;
  }

  #read(text: string): void {
    if (text === "") return;
    const start = this.#start(text);
    const rest = text.includes("\r") ? this.#readLines(text, start) : this.#readUsualLines(text, start);
    if (this.isOversize) return;
    this.#line += text.slice(rest);
    if (this.#line.length + this.#data.length + this.#overhead > this.#charactersMax) this.#giveUp();
  }

  /** Most streams have line feeds only. */
  #readUsualLines(text: string, start: number): number {
    let at = start;
    for (let end = text.indexOf("\n", at); end !== -1 && !this.isOversize; end = text.indexOf("\n", at)) {
      if (end === at && this.#line === "") this.#endEvent();
      else this.#completeLine(text, at, end);
      at = end + 1;
    }
    return at;
  }

  #completeLine(text: string, at: number, end: number): void {
    const line = this.#line === "" ? text.slice(at, end) : this.#line + text.slice(at, end);
    this.#line = "";
    this.#endLine(line);
  }

  #readLines(text: string, start: number): number {
    let at = start;
    LINE_END.lastIndex = at;
    for (let found = LINE_END.exec(text); found !== null && !this.isOversize; found = LINE_END.exec(text)) {
      const end = found.index;
      this.#completeLine(text, at, end);
      at = end + 1;
      if (text[end] === "\r") {
        this.#isAfterReturn = at === text.length;
        if (text[at] === "\n") at++;
      }
      LINE_END.lastIndex = at;
    }
    return at;
  }

  /** A byte order mark counts at the beginning only; an LF that opens these bytes may belong to the CR before them. */
  #start(text: string): number {
    const isLateLineFeed = this.#isAfterReturn && text[0] === "\n";
    const isMarked = this.#isFirst && text.startsWith(BYTE_ORDER_MARK);
    this.#isAfterReturn = false;
    this.#isFirst = false;
    return isLateLineFeed || isMarked ? 1 : 0;
  }

  #endLine(line: string): void {
    if (line === "") return this.#endEvent();
    if (line.startsWith("data:")) return this.#addData(valueOf(line, 5));
    if (line === "data") return this.#addData("");
    if (line.startsWith("event:")) this.#name = valueOf(line, 6);
    // Old llama.cpp servers report a failure as a field of its own.
    else if (line.startsWith("error:")) {
      this.#name = "error";
      this.#addData(valueOf(line, 6));
    }
  }

  #addData(value: string): void {
    if (this.#hasData) this.#overhead += LINE_CHARACTERS;
    this.#data = this.#data === "" ? value : `${this.#data}\n${value}`;
    this.#hasData = true;
    if (this.#data.length + this.#overhead > this.#charactersMax) this.#giveUp();
  }

  #giveUp(): void {
    this.isOversize = true;
    this.#line = "";
    this.#data = "";
  }

  #endEvent(): void {
    if (this.#data !== "" && !this.isOversize) this.#events.push({ name: this.#name, data: this.#data });
    this.#name = "";
    this.#data = "";
    this.#hasData = false;
    this.#overhead = 0;
  }
}

const valueOf = (line: string, at: number): string => line.slice(line[at] === " " ? at + 1 : at);
