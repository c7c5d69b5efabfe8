// Likelihoods of tokens, in Gemini's words and in ours. Google tells no bytes of a token: they are those of its text.
import type { Logprob, TokenLogprob } from "../ir.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import type { Json } from "../../wire/json.ts";
import { isMembers } from "./members.ts";

const tokenOf = ({ token, logProbability }: JsonObject): TokenLogprob => {
  const text = stringOf(token);
  return { token: text, logprob: typeof logProbability === "number" ? logProbability : 0, bytes: [...Buffer.from(text)] };
};

/** Undefined when none are told. */
export const readLogprobs = (value: Json | undefined): readonly Logprob[] | undefined => {
  if (!isMembers(value)) return undefined;
  const tops = objectsIn(value["topCandidates"]);
  const read = objectsIn(value["chosenCandidates"]).map((chosen, index): Logprob => ({ ...tokenOf(chosen), top: objectsIn(tops[index]?.["candidates"]).map(tokenOf) }));
  return read.length === 0 ? undefined : read;
};

const candidateOf = ({ token, logprob }: TokenLogprob): JsonObject => ({ token, logProbability: logprob });

/** For spreading into a candidate. */
export const writeLogprobs = (logprobs: readonly Logprob[] | undefined): JsonObject => {
  if (logprobs === undefined || logprobs.length === 0) return {};
  const tops = logprobs.some(({ top }) => top.length > 0) ? { topCandidates: logprobs.map(({ top }) => ({ candidates: top.map(candidateOf) })) } : {};
  return { logprobsResult: { chosenCandidates: logprobs.map(candidateOf), ...tops } };
};
