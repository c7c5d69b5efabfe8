// What an answer that passes through says about itself, read from its last documents: counts, model, why it ended. Counts are
// snapshots, so the last ones hold. It sees whole documents only, and looks for counts in what is left of one that was too long.
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import type { ReportedError, Summary } from "../pass-through.ts";
import { noUsage, type ProviderFailure, updateUsage } from "../ir.ts";
import { type Json, isObject } from "../../wire/json.ts";
import { lastValue } from "../../wire/json-find.ts";
import { failureIn } from "./failure.ts";
import { rawReason, readBlock } from "./finish.ts";
import { isMembers, membersOf } from "./members.ts";
import { readUsage } from "./usage.ts";

export const noSummary = (): Summary => ({ ...noUsage(), finishReason: "", model: "", outputTokensEstimate: 0 });

const BYTES_PER_TOKEN = 4;
export const tokensIn = (bytes: number): number => Math.ceil(bytes / BYTES_PER_TOKEN);

/** The bytes of what the model wrote. */
export const bytesOf = (document: JsonObject): number => {
  let bytes = 0;
  for (const candidate of objectsIn(document["candidates"])) for (const part of objectsIn(membersOf(candidate["content"])["parts"])) bytes += bytesOfPart(part);
  return bytes;
};

const bytesOfPart = (part: JsonObject): number => {
  if (typeof part["text"] === "string") return Buffer.byteLength(part["text"]);
  const written = part["functionCall"] ?? part["executableCode"] ?? null;
  return written === null ? 0 : Buffer.byteLength(JSON.stringify(written));
};

const indexOf = ({ index }: JsonObject): number => (typeof index === "number" ? index : 0);

export class Ending {
  readonly summary = noSummary();
  readonly #seen = new Set<number>();
  readonly #finished = new Set<number>();
  #isBlocked = false;

  /** Documents in their order; those before them were not kept. */
  read(documents: readonly JsonObject[]): void {
    for (const document of documents) this.#read(document);
  }

  /** Of a last document that was too long to be kept as a whole. */
  find(text: string): void {
    if (this.summary.inputTokens < 0) updateUsage(this.summary, readUsage(lastValue(text, "usageMetadata", isObject)) ?? noUsage());
    const raw = rawReason(lastValue(text, "finishReason", (value) => rawReason(value) !== ""));
    if (raw !== "") this.#finish(0, raw);
    if (this.summary.model === "") this.summary.model = stringOf(lastValue(text, "modelVersion", (value) => typeof value === "string"));
  }

  /** Each candidate that was seen has said why it ended. */
  get isFinished(): boolean {
    return this.#isBlocked || (this.#finished.size > 0 && this.#finished.size === this.#seen.size);
  }

  #read(document: JsonObject): void {
    updateUsage(this.summary, readUsage(document["usageMetadata"]) ?? noUsage());
    this.summary.model = stringOf(document["modelVersion"]) || this.summary.model;
    for (const candidate of objectsIn(document["candidates"])) {
      this.#seen.add(indexOf(candidate));
      const raw = rawReason(candidate["finishReason"]);
      if (raw !== "") this.#finish(indexOf(candidate), raw);
    }
    const blocked = readBlock(membersOf(document["promptFeedback"]));
    if (blocked === null) return;
    this.#isBlocked = true;
    this.summary.finishReason ||= blocked.raw;
  }

  #finish(index: number, raw: string): void {
    this.#seen.add(index);
    this.#finished.add(index);
    this.summary.finishReason = raw;
  }
}

const reported = ({ message, type, code, kind, retryAfterSeconds }: ProviderFailure): ReportedError => ({ message, type, code, kind, retryAfterSeconds });

/** The error that a document is, or that a list of documents holds; null for none. */
export const errorIn = (document: Json | undefined): ReportedError | null => {
  for (const one of Array.isArray(document) ? document : [document]) {
    const failure = isMembers(one) ? failureIn(one) : null;
    if (failure !== null) return reported(failure);
  }
  return null;
};
