// Bytes kept in the order in which they came, in few pieces of memory however finely they were cut on the way.
// It has no limit of its own; whoever adds to it asks for its length.
import { spanOf } from "./pieces.ts";

/** A chunk as large as this keeps its own memory; smaller ones are copied together, since each costs hundreds of bytes. */
const LARGE_BYTES = 8192;
const BLOCK_BYTES = 16_384;

export class HeldBytes {
  length = 0;
  readonly #sealed: Buffer[] = [];
  #block: Buffer | null = null;
  #filled = 0;

  append(chunk: Buffer): void {
    this.length += chunk.length;
    // Often there is only one.
    const isFirst = this.length === chunk.length;
    if (isFirst || chunk.length >= LARGE_BYTES) {
      this.#seal();
      this.#sealed.push(chunk);
      return;
    }
    if (this.#filled + chunk.length > BLOCK_BYTES) this.#seal();
    this.#block ??= Buffer.allocUnsafeSlow(BLOCK_BYTES);
    this.#filled += chunk.copy(this.#block, this.#filled);
  }

  /** All bytes so far. What is appended later does not change them. */
  pieces(): Buffer[] {
    const open = this.#block === null ? [] : [this.#block.subarray(0, this.#filled)];
    return [...this.#sealed, ...open];
  }

  /** Those in [start, end). */
  span(start: number, end: number): Buffer {
    return spanOf(this.pieces(), start, end);
  }

  #seal(): void {
    if (this.#block === null) return;
    const filled = this.#block.subarray(0, this.#filled);
    this.#sealed.push(this.#filled < BLOCK_BYTES / 2 ? Buffer.from(filled) : filled);
    this.#block = null;
    this.#filled = 0;
  }
}
