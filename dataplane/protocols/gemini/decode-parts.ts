// Parts of Gemini's into neutral blocks, those of requests and, but for text, those of answers: one row per member that holds
// the data. A part without a row stays what it is, with the text in it that others can read.
import type { Block, ForeignBlock, Opaque, ReasoningBlock, TextBlock, ToolCallBlock } from "../ir.ts";
import { type JsonObject, stringOf } from "../json-members.ts";
import type { Json } from "../../wire/json.ts";
import { readSignature } from "./carry.ts";
import { bareType, readAddress, readInline } from "./media.ts";
import { camel, extrasOf, isEmpty, isMembers, membersOf, NAME, restOf } from "./members.ts";
import { readResult } from "./results.ts";

/** Members that are told apart from the data of a part. */
const common = ["thoughtSignature"] as const;
const knownWith = (...members: readonly string[]): ReadonlySet<string> => new Set([...common, ...members]);

interface Place {
  readonly at: string;
  readonly opaques: readonly Opaque[];
}

const placed = ({ at, opaques }: Place) => ({ at, ...(opaques.length === 0 ? {} : { opaques }) });

const levels: Readonly<Record<string, "low" | "high">> = { MEDIA_RESOLUTION_LOW: "low", MEDIA_RESOLUTION_HIGH: "high" };

const knownOfMedia = knownWith("inlineData", "fileData");
const innerOfInline = new Set(["mimeType", "data"]);
const innerOfAddress = new Set(["fileUri"]);

/** The type of an address has no place of its own in the neutral model, and neither has the name of an image. */
const extrasOfMedia = (part: JsonObject, key: "inlineData" | "fileData", inner: JsonObject): JsonObject => {
  const rest = restOf(part, knownOfMedia);
  const others = restOf(inner, key === "inlineData" ? innerOfInline : innerOfAddress);
  return isEmpty(others) ? rest : { ...rest, [key]: others };
};

const decodeInline = (part: JsonObject, place: Place): Block => {
  const inner = membersOf(part["inlineData"]);
  return withDetail(readInline(inner, { ...placed(place), ...extrasOf(extrasOfMedia(part, "inlineData", inner)) }), part);
};

const decodeAddress = (part: JsonObject, place: Place): Block => {
  const inner = membersOf(part["fileData"]);
  return withDetail(readAddress(inner, { ...placed(place), ...extrasOf(extrasOfMedia(part, "fileData", inner)) }), part);
};

const withDetail = (block: Block, part: JsonObject): Block => {
  const detail = levels[stringOf(membersOf(part["mediaResolution"])["level"])];
  return block.kind === "image" && detail !== undefined ? { ...block, detail } : block;
};

const knownOfCall = knownWith("functionCall");
const innerOfCall = new Set(["id", "name", "args"]);

export const decodeCall = (part: JsonObject, place: Place): ToolCallBlock => {
  const call = membersOf(part["functionCall"]);
  const rest = restOf(call, innerOfCall);
  const { id, name, args } = call;
  const text = isMembers(args) && !isEmpty(args) ? JSON.stringify(args) : "";
  return { kind: "tool-call", id: stringOf(id), name: stringOf(name), arguments: text, ...placed(place), ...extrasOf({ ...restOf(part, knownOfCall), ...(isEmpty(rest) ? {} : { functionCall: rest }) }) };
};

const knownOfResult = knownWith("functionResponse");
const decodeResult = (part: JsonObject, place: Place): Block => readResult(membersOf(part["functionResponse"]), place.at, restOf(part, knownOfResult));

/** What others may read of code that the provider ran, and of what came out. */
const readable = (type: string, value: Json | undefined): string => {
  const { code, language, output } = membersOf(value);
  if (type === "executableCode") return `\`\`\`${stringOf(language).toLowerCase()}\n${stringOf(code)}\n\`\`\``;
  return type === "codeExecutionResult" ? stringOf(output) : "";
};

/** The whole part, its signature included: nobody else is sent it. */
export const foreignOf = (part: JsonObject, type: string, at: string): ForeignBlock => ({ kind: "foreign", at, protocol: NAME, type, value: part, text: readable(type, part[type]) });

const knownOfText = knownWith("text", "thought");

const decodeText = (part: JsonObject, place: Place): TextBlock | ReasoningBlock => {
  const own = { text: stringOf(part["text"]), ...placed(place), ...extrasOf(restOf(part, knownOfText)) };
  return part["thought"] === true ? { kind: "reasoning", isSummary: true, ...own } : { kind: "text", ...own };
};

const decoders: Readonly<Record<string, (part: JsonObject, place: Place) => Block>> = {
  functionCall: decodeCall,
  functionResponse: decodeResult,
  inlineData: decodeInline,
  fileData: decodeAddress,
};
export const decoded = Object.keys(decoders);

/** The member that holds a part's data where no row reads it: "executableCode", "toolCall"…; "" when there is none. */
export const foreignTypeOf = (part: JsonObject): string => Object.entries(part).find(([key, value]) => isMembers(value) && !besides.has(key))?.[0] ?? "";

/** Objects that stand beside a part's data. */
const besides: ReadonlySet<string> = new Set(["videoMetadata", "mediaResolution", "partMetadata", "mediaProcessing", "speechMetadata", "audioTranscription"]);

/** What a part says, with the thinking before it that its signature carries. Null when it cannot be read. */
export const decodePart = (value: Json, at: string): Block[] | null => {
  if (typeof value === "string") return [{ kind: "text", at, text: value }];
  if (!isMembers(value)) return null;
  const part = camel(value);
  const { opaques, thoughts } = readSignature(stringOf(part["thoughtSignature"]), at);
  const key = decoded.find((name) => isMembers(part[name]));
  if (key !== undefined) return [...thoughts, (decoders[key] as (typeof decoders)[string])(part, { at, opaques })];
  const type = part["text"] === undefined ? foreignTypeOf(part) : "";
  return [...thoughts, type === "" ? decodeText(part, { at, opaques }) : foreignOf(part, type, at)];
};

/** Media of an answer: what its type makes it. */
export const decodeMedia = (part: JsonObject, opaques: readonly Opaque[]): Block => {
  const place: Place = { at: "", opaques };
  return isMembers(part["inlineData"]) ? decodeInline(part, place) : decodeAddress(part, place);
};

export const soundTypeOf = (part: JsonObject): string => {
  const type = stringOf(membersOf(part["inlineData"])["mimeType"]);
  return bareType(type).startsWith("audio/") ? type : "";
};
