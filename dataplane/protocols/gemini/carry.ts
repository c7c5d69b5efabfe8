// What models gave to be given back, in the one place that this protocol has for it: the signature of a part.
// Gemini's own signature stands there as it is. What other vendors' models gave is wrapped, and with it the thinking that it
// belongs to: clients drop thoughts from their history, and never signatures, so the next part carries both.
import { unwrap, wrap } from "../carrier.ts";
import type { Opaque, ReasoningBlock } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { isObject, parseJson } from "../../wire/json.ts";
import { NAME } from "./members.ts";

/** Thinking that travels with the part behind it. */
export interface Thought {
  readonly text: string;
  readonly isSummary: boolean;
  readonly opaques: readonly Opaque[];
}

const isNative = ({ kind, origin }: Opaque): boolean => kind === "signature" && (origin === NAME || origin.startsWith(`${NAME}/`));

/** A name that another side gave to a thing is nothing to be given back by itself. */
export const isWorth = ({ kind }: Opaque): boolean => kind !== "id";

export const nativeSignature = (opaques: readonly Opaque[] | undefined): string => opaques?.find(isNative)?.value ?? "";

const markOf = ({ text, isSummary }: Thought): Opaque => ({ kind: "id", origin: NAME, value: JSON.stringify({ thought: text, isSummary }) });

/** "" for nothing to carry. */
export const signatureOf = (opaques: readonly Opaque[], thoughts: readonly Thought[] = []): string => {
  if (thoughts.length > 0) return wrap([...opaques, ...thoughts.flatMap((thought) => [markOf(thought), ...thought.opaques])]);
  const worthy = opaques.filter(isWorth);
  const [only] = worthy;
  if (only === undefined) return "";
  return worthy.length === 1 && isNative(only) ? only.value : wrap(opaques);
};

/** For spreading into a part. */
export const signed = (signature: string): JsonObject => (signature === "" ? {} : { thoughtSignature: signature });

export interface Carried {
  /** Of the part itself. */
  readonly opaques: readonly Opaque[];
  /** What stood before it. */
  readonly thoughts: readonly ReasoningBlock[];
}

const thoughtIn = ({ kind, origin, value }: Opaque): { text: string; isSummary: boolean } | null => {
  if (kind !== "id" || origin !== NAME) return null;
  const mark = parseJson(value);
  return isObject(mark) && typeof mark["thought"] === "string" ? { text: mark["thought"], isSummary: mark["isSummary"] === true } : null;
};

/** `signature` as a client sends it back, "" for none. */
export const readSignature = (signature: string, at: string): Carried => {
  if (signature === "") return { opaques: [], thoughts: [] };
  const wrapped = unwrap(signature);
  if (wrapped === null) return { opaques: [{ kind: "signature", origin: NAME, value: signature }], thoughts: [] };
  const opaques: Opaque[] = [];
  const thoughts: { text: string; isSummary: boolean; opaques: Opaque[] }[] = [];
  for (const opaque of wrapped) {
    const thought = thoughtIn(opaque);
    if (thought === null) (thoughts.at(-1)?.opaques ?? opaques).push(opaque);
    else thoughts.push({ ...thought, opaques: [] });
  }
  return { opaques, thoughts: thoughts.map(({ opaques: own, ...thought }) => ({ kind: "reasoning", at, ...thought, ...(own.length === 0 ? {} : { opaques: own }) })) };
};
