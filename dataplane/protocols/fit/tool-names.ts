// Gives tools names that the target takes, the same ones in every request, and the client's names back on the way back.
// The same in the history and in the choice. A name that is taken already is left alone.
import { hash } from "node:crypto";
import type { Abilities } from "../abilities.ts";
import type { BlockHead, Conversation, Event, Tool, ToolChoice } from "../ir.ts";
import { hasToolBlocks, mapBlocks, mapSame } from "./blocks.ts";
import type { Concern } from "./fitting.ts";
import type { UndoStep } from "./undo.ts";

const DIGEST_CHARACTERS = 8;

export const isWholeMatch = (pattern: RegExp, text: string): boolean => pattern.exec(text)?.[0] === text;

/** The same name always becomes the same, whatever other tools there are: a provider's cache knows it again. */
const rename = (name: string, { pattern, lengthMax }: Abilities["toolName"], salt: number): string => {
  const digest = hash("sha256", salt === 0 ? name : `${name}#${salt}`, "hex").slice(0, DIGEST_CHARACTERS);
  const stem = name.replace(/[^a-zA-Z0-9_-]/g, "_").slice(0, Math.max(0, lengthMax - DIGEST_CHARACTERS - 1));
  const candidates = [`${stem}_${digest}`, `t${stem.slice(1)}_${digest}`, `t${digest}`];
  return candidates.find((candidate) => candidate.length <= lengthMax && isWholeMatch(pattern, candidate)) ?? `t${digest}`.slice(0, lengthMax);
};

class Names {
  readonly #rule: Abilities["toolName"];
  /** Names that are sent, and whose they are. */
  readonly #owners = new Map<string, string>();
  readonly #sent = new Map<string, string>();
  /** Sent → the client's; only those that differ. */
  readonly renamed = new Map<string, string>();

  constructor(rule: Abilities["toolName"], names: Iterable<string>) {
    this.#rule = rule;
    const all = new Set(names);
    for (const name of all) if (this.#isTaken(name)) this.#keep(name, name);
    for (const name of all) if (!this.#sent.has(name)) this.#keep(name, this.#findFree(name));
  }

  sentFor(name: string): string {
    return this.#sent.get(name) ?? name;
  }

  #isTaken(name: string): boolean {
    return name.length <= this.#rule.lengthMax && isWholeMatch(this.#rule.pattern, name);
  }

  #findFree(name: string): string {
    for (let salt = 0; ; salt += 1) {
      const candidate = rename(name, this.#rule, salt);
      if (!this.#owners.has(candidate)) return candidate;
    }
  }

  #keep(name: string, sent: string): void {
    this.#owners.set(sent, name);
    this.#sent.set(name, sent);
    if (sent !== name) this.renamed.set(sent, name);
  }
}

function* namesIn({ tools, turns }: Conversation): Generator<string> {
  for (const tool of tools) if (tool.kind !== "hosted") yield tool.name;
  for (const { blocks } of turns) for (const block of blocks) if ((block.kind === "tool-call" || block.kind === "tool-result") && block.name !== "") yield block.name;
}

const chosen = (choice: ToolChoice | null, names: Names): ToolChoice | null => {
  if (choice?.mode === "tool") return { mode: "tool", name: names.sentFor(choice.name) };
  return choice?.mode === "allowed" ? { ...choice, names: choice.names.map((name) => names.sentFor(name)) } : choice;
};

const namesBack = (renamed: ReadonlyMap<string, string>): UndoStep => ({
  isOfCalls: true,
  event(event: Event): readonly Event[] {
    if (event.kind !== "block-start" || event.head.kind !== "tool-call") return [event];
    const name = renamed.get(event.head.name);
    if (name === undefined) return [event];
    const head: BlockHead = { ...event.head, name };
    return [{ ...event, head }];
  },
});

export const fitToolNames: Concern = (conversation, { abilities, steps }) => {
  if (conversation.tools.length === 0 && !hasToolBlocks(conversation)) return conversation;
  const names = new Names(abilities.toolName, namesIn(conversation));
  if (names.renamed.size === 0) return conversation;
  steps.push(namesBack(names.renamed));
  const tools = mapSame(conversation.tools, (tool): Tool => (tool.kind === "hosted" ? tool : { ...tool, name: names.sentFor(tool.name) }));
  const renamed = mapBlocks(conversation, (block) => (block.kind === "tool-call" || block.kind === "tool-result" ? { ...block, name: names.sentFor(block.name) } : block));
  return { ...renamed, tools, toolChoice: chosen(conversation.toolChoice, names) };
};
