// Blocks of an answer as parts for a client, one block after the other. What must come back with the history stands in the
// signature of the part that it belongs to, or of the next one: thinking itself is shown only to those who ask for it, and no
// client must send it back.
import type { Block, Conversation, Loss, Opaque, ReasoningBlock, ToolCallBlock } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { isWorth, signatureOf, signed, type Thought } from "./carry.ts";
import { type MediaBlock, soundType, writeMedia } from "./media.ts";
import { NAME } from "./members.ts";
import { argumentsOf } from "./results.ts";

const none: readonly Opaque[] = [];
/** Thinking that is longer is not carried: what a client has to send back has a limit. */
const CARRIED_CHARACTERS_MAX = 262_144;

export class PartWriter {
  readonly showsThoughts: boolean;
  readonly #hasTools: boolean;
  readonly #losses: Loss[];
  #thoughts: Thought[] = [];

  constructor(asked: Conversation, losses: Loss[]) {
    this.showsThoughts = asked.reasoning?.isShown === true;
    this.#hasTools = asked.tools.length > 0;
    this.#losses = losses;
  }

  write(block: Block): JsonObject[] {
    switch (block.kind) {
      case "text":
      case "refusal":
        return this.text(block.text, block.opaques);
      case "reasoning":
        return this.#reasoning(block);
      case "tool-call":
        return [this.call(block)];
      case "foreign":
        return this.#foreign(block);
      case "tool-result":
        return [];
      default:
        return this.#media(block);
    }
  }

  text(text: string, opaques: readonly Opaque[] = none): JsonObject[] {
    const signature = this.sign(opaques);
    return text === "" && signature === "" ? [] : [{ text, ...signed(signature) }];
  }

  call(block: ToolCallBlock): JsonObject {
    const { id, name } = block;
    return { functionCall: { ...(id === "" ? {} : { id }), name, args: argumentsOf(block) }, ...signed(this.sign(block.opaques ?? none)) };
  }

  /** What the next part has to carry. Models whose thinking is wanted back with their calls want it unsigned too. */
  hold(thought: Thought): void {
    const isNeeded = thought.opaques.some(isWorth) || (this.#hasTools && thought.text !== "");
    const isShort = thought.text.length <= CARRIED_CHARACTERS_MAX;
    if (isNeeded && isShort) this.#thoughts.push(thought);
    else if (isNeeded) this.#losses.push({ path: "content.parts.thought", reason: "limited", severity: "minor" });
  }

  /** The signature of a part that is written now. */
  sign(opaques: readonly Opaque[]): string {
    if (opaques.length === 0 && this.#thoughts.length === 0) return "";
    const signature = signatureOf(opaques, this.#thoughts);
    this.#thoughts = [];
    return signature;
  }

  /** Behind the last part: what no part was there to carry, if anybody wants it back. */
  rest(): JsonObject[] {
    const isWanted = this.#thoughts.some(({ opaques }) => opaques.some(isWorth));
    return isWanted ? this.text("") : [];
  }

  #reasoning({ text, isSummary, opaques }: ReasoningBlock): JsonObject[] {
    this.hold({ text, isSummary, opaques: opaques ?? none });
    return this.showsThoughts && text !== "" ? [{ text, thought: true }] : [];
  }

  #foreign(block: Extract<Block, { kind: "foreign" }>): JsonObject[] {
    if (block.protocol === NAME) return [block.value];
    this.#losses.push({ path: `content.parts.${block.type}`, reason: "unsupported", severity: "minor" });
    return this.text(block.text);
  }

  #media(block: MediaBlock): JsonObject[] {
    if (block.kind === "audio" && block.transcript !== undefined) this.#losses.push({ path: "content.parts.inlineData.transcript", reason: "unsupported", severity: "minor" });
    const part = writeMedia(block);
    if (part !== null) return [{ ...part, ...signed(this.sign(block.opaques ?? none)) }];
    this.#losses.push({ path: `content.parts.${block.kind}`, reason: "foreign", severity: "major" });
    return [];
  }
}

/** A piece of a sound. */
export const soundPart = (format: string, data: string): JsonObject => ({ inlineData: { mimeType: soundType(format), data } });
