// Amazon's event stream, the framing of bytes: frames with headers and a payload, each with two checksums. Written whole, and
// read piece by piece as it comes. What a frame means is for its caller. A broken frame ends the reading at once.
//
//   4 bytes: length of all | 4: length of headers | 4: CRC of these 8 | headers | payload | 4: CRC of all before
import { crc32 } from "node:zlib";
import { readHeaders, writeHeaders, type Headers } from "./aws-event-headers.ts";

const LENGTHS_BYTES = 8;
const PRELUDE_BYTES = 12;
const CHECKSUM_BYTES = 4;
/** As Amazon limits both. */
const HEADERS_BYTES_MAX = 131_072;
const PAYLOAD_BYTES_MAX = 25_165_824;
/** What is waited for is made room for as it comes, whatever length was announced. */
const ROOM_BYTES = 4096;
const NOTHING = Buffer.alloc(0);

export const encodeFrame = (headers: Headers, payload: Buffer | string): Buffer => joinFrame(writeHeaders(headers), payload);

/** For headers that were written before. */
export const joinFrame = (headers: Buffer, payload: Buffer | string): Buffer => {
  const length = PRELUDE_BYTES + headers.length + Buffer.byteLength(payload) + CHECKSUM_BYTES;
  const frame = Buffer.allocUnsafe(length);
  frame.writeUInt32BE(length, 0);
  frame.writeUInt32BE(headers.length, 4);
  frame.writeUInt32BE(crc32(frame.subarray(0, LENGTHS_BYTES)), LENGTHS_BYTES);
  headers.copy(frame, PRELUDE_BYTES);
  if (typeof payload === "string") frame.write(payload, PRELUDE_BYTES + headers.length);
  else payload.copy(frame, PRELUDE_BYTES + headers.length);
  frame.writeUInt32BE(crc32(frame.subarray(0, length - CHECKSUM_BYTES)), length - CHECKSUM_BYTES);
  return frame;
};

export interface FrameReader {
  /** Whether the payload of a frame with these headers is looked at; otherwise it passes and is not kept. */
  wants(headers: Headers): boolean;
  /** A whole frame whose checksums are right. The payload is lent until this returns; null when it was not wanted. */
  see(headers: Headers, payload: Buffer | null, payloadBytes: number): void;
}

export class FrameScanner {
  /** A frame announced more than the limit: nothing is read any more. */
  isOversize = false;
  /** What was wrong with a frame, "" for nothing: nothing is read any more. */
  problem = "";
  readonly #frameBytesMax: number;
  readonly #reader: FrameReader;
  /** Of the frame that is not whole yet. */
  #seen = 0;
  #length = 0;
  #headersEnd = 0;
  #checksum = 0;
  #headers: Headers | null = null;
  #isKept = true;
  #room = NOTHING;
  #kept = 0;
  /** Headers come again and again with the same bytes. */
  #knownBytes = NOTHING;
  #knownHeaders: Headers | null = null;

  constructor(frameBytesMax: number, reader: FrameReader) {
    this.#frameBytesMax = Math.min(frameBytesMax, PRELUDE_BYTES + HEADERS_BYTES_MAX + PAYLOAD_BYTES_MAX + CHECKSUM_BYTES);
    this.#reader = reader;
  }

  get isBroken(): boolean {
    return this.isOversize || this.problem !== "";
  }

  get isBetweenFrames(): boolean {
    return this.#seen === 0 && !this.isBroken;
  }

  /** How many bytes were read: fewer than all only when the byte before was the one by which a frame turned out to be broken. */
  push(chunk: Buffer): number {
    let at = 0;
    while (at < chunk.length && !this.isBroken) at += this.#seen === 0 ? this.#startFrame(chunk, at) : this.#goOn(chunk, at);
    return at;
  }

  /** A frame that is here as a whole is read where it lies. */
  #startFrame(chunk: Buffer, at: number): number {
    if (chunk.length - at < PRELUDE_BYTES) return this.#keep(chunk, at, chunk.length - at);
    if (!this.#readPrelude(chunk, at)) return PRELUDE_BYTES;
    if (chunk.length - at < this.#length) return this.#goOn(chunk, at);
    const headers = this.#headersIn(chunk, at + PRELUDE_BYTES, at + this.#headersEnd);
    if (headers === null) return this.#headersEnd;
    const end = at + this.#length - CHECKSUM_BYTES;
    if (chunk.readUInt32BE(end) !== crc32(chunk.subarray(at, end))) this.#break("the checksum of a frame is wrong");
    else this.#reader.see(headers, this.#reader.wants(headers) ? chunk.subarray(at + this.#headersEnd, end) : null, end - at - this.#headersEnd);
    return this.#length;
  }

  /** Up to the next border inside the frame, or to the end of the bytes. */
  #goOn(chunk: Buffer, at: number): number {
    const read = Math.min(chunk.length - at, this.#border() - this.#seen);
    this.#keep(chunk, at, read);
    if (this.#seen === PRELUDE_BYTES) this.#readPrelude(this.#room, 0);
    if (this.#headers === null && this.#seen === this.#headersEnd && this.#headersEnd > 0 && !this.isBroken) this.#endHeaders();
    if (this.#seen === this.#length && this.#length > 0 && !this.isBroken) this.#endFrame();
    return read;
  }

  #border(): number {
    if (this.#seen < PRELUDE_BYTES) return PRELUDE_BYTES;
    if (this.#seen < this.#headersEnd) return this.#headersEnd;
    return this.#seen < this.#length - CHECKSUM_BYTES ? this.#length - CHECKSUM_BYTES : this.#length;
  }

  #keep(chunk: Buffer, at: number, bytes: number): number {
    const isChecksum = this.#length > 0 && this.#seen >= this.#length - CHECKSUM_BYTES;
    if (!isChecksum) this.#checksum = crc32(chunk.subarray(at, at + bytes), this.#checksum);
    if (this.#isKept || isChecksum) {
      this.#makeRoom(this.#kept + bytes);
      this.#kept += chunk.copy(this.#room, this.#kept, at, at + bytes);
    }
    this.#seen += bytes;
    return bytes;
  }

  #makeRoom(bytes: number): void {
    if (bytes <= this.#room.length) return;
    const larger = Buffer.allocUnsafe(Math.max(ROOM_BYTES, bytes, Math.min(this.#room.length * 2, this.#length)));
    this.#room.copy(larger, 0, 0, this.#kept);
    this.#room = larger;
  }

  /** Nothing is made room for before the lengths are known to be right. */
  #readPrelude(bytes: Buffer, at: number): boolean {
    if (bytes.readUInt32BE(at + LENGTHS_BYTES) !== crc32(bytes.subarray(at, at + LENGTHS_BYTES))) return this.#break("the checksum of a frame's beginning is wrong");
    const length = bytes.readUInt32BE(at);
    const headersBytes = bytes.readUInt32BE(at + 4);
    const payloadBytes = length - PRELUDE_BYTES - headersBytes - CHECKSUM_BYTES;
    if (payloadBytes < 0) return this.#break("the lengths of a frame contradict each other");
    if (length > this.#frameBytesMax || headersBytes > HEADERS_BYTES_MAX || payloadBytes > PAYLOAD_BYTES_MAX) {
      this.isOversize = true;
      return false;
    }
    this.#length = length;
    this.#headersEnd = PRELUDE_BYTES + headersBytes;
    return true;
  }

  #headersIn(bytes: Buffer, from: number, to: number): Headers | null {
    const written = bytes.subarray(from, to);
    if (this.#knownHeaders !== null && written.equals(this.#knownBytes)) return this.#knownHeaders;
    const headers = readHeaders(written);
    if (headers === null) {
      this.#break("the headers of a frame cannot be read");
      return null;
    }
    this.#knownBytes = Buffer.from(written);
    this.#knownHeaders = headers;
    return headers;
  }

  #endHeaders(): void {
    this.#headers = this.#headersIn(this.#room, PRELUDE_BYTES, this.#headersEnd);
    this.#isKept = this.#headers !== null && this.#reader.wants(this.#headers);
    this.#kept = 0;
  }

  #endFrame(): void {
    const payload = this.#room.subarray(0, this.#kept - CHECKSUM_BYTES);
    const headers = this.#headers;
    const payloadBytes = this.#length - CHECKSUM_BYTES - this.#headersEnd;
    if (this.#room.readUInt32BE(payload.length) !== this.#checksum) return void this.#break("the checksum of a frame is wrong");
    const isKept = this.#isKept;
    this.#seen = this.#length = this.#headersEnd = this.#checksum = this.#kept = 0;
    this.#headers = null;
    this.#isKept = true;
    if (headers !== null) this.#reader.see(headers, isKept ? payload : null, payloadBytes);
    if (this.#room.length > ROOM_BYTES) this.#room = NOTHING;
  }

  #break(problem: string): false {
    this.problem = problem;
    return false;
  }
}
