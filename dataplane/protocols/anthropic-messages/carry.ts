// What other vendors' models gave to be given back, carried by a client of this protocol: as the signature of a thinking block.
// What belongs to a block that has no place for it travels in an empty thinking block beside that block, and comes back to it.
import { unwrap, wrap } from "../carrier.ts";
import type { Block, Opaque } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { NAME } from "./members.ts";

/** Stands first among what an empty thinking block carries: for which neighbour it is. Never sent to a provider. */
const marks = {
  next: { kind: "id", origin: NAME, value: "belongs to the next block" },
  previous: { kind: "id", origin: NAME, value: "belongs to the previous block" },
  /** A text that is empty, and is there only for what it carries. */
  alone: { kind: "id", origin: NAME, value: "belongs to an empty text" },
} as const satisfies Record<string, Opaque>;

export type Neighbour = keyof typeof marks;

const isNative = ({ origin }: Opaque): boolean => origin === NAME || origin.startsWith(`${NAME}/`);

export const nativeOf = (opaques: readonly Opaque[] | undefined, kind: Opaque["kind"]): string | null =>
  opaques?.find((opaque) => opaque.kind === kind && isNative(opaque))?.value ?? null;

/** What a client gets as the signature of a thinking block. */
export const signatureOf = (opaques: readonly Opaque[] | undefined): string => nativeOf(opaques, "signature") ?? wrap(opaques ?? []);

/** The empty block beside a text or a call; none when there is nothing to carry. */
export const carrierFor = (opaques: readonly Opaque[] | undefined, neighbour: Neighbour): JsonObject[] =>
  opaques === undefined || opaques.length === 0 ? [] : [{ type: "thinking", thinking: "", signature: wrap([marks[neighbour], ...opaques]) }];

/** A string of a client's: what was wrapped here, or Anthropic's own. None for "". */
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

/** Gives back what empty thinking blocks carry to the blocks it belongs to. */
export const handBack = (blocks: readonly Block[]): Block[] => {
  if (!blocks.some((block) => neighbourOf(block) !== null)) return [...blocks];
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
