// What the concerns of fit/ share while one conversation is made to fit: where it goes, what that side can carry, and the
// lists that they add to. It decides nothing about any concern.
import type { Abilities } from "../abilities.ts";
import type { ClientCodec, TargetModel } from "../codec.ts";
import type { Conversation, Field, Loss, LossReason } from "../ir.ts";
import type { UndoStep } from "./undo.ts";

/** Bytes that somebody must fetch before the conversation can be encoded: its target takes no URLs. */
export interface MediaFetch {
  readonly url: string;
  readonly kind: "image" | "file" | "audio";
  /** In the client's words, for the message when it cannot be fetched. */
  readonly at: string;
}

/** What the client's protocol calls things, and which of its own words matter. */
export type ClientWords = Pick<ClientCodec, "fieldNames" | "majorExtras" | "quietExtras">;

/** One concern: gives the conversation back, the very same when there is nothing to do. */
export type Concern = (conversation: Conversation, fitting: Fitting) => Conversation;

export class Fitting {
  readonly target: TargetModel;
  readonly abilities: Abilities;
  readonly client: ClientWords;
  /** What the target speaks. */
  readonly protocol: string;
  readonly losses: Loss[] = [];
  fetches: MediaFetch[] = [];
  /** In the order in which they were done, which is the reverse of that in which they are undone. */
  readonly steps: UndoStep[] = [];

  constructor(target: TargetModel, abilities: Abilities, client: ClientWords) {
    this.target = target;
    this.abilities = abilities;
    this.client = client;
    const slash = target.origin.indexOf("/");
    this.protocol = slash === -1 ? target.origin : target.origin.slice(0, slash);
  }

  /** For what was fetched: it is judged as if it had come so. */
  again(): this {
    this.fetches = [];
    return this;
  }

  lose(path: string, reason: LossReason, severity: Loss["severity"]): void {
    this.losses.push({ path: path === "" ? "request" : path, reason, severity });
  }

  loseField(field: Field, reason: LossReason, severity: Loss["severity"]): void {
    this.lose(this.client.fieldNames[field], reason, severity);
  }
}
