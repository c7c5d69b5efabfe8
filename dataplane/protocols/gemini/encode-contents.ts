// Turns as contents and the system instruction. What a model said in turns that follow each other is one content; results of
// functions stand in a content of their own, right behind the calls, and what else the user says stands in the next.
import type { Turn } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { encodeBlock, type Encoding, withBypass } from "./encode-parts.ts";
import { ownOf } from "./members.ts";

export interface Prompt {
  /** Parts; none: no instruction. */
  readonly system: readonly JsonObject[];
  /** What stands beside them. */
  readonly aboutSystem: JsonObject;
  readonly contents: readonly JsonObject[];
}

const isSystem = ({ role }: Turn): boolean => role === "system" || role === "developer";

const leadingCount = (turns: readonly Turn[]): number => {
  const first = turns.findIndex((turn) => !isSystem(turn));
  return first === -1 ? turns.length : first;
};

const isResult = (part: JsonObject): boolean => part["functionResponse"] !== undefined;

const contentOf = (role: "user" | "model", parts: readonly JsonObject[], about: JsonObject = {}): JsonObject[] => (parts.length === 0 ? [] : [{ role, parts: [...parts], ...about }]);

const userContents = (parts: readonly JsonObject[], about: JsonObject, isOwn: boolean): JsonObject[] =>
  isOwn ? contentOf("user", parts, about) : [...contentOf("user", parts.filter(isResult)), ...contentOf("user", parts.filter((part) => !isResult(part)))];

export const encodePrompt = (turns: readonly Turn[], encoding: Encoding, isOwn: boolean): Prompt => {
  const partsOf = (turn: Turn): JsonObject[] => turn.blocks.flatMap((block) => encodeBlock(block, encoding, isOwn));
  const count = leadingCount(turns);
  const leading = turns.slice(0, count);
  const system = leading.flatMap(partsOf);
  const aboutSystem: JsonObject = Object.assign({}, ...leading.map(ownOf));
  const contents: JsonObject[] = [];
  let said: JsonObject[] = [];
  let aboutSaid: JsonObject = {};
  const endTurn = (): void => {
    contents.push(...contentOf("model", encoding.needsSignatures && !isOwn ? withBypass(said) : said, aboutSaid));
    said = [];
    aboutSaid = {};
  };
  for (const turn of turns.slice(count)) {
    if (turn.role === "assistant") {
      said.push(...partsOf(turn));
      aboutSaid = { ...aboutSaid, ...ownOf(turn) };
      continue;
    }
    endTurn();
    contents.push(...userContents(partsOf(turn), ownOf(turn), isOwn));
  }
  endTurn();
  return { system, aboutSystem, contents };
};
