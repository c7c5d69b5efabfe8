// The parts of a message's content, read into blocks. A part that is not known is kept as it is.
// It does not know who says it.
import { isObject, type Json } from "../../wire/json.ts";
import { readDataUri } from "../data-uri.ts";
import type { Block, CacheMark, ImageBlock, Source } from "../ir.ts";
import { isEmpty, type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import { extrasOf, hasOthers, type MemberReader, without } from "../openai-members.ts";
import { findUnread } from "../unread.ts";
import { NAME, readOpaques } from "./names.ts";

type ReadPart = (part: JsonObject, at: string) => Block | null;

const secondsIn = { s: 1, m: 60, h: 3600 } as const;
const LIFETIME = /^(\d{1,6})([smh])$/;

const lifetimeOf = (mark: JsonObject): number => {
  const [, count, unit] = LIFETIME.exec(stringOf(mark["ttl"])) ?? [];
  return count === undefined ? 0 : Number(count) * secondsIn[unit as keyof typeof secondsIn];
};

/** Anthropic's word for it, which relays took over, or OpenAI's own. To be spread. */
export const cacheOf = ({ cache_control: usual, prompt_cache_breakpoint: own }: JsonObject): { readonly cache?: CacheMark } => {
  const mark = isObject(usual) ? usual : own;
  return isObject(mark) ? { cache: { ttlSeconds: lifetimeOf(mark) } } : {};
};

const markShape = { type: true, ttl: true, mode: true } as const;
const markNames = ["cache_control", "prompt_cache_breakpoint"] as const;

/** What a mark says beside how long it holds. */
export const findUnreadMarks = (reader: MemberReader, members: JsonObject, at: string): void => {
  for (const name of markNames) findUnread(members[name], markShape, `${at}.${name}`, reader.unread);
};

const marks = ["type", "cache_control", "prompt_cache_breakpoint"] as const;
const known = (...members: string[]): ReadonlySet<string> => new Set([...marks, ...members]);

/** What the part says beside what was read of it; `inner` is what its own object says more. */
const restOf = (part: JsonObject, members: ReadonlySet<string>, key = "", inner: Readonly<JsonObject> = {}) =>
  ({ ...cacheOf(part), ...extrasOf(NAME, { ...without(part, members), ...(isEmpty(inner) ? {} : { [key]: inner }) }) });

export const sourceOfUrl = (url: string): Source => {
  const bytes = readDataUri(url);
  return bytes === null ? { kind: "url", url } : { kind: "bytes", ...bytes };
};

const isDetail = (value: Json | undefined): value is "low" | "high" | "auto" => value === "low" || value === "high" || value === "auto";

/** Mistral writes the URL itself where others write an object. */
const urlIn = (value: Json | undefined): string => (isObject(value) ? stringOf(value["url"]) : stringOf(value));

const imageMembers = known("image_url");
export const readImage = (part: JsonObject, at: string): ImageBlock | null => {
  const image = part["image_url"];
  const url = urlIn(image);
  if (url === "") return null;
  const members = isObject(image) ? image : {};
  const detail = members["detail"];
  const inner = without(members, new Set(isDetail(detail) ? ["url", "detail"] : ["url"]));
  return { kind: "image", at, source: sourceOfUrl(url), ...(isDetail(detail) ? { detail } : {}), ...restOf(part, imageMembers, "image_url", inner) };
};

const audioTypes: Readonly<Record<string, string>> = { mp3: "audio/mpeg", wav: "audio/wav", pcm16: "audio/L16", m4a: "audio/mp4" };
export const audioTypeOf = (format: string): string => audioTypes[format] ?? (format === "" ? "" : `audio/${format}`);

const audioMembers = known("input_audio");
const readAudio: ReadPart = (part, at) => {
  const audio = part["input_audio"];
  const members = isObject(audio) ? audio : { data: audio ?? null };
  const data = stringOf(members["data"]);
  if (data === "") return null;
  const format = stringOf(members["format"]);
  const source: Source = /^(?:data|https?):/i.test(data) ? sourceOfUrl(data) : { kind: "bytes", data, mediaType: audioTypeOf(format) };
  return { kind: "audio", at, source, format, ...restOf(part, audioMembers, "input_audio", without(members, new Set(["data", "format"]))) };
};

const fileSourceOf = (members: JsonObject): Source | null => {
  const id = stringOf(members["file_id"]);
  if (id !== "") return { kind: "stored", protocol: NAME, id, mediaType: "" };
  const data = stringOf(members["file_data"]) || stringOf(members["file_url"]);
  if (data === "") return null;
  return /^(?:data|https?):/i.test(data) ? sourceOfUrl(data) : { kind: "bytes", data, mediaType: "" };
};

const fileMembers = known("file");
const readFile: ReadPart = (part, at) => {
  const file = part["file"];
  const members = isObject(file) ? file : {};
  const source = fileSourceOf(members);
  if (source === null) return null;
  const inner = without(members, new Set(["file_id", "file_data", "file_url", "filename"]));
  return { kind: "file", at, source, name: stringOf(members["filename"]), ...restOf(part, fileMembers, "file", inner) };
};

const documentMembers = known("document_url", "document_name");
const readDocument: ReadPart = (part, at) => {
  const url = urlIn(part["document_url"]);
  return url === "" ? null : { kind: "file", at, source: sourceOfUrl(url), name: stringOf(part["document_name"]), ...restOf(part, documentMembers) };
};

const videoMembers = known("video_url");
const readVideo: ReadPart = (part, at) => {
  const video = part["video_url"];
  const url = urlIn(video);
  const inner = isObject(video) ? without(video, new Set(["url"])) : {};
  return url === "" ? null : { kind: "video", at, source: sourceOfUrl(url), ...restOf(part, videoMembers, "video_url", inner) };
};

const bareTextMembers: ReadonlySet<string> = new Set(["type", "text"]);
const textMembers = known("text");
const readText: ReadPart = (part, at) => {
  const { text } = part;
  if (typeof text !== "string") return null;
  return hasOthers(part, bareTextMembers) ? { kind: "text", at, text, ...restOf(part, textMembers) } : { kind: "text", at, text };
};

const readRefusal: ReadPart = (part, at) => ({ kind: "refusal", at, text: stringOf(part["refusal"]) });

/** Mistral's: a list of texts. */
export const thinkingText = (value: Json | undefined): string => (typeof value === "string" ? value : objectsIn(value).map(({ text = "" }) => stringOf(text)).join(""));

const thinkingMembers = known("thinking", "signature");
const readThinking: ReadPart = (part, at) => {
  const signature = stringOf(part["signature"]);
  const opaques = signature === "" ? {} : { opaques: readOpaques(signature, "signature") };
  return { kind: "reasoning", at, text: thinkingText(part["thinking"]), isSummary: false, ...opaques, ...restOf(part, thinkingMembers) };
};

const readers: Readonly<Record<string, ReadPart>> = {
  text: readText,
  image_url: readImage,
  input_audio: readAudio,
  file: readFile,
  document_url: readDocument,
  video_url: readVideo,
  refusal: readRefusal,
  thinking: readThinking,
};

const readPart = (reader: MemberReader, part: Json, at: string): Block | null => {
  if (typeof part === "string") return { kind: "text", at, text: part };
  if (!isObject(part)) {
    reader.complain(at, `"${at}" must be an object.`);
    return null;
  }
  const type = stringOf(part["type"]);
  const read = Object.hasOwn(readers, type) ? readers[type] : undefined;
  if (read === undefined) return { kind: "foreign", at, protocol: NAME, type, value: part, text: "" };
  const block = read(part, at);
  if (block?.cache !== undefined) findUnreadMarks(reader, part, at);
  if (block === null) reader.complain(at, `"${at}" is of type "${type}" but has no "${type}" that could be read.`);
  return block;
};

/** What a message, or a tool's answer, says. */
export const readContent = (reader: MemberReader, content: Json | undefined, at: string): Block[] => {
  if (content === undefined || content === null || content === "") return [];
  if (typeof content === "string") return [{ kind: "text", at, text: content }];
  const blocks: Block[] = [];
  if (!Array.isArray(content)) reader.complain(at, `"${at}" must be a string or a list of parts.`);
  else for (let index = 0; index < content.length; index += 1) {
    const block = readPart(reader, content[index] as Json, `${at}[${index}]`);
    if (block !== null) blocks.push(block);
  }
  return blocks;
};
