// Writes the status of each object to the cluster: only what changed, verdicts before counts, never faster than is good for the server.
// Always from the newest that is known, so that what happened while a write waited is in it. Only a leader writes.
import { isConflict, isForbidden, isNotFound, KubeFailure, wordsOfFailure } from "../kube/failure.ts";
import { own, type ObjectRef, type World } from "../world.ts";
import { advanceHistory, standingText, statusOf, type DataPlane, type History, type Report } from "./conditions.ts";
import { conditionsIn, isTold, isUrgent, sendable, turnsBetween, type Status, type Turn } from "./difference.ts";
import { fieldsFor, type PublishedRoutes } from "./fields.ts";
import { Pace } from "./pace.ts";
import { Settled, type Grounds } from "./settled.ts";
import { Roster, type ConnectedPlane, type ServingPod } from "./roster.ts";

export interface Observed {
  readonly version: string;
  readonly status: Readonly<Record<string, unknown>>;
}

export interface Facts {
  readonly world: World;
  readonly reports: Readonly<Record<string, Report>>;
  readonly snapshots: PublishedRoutes;
  /** By gateway: the version of its newest snapshot. */
  readonly versions: Readonly<Record<string, string>>;
}

export interface StatusParts {
  /** As the cluster has the object now; undefined when it is gone. */
  readonly observed: (key: string) => Observed | undefined;
  readonly serving: () => readonly ServingPod[];
  readonly connected: () => readonly ConnectedPlane[];
  /** Whether every connected data plane has answered the newest: then nothing better is to be expected of a moment's wait. */
  readonly isSettled: () => boolean;
  /** Server-side apply on top of that version and no other; resolves to the version that it made. */
  readonly write: (object: ObjectRef, version: string, status: Readonly<Record<string, unknown>>) => Promise<string>;
  readonly isLeading: () => boolean;
  readonly news: (key: string, object: ObjectRef, turn: Turn) => void;
  readonly clock: { now(): number; tick(): number; after(delayMs: number, run: () => void): () => void };
  readonly random: () => number;
  readonly say: (message: string) => void;
  readonly observe: (outcome: "written" | "conflict" | "gone" | "failed" | "disputed") => void;
}

const LOOK_MS = 50;
/** A look at thousands of objects takes its time; it may have this share of it. */
const LOOK_SHARE = 10;
/** For the acks that most changes get within moments: one write instead of two. */
const SETTLE_MS_MAX = 500;
const LAZY_MS = 5000;
const REGULAR_MS = 5000;
const UNDER_WAY_MAX = 8;
const RETRY_MS = 2000;
const RETRY_MS_MAX = 30_000;
const FORBIDDEN_MS = 60_000;
const FIGHTS_TOLD = 3;

const ownKinds: readonly string[] = ["LLMProvider", "LLMRoute", "LLMBudget"];

interface Desired {
  readonly report: Report;
  /** On which the status is written: of an object that was deleted and made anew it would be a lie. */
  readonly version: string;
  readonly status: Status;
  readonly told: Observed["status"];
}

interface Written {
  /** The version that it was written on, and the one that it made. */
  readonly base: string;
  readonly version: string;
  readonly status: Status;
}

/* dirty ── look ──▶ said already │ first │ urgent │ lazy (5 s) ── pace ──▶ under way ──▶ written, and dirty again if it changed meanwhile */
export class StatusReporter {
  readonly #parts: StatusParts;
  readonly #roster: Roster;
  readonly #pace: Pace;
  readonly #dirty = new Set<string>();
  #isAllDirty = false;
  readonly #settled = new Settled();
  /** Nobody has said anything about this generation yet: somebody may be waiting at a terminal. */
  readonly #first = new Set<string>();
  readonly #urgent = new Set<string>();
  readonly #lazy = new Map<string, number>();
  readonly #underWay = new Set<string>();
  readonly #written = new Map<string, Written>();
  readonly #secrets = new Map<string, string>();
  #history: History = {};
  #facts: Facts | undefined;
  #planes: readonly DataPlane[] = [];
  #reportedTick = 0;
  #failures = 0;
  #lookTookMs = 0;
  #cancelLook: (() => void) | undefined;
  #cancelPump: (() => void) | undefined;
  #cancelRegular = (): void => undefined;
  #isClosed = false;

  constructor(parts: StatusParts) {
    this.#parts = parts;
    this.#roster = new Roster(() => parts.clock.tick());
    this.#pace = new Pace(() => parts.clock.tick());
    this.#regularly();
  }

  /** After each compile. */
  report(facts: Facts): void {
    this.#facts = facts;
    this.#reportedTick = this.#parts.clock.tick();
    this.#history = advanceHistory(this.#history, facts.reports, facts.versions);
    for (const key of this.#written.keys()) if (!Object.hasOwn(facts.reports, key)) this.#forget(key);
    this.#settled.keepOnly(facts.reports);
    this.#tellOfSecrets(facts);
    this.#markAll();
  }

  /** A data plane came, left or answered, or a pod did. */
  planesChanged(): void {
    this.#markAll();
  }

  /** The status of the object is another than it was, whoever changed it. */
  seen(key: string): void {
    if (this.#facts === undefined) return;
    this.#dirty.add(key);
    this.#lookLater(LOOK_MS);
  }

  /** How many writes wait or are under way. */
  get waiting(): number {
    return this.#first.size + this.#urgent.size + this.#lazy.size + this.#underWay.size;
  }

  /** What counts towards Programmed now. */
  planes(): readonly DataPlane[] {
    return this.#planes;
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelLook?.();
    this.#cancelPump?.();
    this.#cancelRegular();
  }

  // Of hundreds of data planes each answers every push: who is meant is worked out once, at the look.
  #markAll(): void {
    if (this.#facts === undefined) return;
    this.#isAllDirty = true;
    this.#lookLater(LOOK_MS);
  }

  #takeDirty(): string[] {
    const all = this.#isAllDirty ? Object.entries(this.#facts?.reports ?? {}).flatMap(([key, { object }]) => (ownKinds.includes(object.kind) ? [key] : [])) : [];
    const keys = [...new Set([...all, ...this.#dirty])];
    this.#isAllDirty = false;
    this.#dirty.clear();
    return keys;
  }

  // What runs out by itself, such as the patience with a pod without a stream, is found by looking.
  #regularly(): void {
    this.#cancelRegular = this.#parts.clock.after(REGULAR_MS, () => {
      this.#markAll();
      this.#regularly();
    });
  }

  #lookLater(delayMs: number): void {
    if (this.#isClosed) return;
    this.#cancelLook ??= this.#parts.clock.after(Math.max(delayMs, this.#lookTookMs * LOOK_SHARE), () => {
      this.#cancelLook = undefined;
      this.#look();
    });
  }

  #look(): void {
    const { clock, serving, connected, isSettled, isLeading } = this.#parts;
    if (!isLeading()) return;
    const [pods, streams] = [serving(), connected()];
    const isEarly = !isSettled() && clock.tick() - this.#reportedTick < SETTLE_MS_MAX;
    if (isEarly || !this.#roster.isComplete(pods, streams)) return this.#lookLater(LOOK_MS);
    const startTick = clock.tick();
    this.#planes = this.#roster.look(pods, streams);
    for (const key of this.#takeDirty()) this.#sort(key);
    this.#lookTookMs = clock.tick() - startTick;
    this.#pump();
  }

  // Of thousands of objects nearly all have been looked at before, and nothing about them is different.
  #sort(key: string): void {
    const grounds = this.#groundsOf(key);
    if (grounds === undefined || this.#settled.isStill(key, grounds)) return this.#unqueue(key);
    const desired = this.#desired(key);
    const dueTick = this.#lazy.get(key) ?? this.#parts.clock.tick() + LAZY_MS;
    this.#unqueue(key);
    if (desired === undefined) return;
    if (isTold(desired.status, desired.told)) return this.#settled.note(key, grounds);
    if (desired.told["observedGeneration"] !== desired.status["observedGeneration"]) this.#first.add(key);
    else if (isUrgent(desired.status, desired.told)) this.#urgent.add(key);
    else this.#lazy.set(key, dueTick);
  }

  #unqueue(key: string): void {
    this.#first.delete(key);
    this.#urgent.delete(key);
    this.#lazy.delete(key);
  }

  /** All that the verdict whether a status is told already depends on. */
  #groundsOf(key: string): Grounds | undefined {
    const report = this.#facts?.reports[key];
    const observed = this.#parts.observed(key);
    if (this.#facts === undefined || report === undefined || observed === undefined) return undefined;
    const { object: { namespace, name } } = report;
    const { routes, budgets } = this.#facts.world;
    const id = `${namespace}/${name}`;
    const standing = standingText({ key, report, history: this.#history, dataPlanes: this.#planes });
    return [report, this.#believed(key, observed).status, own(routes, id), own(budgets, id), standing];
  }

  #desired(key: string): Desired | undefined {
    const report = this.#facts?.reports[key];
    const observed = this.#parts.observed(key);
    if (this.#facts === undefined || report === undefined || observed === undefined) return undefined;
    const { version, status: told } = this.#believed(key, observed);
    const time = new Date(this.#parts.clock.now()).toISOString().replace(/\.\d+Z$/, "Z");
    const common = statusOf({ key, report, history: this.#history, dataPlanes: this.#planes, previous: conditionsIn(told), time });
    return { report, version, told, status: { ...common, ...fieldsFor(report.object, this.#facts.world, this.#facts.snapshots, report) } };
  }

  /** What we wrote is newer than what it was written on. Whatever else is seen there came after it. */
  #believed(key: string, observed: Observed): { version: string; status: Observed["status"] } {
    const written = this.#written.get(key);
    return written?.base === observed.version ? written : observed;
  }

  #pump(): void {
    this.#cancelPump?.();
    this.#cancelPump = undefined;
    if (this.#isClosed || !this.#parts.isLeading()) return;
    let askMs = Infinity;
    for (const key of this.#due()) {
      if (this.#underWay.has(key)) continue;
      if (this.#underWay.size >= UNDER_WAY_MAX) return;
      const ownMs = this.#pace.waitFor(key);
      const waitMs = ownMs > 0 ? ownMs : this.#pace.wait();
      askMs = waitMs > 0 ? Math.min(askMs, waitMs) : askMs;
      if (waitMs > 0 && ownMs === 0) break;
      if (waitMs === 0) void this.#write(key);
    }
    const tick = this.#parts.clock.tick();
    const nextLazy = [...this.#lazy.values()].find((dueTick) => dueTick > tick);
    if (nextLazy !== undefined) askMs = Math.min(askMs, nextLazy - tick);
    if (askMs !== Infinity) this.#cancelPump = this.#parts.clock.after(askMs, () => this.#pump());
  }

  #due(): string[] {
    const tick = this.#parts.clock.tick();
    return [...this.#first, ...this.#urgent, ...[...this.#lazy].filter(([, dueTick]) => dueTick <= tick).map(([key]) => key)];
  }

  async #write(key: string): Promise<void> {
    this.#unqueue(key);
    const desired = this.#desired(key);
    if (desired === undefined || isTold(desired.status, desired.told)) return;
    const { report, status, told } = desired;
    this.#underWay.add(key);
    try {
      const version = await this.#parts.write(report.object, desired.version, sendable(status));
      this.#failures = 0;
      this.#parts.observe("written");
      this.#paced(key, status);
      this.#written.set(key, { base: desired.version, version, status });
      for (const turn of turnsBetween(told, status)) this.#parts.news(key, report.object, turn);
    } catch (error) {
      this.#failed(key, error);
    }
    this.#underWay.delete(key);
    this.seen(key);
    this.#pump();
  }

  // Written before, seen, and gone again: somebody else writes here too.
  #paced(key: string, status: Status): void {
    const before = this.#written.get(key);
    const fights = this.#pace.wrote(key, before !== undefined && isTold(status, before.status));
    if (fights > 0) this.#parts.observe("disputed");
    if (fights === FIGHTS_TOLD) this.#parts.say(`the status of ${key} is changed by somebody else again and again; it is written less and less often`);
  }

  #failed(key: string, error: unknown): void {
    if (isNotFound(error) || isConflict(error)) {
      // Deleted, or edited this moment, which will be seen in the next.
      this.#parts.observe(isNotFound(error) ? "gone" : "conflict");
      return this.#pace.refused(key);
    }
    this.#parts.observe("failed");
    if (this.#failures === 0) this.#parts.say(`the status of ${key} cannot be written: ${wordsOfFailure(error)}`);
    const growingMs = Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** Math.min(this.#failures, 10)) * (0.5 + 0.5 * this.#parts.random());
    this.#failures += 1;
    const retryAfterMs = error instanceof KubeFailure ? (error.retryAfterMs ?? 0) : 0;
    this.#pace.pause(isForbidden(error) ? FORBIDDEN_MS : Math.max(growingMs, retryAfterMs));
  }

  #forget(key: string): void {
    this.#written.delete(key);
    this.#pace.forget(key);
    this.#unqueue(key);
  }

  /** A caller's Secret has no status of ours; what is wrong with it is told as an Event, once for as long as it is so. */
  #tellOfSecrets({ reports }: Facts): void {
    for (const [key, { object, findings }] of Object.entries(reports)) {
      const first = findings.find(({ severity }) => severity === "error");
      if (object.kind !== "Secret" || first === undefined) continue;
      const note = findings.map(({ message }) => message).join("; ");
      if (this.#secrets.get(key) !== note) this.#parts.news(key, object, { type: "Warning", reason: first.reason, note });
      this.#secrets.set(key, note);
    }
    for (const key of this.#secrets.keys()) if (!Object.hasOwn(reports, key)) this.#secrets.delete(key);
  }
}
