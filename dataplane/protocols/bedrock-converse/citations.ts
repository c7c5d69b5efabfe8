// Citations: Converse hangs them on a part of the content of its own, and in streams on the deltas of a text.
// What was Bedrock's is given back word for word; of others' only what they said is written.
import type { Citation, Loss, TextBlock } from "../ir.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import { NAME, objectOf } from "./members.ts";

/** It covers the whole text of its block, `end` characters. */
export const decodeCitation = (value: JsonObject, end: number): Citation => {
  const { web } = objectOf(value["location"]);
  const url = stringOf(objectOf(web)["url"]);
  return {
    kind: url === "" ? "document" : "url",
    start: 0,
    end,
    url,
    title: stringOf(value["title"]) || stringOf(value["source"]),
    citedText: objectsIn(value["sourceContent"]).map(({ text = "" }) => stringOf(text)).join("\n"),
    extras: { [NAME]: value },
  };
};

const domainOf = (url: string): JsonObject => {
  const domain = URL.parse(url)?.hostname;
  return domain === undefined || domain === "" ? {} : { domain };
};

export const encodeCitation = (citation: Citation): JsonObject => {
  const own = citation.extras?.[NAME];
  if (own !== undefined) return own;
  const { url, title, citedText } = citation;
  return {
    ...(title === "" ? {} : { title }),
    ...(citedText === "" ? {} : { sourceContent: [{ text: citedText }] }),
    ...(url === "" ? {} : { location: { web: { url, ...domainOf(url) } } }),
  };
};

/** It has no places in a text: a citation of a part is told as one of all of its block. */
export const isOfPart = ({ start, end }: Citation, length: number): boolean => start > 0 || (start === 0 && end >= 0 && end < length);

export const placeLoss: Loss = { path: "content.citations", reason: "approximated", severity: "minor" };

/** Those that Bedrock made: others point at what is not in its request. */
export const ownCitations = (block: TextBlock): JsonObject[] => (block.citations ?? []).flatMap(({ extras }): JsonObject[] => (extras?.[NAME] === undefined ? [] : [extras[NAME]]));
