// A whole answer written as a chat completion. What it has no place for is told as a loss.
import { jsonBytes } from "../../wire/json.ts";
import type { EncodedReply } from "../codec.ts";
import type { AudioBlock, Block, Choice, Conversation, Loss, ReasoningBlock, Reply, TextBlock, ToolCallBlock } from "../ir.ts";
import { isEmpty, type JsonObject } from "../json-members.ts";
import { answerId, writeUsage } from "../openai-answer.ts";
import { writeAnnotation } from "./citations.ts";
import { isLegacy } from "./decode-tools.ts";
import { writeLogprobs } from "./logprobs.ts";
import { ownExtras, tellOpaques } from "./names.ts";
import { writeDetails } from "./reasoning-details.ts";
import { finishWord, imageOf, type ToldChoice, unsaidRefusal, wavOf } from "./told.ts";

export const ID_PREFIX = "chatcmpl-";

type Lose = (path: string, severity: Loss["severity"]) => void;
type Of<Kind extends Block["kind"]> = Extract<Block, { kind: Kind }>;

const ofKind = <Kind extends Block["kind"]>(blocks: readonly Block[], kind: Kind): Of<Kind>[] => blocks.filter((block): block is Of<Kind> => block.kind === kind);

const annotationsOf = (texts: readonly TextBlock[], lose: Lose): JsonObject[] => {
  let base = 0;
  const annotations: JsonObject[] = [];
  for (const { text, citations } of texts) {
    const written = citations?.map((citation) => writeAnnotation(citation, base, text.length)) ?? [];
    base += text.length;
    if (written.includes(null)) lose("annotations", "minor");
    for (const annotation of written) if (annotation !== null) annotations.push(annotation);
  }
  return annotations;
};

export const callOf = ({ id, name, arguments: text, isCustom, opaques = [], extras }: ToolCallBlock): JsonObject => {
  const called: JsonObject = isCustom === true ? { type: "custom", custom: { name, input: text } } : { type: "function", function: { name, arguments: text || "{}" } };
  const signature = tellOpaques(opaques);
  return { ...ownExtras(extras === undefined ? undefined : { extras }), id, ...called, ...(signature === "" ? {} : { extra_content: { google: { thought_signature: signature } } }) };
};

const reasoningOf = (blocks: readonly ReasoningBlock[]): JsonObject => {
  const text = blocks.map((block) => block.text).join("");
  const details = blocks.flatMap(writeDetails);
  return { ...(text === "" ? {} : { reasoning_content: text }), ...(details.length === 0 ? {} : { reasoning_details: details }) };
};

const bytesOf = ({ source, format }: AudioBlock, asked: Conversation): string => {
  if (source.kind !== "bytes") return "";
  const isBare = /^audio\/(?:l16|pcm)/i.test(source.mediaType) || format === "pcm16" || format === "pcm";
  return isBare && asked.audio?.format === "wav" ? wavOf(source.data, source.mediaType) : source.data;
};

/** An id that nobody keeps cannot be meant by a later turn: it is told as one that has ended. */
const audioOf = (block: AudioBlock, id: string, createdAt: number, asked: Conversation): JsonObject => ({
  id: block.id ?? `audio_${id}`,
  data: bytesOf(block, asked),
  transcript: block.transcript ?? "",
  expires_at: createdAt,
  ...ownExtras(block),
});

const callsOf = (calls: readonly ToolCallBlock[], isOfLegacy: boolean, lose: Lose): JsonObject => {
  const [first] = calls;
  if (first === undefined) return {};
  if (!isOfLegacy) return { tool_calls: calls.map(callOf) };
  if (calls.length > 1) lose("function_call", "major");
  return { function_call: { name: first.name, arguments: first.arguments || "{}" } };
};

/** Null where there is nothing but a call, a sound or thinking. */
const contentOf = (texts: readonly TextBlock[], blocks: readonly Block[]): string | null => {
  if (texts.length === 1) return texts[0]?.text ?? "";
  return texts.length > 0 || blocks.length === 0 ? texts.map(({ text }) => text).join("") : null;
};

const losesOthers = (blocks: readonly Block[], lose: Lose): void => {
  for (const { kind } of blocks) if (kind === "foreign" || kind === "video" || kind === "file") lose(kind, kind === "foreign" ? "minor" : "major");
};

const refusalOf = ({ blocks, finish }: Choice, told: ToldChoice): string =>
  (told.hasRefusal ? ofKind(blocks, "refusal").map(({ text }) => text).join("") : "") || unsaidRefusal(finish, told);

/** A message has one sound, and a picture needs an address. */
const mediaOf = (blocks: readonly Block[], reply: Reply, asked: Conversation, lose: Lose): JsonObject => {
  const pictures = ofKind(blocks, "image");
  const images = pictures.flatMap((block) => imageOf(block) ?? []);
  const [audio, ...others] = ofKind(blocks, "audio");
  if (images.length < pictures.length) lose("image", "major");
  if (others.length > 0) lose("audio", "major");
  return { ...(audio === undefined ? {} : { audio: audioOf(audio, reply.id, reply.createdAt, asked) }), ...(images.length === 0 ? {} : { images }) };
};

const messageOf = (choice: Choice, told: ToldChoice, reply: Reply, asked: Conversation, lose: Lose): JsonObject => {
  const { blocks } = choice;
  const texts = ofKind(blocks, "text");
  const isTextOnly = texts.length === blocks.length;
  const annotations = annotationsOf(texts, lose);
  const message: JsonObject = { role: "assistant", content: contentOf(texts, blocks), refusal: refusalOf(choice, told) || null };
  if (!isTextOnly) {
    losesOthers(blocks, lose);
    Object.assign(message, reasoningOf(ofKind(blocks, "reasoning")), callsOf(ofKind(blocks, "tool-call"), told.isLegacy, lose));
  }
  if (annotations.length > 0) message["annotations"] = annotations;
  if (!isTextOnly) Object.assign(message, mediaOf(blocks, reply, asked, lose));
  const signature = tellOpaques(texts.flatMap(({ opaques = [] }) => opaques));
  if (signature !== "") message["extra_content"] = { google: { thought_signature: signature } };
  return message;
};

const logprobsOf = (texts: readonly TextBlock[]): JsonObject | null => {
  const logprobs = texts.flatMap((block) => block.logprobs ?? []);
  return logprobs.length === 0 ? null : { content: writeLogprobs(logprobs), refusal: null };
};

/** What most answers are: one text, of which nothing else is said. Null for the others. */
const onlyTextOf = ({ blocks }: Choice): string | null => {
  const [block] = blocks;
  return blocks.length === 1 && block?.kind === "text" && block.citations === undefined && block.logprobs === undefined && block.opaques === undefined ? block.text : null;
};

const toldOfText: ToldChoice = { hasText: true, hasRefusal: false, hasCalls: false, isLegacy: false };

const choiceOf = (choice: Choice, reply: Reply, asked: Conversation, lose: Lose): JsonObject => {
  const { blocks, index, finish } = choice;
  const content = onlyTextOf(choice);
  if (content !== null) return { index, message: { role: "assistant", content, refusal: unsaidRefusal(finish, toldOfText) || null }, logprobs: null, finish_reason: finishWord(finish, toldOfText) };
  const has = (kind: Block["kind"]): boolean => blocks.some((block) => block.kind === kind);
  const told: ToldChoice = { hasText: has("text"), hasRefusal: has("refusal"), hasCalls: has("tool-call"), isLegacy: isLegacy(asked.tools) };
  const message = messageOf(choice, told, reply, asked, (path, severity) => lose(`choices[${index}].${path}`, severity));
  return { index, message, logprobs: logprobsOf(ofKind(blocks, "text")), finish_reason: finishWord(finish, told) };
};

export const encodeReply = (reply: Reply, asked: Conversation): EncodedReply => {
  const losses: Loss[] = [];
  const lose: Lose = (path, severity) => losses.push({ path, reason: "unsupported", severity });
  const usage = writeUsage(reply.usage);
  const said: JsonObject = {
    id: answerId(reply.id, ID_PREFIX),
    object: "chat.completion",
    created: reply.createdAt,
    model: asked.model,
    choices: reply.choices.map((choice) => choiceOf(choice, reply, asked, lose)),
  };
  const own = ownExtras(reply);
  const body = isEmpty(own) ? said : { ...own, ...said };
  if (usage !== null) body["usage"] = usage;
  if (reply.serviceTier !== "") body["service_tier"] = reply.serviceTier;
  return { body: jsonBytes(body), losses };
};
