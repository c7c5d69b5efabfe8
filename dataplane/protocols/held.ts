// What readers keep of an answer while it grows, counted against the limit that they were given: one that never ends must not
// be kept, however right each of its events is. It keeps nothing itself.
import type { Event } from "./ir.ts";
import type { JsonObject } from "./json-members.ts";

/** What it takes to hold a block, a choice, a part, a call or an item, however little is in it, in characters: endless ones of nothing end too. */
export const BLOCK_CHARACTERS = 512;
/** Members that are gathered from many events have no more names together: no answer has, and all are copied with each. */
export const MEMBERS_MAX = 256;

export class Held {
  #left: number;

  constructor(charactersMax: number) {
    this.#left = charactersMax;
  }

  /** False when it is more than may be held; it is counted all the same. */
  take(characters: number): boolean {
    this.#left -= characters;
    return this.#left >= 0;
  }

  giveBack(characters: number): void {
    this.#left += characters;
  }
}

/** A later value replaces an earlier one of its name; names beyond those that may be gathered are left out. */
export const addMembers = (gathered: JsonObject, more: JsonObject): JsonObject => {
  let room = MEMBERS_MAX - Object.keys(gathered).length;
  const taken = Object.entries(more).filter(([key]) => Object.hasOwn(gathered, key) || room-- > 0);
  return taken.length === 0 ? gathered : Object.fromEntries([...Object.entries(gathered), ...taken]);
};

/** A failure is the last of all, also where it was found in the middle of telling something. */
export const upToFailure = (events: Event[]): Event[] => {
  const at = events.findIndex(({ kind }) => kind === "failure");
  return at === -1 ? events : events.slice(0, at + 1);
};
