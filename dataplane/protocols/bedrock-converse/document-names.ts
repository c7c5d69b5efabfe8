// Names of documents as Converse takes them: letters, digits, single spaces and a few signs, and each once in a request.
// The same documents in the same order have the same names always: an upstream's cache hangs on them.

const REFUSED = /[^a-zA-Z0-9\s()[\]-]+/g;
const ENDING = /\.(?:pdf|csv|docx?|xlsx?|html?|txt|md|markdown|json|xml|ya?ml)$/i;
const SPACE = /\s+/g;
const LENGTH_MAX = 200;
const NAMELESS = "document";

const taken = (name: string): string => name.replace(ENDING, "").replace(REFUSED, "-").replace(SPACE, " ").trim().slice(0, LENGTH_MAX).trim();

export class DocumentNames {
  readonly #used = new Set<string>();

  nameFor(name: string): string {
    const wanted = taken(name) || NAMELESS;
    let free = wanted;
    for (let count = 2; this.#used.has(free); count++) free = `${wanted} ${count}`;
    this.#used.add(free);
    return free;
  }
}
