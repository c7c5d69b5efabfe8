// Drops what came in another protocol's words and the model does not name. One loss for each member, at the first place
// where it stood: a history repeats the same members in every turn.
import { isObject, type Json } from "../../wire/json.ts";
import type { Extras } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { mapBlocks, mapSame, mapTurns } from "./blocks.ts";
import type { Concern, Fitting } from "./fitting.ts";

/** Said, but saying nothing. */
const isEmpty = (value: Json): boolean => value === null || (Array.isArray(value) && value.length === 0) || (isObject(value) && Object.keys(value).length === 0);

const isForeign = (extras: Extras, { protocol }: Fitting): boolean => Object.keys(extras).some((name) => name !== protocol);

const ownOf = (extras: Extras, { protocol }: Fitting): Extras => {
  const own = Object.entries(extras).filter(([name]) => name === protocol);
  return Object.fromEntries(own);
};

/** Those that say something to somebody. */
const membersOfOthers = (extras: Extras, { protocol, client }: Fitting): [string, Json][] =>
  Object.entries(extras).flatMap(([name, members]: [string, JsonObject | undefined]) =>
    name === protocol ? [] : Object.entries(members ?? {}).filter(([key, value]) => !isEmpty(value) && client.quietExtras?.has(key) !== true),
  );

/** A switch that is off asks for nothing that the answer would lack. */
const loseAtTop = (extras: Extras, fitting: Fitting): void => {
  for (const [key, value] of membersOfOthers(extras, fitting)) fitting.lose(key, "unsupported", fitting.client.majorExtras.has(key) && value !== false ? "major" : "minor");
};

export const fitExtras: Concern = (conversation, fitting) => {
  const told = new Set<string>();
  const strip = <Part extends { readonly extras?: Extras }>(part: Part, at: string): Part => {
    const { extras } = part;
    if (extras === undefined || !isForeign(extras, fitting)) return part;
    for (const [key] of membersOfOthers(extras, fitting)) {
      if (told.has(key)) continue;
      told.add(key);
      fitting.lose(at === "" ? key : `${at}.${key}`, "unsupported", "minor");
    }
    return { ...part, extras: ownOf(extras, fitting) };
  };
  let fitted = mapBlocks(mapTurns(conversation, (turn) => strip(turn, turn.at)), (block) => strip(block, block.at));
  const tools = mapSame(fitted.tools, (tool) => (tool.kind === "hosted" ? tool : strip(tool, tool.at)));
  if (tools !== fitted.tools) fitted = { ...fitted, tools };
  const reasoning = fitted.reasoning === null ? null : strip(fitted.reasoning, fitting.client.fieldNames.reasoning);
  if (reasoning !== fitted.reasoning) fitted = { ...fitted, reasoning };
  if (!isForeign(fitted.extras, fitting)) return fitted;
  loseAtTop(fitted.extras, fitting);
  return { ...fitted, extras: ownOf(fitted.extras, fitting) };
};
