// What is new in texts that may each repeat all that was said before: some models do so although increments were asked for.
// Nothing in a stream says which it is, so its texts are watched until one of them tells; only short beginnings wait for that.
//
//   unknown ──a text that does not begin with the one before──▶ increments
//      └──a text that does, and is long enough to be no accident──▶ repeating

/** Of a whole stream: what one of its texts has told holds for all of them. */
export interface Habit {
  isRepeating: boolean | null;
}

/** That a piece of so many characters begins with the whole of the piece before it is no accident. */
const SURE_CHARACTERS = 16;
/** Tokens that are alike may follow each other; a stream that repeats all does not stand still for so long. */
const HELD_MAX = 4;

export class Growth {
  readonly #habit: Habit;
  /** All that was told, while it matters. */
  #known = "";
  /** Pieces that may repeat what is known. */
  #held: string[] = [];

  constructor(habit: Habit) {
    this.#habit = habit;
  }

  /** Something was told, so that nothing would be a sign. */
  get hasBegun(): boolean {
    return this.#known !== "" || this.#held.length > 0;
  }

  /** What of the piece is to be told now. */
  push(piece: string): string {
    const { isRepeating } = this.#habit;
    if (isRepeating === false) return this.#held.length === 0 ? piece : this.#release() + piece;
    if (isRepeating) return this.#beyond(piece);
    if (!this.hasBegun) {
      this.#known = piece;
      return piece;
    }
    return this.#judge(piece);
  }

  /** Something else begins, or all ends. `isLast`: the piece before stood beside the reason why it ended, where increments have none. */
  settle(isLast: boolean): string {
    const latest = this.#held.at(-1);
    if (latest === undefined) return "";
    this.#habit.isRepeating ??= isLast || latest.length > this.#known.length;
    return this.#habit.isRepeating ? this.#beyond(latest) : this.#release();
  }

  #judge(piece: string): string {
    const latest = this.#held.at(-1) ?? this.#known;
    if (!piece.startsWith(latest)) return this.#decide(false, piece);
    const isSure = piece.length > latest.length && piece.length >= SURE_CHARACTERS;
    if (isSure || this.#held.length >= HELD_MAX) return this.#decide(piece.length > this.#known.length, piece);
    this.#held.push(piece);
    return "";
  }

  #decide(isRepeating: boolean, piece: string): string {
    this.#habit.isRepeating = isRepeating;
    return isRepeating ? this.#beyond(piece) : this.#release() + piece;
  }

  #release(): string {
    const text = this.#held.join("");
    this.#held = [];
    this.#known = "";
    return text;
  }

  /** What was told cannot be taken back: a text that contradicts it goes on behind it. */
  #beyond(whole: string): string {
    const known = this.#known;
    this.#held = [];
    if (known.startsWith(whole)) return "";
    const isMore = whole.startsWith(known);
    this.#known = isMore ? whole : known + whole;
    return isMore ? whole.slice(known.length) : whole;
  }
}
