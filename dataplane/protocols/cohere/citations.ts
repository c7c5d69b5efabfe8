// What the model bases a span of its text on, in Cohere's form: documents that were given, and results of tools.
// It finds the span again where positions count otherwise; it keeps no text.
import { isObject } from "../../wire/json.ts";
import type { Citation } from "../ir.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";

const CITED_CHARACTERS_MAX = 10_000;

interface Span {
  readonly start: number;
  readonly end: number;
}

/** How often the whole text may still be looked through: it may be long, and a stream may cite without end. */
export interface Searches {
  left: number;
}

const unknown: Span = { start: -1, end: -1 };

/** Positions may count code points, which above the first plane are not the ones of strings. */
const spanIn = ({ start, end, text: cited }: JsonObject, text: string | null, searches: Searches): Span => {
  if (typeof start !== "number" || typeof end !== "number" || start < 0 || end < start) return unknown;
  const told = { start: Math.trunc(start), end: Math.trunc(end) };
  if (text === null || typeof cited !== "string" || text.slice(told.start, told.end) === cited) return told;
  if (searches.left <= 0) return told;
  searches.left--;
  const points = [...text];
  const first = points.slice(0, told.start).join("").length;
  const found = { start: first, end: first + points.slice(told.start, told.end).join("").length };
  return text.slice(found.start, found.end) === cited ? found : told;
};

const wordsOf = (source: JsonObject): string => {
  const document = source["document"];
  if (isObject(document)) return stringOf(document["snippet"]) || stringOf(document["text"]) || stringOf(document["content"]);
  const output = source["tool_output"];
  return isObject(output) ? stringOf(output["content"]) || JSON.stringify(output) : "";
};

const readSource = (source: JsonObject, span: Span): Citation => {
  const document = isObject(source["document"]) ? source["document"] : {};
  const url = stringOf(document["url"]);
  const title = stringOf(document["title"]) || stringOf(source["id"]);
  return { kind: url === "" ? "document" : "url", ...span, url, title, citedText: wordsOf(source).slice(0, CITED_CHARACTERS_MAX) };
};

/** One for each source. `text`: that of the block so far, null when it is not known. */
export const readCitation = (citation: JsonObject, text: string | null, searches: Searches): Citation[] => {
  const span = spanIn(citation, text, searches);
  const sources = objectsIn(citation["sources"]);
  return sources.length === 0 ? [readSource({}, span)] : sources.map((source) => readSource(source, span));
};
