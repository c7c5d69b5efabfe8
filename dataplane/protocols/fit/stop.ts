// Stop strings: as many as the target takes are its own to stop at, and the gateway stops at the rest, so none is lost.
import type { Concern, Fitting } from "./fitting.ts";
import { StopMatcher } from "./stop-matcher.ts";

const isTaken = (stop: string, { abilities }: Fitting): boolean => abilities.refusesBlankStops !== true || stop.trim() !== "";

export const fitStop: Concern = (conversation, fitting) => {
  const { sampling } = conversation;
  if (sampling.stop.length === 0) return conversation;
  // Nothing can end with nothing.
  const wanted = [...new Set(sampling.stop)].filter((stop) => stop !== "");
  const native = wanted.filter((stop) => isTaken(stop, fitting)).slice(0, fitting.abilities.stopMax);
  const others = wanted.filter((stop) => !native.includes(stop));
  if (others.length > 0) fitting.steps.push(new StopMatcher(others, sampling.choices ?? 1));
  return native.length === sampling.stop.length ? conversation : { ...conversation, sampling: { ...sampling, stop: native } };
};
