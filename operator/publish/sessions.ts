// One data plane's stream, from its hello to its end: at most one push is under way, and the next is the newest.
// Nothing waits in a queue here, so that a slow reader costs one frame and nobody else notices.
import type { Channel } from "../../dataplane/snapshot/channel.ts";
import type { Problem } from "../../dataplane/snapshot/check.ts";
import { encodeMessage, type FromDataPlane, type Hello, type Nack, type Report } from "../../dataplane/snapshot/messages.ts";
import { commonFormat } from "../../dataplane/snapshot/formats.ts";
import { FORMAT } from "../../dataplane/snapshot/terms.ts";
import type { Audience } from "./audience.ts";
import type { Edition, Editions, Frame, Hearer } from "./editions.ts";

/** What is known of a connected data plane: what status and the terminal say about it. */
export interface DataPlaneState {
  readonly pod: string;
  readonly uid: string;
  readonly boot: string;
  readonly gateway: string;
  /** Of a sidecar: the namespace whose part of the gateway's snapshot it gets. */
  readonly namespace?: string;
  readonly build: string;
  /** Milliseconds since 1970. */
  readonly connectedAt: number;
  /** What it runs, "" for nothing; `since` when it said so. A sidecar's is the gateway's version that its part was cut from. */
  readonly version: string;
  readonly since: number;
  /** The last version that it refused and has not got over. */
  readonly rejection?: { readonly version: string; readonly problems: readonly Problem[] };
}

/** What happened, for whoever counts it. */
export type SessionEvent =
  | { readonly kind: "pushed"; readonly gateway: string; readonly isFull: boolean; readonly bytes: number }
  | { readonly kind: "answered"; readonly gateway: string; readonly isTaken: boolean; readonly tookMs: number };

export interface SessionParts {
  hello: Hello;
  audience: Audience;
  channel: Channel;
  editions: Editions;
  clock: { now(): number; tick(): number };
  /** A newer credential for this stream. */
  onRenew: (token: string) => void;
  observe: (event: SessionEvent) => void;
  /** Resolves when the report is durably counted. */
  count: (state: DataPlaneState, report: Report) => Promise<void>;
  /** After each answer. */
  onAnswer: (session: Session) => void;
  say: (message: string) => void;
}

interface Outstanding {
  readonly edition: Edition;
  readonly whole: string;
  readonly frame: Frame;
  readonly sentTick: number;
}

/** Who does not answer a push for so long is not going to: a new stream may help. */
const ANSWER_MS_MAX = 60_000;

/*
 * idle ── newest is not what it runs ──▶ pushing ── ack ──▶ idle
 *   ▲                                       ├── nack, full wanted, was a delta ──▶ pushing the full one
 *   └── nack: not again until a newer one ──┘
 */
export class Session {
  readonly hello: Hello;
  readonly hearer: Hearer;
  readonly #parts: SessionParts;
  readonly #connectedAt: number;
  readonly #isReadable: boolean;
  #version: string;
  #since: number;
  #rejection: DataPlaneState["rejection"];
  /** The version that it refused, as its own audience knows it. */
  #rejected = "";
  #outstanding: Outstanding | undefined;
  #isSynced = false;
  #isFullNext = false;
  #counting: Promise<void> = Promise.resolve();

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.hello = parts.hello;
    const format = commonFormat(parts.hello.formats, parts.editions.formers);
    this.#isReadable = format !== undefined;
    this.hearer = { audience: parts.audience, format: format ?? FORMAT };
    this.#version = parts.hello.version;
    this.#connectedAt = parts.clock.now();
    this.#since = this.#connectedAt;
    if (format === undefined) this.#rejection = { version: "", problems: [unreadable(parts.hello)] };
  }

  state(): DataPlaneState {
    const { pod, uid, boot, gateway, build } = this.hello;
    const { namespace } = this.hearer.audience;
    const version = this.#parts.editions.wholeVersion(this.hearer, this.#version);
    const rejection = this.#rejection === undefined ? {} : { rejection: this.#rejection };
    return { pod, uid, boot, gateway, ...(namespace !== undefined && { namespace }), build, connectedAt: this.#connectedAt, version, since: this.#since, ...rejection };
  }

  /** True when it runs the newest edition, or has refused it: nothing more is to be expected of it. */
  hasAnswered(wholeVersion: string): boolean {
    if (this.#rejection?.version === wholeVersion || !this.#isReadable) return true;
    return this.#isSynced && this.#parts.editions.wholeVersion(this.hearer, this.#version) === wholeVersion;
  }

  /** Pushes the newest edition, unless one is under way: then the answer to that one leads here again. */
  push(): void {
    if (this.#outstanding !== undefined || !this.#isReadable) return;
    const { editions, clock, channel, observe } = this.#parts;
    const newest = editions.newest(this.hearer.audience, this.hearer.format);
    if (newest === undefined) return;
    const whole = editions.wholeVersion(this.hearer, newest.version);
    if (this.#rejected === newest.version && !this.#isFullNext) return;
    // A data plane that runs the newest already is told so once, by an empty delta: it learns the epoch.
    if (this.#isSynced && this.#version === newest.version) return;
    const frame = editions.frame(this.hearer, this.#isFullNext ? "" : this.#version);
    if (frame === undefined) return;
    this.#isFullNext = false;
    this.#outstanding = { edition: newest, whole, frame, sentTick: clock.tick() };
    channel.send(frame.bytes);
    observe({ kind: "pushed", gateway: this.hello.gateway, isFull: frame.isFull, bytes: frame.bytes.length });
  }

  receive(message: FromDataPlane): void {
    if (message.type === "ack" || message.type === "nack") this.#answered(message);
    else if (message.type === "report") this.#reported(message);
    else if (message.type === "renew") this.#parts.onRenew(message.token);
    else if (message.type === "goaway") this.#parts.channel.close("it left");
  }

  /** Whether it has owed an answer for too long. */
  isOverdue(): boolean {
    return this.#outstanding !== undefined && this.#parts.clock.tick() - this.#outstanding.sentTick >= ANSWER_MS_MAX;
  }

  end(reason: string): void {
    this.#parts.channel.destroy(reason);
  }

  sendAway(retryAfterMs: number): void {
    this.#parts.channel.send(encodeMessage({ type: "goaway", retryAfterMs }));
    this.#parts.channel.close("sent away");
  }

  #answered(answer: Extract<FromDataPlane, { type: "ack" | "nack" }>): void {
    const pushed = this.#outstanding;
    // An answer to nothing that is under way says nothing about now.
    if (pushed === undefined || pushed.frame.nonce !== answer.nonce) return;
    this.#outstanding = undefined;
    const tookMs = this.#parts.clock.tick() - pushed.sentTick;
    this.#parts.observe({ kind: "answered", gateway: this.hello.gateway, isTaken: answer.type === "ack", tookMs });
    if (answer.type === "nack") this.#refused(pushed, answer);
    else {
      this.#isSynced = true;
      this.#rejection = undefined;
      this.#rejected = "";
      this.#runs(pushed.edition.version);
    }
    this.#parts.onAnswer(this);
    this.push();
  }

  #refused({ edition, whole, frame }: Outstanding, nack: Nack): void {
    this.#runs(nack.kept);
    this.#isFullNext = nack.isFullWanted && !frame.isFull;
    if (this.#isFullNext) return;
    this.#rejected = edition.version;
    this.#rejection = { version: whole, problems: nack.problems };
  }

  #runs(version: string): void {
    if (version === this.#version) return;
    this.#version = version;
    this.#since = this.#parts.clock.now();
  }

  // One after the other, so that a confirmed number confirms all below it.
  #reported(report: Report): void {
    this.#counting = this.#counting
      .then(() => this.#parts.count(this.state(), report))
      .then(() => this.#parts.channel.send(encodeMessage({ type: "confirm", sequence: report.sequence })))
      .catch((error: Error) => this.#parts.say(`a report of ${this.hello.pod} could not be counted, it will come again: ${error.message}`));
  }
}

const unreadable = (hello: Hello): Problem => ({
  object: "",
  path: "format",
  message: `it reads snapshots of the formats ${hello.formats.join(", ")}, this operator writes ${FORMAT}; run data plane and operator of one release`,
});
