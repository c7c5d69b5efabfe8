// Replies that are one document: embeddings, moderations, images, transcriptions, files, batches, rankings.
// A long one is not parsed: images and vectors are megabytes, and what is read of them stands at their ends.
import { isObject, type Json, parseJson } from "../../wire/json.ts";
import type { PassThrough, Summary } from "../pass-through.ts";
import { stringOf } from "../json-members.ts";
import { errorIn } from "../openai-failure.ts";
import { addUsage, findUsage, noSummary, readUsage } from "../openai-usage.ts";

type ReadReply = PassThrough["readReply"];

const PARSED_BYTES_MAX = 262_144;
const END_BYTES = 4096;

/** Cohere's form of a ranking tells its tokens under `meta`. */
const usageIn = (document: { [key: string]: Json }): ReturnType<typeof readUsage> => {
  const meta = document["meta"];
  return readUsage(document["usage"]) ?? readUsage(isObject(meta) ? meta["tokens"] : undefined);
};

const readLong = (body: Buffer, summary: Summary, isMetered: boolean): ReturnType<ReadReply> => {
  const head = body.toString("utf8", 0, END_BYTES).trimStart();
  const ending = body.toString("utf8", body.length - END_BYTES).trimEnd();
  const isWhole = (head.startsWith("{") && ending.endsWith("}")) || (head.startsWith("[") && ending.endsWith("]"));
  if (isMetered && isWhole) addUsage(summary, findUsage(ending) ?? findUsage(head));
  return { summary, error: null, isWhole };
};

/** `isMetered`: what is told about usage is about this very request. */
export const readDocument = (isMetered: boolean): ReadReply => (body) => {
  const summary = noSummary();
  if (body.length > PARSED_BYTES_MAX) return readLong(body, summary, isMetered);
  const document = parseJson(body.toString("utf8"));
  if (isMetered && isObject(document)) {
    addUsage(summary, usageIn(document));
    summary.model = stringOf(document["model"]);
  }
  return { summary, error: errorIn(document), isWhole: document !== undefined };
};

const isObjectLike = (body: Buffer): boolean => body.toString("latin1", 0, 64).trimStart().startsWith("{");

const asBytes: ReturnType<ReadReply> = { summary: noSummary(), error: null, isWhole: true };

/** A transcription is JSON, or text in one of several forms; speech is sound. */
export const readSpeech: ReadReply = (body) => (isObjectLike(body) ? readDocument(true)(body) : asBytes);

/** What is in a file is anything; JSON by lines, of all things, is no document. */
export const readFile: ReadReply = (body) => (isObjectLike(body) ? { ...readDocument(false)(body), isWhole: true } : asBytes);
