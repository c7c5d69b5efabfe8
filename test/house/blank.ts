// Makes comments and the insides of strings and regular expressions blank, so that rules about code see code only.
// Length and line breaks stay, so a place in the result is the same place in the text. It is a reader of tokens, not of
// grammar: whether "/" begins a regular expression is told by what stands before it.

const comment = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const quoted = /"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'/y;
const templatePart = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{|$)/y;
const regular = /\/(?![*/])(?:[^/\\[\n]|\\[^\n]|\[(?:[^\]\\\n]|\\[^\n])*\])+\/[a-z]*/y;
/** What needs no attention: neither quotes, nor slashes, nor braces. */
const plain = /[^"'`/{}]+/y;
const lastToken = /(?:[\w$#]+|[^\s\w$#])(?=\s*$)/;

const beforeRegular = new Set([..."(,=:[!&|?{};+-*%<>~^", "", "return", "typeof", "case", "in", "of", "void", "delete", "await", "yield", "else"]);

export interface Blanked {
  /** Without comments; strings as they are. */
  readonly uncommented: string;
  /** Without comments and without what stands in strings. */
  readonly code: string;
}

export const blank = (text: string): Blanked => new Reader(text).read();

class Reader {
  readonly #text: string;
  #at = 0;
  #code = "";
  #uncommented = "";
  #before = "";
  #depth = 0;
  /** Depth of braces at which each open template literal goes on. */
  readonly #templates: number[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  read(): Blanked {
    while (this.#at < this.#text.length) this.#step();
    return { uncommented: this.#uncommented, code: this.#code };
  }

  #step(): void {
    const run = this.#match(plain);
    if (run !== "") return this.#pass(run);
    const character = this.#text[this.#at] ?? "";
    const remark = character === "/" ? this.#match(comment) : "";
    if (remark !== "") return this.#emit(spaces(remark), spaces(remark));
    const literal = character === '"' || character === "'" ? this.#match(quoted) : this.#regular(character);
    if (literal !== "") return this.#literal(literal, character);
    if (character === "`") return this.#template("`");
    if (character === "}" && this.#templates.at(-1) === this.#depth) return this.#continueTemplate();
    if (character === "{") this.#depth++;
    if (character === "}") this.#depth--;
    this.#pass(character);
  }

  #pass(run: string): void {
    this.#before = lastToken.exec(run)?.[0] ?? this.#before;
    this.#emit(run, run);
  }

  #regular(character: string): string {
    return character === "/" && beforeRegular.has(this.#before) ? this.#match(regular) : "";
  }

  #literal(literal: string, quote: string): void {
    this.#before = quote;
    this.#emit(literal, quote + spaces(literal.slice(1, -1)) + quote);
  }

  #continueTemplate(): void {
    this.#templates.pop();
    this.#template("}");
  }

  #template(opening: string): void {
    this.#emit(opening, opening);
    const part = this.#match(templatePart);
    const ending = part.endsWith("${") ? "${" : part.slice(-1);
    if (ending === "${") this.#templates.push(this.#depth);
    this.#before = ending === "${" ? "{" : "`";
    this.#emit(part, spaces(part.slice(0, part.length - ending.length)) + ending);
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#text)?.[0] ?? "";
  }

  #emit(uncommented: string, code: string): void {
    this.#uncommented += uncommented;
    this.#code += code;
    this.#at += code.length;
  }
}

const spaces = (text: string): string => text.replace(/[^\n]/g, " ");
