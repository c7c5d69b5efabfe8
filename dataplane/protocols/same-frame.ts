// Most events of a stream differ from the one before in one piece of text only. Where all around that text is the same to the
// letter, and the text has nothing that JSON escapes, what the event says is known without parsing it.
// It is sure or it says nothing: whatever is not exactly so is parsed by whoever asks.

/** What a JSON string cannot hold as it is: then it was escaped, and the letters are not the text. */
const ESCAPED = /["\\]|[^ -\uffff]/;

export class SameFrame {
  #before = "";
  #after = "";

  /** `data` was parsed and says `text` in exactly one place. */
  learn(data: string, text: string): void {
    this.#before = "";
    if (text === "" || ESCAPED.test(text)) return;
    const at = data.lastIndexOf(`"${text}"`);
    // Were it there twice, nobody could tell which of them is the text.
    if (at === -1 || data.indexOf(`"${text}"`) !== at) return;
    this.#before = data.slice(0, at + 1);
    this.#after = data.slice(at + 1 + text.length);
  }

  /** The text of an event that is the same but for it; null when it has to be parsed. */
  textOf(data: string): string | null {
    const { length } = this.#before;
    const end = data.length - this.#after.length;
    // Slices compared are several times faster than startsWith and endsWith here (measured, V8 of Node 24).
    if (length === 0 || end < length || data.slice(0, length) !== this.#before || data.slice(end) !== this.#after) return null;
    const text = data.slice(length, end);
    return ESCAPED.test(text) ? null : text;
  }
}
