// Which known word somebody may have meant. Pure.

/** Undefined when nothing is near: at most a third of the letters, and never more than three, may differ. */
export const nearest = (word: string, known: readonly string[]): string | undefined => {
  const ranked = known.map((candidate) => ({ candidate, steps: stepsBetween(word, candidate) })).toSorted((left, right) => left.steps - right.steps);
  const [best] = ranked;
  return best !== undefined && best.steps <= Math.min(3, Math.ceil(best.candidate.length / 3)) ? best.candidate : undefined;
};

/** Letters to add, drop, change or swap with their neighbour. */
const stepsBetween = (from: string, to: string): number => {
  let twoAbove: number[] = [];
  let above = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const here = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const isSame = from[row - 1] === to[column - 1];
      const changed = (above[column - 1] ?? 0) + (isSame ? 0 : 1);
      const isSwapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      const swapped = isSwapped ? (twoAbove[column - 2] ?? Infinity) + 1 : Infinity;
      here.push(Math.min(changed, swapped, (above[column] ?? 0) + 1, (here[column - 1] ?? 0) + 1));
    }
    twoAbove = above;
    above = here;
  }
  return above[to.length] ?? 0;
};
