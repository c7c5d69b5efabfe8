// An answer as Google's GenerateContentResponse: whole, or as a row of them of which each brings only what is new.
// It refuses ids of calls: most recorded replies have none, so that a client must do without.
import type { Composed } from "../compose.ts";
import { argumentsOf } from "../prompt.ts";
import { jsonPieces, pieces } from "../words.ts";
import { callSignature, TEXT_SIGNATURE } from "./conversation.ts";

export interface Head {
  readonly modelVersion: string;
  readonly responseId: string;
  readonly candidateCount: number;
  readonly areThoughtsShown: boolean;
}

const FINISH = { stop: "STOP", length: "MAX_TOKENS", calls: "STOP" } as const;

export function wholeResponse(composed: Composed, head: Head) {
  const text = composed.text === "" ? [] : [{ text: composed.text, ...(composed.thoughts === "" ? {} : { thoughtSignature: TEXT_SIGNATURE }) }];
  const parts = [...thoughtParts(composed, head), ...(composed.calls.length > 0 ? callParts(composed) : text)];
  return response(head, parts, FINISH[composed.finish], usageOf(composed, composed, head.candidateCount));
}

/** Texts word by word, calls whole and one in each; the last has only an empty text, which carries the signature of a text. */
export function* responses(composed: Composed, head: Head) {
  const cut = composed.isJson ? jsonPieces : pieces;
  const sofar = { reasoningTokens: composed.reasoningTokens, outputTokens: composed.reasoningTokens };
  if (head.areThoughtsShown) {
    for (const text of pieces(composed.thoughts)) yield response(head, [{ text, thought: true }], undefined, usageOf(composed, sofar, 1));
  }
  const parts: object[] = composed.calls.length > 0 ? callParts(composed) : cut(composed.text).map((text) => ({ text }));
  for (const part of parts) yield response(head, [part], undefined, usageOf(composed, sofar, 1));
  const isSigned = composed.thoughts !== "" && composed.calls.length === 0;
  const last = { text: "", ...(isSigned ? { thoughtSignature: TEXT_SIGNATURE } : {}) };
  yield response(head, [last], FINISH[composed.finish], usageOf(composed, composed, head.candidateCount));
}

function thoughtParts({ thoughts }: Composed, head: Head): object[] {
  return thoughts !== "" && head.areThoughtsShown ? [{ text: thoughts, thought: true }] : [];
}

/** Only the first of parallel calls is signed. */
function callParts({ calls }: Composed): object[] {
  return calls.map((call, at) => {
    const functionCall = { name: call.name, args: argumentsOf(call) };
    return { functionCall, ...(at === 0 ? { thoughtSignature: callSignature(functionCall) } : {}) };
  });
}

function response(head: Head, parts: readonly object[], finishReason: string | undefined, usageMetadata: object) {
  const candidates = Array.from({ length: head.candidateCount }, (_none, index) => ({
    content: { parts, role: "model" },
    ...(finishReason === undefined ? {} : { finishReason }),
    index,
  }));
  return { candidates, usageMetadata, modelVersion: head.modelVersion, responseId: head.responseId };
}

/** What was thought is not among the candidates' tokens here; what was cached is among the prompt's. */
function usageOf(composed: Composed, sofar: Pick<Composed, "reasoningTokens" | "outputTokens">, candidateCount: number) {
  const { inputTokens, cacheRead } = composed;
  const candidatesTokenCount = (sofar.outputTokens - sofar.reasoningTokens) * candidateCount;
  return {
    promptTokenCount: inputTokens,
    ...(candidatesTokenCount > 0 ? { candidatesTokenCount } : {}),
    totalTokenCount: inputTokens + candidatesTokenCount + sofar.reasoningTokens,
    ...(cacheRead > 0 ? { cachedContentTokenCount: cacheRead } : {}),
    promptTokensDetails: [{ modality: "TEXT", tokenCount: inputTokens }],
    ...(sofar.reasoningTokens > 0 ? { thoughtsTokenCount: sofar.reasoningTokens } : {}),
  };
}
