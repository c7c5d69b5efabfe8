// Which data planes count towards Programmed: the pods that exist and get traffic, with what each is known to run.
// A stream that breaks for a moment changes nothing about what a pod runs: for a while its last word stands.
import type { DataPlane } from "./conditions.ts";

export interface ServingPod {
  readonly uid: string;
  readonly name: string;
  readonly gateway: string;
}

export type ConnectedPlane = DataPlane & { readonly uid: string };

/** How long a pod without a stream is taken by its last word, and how long a new leader waits for all to come. */
export const GRACE_MS = 15_000;

interface Last {
  readonly plane: ConnectedPlane;
  /** Undefined while it is connected. */
  leftTick: number | undefined;
}

export class Roster {
  readonly #tick: () => number;
  readonly #startTick: number;
  readonly #last = new Map<string, Last>();

  /** `tick`: monotonic milliseconds. */
  constructor(tick: () => number) {
    this.#tick = tick;
    this.#startTick = tick();
  }

  look(pods: readonly ServingPod[], connected: readonly ConnectedPlane[]): DataPlane[] {
    const tick = this.#tick();
    const byUid = new Map(connected.map((plane) => [plane.uid, plane]));
    const serving = new Set(pods.map(({ uid }) => uid));
    for (const uid of this.#last.keys()) if (!serving.has(uid)) this.#last.delete(uid);
    return pods.map((pod) => {
      const plane = byUid.get(pod.uid);
      if (plane !== undefined) this.#last.set(pod.uid, { plane, leftTick: undefined });
      return plane ?? this.#absent(pod, tick);
    });
  }

  /** Whether nobody is waited for: all that serve are connected, or have had their time since this operator began to lead. */
  isComplete(pods: readonly ServingPod[], connected: readonly ConnectedPlane[]): boolean {
    if (this.#tick() - this.#startTick >= GRACE_MS) return true;
    const uids = new Set(connected.map(({ uid }) => uid));
    return pods.every(({ uid }) => uids.has(uid));
  }

  #absent(pod: ServingPod, tick: number): DataPlane {
    const last = this.#last.get(pod.uid);
    if (last !== undefined) last.leftTick ??= tick;
    if (last?.leftTick !== undefined && tick - last.leftTick < GRACE_MS) return last.plane;
    return { pod: pod.name, gateway: pod.gateway, version: "", isConnected: false };
  }
}
