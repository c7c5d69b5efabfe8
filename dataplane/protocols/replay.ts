// Tells a reply as the events of a stream that says the same: for a client that asked for a stream when the provider answers
// whole, and for what is undone in a whole answer. The inverse of collect.ts; it writes no wire form.
import type { Block, BlockHead, Choice, Event, Reply } from "./ir.ts";

export const eventsOf = (reply: Reply): Event[] => {
  const { id, model, createdAt, serviceTier, extras } = reply;
  const events: Event[] = [{ kind: "start", id, model, createdAt, serviceTier, ...(extras === undefined ? {} : { extras }) }];
  for (const choice of reply.choices) addChoice(events, choice);
  events.push({ kind: "usage", usage: { ...reply.usage } }, { kind: "end" });
  return events;
};

const addChoice = (events: Event[], { index: choice, blocks, finish }: Choice): void => {
  let index = 0;
  for (const block of blocks) {
    const head = headOf(block);
    if (head === null) continue;
    events.push({ kind: "block-start", choice, index, head, ...(head.kind === "whole" || block.extras === undefined ? {} : { extras: block.extras }) });
    if (head.kind !== "whole") addContent(events, choice, index, block);
    events.push({ kind: "block-stop", choice, index });
    index += 1;
  }
  events.push({ kind: "finish", choice, finish });
};

/** Null for a tool's result: models do not write those. */
const headOf = (block: Block): BlockHead | null => {
  switch (block.kind) {
    case "text":
    case "refusal":
      return { kind: block.kind };
    case "reasoning":
      return { kind: "reasoning", isSummary: block.isSummary };
    case "tool-call":
      return { kind: "tool-call", id: block.id, name: block.name, isCustom: block.isCustom ?? false };
    case "audio":
      return { kind: "audio", id: block.id ?? "", format: block.format };
    case "tool-result":
      return null;
    default:
      return { kind: "whole", block };
  }
};

const addContent = (events: Event[], choice: number, index: number, block: Block): void => {
  // Where what is opaque of a call is told in a block beside it, that block comes first, as in streams of those who sign calls.
  if (block.kind === "tool-call") addOpaques(events, choice, index, block);
  const text = textOf(block);
  const logprobs = block.kind === "text" ? block.logprobs : undefined;
  if (text !== "" || logprobs !== undefined) events.push({ kind: "text", choice, index, text, ...(logprobs === undefined ? {} : { logprobs }) });
  if (block.kind === "text") for (const citation of block.citations ?? []) events.push({ kind: "citation", choice, index, citation });
  if (block.kind === "audio" && block.source.kind === "bytes" && block.source.data !== "") events.push({ kind: "media", choice, index, data: block.source.data });
  if (block.kind !== "tool-call") addOpaques(events, choice, index, block);
};

const addOpaques = (events: Event[], choice: number, index: number, { opaques = [] }: Block): void => {
  for (const opaque of opaques) events.push({ kind: "opaque", choice, index, opaque });
};

/** What grows in a stream of it. */
export const textOf = (block: Block): string => {
  switch (block.kind) {
    case "text":
    case "refusal":
    case "reasoning":
      return block.text;
    case "tool-call":
      return block.arguments;
    case "audio":
      return block.transcript ?? "";
    default:
      return "";
  }
};
