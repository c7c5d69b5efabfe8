// How many tokens a conversation probably is, for a provider that counts none: a real tokenizer over all of its text, and
// rough numbers for what is no text. The tokenizer is loaded when the first one asks.
import type { Block, Conversation, Source } from "../ir.ts";

/** What each turn costs beside its text: its role and the marks around it. */
const TURN_TOKENS = 4;
/** A picture of usual size; none of the vendors says the same. */
const IMAGE_TOKENS = 1000;
/** A document of a few pages, a recording, a film: nobody knows before it is read. */
const FILE_TOKENS = 2000;

/** A merge costs the square of an unbroken run, so none is longer than this: one token more or less at each cut. */
const PIECE_LENGTH_MAX = 256;
/** At a space near its end, where there is one. */
const BACKWARDS_MAX = 64;
/** Beyond this the rest is taken to be like what was counted. */
const COUNTED_LENGTH_MAX = 200_000;
/** So much at once, before others have their turn. */
const TURN_LENGTH = 8192;

const SPACE = 32;
const isHighSurrogate = (code: number): boolean => code >= 0xd8_00 && code <= 0xdb_ff;

class Content {
  readonly texts: string[] = [];
  tokens = 0;

  text(text: string): void {
    if (text !== "") this.texts.push(text);
  }

  source(source: Source): void {
    if (source.kind === "text") this.text(source.text);
    else this.tokens += FILE_TOKENS;
  }

  block(block: Block): void {
    switch (block.kind) {
      case "text":
      case "refusal":
      case "reasoning":
      case "foreign":
        return this.text(block.text);
      case "tool-call":
        this.text(block.name);
        return this.text(block.arguments);
      case "tool-result":
        for (const part of block.content) this.block(part);
        return;
      case "image":
        this.tokens += IMAGE_TOKENS;
        return;
      default:
        this.source(block.source);
    }
  }
}

const contentOf = ({ turns, tools, format }: Conversation): Content => {
  const content = new Content();
  for (const { blocks } of turns) {
    content.tokens += TURN_TOKENS;
    for (const block of blocks) content.block(block);
  }
  for (const tool of tools) {
    content.text(tool.name);
    if (tool.kind !== "hosted") content.text(tool.description);
    content.text(JSON.stringify(tool.kind === "function" ? tool.schema : tool.kind === "custom" ? tool.format : tool.value) ?? "");
  }
  if (format?.kind === "schema") content.text(JSON.stringify(format.schema));
  return content;
};

/** Where the piece that begins there ends. */
export const pieceEnd = (text: string, start: number): number => {
  const end = start + PIECE_LENGTH_MAX;
  if (end >= text.length) return text.length;
  for (let at = end; at > end - BACKWARDS_MAX; at--) if (text.charCodeAt(at) === SPACE) return at;
  return isHighSurrogate(text.charCodeAt(end - 1)) ? end - 1 : end;
};

/** What clients write is text, also where it looks like a mark of the model's. */
const asText = { disallowedSpecial: new Set<string>() };

/** `pause`: lets others have their turn. */
export const estimateTokens = async (conversation: Conversation, pause: () => Promise<void>): Promise<number> => {
  const { texts, tokens } = contentOf(conversation);
  const total = texts.reduce((sum, { length }) => sum + length, 0);
  if (total === 0) return tokens;
  const { countTokens } = await import("gpt-tokenizer/encoding/o200k_base");
  let counted = 0;
  let length = 0;
  let pauseAt = TURN_LENGTH;
  for (const text of texts) {
    for (let start = 0; start < text.length && length < COUNTED_LENGTH_MAX; ) {
      const end = pieceEnd(text, start);
      counted += countTokens(text.slice(start, end), asText);
      length += end - start;
      start = end;
      if (length < pauseAt) continue;
      pauseAt = length + TURN_LENGTH;
      await pause();
    }
  }
  return tokens + Math.ceil(counted * (total / length));
};
