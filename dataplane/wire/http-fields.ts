// Header fields of HTTP/1, as strict as they can be read and written: what two readers understand differently is how
// requests and replies get mixed up. One line end, no folded lines, no space before a colon, no character that ends a line.

/** What no head may have. That its line ends are of two characters is seen when it is cut into lines. */
const FORBIDDEN = /[^\t\r\n\x20-\x7e\x80-\xff]/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const NAME = /^[!#$%&'*+\-.^_`|~\w]+$/;
const NAMES_MAX = 1024;
const SPACE = 0x20;
const TAB = 0x09;

export class UnfitField extends Error {
  override readonly name = "UnfitField";
  readonly code = "UNFIT_FIELD";
}

/** Names as peers write them, in the spelling that we use: the same ones come over and over. */
const names = new Map<string, string>();

/** In lower case; throws for what is no name. */
export const fieldName = (written: string): string => {
  const known = names.get(written);
  if (known !== undefined) return known;
  if (!NAME.test(written)) throw new UnfitField("a header has no name");
  const name = written.toLowerCase();
  if (names.size >= NAMES_MAX) names.clear();
  names.set(written, name);
  return name;
};

export const checkHead = (head: string): void => {
  if (FORBIDDEN.test(head)) throw new UnfitField("a head has characters that no head may have");
};

/** Index of the line's end, the text's own at the last; throws when half a line end stands in between. */
export const endOfLine = (head: string, start: number): number => {
  const feed = head.indexOf("\n", start);
  const carriage = head.indexOf("\r", start);
  // Each alone is half of one. Two searches for a character are faster than one for both.
  if (carriage !== (feed === -1 ? -1 : feed - 1)) throw new UnfitField("a line ends with half a line end");
  return carriage === -1 ? head.length : carriage;
};

/** Flat, names in lower case, in the order in which they came. The text has no line end behind the last. */
export const readFields = (head: string, start: number): string[] => {
  const fields: string[] = [];
  for (let position = start; position < head.length; ) {
    const end = endOfLine(head, position);
    const colon = head.indexOf(":", position);
    if (colon === -1 || colon >= end) throw new UnfitField("a header has no name");
    fields.push(fieldName(head.slice(position, colon)), valueIn(head, colon + 1, end));
    position = end + 2;
  }
  return fields;
};

const valueIn = (head: string, start: number, end: number): string => {
  let from = start;
  let to = end;
  while (from < to && isSpace(head.charCodeAt(from))) from++;
  while (to > from && isSpace(head.charCodeAt(to - 1))) to--;
  return head.slice(from, to);
};

const isSpace = (code: number): boolean => code === SPACE || code === TAB;

/** One line with its end. */
export const fieldLine = (name: string, value: string): string => {
  if (!VALUE.test(value)) throw new UnfitField(`the value of ${name} has characters that no header may have`);
  return `${name}: ${value}\r\n`;
};
