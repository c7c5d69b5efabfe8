// Makes a conversation fit what a target can carry, so that the target's encoder meets nothing that it cannot say: renames,
// emulates, moves, clamps, drops, and tells each loss in the client's words. Pure; it knows no wire field of any protocol,
// fetches nothing and refuses nothing: whoever asks decides what a major loss means.
import type { Abilities } from "../abilities.ts";
import type { TargetModel } from "../codec.ts";
import type { Conversation, Loss } from "../ir.ts";
import { fitCacheMarks } from "./cache.ts";
import { fitCallIds } from "./call-ids.ts";
import { fitCustomTools } from "./custom-tools.ts";
import { fitExtras } from "./extras.ts";
import { type ClientWords, type Concern, Fitting, type MediaFetch } from "./fitting.ts";
import { type FetchedMedia, putFetched } from "./fetched.ts";
import { fitForeign } from "./foreign.ts";
import { fitFormat } from "./format.ts";
import { fitHostedTools } from "./hosted-tools.ts";
import { fitMedia } from "./media.ts";
import { fitMembers } from "./members.ts";
import { fitOpaques } from "./opaques.ts";
import { fitReasoning } from "./reasoning.ts";
import { fitResultContent } from "./result-content.ts";
import { fitResults } from "./results.ts";
import { fitSampling } from "./sampling.ts";
import { fitStop } from "./stop.ts";
import { fitToolChoice } from "./tool-choice.ts";
import { fitToolNames } from "./tool-names.ts";
import { fitEmptyTurns, fitEnds, fitSystemTurns } from "./turns.ts";
import { type Undo, undoOf } from "./undo.ts";

export type { FetchedMedia } from "./fetched.ts";
export type { MediaFetch } from "./fitting.ts";
export { type Undo, nothingToUndo } from "./undo.ts";

export interface Fitted {
  readonly conversation: Conversation;
  readonly losses: readonly Loss[];
  /** For one attempt. */
  readonly undo: Undo;
  /** When there are any: fetch them, and go on with `withFetched`. */
  readonly fetches: readonly MediaFetch[];
  /** By URL: what came instead of the addresses, which may be more losses when it is of a type that the target does not take. */
  withFetched(fetched: ReadonlyMap<string, FetchedMedia>): Fitted;
}

/**
 * In this order: what is dropped goes before what is laid out; the tool that stands for a schema comes before choices among
 * tools and names; turns have their places before results are put behind calls, and results before ids are paired.
 */
const concerns: readonly Concern[] = [
  fitExtras,
  fitMembers,
  fitSampling,
  fitStop,
  fitReasoning,
  fitForeign,
  fitOpaques,
  fitHostedTools,
  fitCustomTools,
  fitFormat,
  fitToolChoice,
  fitToolNames,
  fitSystemTurns,
  fitMedia,
  fitEmptyTurns,
  fitResults,
  fitCallIds,
  fitResultContent,
  fitEmptyTurns,
  fitEnds,
  fitCacheMarks,
];

export const fit = (conversation: Conversation, target: TargetModel, abilities: Abilities, client: ClientWords): Fitted => {
  const fitting = new Fitting(target, abilities, client);
  const fitted = concerns.reduce((sofar, concern) => concern(sofar, fitting), conversation);
  return resultOf(fitted, fitting, undoOf(fitting.steps));
};

const resultOf = (conversation: Conversation, fitting: Fitting, undo: Undo): Fitted => ({
  conversation,
  losses: fitting.losses,
  undo,
  fetches: fitting.fetches,
  withFetched: (fetched) => (fetched.size === 0 ? resultOf(conversation, fitting, undo) : resultOf(fitMedia(putFetched(conversation, fetched), fitting.again()), fitting, undo)),
});
