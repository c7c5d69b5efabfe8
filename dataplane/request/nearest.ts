// Names that were probably meant: for the error that says a name does not exist.
// Bounded in both lengths; used only on the way out.

const NAMES_MAX = 3;
const CANDIDATES_MAX = 200;
const NAME_LENGTH_MAX = 48;

export const nearestNames = (asked: string, names: readonly string[]): string[] => {
  const lower = asked.slice(0, NAME_LENGTH_MAX).toLowerCase();
  const limit = Math.max(2, Math.floor(lower.length / 3));
  return names
    .slice(0, CANDIDATES_MAX)
    .map((name) => ({ name, distance: distanceOf(lower, name.slice(0, NAME_LENGTH_MAX).toLowerCase()) }))
    .filter(({ distance }) => distance <= limit)
    .toSorted((left, right) => left.distance - right.distance || (left.name < right.name ? -1 : 1))
    .slice(0, NAMES_MAX)
    .map(({ name }) => name);
};

/** Levenshtein; a name that contains the other is near whatever its length. */
const distanceOf = (left: string, right: string): number => {
  if (left.length >= 3 && (right.includes(left) || left.includes(right))) return 1;
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const change = (row[j - 1] as number) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[right.length] as number;
};
