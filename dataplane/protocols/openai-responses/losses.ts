// The list of what could not be said, filled while a request or an answer is written. It judges nothing.
import type { Block, Loss, LossReason } from "../ir.ts";

export class Losses {
  readonly list: Loss[] = [];

  minor(path: string, reason: LossReason): void {
    this.list.push({ path: path === "" ? "request" : path, reason, severity: "minor" });
  }

  /** What stands with one vendor only is not with another. */
  block(block: Block): void {
    const isStored = "source" in block && block.source.kind === "stored";
    this.major(block.at, isStored || block.kind === "foreign" ? "foreign" : "unsupported");
  }

  major(path: string, reason: LossReason): void {
    this.list.push({ path: path === "" ? "request" : path, reason, severity: "major" });
  }
}
