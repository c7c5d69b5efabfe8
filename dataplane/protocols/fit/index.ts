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
import { ALWAYS, CACHE, CALLS, CUSTOM, EXTRAS, FOREIGN, HOSTED, INNER_SYSTEM, look, MEDIA, OPAQUES, SHRINKING, TOOLS } from "./look.ts";
import { fitIds } from "./ids.ts";
import { fitLabels } from "./labels.ts";
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
 * Beside each stands what the conversation must have had before any of them for it to have something to do.
 */
const concerns: readonly { readonly fit: Concern; readonly when: number }[] = [
  { fit: fitExtras, when: EXTRAS },
  { fit: fitMembers, when: ALWAYS },
  { fit: fitIds, when: ALWAYS },
  { fit: fitLabels, when: ALWAYS },
  { fit: fitSampling, when: ALWAYS },
  { fit: fitStop, when: ALWAYS },
  { fit: fitReasoning, when: ALWAYS },
  { fit: fitForeign, when: FOREIGN },
  { fit: fitOpaques, when: OPAQUES },
  { fit: fitHostedTools, when: HOSTED | TOOLS | CALLS },
  { fit: fitCustomTools, when: CUSTOM },
  { fit: fitFormat, when: TOOLS },
  { fit: fitToolChoice, when: TOOLS },
  { fit: fitToolNames, when: TOOLS | CALLS },
  { fit: fitSystemTurns, when: INNER_SYSTEM },
  { fit: fitMedia, when: MEDIA },
  { fit: fitEmptyTurns, when: SHRINKING },
  { fit: fitResults, when: CALLS },
  { fit: fitCallIds, when: TOOLS | CALLS },
  { fit: fitResultContent, when: CALLS },
  { fit: fitEmptyTurns, when: SHRINKING },
  { fit: fitEnds, when: ALWAYS },
  { fit: fitCacheMarks, when: CACHE },
];

/** `seen`: what a look at it found; more than there is costs time only. */
export const fit = (conversation: Conversation, target: TargetModel, abilities: Abilities, client: ClientWords, seen = look(conversation)): Fitted => {
  const fitting = new Fitting(target, abilities, client);
  let fitted = conversation;
  for (const concern of concerns) if ((seen & concern.when) !== 0) fitted = concern.fit(fitted, fitting);
  return new Result(fitted, fitting, undoOf(fitting.steps));
};

class Result implements Fitted {
  readonly conversation: Conversation;
  readonly losses: readonly Loss[];
  readonly undo: Undo;
  readonly fetches: readonly MediaFetch[];
  readonly #fitting: Fitting;

  constructor(conversation: Conversation, fitting: Fitting, undo: Undo) {
    this.conversation = conversation;
    this.losses = fitting.losses;
    this.undo = undo;
    this.fetches = fitting.fetches;
    this.#fitting = fitting;
  }

  withFetched(fetched: ReadonlyMap<string, FetchedMedia>): Fitted {
    return fetched.size === 0 ? this : new Result(fitMedia(putFetched(this.conversation, fetched), this.#fitting.again()), this.#fitting, this.undo);
  }
}
