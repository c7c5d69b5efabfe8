// OpenRouter's `reasoning_details`, read and written: thinking with its signature, summaries of it, and what is encrypted.
// Entries of one index belong together. Clients that send them back keep thinking alive, also that of other vendors.
import { isObject, type Json } from "../../wire/json.ts";
import { carriedText, wrap } from "../carrier.ts";
import type { Extras, Opaque, ReasoningBlock } from "../ir.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import { numberIn, without } from "../openai-members.ts";
import { NAME, ownExtras, readOpaques, tellOpaques } from "./names.ts";

const read: ReadonlySet<string> = new Set(["type", "text", "summary", "signature", "data"]);

export const textIn = (detail: JsonObject): string => stringOf(detail["text"]) || stringOf(detail["summary"]);
export const isSummary = (detail: JsonObject): boolean => detail["type"] === "reasoning.summary";
/** What entries say beside the thinking, their format, id and index, stands under one name among the extras of a block. */
export const ENTRY = "reasoning_detail";
const restOf = (detail: JsonObject): JsonObject => without(detail, read);

/** To be spread into a block or its beginning. */
export const entryExtras = (...details: readonly JsonObject[]): { readonly extras?: Extras } => {
  const rest = Object.fromEntries(details.flatMap((detail) => Object.entries(restOf(detail))));
  return Object.keys(rest).length === 0 ? {} : { extras: { [NAME]: { [ENTRY]: rest } } };
};

/** With the origin that the reader gives to values that are not wrapped. */
export const opaquesIn = (detail: JsonObject, readOpaque: (text: string, kind: Opaque["kind"]) => readonly Opaque[] = readOpaques): Opaque[] => {
  const signature = stringOf(detail["signature"]);
  const data = stringOf(detail["data"]);
  return [...(signature === "" ? [] : readOpaque(signature, "signature")), ...(data === "" ? [] : readOpaque(data, "encrypted"))];
};

/** Entries of one index are one block; one that has only a signature and no index belongs to the entry before it. */
const groupsOf = (details: readonly JsonObject[]): JsonObject[][] => {
  const groups: JsonObject[][] = [];
  const byIndex = new Map<number, JsonObject[]>();
  for (const detail of details) {
    const index = numberIn(detail["index"]);
    const isTail = index === null && textIn(detail) === "" && stringOf(detail["data"]) === "";
    const known = index === null ? (isTail ? groups.at(-1) : undefined) : byIndex.get(index);
    if (known === undefined) groups.push([detail]);
    else known.push(detail);
    if (index !== null && known === undefined) byIndex.set(index, groups.at(-1) ?? []);
  }
  return groups;
};

/** Entries that were told again with those behind them say nothing new. */
const each = (opaques: readonly Opaque[]): Opaque[] => [...new Map(opaques.map((opaque) => [`${opaque.kind} ${opaque.origin} ${opaque.value}`, opaque])).values()];

const blockOf = (details: readonly JsonObject[], at: string): ReasoningBlock => {
  const opaques = each(details.flatMap((detail) => opaquesIn(detail)));
  return {
    kind: "reasoning",
    at,
    text: details.map(textIn).join("") || details.map((detail) => carriedText(stringOf(detail["signature"]))).join(""),
    isSummary: details.some(isSummary),
    ...(opaques.length === 0 ? {} : { opaques }),
    ...entryExtras(...details),
  };
};

/** Of a message in a history. `text`: the same thinking where it is told without details. */
export const readReasoning = (details: Json | undefined, text: string, at: string): ReasoningBlock[] => {
  const blocks = groupsOf(objectsIn(details)).map((group) => blockOf(group, at));
  if (text === "" || blocks.some((block) => block.text !== "")) return blocks;
  return [{ kind: "reasoning", at, isSummary: false, ...blocks[0], text }, ...blocks.slice(1)];
};

/** How a block's entries begin; `index` where the block brings none of its own. */
export const entryOf = (extras: JsonObject, index: number): JsonObject => {
  const entry = extras[ENTRY];
  return { format: "unknown", index, ...(isObject(entry) ? entry : {}) };
};

interface Places {
  readonly signature: string;
  readonly data: string;
}

const isSignature = ({ kind }: Opaque): boolean => kind === "signature";

/** For a client: values of other vendors wrapped, where a reader of that shape looks for one. */
const placesOf = (opaques: readonly Opaque[], hasText: boolean, thought: string): Places => {
  const isPair = opaques.length === 2 && opaques.some(isSignature) && !opaques.every(isSignature);
  if (isPair && opaques.every(({ origin }) => origin.startsWith(NAME))) {
    return { signature: opaques.find(isSignature)?.value ?? "", data: opaques.find((opaque) => !isSignature(opaque))?.value ?? "" };
  }
  const told = thought !== "" && tellOpaques(opaques) !== opaques[0]?.value ? wrap(opaques, thought) : tellOpaques(opaques);
  const [only] = opaques;
  const isForSignature = told !== "" && (told === only?.value ? isSignature(only) : hasText);
  return isForSignature ? { signature: told, data: "" } : { signature: "", data: told };
};

/**
 * The entries that tell a block's opaque values. `thought`: the text that was told before in pieces, which travels along
 * with a foreign signature: OpenAI's libraries keep of members that they do not know the last piece only.
 */
export const opaqueEntries = (opaques: readonly Opaque[], isTextual: boolean, entry: JsonObject, thought = ""): JsonObject[] => {
  const { signature, data } = placesOf(opaques, isTextual, thought);
  return [
    ...(signature === "" ? [] : [{ type: "reasoning.text", text: "", signature, ...entry }]),
    ...(data === "" ? [] : [{ type: "reasoning.encrypted", data, ...entry }]),
  ];
};

/** All entries of a whole block. A signature stands with the text that it signs. */
export const writeDetails = ({ text, isSummary: isOfSummary, opaques = [], extras }: ReasoningBlock, index: number): JsonObject[] => {
  const entry = entryOf(ownExtras(extras === undefined ? undefined : { extras }), index);
  const entries = opaqueEntries(opaques, text !== "" && !isOfSummary, entry);
  if (text === "") return entries;
  if (isOfSummary) return [{ type: "reasoning.summary", summary: text, ...entry }, ...entries];
  const [first, ...others] = entries;
  if (first?.["type"] === "reasoning.text") return [{ ...first, text }, ...others];
  return [{ type: "reasoning.text", text, ...entry }, ...entries];
};
