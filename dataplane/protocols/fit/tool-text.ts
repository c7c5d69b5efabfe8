// Reads the one string of arguments like {"input":"…"} while they grow, at whatever place they are cut.
// What does not begin so is kept and read as a whole at its end.
import { isObject, parseJson } from "../../wire/json.ts";

const BEGINNING = /^\s*\{\s*"(?:[^"\\]|\\.)*"\s*:\s*"/;
const HELD_MAX = 256;
const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f" };

const isHighHalf = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;

// begin ─ {"input":" ─▶ inside ─ " ─▶ over;  begin ─ anything else ─▶ whole
type State = "begin" | "inside" | "over" | "whole";

export class ToolText {
  #state: State = "begin";
  #held = "";
  /** Half of a pair that waits for the other. */
  #half = "";

  /** What can be said now of the string's value. */
  push(text: string): string {
    if (this.#state === "over") return "";
    this.#held += text;
    if (this.#state === "begin") this.#begin();
    return this.#state === "inside" ? this.#read() : "";
  }

  /** What is left of it when no more comes. */
  end(): string {
    const held = this.#held;
    if (this.#state === "inside" || this.#state === "over") return this.#half;
    const value = parseJson(held);
    const only = isObject(value) ? Object.values(value)[0] : value;
    return typeof only === "string" ? only : held;
  }

  #begin(): void {
    const beginning = BEGINNING.exec(this.#held);
    if (beginning !== null) {
      this.#held = this.#held.slice(beginning[0].length);
      this.#state = "inside";
    } else if (this.#held.length > HELD_MAX) this.#state = "whole";
  }

  #read(): string {
    const held = this.#held;
    let value = this.#half;
    let at = 0;
    while (at < held.length && held[at] !== '"') {
      const [text, length] = held[at] === "\\" ? unescape(held, at) : plain(held, at);
      if (length === 0) break;
      value += text;
      at += length;
    }
    if (held[at] === '"') this.#state = "over";
    this.#held = held.slice(at);
    this.#half = isHighHalf(value.charCodeAt(value.length - 1)) ? value.slice(-1) : "";
    return this.#half === "" ? value : value.slice(0, -1);
  }
}

const plain = (text: string, at: number): readonly [string, number] => {
  let end = at;
  while (end < text.length && text[end] !== '"' && text[end] !== "\\") end += 1;
  return [text.slice(at, end), end - at];
};

/** Length 0: not whole yet. */
const unescape = (text: string, at: number): readonly [string, number] => {
  const letter = text[at + 1];
  if (letter === undefined) return ["", 0];
  if (letter !== "u") return [escapes[letter] ?? letter, 2];
  const digits = text.slice(at + 2, at + 6);
  return digits.length < 4 ? ["", 0] : [String.fromCharCode(Number.parseInt(digits, 16)), 6];
};
