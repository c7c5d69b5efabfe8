// Blocks of a model's turn with the pieces of a stream put together again: text that goes on, thinking that goes on, and the
// thinking that a signature carries in the place of the same thinking shown. It drops nothing that says anything.
import type { Block } from "../ir.ts";

const isPlain = ({ opaques, extras, cache }: Block): boolean => opaques === undefined && extras === undefined && cache === undefined;

const joinedWith = (last: Block, block: Block): Block | null => {
  if (!isPlain(last)) return null;
  if (last.kind === "text" && block.kind === "text") return isPlain(block) ? { ...last, text: last.text + block.text } : null;
  // The signature of a thought comes with its last piece.
  return last.kind === "reasoning" && block.kind === "reasoning" ? { ...block, at: last.at, text: last.text + block.text } : null;
};

/** What was shown to the client piece by piece, and is carried by the part behind it as well. */
const isShownAs = (shown: Block | undefined, carried: readonly Block[]): boolean =>
  shown?.kind === "reasoning" && carried.length > 0 && isPlain(shown) && shown.text === carried.map((block) => (block.kind === "reasoning" ? block.text : "")).join("");

export class JoinedBlocks {
  readonly #blocks: Block[];

  constructor(blocks: readonly Block[]) {
    this.#blocks = [...blocks];
  }

  /** Of each part the last block is its own; those before it are what its signature carries. */
  add(parts: readonly (readonly Block[])[]): readonly Block[] {
    for (const part of parts) {
      const carried = part.slice(0, -1);
      if (isShownAs(this.#blocks.at(-1), carried)) this.#blocks.pop();
      this.#blocks.push(...carried);
      for (const own of part.slice(-1)) this.#put(own);
    }
    return this.#blocks;
  }

  #put(block: Block): void {
    const last = this.#blocks.at(-1);
    const joined = last === undefined ? null : joinedWith(last, block);
    if (joined === null) this.#blocks.push(block);
    else this.#blocks[this.#blocks.length - 1] = joined;
  }
}
