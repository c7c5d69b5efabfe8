// What only its maker can read, and its one place in this protocol: `encrypted_content` of a reasoning item.
// A value of this protocol stands there as it is, any other in a wrapping. What belongs to another block than reasoning (a
// thought signature of a call) stands in a reasoning item of its own beside it, which names the block.
import { unwrap, wrap } from "../carrier.ts";
import type { Block, Opaque } from "../ir.ts";
import { PROTOCOL } from "./members.ts";

/** Stands before the values of a carrier: the id of the call that they belong to, or one of the two words below. */
const OWNER = "llmgw-owner";
/** They belong to the block before the carrier. */
export const BEFORE = "";
/** They stand on a text of their own, which is empty. */
export const ALONE = " ";

/** A value that looks as if it had been wrapped here came from another gateway, and is wrapped once more so that it comes back whole. */
const isNative = ({ kind, origin, value }: Opaque): boolean =>
  kind === "encrypted" && (origin === PROTOCOL || origin.startsWith(`${PROTOCOL}/`)) && unwrap(value) === null;

/** "" when there is nothing to carry. */
export const seal = (opaques: readonly Opaque[]): string => {
  const [first] = opaques;
  return opaques.length === 1 && first !== undefined && isNative(first) ? first.value : wrap(opaques);
};

export const sealFor = (owner: string, opaques: readonly Opaque[]): string => wrap([{ kind: "id", origin: OWNER, value: owner }, ...opaques]);

export const unseal = (text: string): readonly Opaque[] => {
  if (text === "") return [];
  return unwrap(text) ?? [{ kind: "encrypted", origin: PROTOCOL, value: text }];
};

/** Whose values these are when they came in a carrier, null when they are the reasoning's own. */
export const ownerOf = (opaques: readonly Opaque[]): string | null => {
  const [first] = opaques;
  return first?.kind === "id" && first.origin === OWNER ? first.value : null;
};

const withOpaques = (block: Block, opaques: readonly Opaque[]): Block => ({ ...block, opaques: [...(block.opaques ?? []), ...opaques] });

/** Gives the values of carriers back to the blocks that they belong to; the carriers are gone then. */
export const deliver = (blocks: readonly Block[]): Block[] => {
  const delivered: Block[] = [];
  const awaited = new Map<string, readonly Opaque[]>();
  for (const block of blocks) {
    const owner = block.kind === "reasoning" ? ownerOf(block.opaques ?? []) : null;
    if (owner === null) {
      const late = block.kind === "tool-call" ? awaited.get(block.id) : undefined;
      delivered.push(late === undefined ? block : withOpaques(block, late));
      continue;
    }
    const opaques = (block.opaques ?? []).slice(1);
    if (owner === ALONE) {
      delivered.push({ kind: "text", at: block.at, text: "", opaques });
      continue;
    }
    const at = owner === BEFORE ? delivered.length - 1 : delivered.findLastIndex((one) => one.kind === "tool-call" && one.id === owner);
    const found = delivered[at];
    if (found !== undefined) delivered[at] = withOpaques(found, opaques);
    else if (owner !== BEFORE) awaited.set(owner, opaques);
  }
  return delivered;
};
