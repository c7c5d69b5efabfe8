// How the value of one field of an event begins, for telling events apart without decoding them.
// It holds no more than HEAD_BYTES of its own and reads nothing that lies behind them.

const SPACE = 32;
const TAB = 9;
const CARRIAGE_RETURN = 13;
export const HEAD_BYTES = 128;
const NOTHING = Buffer.alloc(0);

/** Whether the word stands at this place. */
export const matches = (bytes: Buffer, at: number, end: number, word: Buffer): boolean => {
  if (end - at < word.length) return false;
  for (let index = 0; index < word.length; index++) if (bytes[at + index] !== word[index]) return false;
  return true;
};

/** The first bytes of a field's value: inside the chunk while it is there, in a copy of their own afterwards. */
export class Head {
  #source: Buffer = NOTHING;
  #at = 0;
  #end = 0;
  #own: Buffer = NOTHING;

  get isEmpty(): boolean {
    return this.#at === this.#end;
  }

  see(source: Buffer, at: number, end: number): void {
    this.#source = source;
    this.#at = at;
    this.#end = end;
  }

  keep(): void {
    if (this.#at === this.#end || this.#source === this.#own) return;
    if (this.#own === NOTHING) this.#own = Buffer.allocUnsafeSlow(HEAD_BYTES);
    const length = this.#source.copy(this.#own, 0, this.#at, Math.min(this.#end, this.#at + HEAD_BYTES));
    this.see(this.#own, 0, length);
  }

  forget(): void {
    this.see(NOTHING, 0, 0);
  }

  /** 0 behind the end: no field holds it. */
  byteAt(index: number): number {
    return this.#at + index < this.#end ? (this.#source[this.#at + index] ?? 0) : 0;
  }

  startsWith(word: Buffer, at = 0): boolean {
    return matches(this.#source, this.#at + at, this.#end, word);
  }

  /** Whether what stands before `end` (the end of the value for -1) is the word. */
  endsWith(word: Buffer, end = -1): boolean {
    const at = (end === -1 ? this.#end - this.#at : end) - word.length;
    return at >= 0 && this.startsWith(word, at);
  }

  is(word: Buffer): boolean {
    return this.#end - this.#at === word.length && this.startsWith(word);
  }

  /** Where the next byte that is not white space stands. */
  skipSpace(at: number): number {
    let index = at;
    for (let byte = this.byteAt(index); byte === SPACE || (byte >= TAB && byte <= CARRIAGE_RETURN); byte = this.byteAt(index)) index++;
    return index;
  }

  toString(): string {
    return this.#source.toString("utf8", this.#at, Math.min(this.#end, this.#at + HEAD_BYTES));
  }
}
