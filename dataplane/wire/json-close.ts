// What has to be written behind half an object of JSON so that it becomes a whole one, with a member added to it.
// It does not judge the half: text that no JSON begins with is not closed.
import { isObject, parseJson } from "./json.ts";

const LITERALS = ["true", "false", "null"] as const;

interface Half {
  /** The brackets that are open, innermost last. */
  open: string[];
  /** What stands behind the last whole token. */
  rest: string;
  /** A value is expected, a key, or neither. */
  expects: "value" | "key" | "colon" | "none";
}

const STRING = /"(?:[^"\\]|\\.)*"/y;
const SCALAR = /[^\s,:{}[\]"]+(?=[\s,:}\]])/y;

const isInObject = (open: string[]): boolean => open.at(-1) === "}";

const readToken = (text: string, at: number): number => {
  const pattern = text[at] === '"' ? STRING : SCALAR;
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : -1;
};

/** Walks the whole tokens. Null when the outermost object has ended already, or there was none. */
const walk = (text: string): Half | null => {
  const half: Half = { open: [], rest: "", expects: "none" };
  for (let at = 0; at < text.length; ) {
    const character = text[at] ?? "";
    if (/\s/.test(character)) at++;
    else if (at > 0 && half.open.length === 0) return null;
    else if (/[{}[\],:]/.test(character)) {
      punctuate(half, character);
      at++;
    } else {
      const end = readToken(text, at);
      if (end === -1) return { ...half, rest: text.slice(at) };
      half.expects = half.expects === "key" ? "colon" : "none";
      at = end;
    }
  }
  return half.open.length === 0 ? null : half;
};

const punctuate = (half: Half, character: string): void => {
  if (character === "{") half.open.push("}");
  else if (character === "[") half.open.push("]");
  else if (character === "}" || character === "]") half.open.pop();
  const takesKey = character === "{" || (character === "," && isInObject(half.open));
  half.expects = takesKey ? "key" : character === ":" || character === "," || character === "[" ? "value" : "none";
};

const closeString = (rest: string): string => {
  const escape = /(?:^|[^\\])(?:\\\\)*(\\(?:u[0-9a-fA-F]{0,3})?)$/.exec(rest)?.[1] ?? "";
  if (escape === "") return '"';
  return `${escape === "\\" ? "\\" : "0".repeat(6 - escape.length)}"`;
};

const closeScalar = (rest: string): string => {
  const literal = LITERALS.find((word) => word.startsWith(rest));
  if (literal !== undefined) return literal.slice(rest.length);
  return /\d$/.test(rest) ? "" : "0";
};

/** What completes the token that was cut and whatever must follow it. */
const closeToken = ({ rest, expects, open }: Half, text: string): string => {
  if (rest !== "") {
    const closed = rest.startsWith('"') ? closeString(rest) : closeScalar(rest);
    return expects === "key" ? `${closed}:null` : closed;
  }
  if (expects === "colon") return ":null";
  const isEmpty = /[{[]\s*$/.test(text);
  if (expects === "value") return isEmpty ? "" : "null";
  return expects === "key" && isInObject(open) && !isEmpty ? '"":null' : "";
};

/** Null when the text is not the beginning of one object, or is already whole. */
export const closeObject = (text: string, key: string, value: string): string | null => {
  const half = text.trimStart().startsWith("{") ? walk(text) : null;
  if (half === null) return null;
  const token = closeToken(half, text);
  const inner = half.open.slice(1).reverse().join("");
  const isEmpty = /^\s*\{\s*$/.test(text);
  const closing = `${token}${inner}${isEmpty ? "" : ","}${JSON.stringify(key)}:${value}}`;
  return isObject(parseJson(text + closing)) ? closing : null;
};
