// Annotations of a message, and the lists of sources that some relays put beside the choices, read and written as citations.
// Positions are told for the whole text of a message; a block's own begin anew, so its place in the text is asked for.
import { isObject, type Json } from "../../wire/json.ts";
import type { Citation } from "../ir.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import { numberIn } from "../openai-members.ts";
import { NAME, ownExtras } from "./names.ts";

const NOWHERE = -1;

const positionOf = (value: Json | undefined, base: number): number => {
  const position = numberIn(value);
  return position === null || position < base ? NOWHERE : position - base;
};

/** OpenAI puts a citation into an object of its own, others write it flat; what is no URL is kept as it came. */
const readAnnotation = (annotation: JsonObject, base: number): Citation => {
  const inner = annotation["url_citation"];
  const members = isObject(inner) ? inner : annotation;
  const url = stringOf(members["url"]);
  return {
    kind: url === "" ? "other" : "url",
    start: positionOf(members["start_index"], base),
    end: positionOf(members["end_index"], base),
    url,
    title: stringOf(members["title"]),
    citedText: stringOf(members["content"]),
    extras: { [NAME]: annotation },
  };
};

export const readAnnotations = (annotations: Json | undefined, base = 0): Citation[] => objectsIn(annotations).map((annotation) => readAnnotation(annotation, base));

/** Perplexity's and xAI's: URLs, or objects with them, for the answer as a whole. */
export const readSources = (document: JsonObject): Citation[] => {
  const results = new Map(objectsIn(document["search_results"]).map((result) => [stringOf(result["url"]), result]));
  const list = document["citations"];
  const urls = Array.isArray(list) ? list.map((source) => (isObject(source) ? stringOf(source["url"]) : stringOf(source))) : [...results.keys()];
  return urls
    .filter((url) => url !== "")
    .map((url) => ({ kind: "url", start: NOWHERE, end: NOWHERE, url, title: stringOf(results.get(url)?.["title"]), citedText: stringOf(results.get(url)?.["snippet"]) }));
};

/** `base`: where the block begins in the text of the message; `length`: of the block's text, for citations of all of it. Null when it has no URL. */
export const writeAnnotation = (citation: Citation, base: number, length: number): JsonObject | null => {
  const own = ownExtras(citation);
  if (citation.url === "") return Object.keys(own).length === 0 ? null : own;
  const inner = own["url_citation"];
  const place = citation.start < 0 || citation.end < 0 ? { start_index: base, end_index: base + length } : { start_index: base + citation.start, end_index: base + citation.end };
  return { ...own, type: "url_citation", url_citation: { ...(isObject(inner) ? inner : {}), url: citation.url, title: citation.title, ...place } };
};
