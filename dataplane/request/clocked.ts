// The clocks of one attempt: to a connection, to the head, to the first token, between bytes, and in all; and the one by which
// a silent provider's client is told that the stream still runs, which judges nobody.
// It tells when the next one is due and which one is over; what follows from that is the pump's.
import { Deadline } from "../deadlines.ts";
import type { ErrorCode } from "../errors.ts";
import type { Timeouts } from "../snapshot/schema.ts";

/*
 * CONNECTING ── connected, request written ──▶ WAITING ── good head ──▶ HOLDING ── first event, or whole reply ──▶ FLOWING
 *      │                                          │                        │                                          │
 *      └──────────────────────────── OVER ◀───────┴────────────────────────┴──────────────── end, error, client left ─┘
 * Until FLOWING nothing has reached the client, and every failure may be tried elsewhere.
 */
export const CONNECTING = 0;
export const WAITING = 1;
export const HOLDING = 2;
export const FLOWING = 3;
export const OVER = 4;

export abstract class Clocked extends Deadline {
  protected phase = CONNECTING;
  protected phaseTick = 0;
  protected lastByteTick = 0;
  protected isPaused = false;
  /** When the client was last given something, or was last looked whether it could be. */
  protected givenTick = 0;
  /** For how long it may be given nothing; 0: for ever. */
  protected quietMsMax = 0;
  protected abstract readonly timeouts: Timeouts;
  protected abstract readonly startTick: number;
  /** The head has come, and no event yet. */
  protected abstract isWaitingForToken(): boolean;
  /** How long the head may be held back from now on; -1 when it is not held. */
  protected abstract holdMs(): number;
  /** More of the request has gone out since it was asked last. */
  protected abstract hasUploadMoved(tickMs: number): boolean;

  protected overdue(tickMs: number): { code: ErrorCode; ms: number } | null {
    const { timeouts } = this;
    if (isPast(tickMs, this.startTick, timeouts.totalMs)) return { code: "TIMEOUT_TOTAL", ms: timeouts.totalMs };
    if (this.phase === CONNECTING) return isPast(tickMs, this.phaseTick, timeouts.connectMs) ? { code: "TIMEOUT_CONNECT", ms: timeouts.connectMs } : null;
    if (this.phase === WAITING) return isPast(tickMs, this.phaseTick, timeouts.headersMs) && !this.hasUploadMoved(tickMs) ? { code: "TIMEOUT_HEADERS", ms: timeouts.headersMs } : null;
    if (this.isWaitingForToken() && isPast(tickMs, this.phaseTick, timeouts.firstTokenMs)) return { code: "TIMEOUT_FIRST_TOKEN", ms: timeouts.firstTokenMs };
    if (!this.isPaused && isPast(tickMs, this.lastByteTick, timeouts.idleMs)) return { code: "TIMEOUT_IDLE", ms: timeouts.idleMs };
    return null;
  }

  protected isHoldOver(tickMs: number): boolean {
    const holdMs = this.holdMs();
    return holdMs >= 0 && tickMs >= this.phaseTick + holdMs;
  }

  /** The client has long been given nothing. */
  protected isQuiet(tickMs: number): boolean {
    return this.phase === FLOWING && isPast(tickMs, this.givenTick, this.quietMsMax);
  }

  protected nextDue(): number {
    const { timeouts } = this;
    const totalDue = dueAt(this.startTick, timeouts.totalMs);
    if (this.phase === CONNECTING) return Math.min(totalDue, dueAt(this.phaseTick, timeouts.connectMs));
    if (this.phase === WAITING) return Math.min(totalDue, dueAt(this.phaseTick, timeouts.headersMs));
    const idleDue = this.isPaused ? Infinity : dueAt(this.lastByteTick, timeouts.idleMs);
    const tokenDue = this.isWaitingForToken() ? dueAt(this.phaseTick, timeouts.firstTokenMs) : Infinity;
    const quietDue = this.isPaused || this.phase !== FLOWING ? Infinity : dueAt(this.givenTick, this.quietMsMax);
    const holdMs = this.holdMs();
    return Math.min(totalDue, idleDue, tokenDue, quietDue, holdMs < 0 ? Infinity : this.phaseTick + holdMs);
  }
}

/** 0 means no limit. */
const dueAt = (tick: number, ms: number): number => (ms === 0 ? Infinity : tick + ms);
const isPast = (tickMs: number, since: number, ms: number): boolean => ms > 0 && tickMs >= since + ms;
