// Files in the forms and of the types that the target takes. A text that it does not take as a file is put into the turn as
// text; anything else that it does not take is lost.
import type { Block, FileBlock } from "../ir.ts";
import { textBlock } from "./blocks.ts";
import type { Fitting } from "./fitting.ts";

const types: Readonly<Record<string, string>> = {
  pdf: "application/pdf", txt: "text/plain", md: "text/markdown", csv: "text/csv", html: "text/html", json: "application/json", xml: "application/xml", yaml: "application/yaml",
  doc: "application/msword", docx: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  xls: "application/vnd.ms-excel", xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
};
const texts = new Set(["application/json", "application/xml", "application/yaml", "application/x-yaml", "application/javascript", "application/sql"]);

const endingOf = (name: string): string => /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? "";

/** What was said of the file's type, or what its name says; "" for neither. */
export const typeOf = ({ source, name }: FileBlock): string => {
  const told = "mediaType" in source ? (source.mediaType.split(";")[0] ?? "").trim().toLowerCase() : "";
  const path = name === "" && source.kind === "url" ? (source.url.split(/[?#]/)[0] ?? "") : name;
  return told === "" || told === "application/octet-stream" ? (types[endingOf(path)] ?? told) : told;
};

const isText = (type: string): boolean => type.startsWith("text/") || texts.has(type);

const lost = (block: FileBlock, fitting: Fitting, reason: "foreign" | "unsupported"): null => {
  fitting.lose(block.at, reason, "major");
  return null;
};

const asText = (block: FileBlock, text: string, fitting: Fitting): Block => {
  fitting.lose(block.at, "approximated", "minor");
  const title = block.title ?? block.name;
  const inside = textBlock(title === "" ? text : `File ${title}:\n${text}`, block.at);
  return block.cache === undefined ? inside : { ...inside, cache: block.cache };
};

const fitBytes = (block: FileBlock, data: string, fitting: Fitting): Block | null => {
  const type = typeOf(block);
  const { fileSources, fileTypes } = fitting.abilities;
  if (fileSources.includes("bytes") && (fileTypes.includes("*") || fileTypes.includes(type) || type === "")) return typed(block, type, data);
  if (!isText(type)) return lost(block, fitting, "unsupported");
  const text = Buffer.from(data, "base64").toString("utf8");
  return fileSources.includes("text") ? { ...block, source: { kind: "text", text, mediaType: type } } : asText(block, text, fitting);
};

const typed = (block: FileBlock, type: string, data: string): FileBlock => (block.source.kind === "bytes" && block.source.mediaType === type ? block : { ...block, source: { kind: "bytes", data, mediaType: type } });

const fitText = (block: FileBlock, text: string, fitting: Fitting): Block => {
  const { fileSources, fileTypes } = fitting.abilities;
  if (fileSources.includes("text")) return block;
  const type = typeOf(block) === "" ? "text/plain" : typeOf(block);
  if (!fileSources.includes("bytes") || !(fileTypes.includes("*") || fileTypes.includes(type))) return asText(block, text, fitting);
  return { ...block, source: { kind: "bytes", data: Buffer.from(text).toString("base64"), mediaType: type } };
};

export const fitFile = (block: FileBlock, fitting: Fitting): Block | null => {
  const { source } = block;
  const { fileSources, fileTypes } = fitting.abilities;
  switch (source.kind) {
    case "stored":
      return source.protocol === fitting.protocol ? block : lost(block, fitting, "foreign");
    case "bytes":
      return fitBytes(block, source.data, fitting);
    case "text":
      return fitText(block, source.text, fitting);
    case "url": {
      if (fileSources.includes("url")) return block;
      const type = typeOf(block);
      const isTaken = fileSources.includes("bytes") && (type === "" || fileTypes.includes("*") || fileTypes.includes(type));
      if (!isTaken && !isText(type)) return lost(block, fitting, "unsupported");
      fitting.fetches.push({ url: source.url, kind: "file", at: block.at });
      return block;
    }
  }
};
