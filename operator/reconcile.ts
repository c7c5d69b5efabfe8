// THE STORY of the operator: look at the world, compile it, publish what changed, report.
// Many changes at once are one pass, and passes never overlap. It does not know a folder from a cluster.
import type { Publication } from "./publish/editions.ts";
import type { Snapshot } from "../dataplane/snapshot/schema.ts";
import type { Compiled } from "./compile/compile.ts";
import { isEmpty, massDeletion } from "./watch/world.ts";
import type { World } from "./world.ts";

export interface Outcome {
  readonly world: World;
  readonly compiled: Compiled;
  readonly publications: readonly Publication[];
  /** When the first of the changes that this pass covers was seen. */
  readonly changedTick: number;
}

export interface ReconcileParts {
  /** The newest that is known; never waits. */
  look: () => World;
  compile: (world: World) => Compiled;
  publish: (snapshots: Iterable<Snapshot>) => Publication[];
  report: (outcome: Outcome) => void;
  clock: { tick(): number; after(delayMs: number, run: () => void): () => void };
  /** How long after a mass deletion the second look is. */
  secondLookMs: number;
  /** A pass was put off, because most objects vanished at once. */
  held?: () => void;
  say: (message: string) => void;
}

export interface Reconciler {
  /** Something is different from the last pass, or may be; `seenTick` is when that was first heard of, absent: now. */
  changed(seenTick?: number): void;
  /** Nobody has published anything yet, so that a world without objects takes nothing from anybody. */
  beginsEmpty(): void;
  close(): void;
}

const QUIET_MS = 20;
const WAIT_MS_MAX = 500;

/* idle ── changed ──▶ gathering ── 20 ms of quiet, or 500 ms in all ──▶ pass ──▶ idle */
export const startReconcile = (parts: ReconcileParts): Reconciler => {
  const { clock } = parts;
  const guard = new DeletionGuard();
  let changedTick: number | undefined;
  let gatheringTick: number | undefined;
  let cancel = (): void => undefined;
  let cancelSecondLook = (): void => undefined;

  const pass = (isSecondLook: boolean): void => {
    const seenTick = changedTick ?? clock.tick();
    changedTick = undefined;
    gatheringTick = undefined;
    cancelSecondLook();
    const world = parts.look();
    const gone = isSecondLook ? undefined : guard.objection(world);
    if (gone !== undefined) {
      parts.held?.();
      parts.say(`${gone}; the last good configuration stays in force until a second look in ${parts.secondLookMs / 1000} s`);
      cancelSecondLook = clock.after(parts.secondLookMs, () => attempt(true));
      return;
    }
    const compiled = parts.compile(world);
    const publications = parts.publish(Object.values(compiled.snapshots));
    guard.accept(world);
    parts.report({ world, compiled, publications, changedTick: seenTick });
  };

  // What a poisoned object makes of one pass must not end the operator; what was published stays.
  const attempt = (isSecondLook: boolean): void => {
    try {
      pass(isSecondLook);
    } catch (error) {
      parts.say(`this change could not be compiled, the last good configuration stays in force: ${error instanceof Error ? (error.stack ?? error.message) : "a failure without words"}`);
    }
  };

  const changed = (seenTick?: number): void => {
    const tick = clock.tick();
    changedTick ??= seenTick ?? tick;
    gatheringTick ??= tick;
    cancel();
    cancel = clock.after(Math.max(0, Math.min(QUIET_MS, gatheringTick + WAIT_MS_MAX - tick)), () => attempt(false));
  };

  return {
    changed,
    beginsEmpty: () => {
      guard.expectNothing();
      changed();
    },
    close: () => {
      cancel();
      cancelSecondLook();
    },
  };
};

/** A wiped store must not stop the traffic: when more than half of all objects are gone at once, somebody looks again. */
class DeletionGuard {
  #known: World | undefined;
  #isNothingExpected = false;

  expectNothing(): void {
    this.#isNothingExpected = true;
  }

  objection(world: World): string | undefined {
    // The first look of a new operator has nothing to compare with; only nothing at all is suspect.
    if (this.#known === undefined) return isEmpty(world) && !this.#isNothingExpected ? "there is no object at all" : undefined;
    const deletion = massDeletion(this.#known, world);
    return deletion === null ? undefined : `${deletion.gone} of ${deletion.known} objects are gone at once`;
  }

  accept(world: World): void {
    this.#known = world;
  }
}
