// The titles of the tests that a file holds, as they are run: those of a table with the values of each of its rows that are
// written there. Tests that are skipped, or that stand in something that is skipped, have none. It runs nothing.
import { parseAst } from "vitest/node";

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [member: string]: unknown;
}

interface Called {
  readonly name: string;
  readonly words: readonly string[];
  /** Of `each`. */
  readonly table: Node | null;
}

const names: ReadonlySet<string> = new Set(["test", "it", "describe"]);
const skips: ReadonlySet<string> = new Set(["skip", "todo"]);
const PLACE = /%[sdifjo]|\$[\w.]+/g;

const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && "type" in value;
const nodeOf = (value: unknown): Node | null => (isNode(value) ? value : null);
const nodesOf = (value: unknown): readonly Node[] => (Array.isArray(value) ? value.filter(isNode) : []);

/** "test.concurrent.each(table)" is a test, the words behind it, and a table. */
const calledBy = (callee: Node | null): Called | null => {
  if (callee?.type === "Identifier") return { name: String(callee["name"]), words: [], table: null };
  if (callee?.type === "MemberExpression") {
    const inner = calledBy(nodeOf(callee["object"]));
    return inner === null ? null : { ...inner, words: [...inner.words, String(nodeOf(callee["property"])?.["name"])] };
  }
  const inner = callee?.type === "CallExpression" ? calledBy(nodeOf(callee["callee"])) : null;
  return inner === null ? null : { ...inner, table: inner.words.includes("each") ? (nodesOf(callee?.["arguments"])[0] ?? null) : inner.table };
};

class Titles {
  readonly found: string[] = [];
  readonly #text: string;
  readonly #tables: { readonly name: string; readonly rows: Node }[] = [];

  constructor(text: string) {
    this.#text = text;
    const program: unknown = parseAst(text, { lang: "ts" });
    this.#remember(program);
    this.#walk(program, false);
  }

  #remember(value: unknown): void {
    if (Array.isArray(value)) return value.forEach((inner) => this.#remember(inner));
    if (!isNode(value)) return;
    const [id, init] = [nodeOf(value["id"]), this.#bare(nodeOf(value["init"]))];
    if (value.type === "VariableDeclarator" && id !== null && init?.type === "ArrayExpression") this.#tables.push({ name: String(id["name"]), rows: init });
    for (const inner of Object.values(value)) this.#remember(inner);
  }

  #walk(value: unknown, isSkipped: boolean): void {
    if (Array.isArray(value)) return value.forEach((inner) => this.#walk(inner, isSkipped));
    if (!isNode(value)) return;
    const called = value.type === "CallExpression" ? calledBy(nodeOf(value["callee"])) : null;
    const [title, ...others] = nodesOf(value["arguments"]);
    if (called === null || !names.has(called.name) || title === undefined) return Object.values(value).forEach((inner) => this.#walk(inner, isSkipped));
    const isOut = isSkipped || called.words.some((word) => skips.has(word)) || others.some((other) => this.#isSkipOption(other));
    const words = this.#valueOf(title);
    if (!isOut && (title.type === "Literal" || title.type === "TemplateLiteral")) this.found.push(words, ...this.#rows(called.table).map((row) => this.#rendered(words, row)));
    this.#walk(others, isOut);
  }

  #isSkipOption(node: Node): boolean {
    return nodesOf(node["properties"]).some((property) => skips.has(String(nodeOf(property["key"])?.["name"])) && nodeOf(property["value"])?.["value"] === true);
  }

  #rows(table: Node | null): readonly Node[] {
    const bare = this.#bare(table);
    // Of several with one name it is the one right before.
    const rows = bare?.type === "Identifier" ? this.#tables.findLast((one) => one.name === bare["name"] && one.rows.end <= bare.start)?.rows : bare;
    return rows?.type === "ArrayExpression" ? nodesOf(rows["elements"]) : [];
  }

  #rendered(words: string, row: Node): string {
    const values = row.type === "ArrayExpression" ? nodesOf(row["elements"]) : [row];
    const members = new Map(nodesOf(row["properties"]).map((property) => [String(nodeOf(property["key"])?.["name"]), nodeOf(property["value"])]));
    let next = 0;
    return words.replace(PLACE, (place) => {
      const value = place.startsWith("$") ? members.get(place.slice(1)) : values[next++];
      return value === undefined || value === null ? place : this.#valueOf(value);
    });
  }

  #valueOf(node: Node): string {
    const [quasi, ...others] = nodesOf(node["quasis"]);
    if (node.type === "TemplateLiteral" && quasi !== undefined && others.length === 0) return String((quasi["value"] as { cooked: string }).cooked);
    return node.type === "Literal" ? String(node["value"]) : this.#text.slice(node.start, node.end);
  }

  /** Without what only tells its type. */
  #bare(node: Node | null): Node | null {
    return node?.type === "TSAsExpression" || node?.type === "TSSatisfiesExpression" ? this.#bare(nodeOf(node["expression"])) : node;
  }
}

export const titlesIn = (text: string): readonly string[] => new Titles(text).found;
