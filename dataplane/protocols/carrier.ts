// Carries what only its maker can read through a client whose protocol has one place for such things and another maker:
// the value travels in a wrapping that says whose it is, and comes back with the history. It reads no value.
import type { Opaque } from "./ir.ts";

/** Base64 that no vendor's own values begin with: a reader of another gateway sees an opaque string like any other. */
const MARK = "bGxtZ3c6";
const letterOf = { signature: "s", encrypted: "x", redacted: "r", id: "i" } as const satisfies Record<Opaque["kind"], string>;
const kindOf: ReadonlyMap<string | undefined, Opaque["kind"]> = new Map(Object.entries(letterOf).map(([kind, letter]) => [letter, kind as Opaque["kind"]]));
const SEPARATOR = "\n";

/** The text that was signed, for clients that keep only the last piece of what came in pieces. */
const TEXT = "t";

/** One string for all of them; "" for none. Base64, so that it fits wherever a signature does. */
export const wrap = (opaques: readonly Opaque[], text = ""): string => {
  if (opaques.length === 0) return "";
  const parts = opaques.map(({ kind, origin, value }) => `${letterOf[kind]}${origin}${SEPARATOR}${value}`);
  return MARK + Buffer.from([...parts, ...(text === "" ? [] : [TEXT + text])].join("\0")).toString("base64");
};

const partsOf = (text: string): string[] => Buffer.from(text.slice(MARK.length), "base64").toString("utf8").split("\0");

/** The text that travels with what was wrapped; "" for none. */
export const carriedText = (text: string): string => {
  const at = text.startsWith(MARK) ? partsOf(text) : [];
  const first = at.findIndex((part) => part.startsWith(TEXT));
  return first === -1 ? "" : at.slice(first).join("\0").slice(TEXT.length);
};

/** Null when the string was not wrapped here: then it is the native value of the protocol that carries it. */
export const unwrap = (text: string): Opaque[] | null => {
  if (!text.startsWith(MARK)) return null;
  const opaques: Opaque[] = [];
  for (const part of partsOf(text)) {
    // All that follows is the text.
    if (part.startsWith(TEXT)) break;
    const kind = kindOf.get(part[0]);
    const end = part.indexOf(SEPARATOR);
    if (kind === undefined || end === -1) return null;
    opaques.push({ kind, origin: part.slice(1, end), value: part.slice(end + 1) });
  }
  return opaques;
};

/**
 * Whether a provider may be sent what `origin` made. A value whose maker is only known by its protocol ("gemini", from a
 * client of that protocol) goes to every provider of that protocol; one with a provider's type only to that type.
 */
export const isTakenBy = (origin: string, target: string): boolean =>
  origin === target || (!origin.includes("/") && target.startsWith(`${origin}/`)) || (!target.includes("/") && origin.startsWith(`${target}/`));
