// Turns as contents and the system instruction. What a model said in turns that follow each other is one content; results of
// functions stand in a content of their own, right behind the calls, and what else the user says stands in the next.
import type { Turn } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { encodeBlock, type Encoding, withBypass } from "./encode-parts.ts";

export interface Prompt {
  /** Parts; none: no instruction. */
  readonly system: readonly JsonObject[];
  readonly contents: readonly JsonObject[];
}

const isSystem = ({ role }: Turn): boolean => role === "system" || role === "developer";

const leadingCount = (turns: readonly Turn[]): number => {
  const first = turns.findIndex((turn) => !isSystem(turn));
  return first === -1 ? turns.length : first;
};

const isResult = (part: JsonObject): boolean => part["functionResponse"] !== undefined;

const contentOf = (role: "user" | "model", parts: readonly JsonObject[]): JsonObject[] => (parts.length === 0 ? [] : [{ role, parts: [...parts] }]);

const userContents = (parts: readonly JsonObject[], isOwn: boolean): JsonObject[] =>
  isOwn ? contentOf("user", parts) : [...contentOf("user", parts.filter(isResult)), ...contentOf("user", parts.filter((part) => !isResult(part)))];

export const encodePrompt = (turns: readonly Turn[], encoding: Encoding, isOwn: boolean): Prompt => {
  const partsOf = (turn: Turn): JsonObject[] => turn.blocks.flatMap((block) => encodeBlock(block, encoding, isOwn));
  const count = leadingCount(turns);
  const system = turns.slice(0, count).flatMap(partsOf);
  const contents: JsonObject[] = [];
  let said: JsonObject[] = [];
  const endTurn = (): void => {
    contents.push(...contentOf("model", encoding.needsSignatures && !isOwn ? withBypass(said) : said));
    said = [];
  };
  for (const turn of turns.slice(count)) {
    if (turn.role === "assistant") {
      said.push(...partsOf(turn));
      continue;
    }
    endTurn();
    contents.push(...userContents(partsOf(turn), isOwn));
  }
  endTurn();
  return { system, contents };
};
