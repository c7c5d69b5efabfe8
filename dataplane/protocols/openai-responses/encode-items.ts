// Turns as items of a request's input, in their order. Blocks that stood in one item stand in one again.
// Sealed values go to their maker only; ids go where they came from, and only when the client speaks this protocol.
import { isTakenBy } from "../carrier.ts";
import type { Block, Opaque, ReasoningBlock, ToolCallBlock, ToolResultBlock, Turn } from "../ir.ts";
import type { Json } from "../../wire/json.ts";
import { isObject } from "../../wire/json.ts";
import { type JsonObject, stringOf } from "../json-members.ts";
import { encodeInputPart, encodeOutputPart, plainText } from "./encode-parts.ts";
import type { Losses } from "./losses.ts";
import { extrasIn, ownExtras, PROTOCOL } from "./members.ts";
import { localName } from "./namespaces.ts";

export interface Writing {
  /** The client speaks this protocol. */
  readonly isOwn: boolean;
  /** The provider has the items of earlier answers, or may have them. */
  readonly isStored: boolean;
  /** Whose sealed values the provider takes. */
  readonly origin: string;
  /** Thinking is replayed in words, before each call. */
  readonly replaysReasoning: boolean;
  readonly losses: Losses;
}

/** An id under which a provider of OpenAI's kind would look for what it stored. */
const STORED = /^(?:msg|rs|fc|ctc)_/;

/** What was kept of an item; an id that nobody stored is not sent, because it is looked for and not found. */
const keptOf = (about: JsonObject, { isStored }: Writing): JsonObject => {
  if (isStored || !STORED.test(stringOf(about["id"]))) return about;
  const { id: _, ...rest } = about;
  return rest;
};

/** Message items do not hold these. */
const isApart = (block: Block): boolean =>
  block.kind === "reasoning" || block.kind === "tool-call" || block.kind === "tool-result" || block.kind === "video" ||
  (block.kind === "foreign" && extrasIn(block)["part"] !== true);

/** Blocks of other kinds than reasoning have no place for sealed values here: those of this protocol are never made. */
const dropSealed = (block: Block, { losses }: Writing): void => {
  if ((block.opaques ?? []).some(({ kind }) => kind !== "id")) losses.minor(block.at, "foreign");
};

const encodeOutput = (block: ToolResultBlock, writing: Writing): JsonObject => {
  const parts: Json[] = [];
  for (const inner of block.content) {
    const part = encodeInputPart(inner);
    if (part !== null) parts.push(part);
    else writing.losses.block(inner);
  }
  const type = block.isCustom === true ? "custom_tool_call_output" : "function_call_output";
  return { type, call_id: block.id, output: plainText(block.content) ?? (parts.length === 0 ? "" : parts), ...keptOf(extrasIn(block), writing) };
};

const encodeCall = (block: ToolCallBlock, writing: Writing): JsonObject => {
  const extras = keptOf(extrasIn(block), writing);
  const name = localName(stringOf(extras["namespace"]), block.name);
  const head = { call_id: block.id, name };
  if (block.isCustom === true) return { type: "custom_tool_call", ...head, input: block.arguments, ...extras };
  return { type: "function_call", ...head, arguments: block.arguments === "" ? "{}" : block.arguments, ...extras };
};

/** Blocks that stood in one reasoning item: its first says so, and its last holds what is sealed. */
const beginsItem = (block: ReasoningBlock, before: ReasoningBlock): boolean => ownExtras(block) !== undefined || (before.opaques ?? []).length > 0;

const sealedFor = (blocks: readonly ReasoningBlock[], { origin, losses }: Writing): Opaque | undefined => {
  const opaques = blocks.flatMap((block) => block.opaques ?? []);
  const taken = opaques.find((opaque) => opaque.kind === "encrypted" && isTakenBy(opaque.origin, origin));
  if (taken === undefined && opaques.length > 0) losses.minor(blocks[0]?.at ?? "", "foreign");
  return taken;
};

const encodeReasoning = (blocks: readonly ReasoningBlock[], writing: Writing): JsonObject | null => {
  const about = keptOf(extrasIn(blocks[0] ?? {}), writing);
  const sealed = sealedFor(blocks, writing);
  const told = blocks.filter(({ text }) => text !== "");
  const isWorthSaying = sealed !== undefined || (writing.isOwn && (told.length > 0 || about["id"] !== undefined)) || (writing.replaysReasoning && told.length > 0);
  if (!isWorthSaying) {
    if (told.length > 0 && !blocks.some(({ opaques }) => opaques !== undefined)) writing.losses.minor(blocks[0]?.at ?? "", "foreign");
    return null;
  }
  const summary = told.filter(({ isSummary }) => isSummary && !writing.replaysReasoning).map(({ text }) => ({ type: "summary_text", text }));
  const content = told.filter(({ isSummary }) => !isSummary || writing.replaysReasoning).map(({ text }) => ({ type: "reasoning_text", text }));
  return {
    type: "reasoning",
    ...about,
    summary,
    ...(content.length === 0 ? {} : { content }),
    ...(sealed === undefined ? {} : { encrypted_content: sealed.value }),
  };
};

class ItemWriter {
  readonly items: JsonObject[];
  readonly #writing: Writing;
  readonly #role: Turn["role"];
  readonly #turn: Turn;
  #message: Block[] = [];
  #reasoning: ReasoningBlock[] = [];
  /** The last thinking of the turn, for servers that want it before each call. */
  #thought: JsonObject | null = null;

  constructor(items: JsonObject[], turn: Turn, writing: Writing) {
    this.items = items;
    this.#turn = turn;
    this.#role = turn.role;
    this.#writing = writing;
  }

  write(block: Block): void {
    if (block.kind === "reasoning") return this.#think(block);
    this.#endReasoning();
    dropSealed(block, this.#writing);
    if (block.kind === "text" && block.text === "" && this.#role === "assistant" && block.opaques !== undefined) return;
    if (!isApart(block)) {
      if (isObject(extrasIn(block)["message"])) this.#endMessage();
      this.#message.push(block);
      return;
    }
    this.#endMessage();
    this.#writeApart(block);
  }

  end(): void {
    this.#endReasoning();
    this.#endMessage();
  }

  #writeApart(block: Block): void {
    if (block.kind === "tool-call") return this.#call(block);
    if (block.kind === "tool-result") this.items.push(encodeOutput(block, this.#writing));
    else if (block.kind === "foreign" && block.protocol === PROTOCOL) this.items.push(block.value);
    else this.#writing.losses.block(block);
  }

  #think(block: ReasoningBlock): void {
    this.#endMessage();
    const before = this.#reasoning.at(-1);
    if (before !== undefined && beginsItem(block, before)) this.#endReasoning();
    this.#reasoning.push(block);
  }

  #endReasoning(): void {
    if (this.#reasoning.length === 0) return;
    const item = encodeReasoning(this.#reasoning, this.#writing);
    this.#reasoning = [];
    if (item === null) return;
    this.#thought = item;
    this.items.push(item);
  }

  #call(block: ToolCallBlock): void {
    if (this.#writing.replaysReasoning && this.#thought !== null && this.items.at(-1) !== this.#thought) this.items.push(this.#thought);
    this.items.push(encodeCall(block, this.#writing));
  }

  #endMessage(): void {
    const blocks = this.#message;
    const [first] = blocks;
    if (first === undefined) return;
    this.#message = [];
    const encode = this.#role === "assistant" ? encodeOutputPart : encodeInputPart;
    const parts: Json[] = [];
    for (const block of blocks) {
      const part = encode(block);
      if (part === null) this.#writing.losses.block(block);
      else parts.push(part);
    }
    if (parts.length === 0) return;
    const mark = extrasIn(first)["message"];
    const about = keptOf(this.#role === "assistant" ? (isObject(mark) ? mark : {}) : extrasIn(this.#turn), this.#writing);
    // With an id or a status it is an item of an answer, and those have parts.
    const mayBePlain = this.#role !== "assistant" || (about["id"] === undefined && about["status"] === undefined);
    this.items.push({ type: "message", role: this.#role, content: (mayBePlain ? plainText(blocks) : null) ?? parts, ...about });
  }
}

export const encodeTurns = (turns: readonly Turn[], writing: Writing): JsonObject[] => {
  const items: JsonObject[] = [];
  for (const turn of turns) {
    const writer = new ItemWriter(items, turn, writing);
    for (const block of turn.blocks) writer.write(block);
    writer.end();
    if (turn.name !== undefined) writing.losses.minor(`${turn.at}.name`, "unsupported");
  }
  return items;
};
