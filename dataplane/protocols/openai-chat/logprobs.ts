// Log probabilities of tokens, read and written.
import { isObject, type Json } from "../../wire/json.ts";
import type { Logprob, TokenLogprob } from "../ir.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";

const readBytes = (value: Json | undefined): number[] | null => (Array.isArray(value) ? value.filter((byte) => typeof byte === "number") : null);

const readToken = (entry: JsonObject): TokenLogprob => {
  const { logprob } = entry;
  return { token: stringOf(entry["token"]), logprob: typeof logprob === "number" ? logprob : 0, bytes: readBytes(entry["bytes"]) };
};

const readEntry = (entry: JsonObject): Logprob => ({ ...readToken(entry), top: objectsIn(entry["top_logprobs"]).map(readToken) });

/** Of the content or of the refusal; undefined when nothing is told. */
export const readLogprobs = (value: Json | undefined, key: "content" | "refusal"): readonly Logprob[] | undefined => {
  const entries = isObject(value) ? objectsIn(value[key]) : [];
  return entries.length === 0 ? undefined : entries.map(readEntry);
};

const writeToken = ({ token, logprob, bytes }: TokenLogprob): JsonObject => ({ token, logprob, bytes: bytes === null ? [...Buffer.from(token)] : [...bytes] });

export const writeLogprobs = (logprobs: readonly Logprob[]): JsonObject[] => logprobs.map(({ top, ...chosen }) => ({ ...writeToken(chosen), top_logprobs: top.map(writeToken) }));
