// The part of the API server that status needs, played: it keeps what is written, each write takes its time, and it says
// when an object is told to run on every data plane.
import { setTimeout as sleep } from "node:timers/promises";
import { keyOf, type ObjectRef } from "../../../operator/world.ts";
import type { Observed, StatusParts } from "../../../operator/status/report.ts";

/** What a server-side apply takes on a cluster, about. */
const WRITE_MS = 3;

export class PlayedStatus {
  readonly #observed = new Map<string, Observed>();
  readonly #waiting = new Map<string, () => void>();
  #version = 1;
  writes = 0;

  observed(key: string): Observed {
    const known = this.#observed.get(key) ?? { version: "1", status: {} };
    this.#observed.set(key, known);
    return known;
  }

  readonly write: StatusParts["write"] = async (object: ObjectRef, _, status) => {
    await sleep(WRITE_MS);
    const key = keyOf(object);
    this.#version += 1;
    this.writes += 1;
    this.#observed.set(key, { version: String(this.#version), status });
    const conditions = Array.isArray(status["conditions"]) ? (status["conditions"] as { readonly type: string; readonly status: string }[]) : [];
    const isProgrammed = conditions.some(({ type, status: verdict }) => type === "Programmed" && verdict === "True");
    const waiting = isProgrammed ? this.#waiting.get(`${key} ${String(status["observedGeneration"])}`) : undefined;
    waiting?.();
    return String(this.#version);
  };

  /** Resolves when that generation of the object is told to be in force everywhere. */
  until(key: string, generation: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.clear();
      this.#waiting.set(`${key} ${generation}`, resolve);
    });
  }
}
