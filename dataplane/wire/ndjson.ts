// Reads lines of JSON one by one as their bytes come: whole lines, wherever the bytes are cut.
// What a line means, and whether it is JSON at all, is for its caller.
import { StringDecoder } from "node:string_decoder";
import { parseJson } from "./json.ts";

const BYTE_ORDER_MARK = "\uFEFF";

export class LineReader {
  /** A line was longer than the limit: nothing is read any more, and the stream cannot be trusted. */
  isOversize = false;
  /** The bytes ended inside a line that is not whole. Known after `end`. */
  isCut = false;
  readonly #charactersMax: number;
  readonly #decoder = new StringDecoder("utf8");
  /** The beginning of a line whose end has not come, in the pieces in which it came: joined once. */
  #pieces: string[] = [];
  #pending = 0;
  #isFirst = true;

  constructor(lineBytesMax: number) {
    this.#charactersMax = lineBytesMax;
  }

  /** The lines that these bytes complete; blank ones are none. */
  push(bytes: Buffer): string[] {
    return this.isOversize ? [] : this.#read(this.#decoder.write(bytes));
  }

  /** No more bytes will come: a last line without its end is there when it is whole. */
  end(): string[] {
    if (this.isOversize) return [];
    const lines = this.#read(this.#decoder.end());
    const last = this.#join("");
    this.isCut = last.trim() !== "" && parseJson(last) === undefined;
    if (!this.isCut && last.trim() !== "") lines.push(last);
    return lines;
  }

  #read(text: string): string[] {
    const lines: string[] = [];
    let at = this.#start(text);
    for (let end = text.indexOf("\n", at); end !== -1; end = text.indexOf("\n", at)) {
      if (this.#pending + end - at > this.#charactersMax) return this.#refuse(lines);
      const line = this.#join(text.slice(at, end));
      if (line.trim() !== "") lines.push(line);
      at = end + 1;
    }
    if (at < text.length) this.#keep(text.slice(at));
    return this.#pending > this.#charactersMax ? this.#refuse(lines) : lines;
  }

  /** A byte order mark counts at the beginning only. */
  #start(text: string): number {
    if (!this.#isFirst || text === "") return 0;
    this.#isFirst = false;
    return text.startsWith(BYTE_ORDER_MARK) ? 1 : 0;
  }

  #keep(piece: string): void {
    this.#pieces.push(piece);
    this.#pending += piece.length;
  }

  #join(rest: string): string {
    if (this.#pending === 0) return rest;
    const line = this.#pieces.join("") + rest;
    this.#pieces = [];
    this.#pending = 0;
    return line;
  }

  #refuse(lines: string[]): string[] {
    this.isOversize = true;
    this.#pieces = [];
    return lines;
  }
}
