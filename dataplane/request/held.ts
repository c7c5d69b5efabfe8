// What of a question is held while its answer is awaited. A history can be long and a provider can think for minutes; the
// bytes are held anyway, for another attempt, and what was read of them is read again for that.
import type { ClientCodec } from "../protocols/codec.ts";
import type { Conversation, Tool, Turn } from "../protocols/ir.ts";

const NO_TURNS: readonly Turn[] = [];

const headOf = ({ at, name }: Tool): Tool => ({ kind: "function", at, name, description: "", schema: null, isStrict: null });

/** As much of it as the client's answers are written with. */
export const heldOf = (asked: Conversation, { repeatsQuestion }: ClientCodec): Conversation => {
  if (repeatsQuestion !== false) return asked;
  return { ...asked, turns: NO_TURNS, tools: asked.tools.length === 0 ? asked.tools : asked.tools.map(headOf), format: null };
};
