// All sessions of data planes: who is let in, whom a change concerns, and who has to go.
// It never waits for one of them, and what each is sent is the session's matter.
import type { Http2Session, IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { openChannel, type Channel, type Timer } from "../../dataplane/snapshot/channel.ts";
import { FEED_CONTENT_TYPE, FEED_PATH, REFUSAL_HEADER, readFromDataPlane, type FromDataPlane, type Hello, type Report } from "../../dataplane/snapshot/messages.ts";
import type { Snapshot } from "../../dataplane/snapshot/schema.ts";
import { audienceKey, type Audience } from "./audience.ts";
import type { Claims, Refusal } from "./authenticate.ts";
import type { Lowering } from "../../dataplane/snapshot/formats.ts";
import { Editions, hearerKey, type Publication } from "./editions.ts";
import { Leases } from "./leases.ts";
import { Session, type DataPlaneState, type SessionEvent } from "./sessions.ts";

export type PushEvent =
  | SessionEvent
  /** A credential or a hello that was refused: why, in one word from a short list. */
  | { readonly kind: "refused"; readonly reason: string }
  /** A stream that was ended from here. */
  | { readonly kind: "ended"; readonly reason: "unrenewed" | "refused" | "overdue" };

export interface HubParts {
  authorize: (authorization: string | undefined) => Promise<Claims | Refusal>;
  /** Orders the operators of one fleet: higher is newer. */
  epoch: number;
  /**
   * Asked when a data plane has seen a higher epoch: whether this operator is the leader all the same, by the store itself and now.
   * That happens after the store was set back to an older state. Absent: it is not.
   */
  confirmLeadership?: () => Promise<boolean>;
  clock: Timer & { now(): number; tick(): number };
  random: () => number;
  count: (state: DataPlaneState, report: Report) => Promise<void>;
  /** A data plane came, left or answered. */
  onChange: (state: DataPlaneState, what: "connected" | "left" | "answered") => void;
  /** Absent: the former formats that this build can write. */
  formers?: ReadonlyMap<number, Lowering>;
  /** For metrics. */
  observe?: (event: PushEvent) => void;
  say: (message: string) => void;
}

export const HELLO_MS_MAX = 10_000;
const FRAME_BYTES_MAX = 16_777_216;
/** Spread of reconnects after a shutdown: a handshake takes a third of it, and all are back within ten seconds. */
const SPREAD_MS_EACH = 10;
const SPREAD_MS_MAX = 8000;
const SWEEP_MS = 5000;
/** How often the credential of an open stream is looked at again; and one that is over by our own clock, which may be wrong. */
const RECHECK_MS = 300_000;
const RECHECK_OVER_MS = 30_000;
/** Beyond the end of a token, for clocks that differ. */
const LEEWAY_MS = 60_000;
const CONFIRM_MS = 1000;
const SAID_MS = 60_000;
const SAID_MAX = 1000;

interface Guest {
  readonly session: Session;
  /** What it showed last. */
  authorization: string | undefined;
  claims: Claims;
  lookedTick: number;
}

export class Hub {
  readonly #parts: HubParts;
  readonly #editions: Editions;
  readonly #leases: Leases;
  /** By gateway, namespace and pod: a pod has one stream, the newest. */
  readonly #guests = new Map<string, Guest>();
  readonly #hearers = new Map<string, number>();
  readonly #serving = new WeakSet<Http2Session>();
  readonly #gateways = new Set<string>();
  #confirming: { readonly answer: Promise<boolean>; readonly tick: number } | undefined;
  #cancelSweep: (() => void) | undefined;
  /** What was said of those who were turned away, and when. */
  readonly #said = new Map<string, number>();
  #isClosing = false;

  constructor(parts: HubParts) {
    this.#parts = parts;
    this.#editions = new Editions(parts.epoch, parts.formers);
    this.#leases = new Leases(() => parts.clock.tick());
  }

  get epoch(): number {
    return this.#editions.epoch;
  }

  publish(snapshots: Iterable<Snapshot>): Publication[] {
    const publications = [...snapshots].map((snapshot) => this.#editions.publish(snapshot)).filter((publication) => publication !== undefined);
    const gateways = new Set(publications.map(({ edition }) => edition.gateway));
    for (const gateway of gateways) this.#gateways.add(gateway);
    for (const { session } of this.#guests.values()) if (gateways.has(session.hello.gateway)) session.push();
    return publications;
  }

  dataPlanes(): DataPlaneState[] {
    return [...this.#guests.values()].map(({ session }) => session.state());
  }

  versions(): Record<string, string> {
    return Object.fromEntries([...this.#gateways].map((gateway) => [gateway, this.#editions.newest({ gateway })?.version ?? ""]));
  }

  isSettled(gateway: string, version: string): boolean {
    return [...this.#guests.values()].every(({ session }) => session.hello.gateway !== gateway || session.hasAnswered(version));
  }

  isServing(connection: Http2Session): boolean {
    return this.#serving.has(connection);
  }

  /** Sends everybody away, spread over time. */
  close(): void {
    this.#isClosing = true;
    this.#cancelSweep?.();
    const spreadMs = Math.min(SPREAD_MS_MAX, SPREAD_MS_EACH * this.#guests.size);
    for (const { session } of this.#guests.values()) session.sendAway(Math.floor(this.#parts.random() * spreadMs));
  }

  async accept(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    stream.on("error", () => undefined);
    if (headers[":method"] !== "POST" || headers[":path"] !== FEED_PATH) return refuse(stream, 404, "");
    const { authorization } = headers;
    const verdict = await this.#judge(authorization);
    if (stream.destroyed) return;
    if ("refusal" in verdict) {
      this.#parts.observe?.({ kind: "refused", reason: verdict.refusal });
      this.#complain(`a data plane is turned away: ${verdict.message}`);
      return refuse(stream, verdict.refusal === "unavailable" ? 503 : 401, verdict.refusal);
    }
    if (this.#isClosing) return refuse(stream, 503, "closing");
    if (stream.session !== undefined) this.#serving.add(stream.session);
    stream.respond({ ":status": 200, "content-type": FEED_CONTENT_TYPE });
    this.#converse(stream, authorization, verdict);
  }

  #judge(authorization: string | undefined): Promise<Claims | Refusal> {
    return this.#parts.authorize(authorization).catch(() => ({ refusal: "unavailable", message: "its credential could not be looked at" }));
  }

  #converse(stream: ServerHttp2Stream, authorization: string | undefined, claims: Claims): void {
    let guest: Guest | undefined;
    const cancel = this.#parts.clock.after(HELLO_MS_MAX, () => channel.destroy("it said no hello in time"));
    const channel: Channel = openChannel<FromDataPlane>({
      stream,
      timer: this.#parts.clock,
      read: readFromDataPlane,
      isPinging: false,
      frameBytesMax: FRAME_BYTES_MAX,
      onMessage: (message) => {
        if (guest !== undefined) guest.session.receive(message);
        else if (message.type === "hello") {
          cancel();
          guest = this.#welcome(channel, message, authorization, claims);
        } else channel.destroy("its first message was not a hello");
      },
      onEnd: (reason) => {
        cancel();
        if (guest !== undefined) this.#left(guest.session, reason);
      },
    });
  }

  #welcome(channel: Channel, hello: Hello, authorization: string | undefined, claims: Claims): Guest | undefined {
    const audience = this.#judgeHello(hello, claims);
    if ("refusal" in audience) {
      this.#parts.observe?.({ kind: "refused", reason: audience.refusal });
      this.#complain(`data plane ${hello.pod} is turned away: ${audience.message}`);
      channel.destroy(audience.message);
      return undefined;
    }
    const guest: Guest = { session: this.#open(channel, hello, audience), authorization, claims, lookedTick: this.#parts.clock.tick() };
    const key = keyOf(guest.session);
    this.#guests.get(key)?.session.end("the same pod opened another stream");
    this.#guests.set(key, guest);
    const hearers = hearerKey(guest.session.hearer);
    this.#hearers.set(hearers, (this.#hearers.get(hearers) ?? 0) + 1);
    this.#leases.told(`${hello.uid}/${hello.boot}`, hello.leases);
    this.#cancelSweep ??= this.#parts.clock.after(SWEEP_MS, () => this.#sweep());
    this.#parts.onChange(guest.session.state(), "connected");
    guest.session.push();
    return guest;
  }

  #open(channel: Channel, hello: Hello, audience: Audience): Session {
    const { clock, count, onChange, observe = () => undefined } = this.#parts;
    return new Session({
      hello,
      audience,
      channel,
      editions: this.#editions,
      clock,
      count,
      onAnswer: (answering) => onChange(answering.state(), "answered"),
      onRenew: (token) => void this.#recheck(hello, `Bearer ${token}`),
      observe,
      say: this.#parts.say,
    });
  }

  #judgeHello(hello: Hello, claims: Claims): Audience | Refusal {
    if ((claims.pod ?? hello.pod) !== hello.pod || (claims.uid ?? hello.uid) !== hello.uid) return { refusal: "other-pod", message: "its credential belongs to another pod" };
    const audience = audienceOf(hello, claims);
    if ("refusal" in audience || hello.epoch <= this.epoch) return audience;
    this.#confirm(hello.epoch);
    return { refusal: "old-epoch", message: `it has seen the epoch ${hello.epoch}, and this operator has only ${this.epoch}: another one has taken over` };
  }

  // The data plane comes back by itself, and finds the epoch raised or somebody else.
  #confirm(seenEpoch: number): void {
    const { confirmLeadership, clock, say } = this.#parts;
    if (confirmLeadership === undefined) return;
    const tick = clock.tick();
    if (this.#confirming === undefined || tick - this.#confirming.tick > CONFIRM_MS) this.#confirming = { answer: confirmLeadership().catch(() => false), tick };
    void this.#confirming.answer.then((isLeader) => {
      if (!isLeader || this.#isClosing || seenEpoch < this.epoch) return;
      this.#editions.raiseEpoch(seenEpoch + 1);
      say(`data planes have seen the epoch ${seenEpoch}, and this operator leads all the same: the store went back, and the epoch goes on from ${this.epoch}`);
    });
  }

  /* Every 5 s while anybody is connected: who does not answer, and whose credential is old. */
  #sweep(): void {
    this.#cancelSweep = undefined;
    const tick = this.#parts.clock.tick();
    for (const guest of this.#guests.values()) {
      if (guest.session.isOverdue()) this.#end(guest, "overdue", "it did not answer a push for a minute");
      else if (tick - guest.lookedTick >= (this.#isOver(guest) ? RECHECK_OVER_MS : RECHECK_MS)) void this.#recheck(guest.session.hello, guest.authorization, guest);
    }
    if (this.#guests.size > 0 && !this.#isClosing) this.#cancelSweep = this.#parts.clock.after(SWEEP_MS, () => this.#sweep());
  }

  /** By our own clock. Whether it is over indeed is for those to say who made it: our clock may be ahead of theirs. */
  #isOver({ claims: { expiresAt = Infinity } }: Guest): boolean {
    return expiresAt + LEEWAY_MS <= this.#parts.clock.now();
  }

  async #recheck(hello: Hello, authorization: string | undefined, known?: Guest): Promise<void> {
    const guest = known ?? [...this.#guests.values()].find(({ session }) => session.hello === hello);
    if (guest === undefined) return;
    guest.lookedTick = this.#parts.clock.tick();
    const verdict = await this.#judge(authorization);
    const isOver = this.#isOver(guest);
    // Nobody can say: the credential that was good stays good until its end.
    if ("refusal" in verdict && verdict.refusal === "unavailable" && !isOver) return;
    const isSame = !("refusal" in verdict) && isOfSamePod(guest, verdict);
    if (!isSame) return this.#end(guest, isOver ? "unrenewed" : "refused", "refusal" in verdict ? verdict.message : "its newer token belongs to another pod");
    guest.authorization = authorization;
    guest.claims = verdict;
  }

  #end({ session }: Guest, reason: "unrenewed" | "refused" | "overdue", words: string): void {
    this.#parts.observe?.({ kind: "ended", reason });
    session.end(words);
  }

  #left(session: Session, reason: string): void {
    const key = hearerKey(session.hearer);
    const others = (this.#hearers.get(key) ?? 1) - 1;
    if (others > 0) this.#hearers.set(key, others);
    else {
      this.#hearers.delete(key);
      this.#editions.forget(session.hearer);
    }
    if (this.#guests.get(keyOf(session))?.session !== session) return;
    this.#guests.delete(keyOf(session));
    if (this.#guests.size === 0) {
      this.#cancelSweep?.();
      this.#cancelSweep = undefined;
    }
    if (!this.#isClosing) this.#parts.say(`data plane ${session.hello.pod} is gone: ${reason}`);
    this.#parts.onChange(session.state(), "left");
  }

  // Who is turned away tries again and again: the same words once a minute.
  #complain(words: string): void {
    const tick = this.#parts.clock.tick();
    if (tick - (this.#said.get(words) ?? -Infinity) < SAID_MS) return;
    if (this.#said.size >= SAID_MAX) this.#said.clear();
    this.#said.set(words, tick);
    this.#parts.say(words);
  }
}

const audienceOf = ({ gateway }: Hello, { speaksFor }: Claims): Audience | Refusal => (speaksFor === undefined ? { gateway } : speaksFor(gateway));

const isOfSamePod = ({ session: { hello, hearer } }: Guest, claims: Claims): boolean => {
  const { pod = hello.pod, uid = hello.uid } = claims;
  const now = audienceOf(hello, claims);
  return pod === hello.pod && uid === hello.uid && !("refusal" in now) && audienceKey(now) === audienceKey(hearer.audience);
};

const keyOf = ({ hello, hearer }: Session): string => `${audienceKey(hearer.audience)} ${hello.pod}`;

const refuse = (stream: ServerHttp2Stream, status: number, reason: string): void => {
  if (stream.destroyed) return;
  stream.respond({ ":status": status, ...(reason === "" ? {} : { [REFUSAL_HEADER]: reason }) }, { endStream: true });
  stream.close();
  // One attempt for each connection, so that guessing is not cheap.
  stream.session?.close();
};
