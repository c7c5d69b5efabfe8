// Of which objects the status was found to say all that there is to say, and on which grounds: as long as these are the same,
// nobody needs to work it out again. Grounds are compared by identity, texts by what they say. It looks at nothing itself.

export type Grounds = readonly unknown[];

export class Settled {
  readonly #grounds = new Map<string, Grounds>();

  isStill(key: string, grounds: Grounds): boolean {
    const known = this.#grounds.get(key);
    return known?.length === grounds.length && grounds.every((one, index) => one === known[index]);
  }

  note(key: string, grounds: Grounds): void {
    this.#grounds.set(key, grounds);
  }

  /** What is there no more is forgotten. */
  keepOnly(there: Readonly<Record<string, unknown>>): void {
    for (const key of this.#grounds.keys()) if (!Object.hasOwn(there, key)) this.#grounds.delete(key);
  }
}
