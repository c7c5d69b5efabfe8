// What the scanner of top-level members must find, in the plainest way: one byte after another, nothing remembered.
// It is slow, and knows of "model" and "stream" only as they are spelt without escapes.

export interface Expected {
  readonly problem: string;
  readonly model: readonly [number, number];
  readonly isStreaming: boolean;
}

const DEPTH_MAX = 512;
const SPACE = " \n\r\t";

class Reader {
  at = 0;
  isTooDeep = false;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  get next(): string {
    return this.#text[this.at] ?? "";
  }

  get rest(): string {
    return this.#text.slice(this.at);
  }

  skipSpace(): string {
    while (this.next !== "" && SPACE.includes(this.next)) this.at++;
    return this.next;
  }

  /** From the opening quote to behind the closing one. */
  crossString(): boolean {
    for (this.at++; this.next !== ""; this.at++) {
      if (this.next === "\\") this.at++;
      else if (this.next === '"') {
        this.at++;
        return true;
      }
    }
    return false;
  }

  crossValue(): boolean {
    if (this.next === '"') return this.crossString();
    if ("[{".includes(this.next)) return this.#crossContainer();
    const start = this.at;
    for (; this.next !== "" && this.next > " " && !",}".includes(this.next); this.at++) if ('":]'.includes(this.next)) return false;
    return this.at > start;
  }

  #crossContainer(): boolean {
    let depth = 0;
    while (this.next !== "") {
      const character = this.next;
      if (character === '"') {
        if (!this.crossString()) return false;
        continue;
      }
      this.at++;
      if ("[{".includes(character)) this.isTooDeep = ++depth > DEPTH_MAX;
      if (this.isTooDeep) return false;
      if ("]}".includes(character) && --depth === 0) return true;
    }
    return false;
  }
}

export const expectedOf = (bytes: Buffer): Expected => {
  const text = bytes.toString("latin1");
  const reader = new Reader(text);
  const found = { problem: "", model: [-1, -1] as [number, number], isStreaming: false };
  const refuse = (what: string, at = reader.at): Expected => ({ ...found, problem: `${what} at byte ${at}` });
  if (reader.skipSpace() !== "{") return refuse("no object begins");
  reader.at++;
  let isFirst = true;
  for (;;) {
    const next = reader.skipSpace();
    if (next === "") return refuse("the object is not closed");
    if (next === "}" && isFirst) break;
    isFirst = false;
    const keyStart = reader.at;
    if (next !== '"') return refuse("a member name is missing");
    if (!reader.crossString()) return refuse("a string is not closed", keyStart);
    const key = text.slice(keyStart + 1, reader.at - 1);
    if (reader.skipSpace() !== ":") return refuse("a colon is missing");
    reader.at++;
    reader.skipSpace();
    const start = reader.at;
    if (!reader.crossValue()) return refuse(reader.isTooDeep ? "a value is nested too deeply" : "a value is not whole", start);
    if (key === "model") found.model = [start, reader.at];
    if (key === "stream") found.isStreaming = text.slice(start, reader.at).length === 4 && text[start] === "t";
    const separator = reader.skipSpace();
    if (separator === "}") break;
    if (separator === "") return refuse("the object is not closed");
    if (separator !== ",") return refuse("a comma is missing");
    reader.at++;
  }
  reader.at++;
  return reader.skipSpace() === "" ? found : refuse("something follows the object");
};
