// Finds the part named "model" in a multipart/form-data body that passes by in chunks, cut anywhere: bytes in, offsets out.
// It keeps nothing of the body but that value, and refuses what two parsers could read in two ways.
import { NAMELESS, parametersOf, readPart } from "./part-head.ts";

const BOUNDARY_LENGTH_MAX = 70;
const HEADER_BYTES_MAX = 16_384;
const MODEL_BYTES_MAX = 1024;
const PADDING_BYTES_MAX = 64;
const PARTS_MAX = 1000;

const CR = 13;
const LF = 10;

/** The boundary that a content-type names; null when it is not multipart/form-data with exactly one usable boundary. */
export const boundaryOf = (contentType: string): string | null => {
  if (!/^\s*multipart\/form-data\s*(?:;|$)/i.test(contentType)) return null;
  const parameters = parametersOf(contentType.slice(contentType.indexOf(";") + 1));
  const boundaries = parameters?.filter(({ name }) => name === "boundary") ?? [];
  const boundary = boundaries.length === 1 ? (boundaries[0]?.value ?? "") : "";
  return boundary.length <= BOUNDARY_LENGTH_MAX && /^[\w'()+,./:=? -]*[\w'()+,./:=?-]$/.test(boundary) ? boundary : null;
};

export interface ModelPart {
  readonly value: string;
  /** Offsets in the body: [start, end). */
  readonly start: number;
  readonly end: number;
}

/*
 *              ┌──────────────── next delimiter ────────────────┐
 *              ▼                                                 │
 * content ── "--boundary" ──▶ behind ── CRLF ──▶ headers ── empty line ──▶ content of the next part
 * (preamble first)              └── "--" ──▶ closed (only the rest of the line and an epilogue may follow)
 * any state ── problem ──▶ broken: nothing more is looked at
 */
type State = "content" | "behind" | "headers" | "closed" | "broken";

export class MultipartScanner {
  /** What is wrong with the body; "" for nothing. */
  problem = "";
  model: ModelPart | null = null;
  /** The closing boundary was seen. */
  isClosed = false;
  /** Where the first boundary begins: here a part can be put in. -1 before it was seen. */
  firstBoundary = -1;

  readonly #needle: Buffer;
  #state: State = "content";
  /** Offset in the body of the first byte of the chunk at hand. */
  #chunkStart = 0;
  /** The last bytes before the chunk at hand: enough to see a delimiter and the line end before it. A body begins as if after one. */
  #lead: Buffer = Buffer.from("\r\n");
  #parts = 0;
  #isModel = false;
  #contentStart = 0;
  /** Of the part at hand: its headers so far, or the value of the model. */
  #held: Buffer = EMPTY;
  /** Bytes behind a delimiter or a closing one, up to the end of its line. */
  #line = "";

  constructor(boundary: string) {
    this.#needle = Buffer.from(`--${boundary}`, "latin1");
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && this.#state !== "broken") at = this.#step(chunk, at);
    this.#lead = this.#nextLead(chunk);
    this.#chunkStart += chunk.length;
  }

  /** No more bytes will come. */
  end(): void {
    if (this.problem === "" && !this.isClosed) this.#fail("it ends before its closing boundary");
  }

  #step(chunk: Buffer, at: number): number {
    switch (this.#state) {
      case "content":
        return this.#readContent(chunk, at);
      case "behind":
        return this.#readLine(chunk, at);
      case "headers":
        return this.#readHeaders(chunk, at);
      case "closed":
        return this.#line.endsWith("\n") ? this.#readContent(chunk, at) : this.#readLine(chunk, at);
      default:
        return chunk.length;
    }
  }

  #fail(problem: string): number {
    this.problem = problem;
    this.isClosed = false;
    this.#state = "broken";
    this.#held = EMPTY;
    return Infinity;
  }

  #nextLead(chunk: Buffer): Buffer {
    const length = this.#needle.length + 1;
    if (chunk.length >= length) return Buffer.from(chunk.subarray(chunk.length - length));
    const joined = Buffer.concat([this.#lead, chunk]);
    return joined.length <= length ? joined : joined.subarray(joined.length - length);
  }

  // content, and the epilogue, in which a boundary is one too many

  #readContent(chunk: Buffer, at: number): number {
    const found = this.#find(chunk, at);
    if (this.problem !== "") return Infinity;
    const stop = found === null ? chunk.length : Math.max(at, found);
    if (this.#isModel) this.#hold(chunk.subarray(at, stop));
    if (this.problem !== "" || found === null) return chunk.length;
    if (this.isClosed) return this.#fail("a boundary follows the closing one");
    this.#endContent(this.#chunkStart + found);
    this.#line = "";
    if (this.problem === "") this.#state = "behind";
    return found + this.#needle.length;
  }

  /** Where the next delimiter at the start of a line begins in this chunk: negative when in the one before, null when nowhere. */
  #find(chunk: Buffer, from: number): number | null {
    const lead = this.#lead;
    if (from === 0) {
      const seam = Buffer.concat([lead, chunk.subarray(0, this.#needle.length - 1)]);
      const first = Math.max(0, lead.length - this.#needle.length + 1);
      for (let index = seam.indexOf(this.#needle, first); index !== -1; index = seam.indexOf(this.#needle, index + 1)) {
        if (this.#startsLine(seam, index)) return index - lead.length;
      }
    }
    for (let index = chunk.indexOf(this.#needle, from); index !== -1; index = chunk.indexOf(this.#needle, index + 1)) {
      const startsLine = index >= 2 ? this.#startsLine(chunk, index) : this.#startsLine(Buffer.concat([lead, chunk.subarray(0, index)]), lead.length + index);
      if (startsLine) return index;
    }
    return null;
  }

  // Inside a line the boundary is content. After half a line end some parsers see a delimiter and others do not.
  #startsLine(bytes: Buffer, index: number): boolean {
    const last = bytes[index - 1];
    if (last === LF && bytes[index - 2] === CR) return true;
    if (last === LF || last === CR) this.#fail("a line end before a boundary is not CRLF");
    return false;
  }

  #hold(bytes: Buffer): void {
    this.#held = Buffer.concat([this.#held, bytes]);
    if (this.#held.length > MODEL_BYTES_MAX + this.#needle.length + 2) this.#fail(TOO_LONG);
  }

  #endContent(delimiterStart: number): void {
    const end = delimiterStart - 2;
    if (this.firstBoundary === -1) this.firstBoundary = delimiterStart;
    else if (end < this.#contentStart) return void this.#fail("a part has no content");
    if (!this.#isModel) return;
    const length = end - this.#contentStart;
    if (length > MODEL_BYTES_MAX) return void this.#fail(TOO_LONG);
    this.model = { value: this.#held.toString("utf8", 0, length), start: this.#contentStart, end };
    this.#isModel = false;
    this.#held = EMPTY;
  }

  // behind: what stands between a delimiter and the end of its line

  #readLine(chunk: Buffer, at: number): number {
    const end = chunk.indexOf(LF, at);
    const stop = end === -1 ? chunk.length : end + 1;
    if (this.#line.length + stop - at > PADDING_BYTES_MAX) return this.#fail("a boundary line is malformed");
    this.#line += chunk.toString("latin1", at, stop);
    if (!/^(?:-?|--)[ \t]*\r?\n?$/.test(this.#line)) return this.#fail("a boundary line is malformed");
    if (this.#line.startsWith("--")) {
      this.isClosed = true;
      this.#state = "closed";
    }
    if (end === -1) return stop;
    if (!this.isClosed && !/^[ \t]*\r\n$/.test(this.#line)) return this.#fail("a boundary line is malformed");
    if (!this.isClosed) this.#beginPart();
    return stop;
  }

  #beginPart(): void {
    this.#held = EMPTY;
    this.#state = "headers";
    if (++this.#parts > PARTS_MAX) this.#fail(`it has more than ${PARTS_MAX} parts`);
  }

  // headers

  #readHeaders(chunk: Buffer, at: number): number {
    const before = this.#held.length;
    this.#held = Buffer.concat([this.#held, chunk.subarray(at, at + HEADER_BYTES_MAX + 4 - before)]);
    if (this.#held[0] === CR && this.#held[1] === LF) return this.#fail(NAMELESS);
    const end = this.#held.indexOf("\r\n\r\n", Math.max(0, before - 3), "latin1");
    if (end === -1) return this.#held.length === HEADER_BYTES_MAX + 4 ? this.#fail(`a part's headers are longer than ${HEADER_BYTES_MAX} bytes`) : chunk.length;
    const next = at + end + 4 - before;
    this.#beginContent(this.#held.toString("latin1", 0, end), this.#chunkStart + next);
    return next;
  }

  #beginContent(headers: string, start: number): void {
    const part = readPart(headers);
    this.#held = EMPTY;
    this.#contentStart = start;
    if (part.problem !== "") return void this.#fail(part.problem);
    this.#state = "content";
    if (part.name !== "model") return;
    if (this.model !== null) return void this.#fail("two parts are named model");
    if (part.isFile) return void this.#fail("the part named model is a file");
    if (part.isEncoded) return void this.#fail("the part named model has a content-transfer-encoding");
    this.#isModel = true;
  }
}

const EMPTY: Buffer = Buffer.alloc(0);
const TOO_LONG = `the part named model is longer than ${MODEL_BYTES_MAX} bytes`;
