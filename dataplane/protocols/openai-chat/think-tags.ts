// Thinking that stands in the text between <think> and </think>, told apart while it comes. Only at the beginning of an
// answer: later on it is somebody's text about such tags. A tag may be cut anywhere.
//
//   before ──"<think>"──▶ inside ──"</think>"──▶ behind ──first text──▶ after
//      └───────────────anything else──────────────────────────────────────▲

const OPENING = "<think>";
const CLOSING = "</think>";

type Kind = "reasoning" | "text";
export type Say = (kind: Kind, text: string) => void;

/** How many of the last characters may be the beginning of the tag. */
const tailOf = (text: string, tag: string): number => {
  for (let length = Math.min(text.length, tag.length - 1); length > 0; length--) if (tag.startsWith(text.slice(-length))) return length;
  return 0;
};

export class ThinkTags {
  #state: "before" | "inside" | "behind" | "after" = "before";
  #held = "";

  push(text: string, say: Say): void {
    if (this.#state === "after") return say("text", text);
    const whole = this.#held + text;
    this.#held = "";
    if (this.#state === "before") this.#open(whole, say);
    else if (this.#state === "inside") this.#think(whole, say);
    else this.#speak(whole, say);
  }

  /** What waited for the rest of a tag. */
  end(say: Say): void {
    if (this.#held !== "") say(this.#state === "inside" ? "reasoning" : "text", this.#held);
    this.#held = "";
  }

  #open(text: string, say: Say): void {
    const begun = text.trimStart();
    if (begun.startsWith(OPENING)) {
      this.#state = "inside";
      this.#think(begun.slice(OPENING.length), say);
    } else if (OPENING.startsWith(begun)) {
      this.#held = text;
    } else {
      this.#state = "after";
      say("text", text);
    }
  }

  #think(text: string, say: Say): void {
    const end = text.indexOf(CLOSING);
    const kept = end === -1 ? text.length - tailOf(text, CLOSING) : end;
    if (kept > 0) say("reasoning", text.slice(0, kept));
    if (end === -1) {
      this.#held = text.slice(kept);
      return;
    }
    this.#state = "behind";
    this.#speak(text.slice(end + CLOSING.length), say);
  }

  /** The line breaks behind the tag belong to it. */
  #speak(text: string, say: Say): void {
    const spoken = text.replace(/^[\r\n]+/, "");
    if (spoken === "") return;
    this.#state = "after";
    say("text", spoken);
  }
}
