// What other vendors' models gave to be given back, carried by a client of this protocol: as the signature of reasoning, or as
// reasoning that is redacted. What belongs to a block that has no place for it travels in redacted reasoning beside that
// block, and comes back to it. Such values are base64 there: what is carried is base64 too.
import { unwrap, wrap } from "../carrier.ts";
import type { Block, Opaque } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { NAME } from "./members.ts";

/** Stands first among what is carried for a neighbour: for which. Never sent to a provider. */
const marks = {
  next: { kind: "id", origin: NAME, value: "belongs to the next block" },
  previous: { kind: "id", origin: NAME, value: "belongs to the previous block" },
  /** A text that is empty, and is there only for what it carries. */
  alone: { kind: "id", origin: NAME, value: "belongs to an empty text" },
} as const satisfies Record<string, Opaque>;

export type Neighbour = keyof typeof marks;

const isNative = ({ origin }: Opaque): boolean => origin === NAME || origin.startsWith(`${NAME}/`);

const nativeOf = (opaques: readonly Opaque[] | undefined, kind: Opaque["kind"]): string | null => opaques?.find((opaque) => opaque.kind === kind && isNative(opaque))?.value ?? null;

/** What a client gets of the opaque part of reasoning, as the member that holds it; null for none. */
export const carriedBy = (opaques: readonly Opaque[] | undefined, hasText: boolean): { signature: string } | { redactedContent: string } | null => {
  if (opaques === undefined || opaques.length === 0) return null;
  const redacted = nativeOf(opaques, "redacted");
  if (redacted !== null && !hasText) return { redactedContent: redacted };
  const signature = nativeOf(opaques, "signature");
  if (signature !== null) return { signature };
  return hasText ? { signature: wrap(opaques) } : { redactedContent: wrap(opaques) };
};

/** The reasoning beside a text or a call; none when there is nothing to carry. */
export const carrierFor = (opaques: readonly Opaque[] | undefined, neighbour: Neighbour): JsonObject[] =>
  opaques === undefined || opaques.length === 0 ? [] : [{ reasoningContent: { redactedContent: wrap([marks[neighbour], ...opaques]) } }];

/** A string of a client's: what was wrapped here, or the provider's own. None for "". */
export const opaquesOf = (text: string, kind: "signature" | "redacted", origin: string): { opaques?: readonly Opaque[] } => {
  if (text === "") return {};
  return { opaques: unwrap(text) ?? [{ kind, origin, value: text }] };
};

const neighbourOf = (block: Block): Neighbour | null => {
  const first = block.kind === "reasoning" && block.text === "" ? block.opaques?.[0] : undefined;
  if (first === undefined || first.kind !== "id" || first.origin !== NAME) return null;
  if (first.value === marks.alone.value) return "alone";
  return first.value === marks.next.value ? "next" : "previous";
};

const withOpaques = (block: Block, opaques: readonly Opaque[]): Block => ({ ...block, opaques: [...(block.opaques ?? []), ...opaques] });

/** Gives back what was carried to the blocks it belongs to. */
export const handBack = (blocks: readonly Block[]): Block[] => {
  const given: Block[] = [];
  let held: Opaque[] = [];
  for (const block of blocks) {
    const neighbour = neighbourOf(block);
    const carried = block.opaques?.slice(1) ?? [];
    const previous = given.at(-1);
    if (neighbour === "next") held.push(...carried);
    else if (neighbour === "alone") given.push({ kind: "text", text: "", at: block.at, opaques: carried });
    else if (neighbour === null) {
      given.push(held.length === 0 ? block : withOpaques(block, held));
      held = [];
    } else if (previous !== undefined) given[given.length - 1] = withOpaques(previous, carried);
  }
  return given;
};
