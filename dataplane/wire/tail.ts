// The end of a stream, remembered by copy: no chunk that was received stays alive because of it.
// It does not know what the bytes mean, and holds a few KiB in the ordinary case, never more than TAIL_BYTES_MAX.

/** So much is remembered whatever is wanted, when there was so much. */
const TAIL_BYTES_MIN = 4096;
export const TAIL_BYTES_MAX = 32_768;
const CAPACITY_MIN = 2048;
const NOTHING = Buffer.alloc(0);

/** Twice what is kept, so that bytes are moved once per so many received. */
const capacityFor = (bytes: number, present: number): number => {
  let capacity = CAPACITY_MIN;
  while (capacity < 2 * bytes) capacity *= 2;
  return present >= capacity && present <= 4 * capacity ? present : capacity;
};

/** Where what is certainly remembered begins: the same wherever the stream was cut. */
const windowStart = (total: number, wanted: number): number => Math.max(0, total - TAIL_BYTES_MAX, Math.min(wanted, total - TAIL_BYTES_MIN));

export class Tail {
  /** Position in the stream of the first byte that is still remembered. */
  #start = 0;
  #bytes: Buffer = NOTHING;
  #length = 0;

  /** Remembers the first `end` bytes of the chunk; what lies before the position `wanted` may be forgotten. */
  append(chunk: Buffer, end: number, wanted: number): void {
    if (this.#length + end > this.#bytes.length) return this.#appendForgetting(chunk, end, wanted);
    if (end === chunk.length) this.#bytes.set(chunk, this.#length);
    else chunk.copy(this.#bytes, this.#length, 0, end);
    this.#length += end;
  }

  /** The position from which on all is remembered that was wanted last. */
  startOf(wanted: number): number {
    return windowStart(this.#start + this.#length, wanted);
  }

  /** What is remembered from a position on, as a view that the next append may change. */
  from(position: number): Buffer {
    return this.#bytes.subarray(Math.max(0, position - this.#start), this.#length);
  }

  #appendForgetting(chunk: Buffer, end: number, wanted: number): void {
    const received = this.#start + this.#length;
    const total = received + end;
    const from = Math.max(this.#start, windowStart(total, wanted));
    const kept = Math.max(0, received - from);
    const capacity = capacityFor(total - from, this.#bytes.length);
    const bytes = capacity === this.#bytes.length ? this.#bytes : Buffer.allocUnsafeSlow(capacity);
    this.#bytes.copy(bytes, 0, this.#length - kept, this.#length);
    chunk.copy(bytes, kept, Math.max(0, from - received), end);
    this.#bytes = bytes;
    this.#length = total - from;
    this.#start = from;
  }
}
