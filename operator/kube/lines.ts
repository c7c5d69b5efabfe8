// The bytes of a watch → its lines, each whole, however the bytes were cut on the way.
// A line that grows beyond the bound is an error: what is that long is no object.

const NEWLINE = 0x0a;

export class LineSplitter {
  readonly #bytesMax: number;
  #pieces: Buffer[] = [];
  #length = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The lines that end in this piece; empty ones are left out. */
  push(piece: Buffer): string[] {
    const lines: string[] = [];
    let from = 0;
    for (let at = piece.indexOf(NEWLINE); at !== -1; at = piece.indexOf(NEWLINE, from)) {
      this.#hold(piece.subarray(from, at));
      const line = this.#take();
      if (line !== "") lines.push(line);
      from = at + 1;
    }
    this.#hold(piece.subarray(from));
    return lines;
  }

  /** Whether it ended in the middle of a line. */
  get isTorn(): boolean {
    return this.#length > 0;
  }

  #hold(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#length += piece.length;
    if (this.#length > this.#bytesMax) throw new RangeError(`a line of a watch is longer than ${this.#bytesMax} bytes`);
    this.#pieces.push(piece);
  }

  #take(): string {
    const [only] = this.#pieces;
    const line = this.#pieces.length === 1 && only !== undefined ? only.toString("utf8") : Buffer.concat(this.#pieces).toString("utf8");
    this.#pieces = [];
    this.#length = 0;
    return line.trim();
  }
}
