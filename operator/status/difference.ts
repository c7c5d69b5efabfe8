// Whether a status says already what is to be said, whether what differs can wait, and what of it is news. Pure.
import { isDeepStrictEqual } from "node:util";
import type { Condition } from "../../crds/status.ts";

export type Status = Readonly<Record<string, unknown>> & { readonly conditions: readonly Condition[] };
type Told = Readonly<Record<string, unknown>>;

/** Conditions of these types are ours; others may have been put there by somebody else, and stay. */
const OWN_TYPES: ReadonlySet<unknown> = new Set(["Accepted", "ResolvedRefs", "Programmed", "InForce"]);

const isFields = (value: unknown): value is Told => typeof value === "object" && value !== null && !Array.isArray(value);
const isCondition = (value: unknown): value is Condition => isFields(value) && typeof value["type"] === "string" && typeof value["status"] === "string";

export const conditionsIn = (told: Told): Condition[] => {
  const { conditions } = told;
  return Array.isArray(conditions) ? conditions.filter(isCondition) : [];
};

/** Without what is empty: a server may keep an empty list or not. */
const full = (told: Told): Told => Object.fromEntries(Object.entries(told).filter(([name, value]) => name !== "conditions" && value !== undefined && !(Array.isArray(value) && value.length === 0)));

/** What is sent: nothing that is empty, and no field that is not there. */
export const sendable = (status: Status): Told => ({ ...full(status), conditions: status.conditions });

export const isTold = (desired: Status, told: Told): boolean => {
  const present = conditionsIn(told).filter(({ type }) => OWN_TYPES.has(type));
  const byType = new Map(present.map((condition) => [condition.type, condition]));
  return present.length === desired.conditions.length && desired.conditions.every((condition) => isDeepStrictEqual(byType.get(condition.type), condition)) && isDeepStrictEqual(full(desired), full(told));
};

/** What somebody may wait for: a verdict, or the generation that it is about. Counts and wording can wait. */
export const isUrgent = (desired: Status, told: Told): boolean => !isDeepStrictEqual(verdicts(desired.conditions), verdicts(conditionsIn(told).filter(({ type }) => OWN_TYPES.has(type))));

const verdicts = (conditions: readonly Condition[]): unknown =>
  conditions.map(({ type, status, reason, observedGeneration }) => [type, status, reason, observedGeneration]).toSorted((left, right) => (String(left[0]) < String(right[0]) ? -1 : 1));

export interface Turn {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly note: string;
}

/** What a person should see of the change from one status to the next. That data planes come and go is no news. */
export const turnsBetween = (told: Told, desired: Status): Turn[] => {
  const before = new Map(conditionsIn(told).map((condition) => [condition.type, condition]));
  const turns = desired.conditions.flatMap((condition): Turn[] => {
    const { type, status, reason, message } = condition;
    if (type !== "Accepted" && type !== "ResolvedRefs") return [];
    const previous = before.get(type);
    if (status === "False" && (previous?.status !== "False" || previous.reason !== reason || previous.message !== message)) return [{ type: "Warning", reason, note: message }];
    return status === "True" && previous?.status === "False" ? [{ type: "Normal", reason: type, note: message }] : [];
  });
  const programmed = desired.conditions.find(({ type }) => type === "Programmed");
  if (programmed !== undefined && rejectedIn(desired) > 0 && rejectedIn(told) === 0) turns.push({ type: "Warning", reason: "Rejected", note: programmed.message });
  return turns;
};

const rejectedIn = ({ gateways }: Told): number => {
  const list: readonly unknown[] = Array.isArray(gateways) ? gateways : [];
  return list.reduce<number>((sum, one) => sum + (isFields(one) && typeof one["rejected"] === "number" ? one["rejected"] : 0), 0);
};
