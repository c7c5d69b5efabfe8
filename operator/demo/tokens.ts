// Counts real tokens (o200k_base), loading the vocabulary at the first need: it takes half a second and 60 MB.
// It refuses to hand the tokenizer an unbroken run longer than 128 characters: its merge is quadratic in that length.

const RUN_CHARACTERS_MAX = 128;
const SPACE = /\s/;
const WORD = /[\p{L}\p{M}\p{N}]/u;

export interface Tokenizer {
  count(text: string): number;
  encode(text: string): number[];
  decode(tokens: readonly number[]): string;
}

let loading: Promise<Tokenizer> | undefined;

export function loadTokenizer(): Promise<Tokenizer> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Tokenizer> {
  const vocabulary = await import("gpt-tokenizer/encoding/o200k_base");
  // Words such as <|endoftext|> in a user's text are text, not control tokens.
  const asText = { disallowedSpecial: new Set<string>() };
  return {
    count: (text) => runs(text).reduce((sum, run) => sum + vocabulary.countTokens(run, asText), 0),
    encode: (text) => runs(text).flatMap((run) => vocabulary.encode(run, asText)),
    decode: (tokens) => vocabulary.decode(tokens),
  };
}

/** The text itself in all ordinary cases; otherwise cut inside its overlong runs of spaces, of letters and digits, or of signs. */
export function runs(text: string): string[] {
  const found: string[] = [];
  let cutAt = 0;
  let runStart = 0;
  let runKind: Kind = "space";
  for (let at = 0; at < text.length; at += 1) {
    const kind = kindAt(text, at);
    if (kind !== runKind) {
      runKind = kind;
      runStart = at;
    } else if (at - runStart >= RUN_CHARACTERS_MAX && !isLowSurrogate(text.charCodeAt(at))) {
      found.push(text.slice(cutAt, at));
      cutAt = at;
      runStart = at;
    }
  }
  found.push(text.slice(cutAt));
  return found;
}

type Kind = "space" | "word" | "sign";

/** The tokenizer's own pre-split never crosses from one of these to the next by more than a character. */
function kindAt(text: string, at: number): Kind {
  const code = text.charCodeAt(at);
  if (code >= 0x80) return WORD.test(text.charAt(at)) ? "word" : SPACE.test(text.charAt(at)) ? "space" : "sign";
  if (code === 0x20 || (code >= 0x09 && code <= 0x0d)) return "space";
  const isLetter = (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;
  return isLetter || (code >= 0x30 && code <= 0x39) ? "word" : "sign";
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff;
}
