// Cuts a stream of bytes into frames and makes frames of texts: length, form, text (gzipped above 1 KiB).
// It does not know what a text says. Damage is thrown, because a stream that lost its place cannot find it again.
import { gunzipSync, gzipSync } from "node:zlib";

/*
 * | 4 bytes, big-endian: length of the rest | 1 byte: form | text in UTF-8 |
 * form 0: as it is; form 1: gzip.
 */
const LENGTH_BYTES = 4;
const PLAIN = 0;
const GZIP = 1;
const PLAIN_BYTES_MAX = 1024;

/** Bound of one text, packed or not, unless the reader is given a smaller one. */
export const FRAME_BYTES_MAX = 268_435_456;

export class FrameDamaged extends Error {
  override readonly name = "FrameDamaged";
}

export const encodeFrame = (text: string): Buffer => {
  const plain = Buffer.from(text, "utf8");
  const isPacked = plain.length > PLAIN_BYTES_MAX;
  // Level 1: a snapshot is packed while others wait for it, and the difference in size is small.
  const body = isPacked ? gzipSync(plain, { level: 1 }) : plain;
  const head = Buffer.allocUnsafe(LENGTH_BYTES + 1);
  head.writeUInt32BE(body.length + 1, 0);
  head.writeUInt8(isPacked ? GZIP : PLAIN, LENGTH_BYTES);
  return Buffer.concat([head, body]);
};

/* length ── 4 bytes ──▶ body ── as many as it said ──▶ length; anything out of bounds throws, and the reader is spent. */
export class FrameReader {
  readonly #bytesMax: number;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #pieces: Buffer[] = [];
  #gathered = 0;
  #wanted = LENGTH_BYTES;
  #isInBody = false;

  constructor(bytesMax: number = FRAME_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** True when the bytes so far end inside a frame. */
  get isMidFrame(): boolean {
    return this.#isInBody || this.#gathered > 0;
  }

  /** The texts that these bytes complete. */
  push(bytes: Buffer): string[] {
    const texts: string[] = [];
    for (let from = 0; from < bytes.length; ) {
      const piece = bytes.subarray(from, from + this.#wanted - this.#gathered);
      from += piece.length;
      this.#pieces.push(piece);
      this.#gathered += piece.length;
      if (this.#gathered < this.#wanted) break;
      const whole = this.#take();
      if (this.#isInBody) texts.push(this.#text(whole));
      this.#isInBody = !this.#isInBody;
      this.#wanted = this.#isInBody ? this.#bodyLength(whole) : LENGTH_BYTES;
    }
    return texts;
  }

  #take(): Buffer {
    const [only] = this.#pieces;
    const whole = only !== undefined && this.#pieces.length === 1 ? only : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#gathered = 0;
    return whole;
  }

  #bodyLength(head: Buffer): number {
    const length = head.readUInt32BE(0);
    if (length < 2) throw new FrameDamaged("a frame without a text");
    if (length > this.#bytesMax) throw new FrameDamaged(`a frame of ${length} bytes; at most ${this.#bytesMax} are taken`);
    return length;
  }

  #text(body: Buffer): string {
    const form = body.readUInt8(0);
    const content = body.subarray(1);
    if (form !== PLAIN && form !== GZIP) throw new FrameDamaged(`a frame of the unknown form ${form}`);
    try {
      // The bound holds for what is unpacked too, so that a small frame cannot fill the memory.
      return this.#decoder.decode(form === GZIP ? gunzipSync(content, { maxOutputLength: this.#bytesMax }) : content);
    } catch {
      throw new FrameDamaged("a frame whose text cannot be unpacked");
    }
  }
}
