// Who writes down what is told of a growing answer: events of a stream, or nothing where only the whole counts.
import type { Logprob } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";

export interface Scribe {
  event(type: string, members: JsonObject): void;
  /** What each delta of one part begins with, behind its number. */
  frame(type: string, place: JsonObject): string;
  delta(frame: string, text: string, logprobs: readonly Logprob[] | undefined): void;
}

export const silent: Scribe = { event: () => {}, frame: () => "", delta: () => {} };
