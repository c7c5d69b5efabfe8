// Drops what came in another protocol's words and the model does not name. One loss for each member, at the first place
// where it stood: a history repeats the same members in every turn.
import { isObject, type Json } from "../../wire/json.ts";
import type { Block, Conversation, Extras } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { mapBlocks, mapSame, mapTurns } from "./blocks.ts";
import type { Concern, Fitting } from "./fitting.ts";

/** Said, but saying nothing. */
const isEmpty = (value: Json): boolean => value === null || (Array.isArray(value) && value.length === 0) || (isObject(value) && Object.keys(value).length === 0);

interface Extended {
  readonly extras?: Extras;
}

const isForeign = ({ extras }: Extended, { protocol }: Fitting): boolean => {
  for (const name in extras) if (name !== protocol) return true;
  return false;
};

const isForeignInside = (block: Block, fitting: Fitting): boolean => isForeign(block, fitting) || (block.kind === "tool-result" && block.content.some((inner) => isForeign(inner, fitting)));

/** Most conversations say nothing besides what the model names. */
const hasForeign = (conversation: Conversation, fitting: Fitting): boolean => {
  const { turns, tools, reasoning } = conversation;
  if (isForeign(conversation, fitting) || (reasoning !== null && isForeign(reasoning, fitting))) return true;
  for (const turn of turns) if (isForeign(turn, fitting) || turn.blocks.some((block) => isForeignInside(block, fitting))) return true;
  return tools.some((tool) => tool.kind !== "hosted" && isForeign(tool, fitting));
};

const ownOf = (extras: Extras, { protocol }: Fitting): Extras => {
  const own = Object.entries(extras).filter(([name]) => name === protocol);
  return Object.fromEntries(own);
};

/** As a whole, or each of its own members: "part" or "part.name". */
const isQuiet = (quiet: ReadonlySet<string> | undefined, key: string, value: Json): boolean =>
  quiet !== undefined && (quiet.has(key) || (isObject(value) && Object.keys(value).every((inner) => quiet.has(`${key}.${inner}`))));

/** Those that say something to somebody. */
const membersOfOthers = (extras: Extras, { protocol, client }: Fitting): [string, Json][] =>
  Object.entries(extras).flatMap(([name, members]: [string, JsonObject | undefined]) =>
    name === protocol ? [] : Object.entries(members ?? {}).filter(([key, value]) => !isEmpty(value) && !isQuiet(client.quietExtras, key, value)),
  );

/** A switch that is off asks for nothing that the answer would lack. */
const loseAtTop = (extras: Extras, fitting: Fitting): void => {
  for (const [key, value] of membersOfOthers(extras, fitting)) fitting.lose(key, "unsupported", fitting.client.majorExtras.has(key) && value !== false ? "major" : "minor");
};

/** What was read of them is said; what stood beside it is not. */
const tellUnread = ({ protocol, unread = [] }: Conversation, fitting: Fitting): void => {
  if (protocol !== fitting.protocol) for (const path of unread) fitting.lose(path, "unsupported", "minor");
};

const withoutUnread = ({ unread: _, ...conversation }: Conversation): Conversation => conversation;

export const fitExtras: Concern = (asked, fitting) => {
  tellUnread(asked, fitting);
  const conversation = asked.unread === undefined ? asked : withoutUnread(asked);
  if (!hasForeign(conversation, fitting)) return conversation;
  const told = new Set<string>();
  const strip = <Part extends Extended>(part: Part, at: string): Part => {
    const { extras } = part;
    if (extras === undefined || !isForeign(part, fitting)) return part;
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
  if (!isForeign(fitted, fitting)) return fitted;
  loseAtTop(fitted.extras, fitting);
  return { ...fitted, extras: ownOf(fitted.extras, fitting) };
};
