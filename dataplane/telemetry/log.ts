// Lines out of the process: one per finished request and few about the process itself, in batches, never waiting.
// When nobody takes them it keeps a bounded amount and counts what it drops; it never logs content or keys.
import type { Clock } from "../clock.ts";
import type { RequestRecord } from "./record.ts";
import { redacted } from "./redact.ts";
import { namesOf, requestLineBytesMax, writeRequestLine } from "./request-line.ts";
import type { Sink } from "./sink.ts";

const BATCH_BYTES = 65_536;
const BATCH_MS = 50;
const RETRY_MS = 10;
const PROCESS_LINE_LENGTH_MAX = 8192;
/** What waits behind a batch that is being written; 4 MiB. */
const BATCHES_WAITING_MAX = 64;
/** UTF-8 needs at most three bytes for one UTF-16 unit. */
const BYTES_PER_UNIT = 3;

export type Fields = Readonly<Record<string, unknown>>;

export interface LogParts {
  readonly clock: Clock;
  readonly sink: Sink;
  readonly onDropped: (lines: number) => void;
}

interface Batch {
  readonly bytes: Buffer;
  length: number;
  lines: number;
  /** How many bytes are out already. */
  sent: number;
}

const newBatch = (): Batch => ({ bytes: Buffer.allocUnsafeSlow(BATCH_BYTES), length: 0, lines: 0, sent: 0 });

/*
 * open batch ── full, 50 ms or flush ──▶ waiting ── one at a time ──▶ in the sink's hands ── all out ──▶ spare
 *                                                      ▲         └─ pipe full ─▶ blocked ─┐
 *                                                      └──────────── 10 ms ───────────────┘
 * A full queue turns the open batch away: its lines are dropped and counted. A closing log writes what is blocked at once.
 */
export class Log {
  readonly #clock: Clock;
  readonly #sink: Sink;
  readonly #onDropped: (lines: number) => void;
  readonly #waiting: Batch[] = [];
  readonly #idle: (() => void)[] = [];
  #open: Batch = newBatch();
  #spare: Batch | null = null;
  #writing: Batch | null = null;
  /** Set while the batch that is being written is not in the sink's hands. */
  #cancelRetry: (() => void) | null = null;
  #isClosing = false;
  #cancelTimer: (() => void) | null = null;
  readonly #onTimer = (): void => {
    this.#cancelTimer = null;
    this.#close();
  };

  constructor(parts: LogParts) {
    this.#clock = parts.clock;
    this.#sink = parts.sink;
    this.#onDropped = parts.onDropped;
  }

  request(record: RequestRecord, traceId: string): void {
    const names = namesOf(record);
    const batch = this.#room(requestLineBytesMax(names));
    batch.length = writeRequestLine(record, names, traceId, batch.bytes, batch.length);
    batch.lines += 1;
  }

  info(event: string, fields?: Fields): void {
    this.#process("info", event, fields);
  }

  warn(event: string, fields?: Fields): void {
    this.#process("warn", event, fields);
  }

  error(event: string, fields?: Fields): void {
    this.#process("error", event, fields);
  }

  /** Resolves when what was logged so far is written or given up. */
  flush(): Promise<void> {
    this.#close();
    if (this.#writing === null) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Resolves when everything is out, or given up because nobody takes it; depends on no timer, so that the process may end. */
  close(): Promise<void> {
    this.#isClosing = true;
    const done = this.flush();
    if (this.#cancelRetry !== null) this.#writeRestNow();
    return done;
  }

  /** For the exit: what is not in the sink's hands goes out now. */
  flushNow(): void {
    this.#close();
    this.#writeRestNow();
  }

  #process(level: string, event: string, fields: Fields | undefined): void {
    const time = new Date(this.#clock.now()).toISOString();
    const line = JSON.stringify({ time, level, event, ...asMembers(redacted(fields)) });
    this.#add(`${line.length > PROCESS_LINE_LENGTH_MAX ? JSON.stringify({ time, level, event, fields: "[too long]" }) : line}\n`);
  }

  #add(line: string): void {
    const batch = this.#room(line.length * BYTES_PER_UNIT);
    batch.length += batch.bytes.write(line, batch.length, "utf8");
    batch.lines += 1;
  }

  /** The open batch, with room for so many bytes, and sure to be closed in time. */
  #room(bytesMax: number): Batch {
    if (this.#open.length + bytesMax > BATCH_BYTES) this.#close();
    this.#cancelTimer ??= this.#clock.after(BATCH_MS, this.#onTimer);
    return this.#open;
  }

  // Ends the open batch: to the queue with it, or away when the queue is full.
  #close(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const batch = this.#open;
    if (batch.length === 0) return;
    if (this.#waiting.length >= BATCHES_WAITING_MAX) {
      this.#onDropped(batch.lines);
      this.#reset(batch);
      return;
    }
    this.#waiting.push(batch);
    this.#open = this.#spare ?? newBatch();
    this.#spare = null;
    if (this.#writing === null) this.#writeNext();
  }

  #writeNext(): void {
    const batch = this.#waiting.shift() ?? null;
    this.#writing = batch;
    if (batch !== null) return this.#write(batch);
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #write(batch: Batch): void {
    this.#cancelRetry = null;
    const rest = batch.bytes.subarray(batch.sent, batch.length);
    this.#sink.write(rest, (error, written = rest.length) => {
      batch.sent += written;
      if (error !== null) this.#onDropped(batch.lines);
      if (error !== null || batch.sent >= batch.length) this.#finish(batch);
      else if (written > 0) this.#write(batch);
      else this.#wait(batch);
    });
  }

  #wait(batch: Batch): void {
    this.#cancelRetry = this.#clock.after(RETRY_MS, () => this.#write(batch));
    if (this.#isClosing) this.#writeRestNow();
  }

  #finish(batch: Batch): void {
    this.#reset(batch);
    this.#spare = batch;
    this.#writeNext();
  }

  // Once the reader let one batch down the others would only wait in vain: they are given up too.
  #writeRestNow(): void {
    const isBlocked = this.#cancelRetry !== null;
    this.#cancelRetry?.();
    this.#cancelRetry = null;
    const rest = this.#waiting.splice(0);
    if (isBlocked && this.#writing !== null) rest.unshift(this.#writing);
    let isTaken = true;
    for (const batch of rest) {
      isTaken = isTaken && this.#sink.writeNow(batch.bytes.subarray(batch.sent, batch.length));
      if (!isTaken) this.#onDropped(batch.lines);
    }
    if (isBlocked) this.#writeNext();
  }

  #reset(batch: Batch): void {
    batch.length = 0;
    batch.lines = 0;
    batch.sent = 0;
  }
}

const asMembers = (fields: unknown): object => (typeof fields === "object" && fields !== null ? fields : {});
