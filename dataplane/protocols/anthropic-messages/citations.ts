// Citations: Anthropic hangs them on a text block of its own each, others give positions in one text.
// What was Anthropic's is given back word for word; of others' only what they said is written.
import type { Citation, Loss, TextBlock } from "../ir.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import { isObject } from "../../wire/json.ts";
import { lookUp, NAME, ownOf } from "./members.ts";

const kinds: Readonly<Record<string, Citation["kind"]>> = {
  web_search_result_location: "url",
  char_location: "document",
  page_location: "document",
  content_block_location: "document",
};

/** It covers the whole text of its block, `end` characters; -1 when that is not known yet. */
export const decodeCitation = (value: JsonObject, end: number): Citation => ({
  kind: lookUp(kinds, value["type"]) ?? "other",
  start: 0,
  end,
  url: stringOf(value["url"]) || stringOf(value["source"]),
  title: stringOf(value["title"]) || stringOf(value["document_title"]),
  citedText: stringOf(value["cited_text"]),
  extras: { [NAME]: value },
});

export const decodeCitations = (value: JsonObject, text: string): Citation[] => objectsIn(value["citations"]).map((citation) => decodeCitation(citation, text.length));

export const encodeCitation = (citation: Citation): JsonObject => {
  const own = ownOf(citation);
  if (isObject(own) && own["type"] !== undefined) return own;
  const { url, title, citedText } = citation;
  if (url !== "") return { type: "web_search_result_location", cited_text: citedText, url, title: title === "" ? null : title, encrypted_index: "" };
  return { type: "char_location", cited_text: citedText, document_index: 0, document_title: title === "" ? null : title, start_char_index: 0, end_char_index: citedText.length, file_id: null };
};

/** Those that Anthropic made: it refuses others, and those that were made up for a client have an empty index. */
export const ownCitations = (block: TextBlock): JsonObject[] =>
  (block.citations ?? []).map((citation) => ownOf(citation)).filter((own) => own["type"] !== undefined && own["encrypted_index"] !== "");

/** A stream has told the text by the time that it is cited: a citation of a part is told as one of all of its block. */
export const isOfPart = ({ start, end }: Citation, length: number): boolean => start > 0 || (start === 0 && end >= 0 && end < length);

export const placeLoss: Loss = { path: "content.citations", reason: "approximated", severity: "minor" };

interface Piece {
  readonly text: string;
  readonly citations: readonly Citation[];
}

/** The text cut where citations begin and end. Those without a place, or over all of it, cut nothing. */
export const piecesOf = ({ text, citations = [] }: TextBlock): Piece[] => {
  const spans = citations.map((citation) => ({ citation, ...spanOf(citation, text) }));
  const borders = new Set([0, text.length]);
  for (const { start, end } of spans) borders.add(start).add(end);
  const cuts = [...borders].sort((one, other) => one - other);
  return cuts.slice(1).map((end, index) => {
    const start = cuts[index] ?? 0;
    return { text: text.slice(start, end), citations: spans.filter((span) => span.start <= start && span.end >= end).map(({ citation }) => citation) };
  });
};

const spanOf = ({ start, end }: Citation, text: string): { start: number; end: number } => {
  const isPlaced = start >= 0 && end > start && end <= text.length;
  return isPlaced && !isInPair(text, start) && !isInPair(text, end) ? { start, end } : { start: 0, end: text.length };
};

/** Between the halves of one character. */
const isInPair = (text: string, at: number): boolean => {
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff && at > 0;
};
