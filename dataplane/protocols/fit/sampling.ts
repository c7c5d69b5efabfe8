// How tokens are chosen and how many answers there are. A value beyond what the target takes is brought to the nearest that
// it takes, never rescaled. Stop strings are stop.ts's.
import type { Abilities } from "../abilities.ts";
import type { Draft, Sampling } from "../ir.ts";
import type { Concern, Fitting } from "./fitting.ts";

type Choosing = Abilities["sampling"] extends ReadonlySet<infer Name> ? Name : never;
const choosing: readonly Choosing[] = ["temperature", "topP", "topK", "seed", "presencePenalty", "frequencyPenalty"];

const fitChoosing = (draft: Draft<Sampling>, fitting: Fitting): void => {
  for (const name of choosing) {
    if (draft[name] === null || fitting.abilities.sampling.has(name)) continue;
    draft[name] = null;
    fitting.loseField(name, "unsupported", "minor");
  }
  const { temperatureMax } = fitting.abilities;
  if (draft.temperature === null || draft.temperature <= temperatureMax) return;
  draft.temperature = temperatureMax;
  fitting.loseField("temperature", "limited", "minor");
};

const fitAmounts = (draft: Draft<Sampling>, fitting: Fitting): void => {
  const { choicesMax, logprobsMax } = fitting.abilities;
  if (draft.choices !== null && draft.choices > choicesMax) {
    draft.choices = choicesMax > 1 ? choicesMax : null;
    fitting.loseField("choices", "limited", "major");
  }
  if (draft.logprobs === null || draft.logprobs <= logprobsMax) return;
  draft.logprobs = logprobsMax === -1 ? null : logprobsMax;
  // A caller who asked for them reads them; fewer beside each are still the right ones.
  fitting.loseField("logprobs", logprobsMax === -1 ? "unsupported" : "limited", logprobsMax === -1 ? "major" : "minor");
};

/** As most are. Whoever asks for several answers, or for log probabilities, is looked at more closely. */
const isTaken = (sampling: Sampling, { sampling: taken, temperatureMax }: Abilities): boolean => {
  for (const name of choosing) if (sampling[name] !== null && !taken.has(name)) return false;
  return (sampling.temperature === null || sampling.temperature <= temperatureMax) && sampling.choices === null && sampling.logprobs === null;
};

export const fitSampling: Concern = (conversation, fitting) => {
  if (isTaken(conversation.sampling, fitting.abilities)) return conversation;
  const draft: Draft<Sampling> = { ...conversation.sampling };
  const told = fitting.losses.length;
  fitChoosing(draft, fitting);
  fitAmounts(draft, fitting);
  // Whoever can give one answer only need not be told so.
  if (draft.choices === 1 && fitting.abilities.choicesMax <= 1) draft.choices = null;
  else if (fitting.losses.length === told) return conversation;
  return { ...conversation, sampling: draft };
};
