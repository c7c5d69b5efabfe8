// What this data plane runs, and its answer to each push: a new snapshot is taken whole or not at all.
// It knows neither streams nor files; whoever made it says how a snapshot is applied and kept.
import { snapshotVersion } from "../snapshot/canonical.ts";
import { checkSnapshot, type Checked, type Problem } from "../snapshot/check.ts";
import { applyDelta } from "../snapshot/delta.ts";
import type { Ack, DeltaPush, Nack, Push, SnapshotPush } from "../snapshot/messages.ts";
import type { Snapshot } from "../snapshot/schema.ts";

export interface Held {
  readonly snapshot: Snapshot;
  readonly version: string;
  readonly epoch: number;
}

/** Empty: taken, in force from now on. Otherwise what was in force before still is. */
export type Apply = (snapshot: Snapshot, version: string) => Problem[];

export interface CurrentParts {
  gateway: string;
  apply: Apply;
  /** Called with each snapshot that was taken, and again when its epoch rises. */
  keep: (held: Held) => void;
}

const PROBLEMS_MAX = 100;
const WORDS_MAX = 2000;

export class Current {
  readonly #parts: CurrentParts;
  #held: Held | undefined;
  #epoch = 0;

  constructor(parts: CurrentParts) {
    this.#parts = parts;
  }

  get version(): string {
    return this.#held?.version ?? "";
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** The last good snapshot of an earlier life, before the operator has answered. */
  restore(held: Held): Problem[] {
    const problems = held.snapshot.gateway === this.#parts.gateway ? this.#apply(held.snapshot, held.version) : [wrongGateway(held.snapshot.gateway, this.#parts.gateway)];
    if (problems.length > 0) return problems;
    this.#held = held;
    this.#epoch = held.epoch;
    return [];
  }

  take(push: Push): Ack | Nack {
    // An epoch is one operator's time of authority: an older one is a replica that does not know it lost it.
    if (push.epoch < this.#epoch) return this.#refusal(push, [whole(`epoch ${push.epoch} is older than ${this.#epoch}, which this data plane has seen`)]);
    return push.type === "delta" ? this.#takeDelta(push) : this.#takeFull(push);
  }

  #takeFull(push: SnapshotPush): Ack | Nack {
    const checked = checkSnapshot(push.full);
    if (checked.snapshot === undefined) return this.#refusal(push, checked.problems);
    if (snapshotVersion(checked.snapshot) !== push.version) return this.#refusal(push, [whole(`its content does not have the hash ${push.version}`)]);
    return this.#swap(push, checked);
  }

  #takeDelta(push: DeltaPush): Ack | Nack {
    const held = this.#held;
    if (held?.version !== push.base) return this.#refusal(push, [whole(`the change builds on ${push.base}, which is not what is held`)], true);
    const checked = applyDelta(held.snapshot, push.change);
    if (checked.snapshot === undefined) return this.#refusal(push, checked.problems);
    if (snapshotVersion(checked.snapshot) !== push.version) return this.#refusal(push, [whole(`after the change the content does not have the hash ${push.version}`)], true);
    return this.#swap(push, checked);
  }

  #swap(push: Push, { snapshot }: Required<Pick<Checked, "snapshot">>): Ack | Nack {
    if (snapshot.gateway !== this.#parts.gateway) return this.#refusal(push, [wrongGateway(snapshot.gateway, this.#parts.gateway)]);
    const isNew = push.version !== this.version;
    const problems = isNew ? this.#apply(snapshot, push.version) : [];
    if (problems.length > 0) return this.#refusal(push, problems);
    if (isNew || push.epoch > this.#epoch) {
      this.#held = { snapshot: isNew || this.#held === undefined ? snapshot : this.#held.snapshot, version: push.version, epoch: push.epoch };
      this.#epoch = push.epoch;
      this.#parts.keep(this.#held);
    }
    return { type: "ack", nonce: push.nonce, version: push.version };
  }

  #apply(snapshot: Snapshot, version: string): Problem[] {
    try {
      return this.#parts.apply(snapshot, version);
    } catch (error) {
      return [whole(`it could not be applied: ${error instanceof Error ? error.message : "a failure without words"}`)];
    }
  }

  #refusal(push: Push, problems: readonly Problem[], isFullWanted = false): Nack {
    return { type: "nack", nonce: push.nonce, kept: this.version, problems: problems.slice(0, PROBLEMS_MAX).map(bounded), isFullWanted };
  }
}

const whole = (message: string): Problem => ({ object: "", path: "", message });

const wrongGateway = (actual: string, expected: string): Problem => ({ object: "", path: "gateway", message: `it is for the gateway ${actual}; this data plane belongs to ${expected}` });

const bounded = ({ object, path, message }: Problem): Problem => ({ object: object.slice(0, 1300), path: path.slice(0, WORDS_MAX), message: message.slice(0, WORDS_MAX) });
