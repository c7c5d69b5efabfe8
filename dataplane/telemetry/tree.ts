// Finds what belongs to a combination of names, step by step: cheaper than joining the names to one key.
// Only a memory: when it holds too much it forgets all and whoever asks makes it again.

export class Branch<Leaf> {
  readonly #below = new Map<string | number, Branch<Leaf>>();
  leaf: Leaf | null = null;

  step(key: string | number): Branch<Leaf> {
    const known = this.#below.get(key);
    if (known !== undefined) return known;
    const fresh = new Branch<Leaf>();
    this.#below.set(key, fresh);
    return fresh;
  }
}

export class Tree<Leaf> {
  readonly #leavesMax: number;
  #leaves = 0;
  root = new Branch<Leaf>();

  constructor(leavesMax: number) {
    this.#leavesMax = leavesMax;
  }

  grow(branch: Branch<Leaf>, leaf: Leaf): Leaf {
    branch.leaf = leaf;
    this.#leaves += 1;
    if (this.#leaves > this.#leavesMax) {
      this.root = new Branch<Leaf>();
      this.#leaves = 0;
    }
    return leaf;
  }
}
