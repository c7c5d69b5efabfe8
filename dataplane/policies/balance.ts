// Chooses an order among weighted things: pure, given the random numbers.
// It does not know what is chosen, nor whether it is healthy.

export interface Weighted {
  readonly weight: number;
}

/** The items in an order drawn by weight without putting back. Weight 0 drains: such items are never drawn. */
export const drawOrder = <Item extends Weighted>(items: readonly Item[], random: () => number): Item[] => {
  const rest = items.filter((item) => item.weight > 0);
  const drawn: Item[] = [];
  while (rest.length > 0) {
    const index = rest.length === 1 ? 0 : drawIndex(rest, random());
    drawn.push(rest[index] as Item);
    rest.splice(index, 1);
  }
  return drawn;
};

/** Index of the item on which the point `share` (0 ≤ share < 1) of the summed weights falls. */
export const drawIndex = (items: readonly Weighted[], share: number): number => {
  let total = 0;
  for (const item of items) total += item.weight;
  let point = share * total;
  for (const [index, item] of items.entries()) {
    point -= item.weight;
    if (point < 0) return index;
  }
  return items.length - 1;
};
