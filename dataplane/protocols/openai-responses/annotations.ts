// Citations and log probabilities of a text, in this protocol's words and in the model's.
// An annotation of this protocol is kept whole beside what is read of it, and given back as it was.
import type { Json } from "../../wire/json.ts";
import type { Citation, Logprob, TokenLogprob } from "../ir.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import { asExtras, countOf, extrasIn } from "./members.ts";

const kinds: Readonly<Record<string, Citation["kind"]>> = { url_citation: "url", file_citation: "document" };

export const decodeAnnotation = (annotation: JsonObject): Citation => ({
  kind: kinds[stringOf(annotation["type"])] ?? "other",
  start: countOf(annotation["start_index"], -1),
  end: countOf(annotation["end_index"], -1),
  url: stringOf(annotation["url"]),
  title: stringOf(annotation["title"] ?? annotation["filename"]),
  citedText: "",
  ...asExtras(annotation),
});

/** Whether its place in the text is known only when the text is whole. */
export const isPlaced = (citation: Citation): boolean => citation.start >= 0 || extrasIn(citation)["type"] !== undefined;

/** A citation without a place is one of all of its text. */
export const encodeAnnotation = (citation: Citation, textLength: number): JsonObject => {
  const own = extrasIn(citation);
  if (own["type"] !== undefined) return own;
  const start = citation.start >= 0 ? citation.start : 0;
  const end = citation.end >= 0 ? citation.end : textLength;
  if (citation.url === "") return { type: "file_citation", file_id: "", filename: citation.title, index: end };
  return { type: "url_citation", start_index: start, end_index: end, url: citation.url, title: citation.title };
};

const decodeToken = (value: JsonObject): TokenLogprob => ({
  token: stringOf(value["token"]),
  logprob: countOf(value["logprob"], 0),
  bytes: Array.isArray(value["bytes"]) ? value["bytes"].filter((byte) => typeof byte === "number") : null,
});

export const decodeLogprobs = (value: Json | undefined): Logprob[] => objectsIn(value).map((one) => ({ ...decodeToken(one), top: objectsIn(one["top_logprobs"]).map(decodeToken) }));

/** Clients leave out what has no bytes. */
const encodeToken = ({ token, logprob, bytes }: TokenLogprob): JsonObject => ({ token, bytes: [...(bytes ?? Buffer.from(token))], logprob });

export const encodeLogprobs = (logprobs: readonly Logprob[]): JsonObject[] => logprobs.map((one) => ({ ...encodeToken(one), top_logprobs: one.top.map(encodeToken) }));
