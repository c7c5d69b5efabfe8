// What the writers of one request share: where it goes, whose words it was said in, and what is lost on the way.
// It decides nothing.
import type { TargetModel } from "../codec.ts";
import { isTakenBy } from "../carrier.ts";
import type { Conversation, Loss, LossReason, Opaque } from "../ir.ts";
import { NAME } from "./names.ts";

export class Writing {
  readonly target: TargetModel;
  readonly losses: Loss[] = [];
  /** The client speaks this protocol too: what it wrote as a list stays one. */
  readonly isOwn: boolean;

  constructor({ protocol }: Conversation, target: TargetModel) {
    this.target = target;
    this.isOwn = protocol === NAME;
  }

  lose(path: string, reason: LossReason, severity: Loss["severity"] = "minor"): void {
    this.losses.push({ path: path === "" ? "messages" : path, reason, severity });
  }

  /** Those that the target's own vendor made; the others are told as one loss. */
  taken(opaques: readonly Opaque[] | undefined, at: string): readonly Opaque[] {
    if (opaques === undefined || opaques.length === 0) return [];
    const taken = opaques.filter(({ origin }) => isTakenBy(origin, this.target.origin));
    if (taken.length < opaques.length) this.lose(at, "foreign");
    return taken;
  }
}
