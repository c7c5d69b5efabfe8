// Carries opaque values for blocks whose protocol has no place for them: beside the block travels an empty one that has a place,
// with a mark that says whose values these are, and what comes back in a history is given back to the block it belongs to.
// Which block that is in a protocol, and how it is written, is the protocol's matter.
import type { ProtocolName } from "../snapshot/schema.ts";
import { unwrap, wrap } from "./carrier.ts";
import type { Block, Opaque } from "./ir.ts";

const words = {
  next: "belongs to the next block",
  previous: "belongs to the previous block",
  /** A text that is empty, and is there only for what it carries. */
  alone: "belongs to an empty text",
} as const;

export type Neighbour = keyof typeof words;

const isOf = (name: ProtocolName, { origin }: Opaque): boolean => origin === name || origin.startsWith(`${name}/`);

/** The value of a protocol's own. */
export const nativeOf = (name: ProtocolName, opaques: readonly Opaque[] | undefined, kind: Opaque["kind"]): string | null =>
  opaques?.find((opaque) => opaque.kind === kind && isOf(name, opaque))?.value ?? null;

/** What the empty block carries; null for nothing. The mark stands first, and is never sent to a provider. */
export const wrapFor = (name: ProtocolName, opaques: readonly Opaque[] | undefined, neighbour: Neighbour): string | null =>
  opaques === undefined || opaques.length === 0 ? null : wrap([{ kind: "id", origin: name, value: words[neighbour] }, ...opaques]);

/** A string of a client's: what was wrapped here, or the protocol's own. None for "". */
export const opaquesOf = (text: string, kind: "signature" | "redacted", origin: string): { opaques?: readonly Opaque[] } => {
  if (text === "") return {};
  return { opaques: unwrap(text) ?? [{ kind, origin, value: text }] };
};

const neighbourOf = (name: ProtocolName, block: Block): Neighbour | null => {
  const first = block.kind === "reasoning" && block.text === "" ? block.opaques?.[0] : undefined;
  if (first === undefined || first.kind !== "id" || first.origin !== name) return null;
  if (first.value === words.alone) return "alone";
  return first.value === words.next ? "next" : "previous";
};

const withOpaques = (block: Block, opaques: readonly Opaque[]): Block => ({ ...block, opaques: [...(block.opaques ?? []), ...opaques] });

/** Gives back what empty blocks carry to the blocks it belongs to. */
export const handBack = (name: ProtocolName, blocks: readonly Block[]): Block[] => {
  if (!blocks.some((block) => neighbourOf(name, block) !== null)) return [...blocks];
  const given: Block[] = [];
  let held: Opaque[] = [];
  for (const block of blocks) {
    const neighbour = neighbourOf(name, block);
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
