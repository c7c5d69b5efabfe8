// The one stream from this data plane to the operator: opened, kept alive, opened again after a jittered pause.
// Traffic never waits for it. It does not judge what arrives: `Current` does.
import { readFile } from "node:fs/promises";
import { connect as connectSocket } from "node:net";
import { connect as connectHttp2, type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";
import type { Clock } from "../clock.ts";
import { openChannel, type Channel } from "../snapshot/channel.ts";
import { encodeMessage, FEED_CONTENT_TYPE, FEED_PATH, REFUSAL_HEADER, readFromOperator, type FromOperator, type Hello } from "../snapshot/messages.ts";
import { readableFormats } from "../snapshot/terms.ts";
import type { Current } from "./current.ts";
import type { Journal, ReportContent } from "./journal.ts";

/**
 * A socket file on this machine, or an address. `caFile` is for https only: the authorities to trust, read before each
 * attempt, because the operator's are replaced now and then.
 */
export type FeedAddress = { socketFile: string; url?: never; caFile?: never } | { url: URL; caFile?: string; socketFile?: never };

export type Identity = Pick<Hello, "pod" | "uid" | "boot" | "gateway" | "build">;

export interface FeedParts {
  address: FeedAddress;
  identity: Identity;
  current: Current;
  journal: Journal;
  /** Asked before each attempt and once a minute, since a projected token is renewed on disk; a newer one is shown on the open stream. */
  token: () => Promise<string | undefined>;
  clock: Pick<Clock, "now" | "after" | "sleep">;
  /** From 0 up to but not including 1. */
  random: () => number;
  retryMsMax: number;
  say: (message: string) => void;
}

export interface FeedState {
  readonly isConnected: boolean;
  /** Milliseconds since 1970 of the last change between connected and not; 0 before the first. */
  readonly since: number;
  readonly version: string;
  readonly epoch: number;
  readonly connects: number;
  /** Why the last stream ended or could not begin; "" while all is well. */
  readonly lastError: string;
}

export interface Feed {
  state(): FeedState;
  /** False when too many reports are unconfirmed already. */
  report(content: ReportContent): boolean;
  close(): Promise<void>;
}

const RETRY_MS_MIN = 100;
/** While the leader changes, its address may still be that of a pod which is gone: nothing answers there, not even with a refusal. */
const DIAL_MS_MAX = 3000;
const HANDSHAKE_MS_MAX = 10_000;
const WINDOW_BYTES = 1_048_576;
const TOKEN_LOOK_MS = 60_000;

interface Ending {
  reason: string;
  /** What the operator asked for when it sent us away. */
  retryAfterMs?: number;
}

/*
 * waiting ── pause over ──▶ dialling ── 200 ──▶ open ── goaway ──▶ waiting for as long as it said
 *    ▲                          └── failed ──┬───┘└── broke off, damage, silence ──┐
 *    └──────────── jittered pause, doubled each time until a push was taken ◀─────┘
 */
export const startFeed = (parts: FeedParts): Feed => {
  const connection = new Connection(parts);
  const running = connection.run();
  return {
    state: () => connection.state(),
    report: (content) => connection.report(content),
    close: () => {
      connection.close();
      return running;
    },
  };
};

class Connection {
  readonly #parts: FeedParts;
  readonly #closing = new AbortController();
  #channel: Channel | undefined;
  #cancelTokenLook = (): void => undefined;
  #failures = 0;
  #isConnected = false;
  #since = 0;
  #connects = 0;
  #lastError = "";

  constructor(parts: FeedParts) {
    this.#parts = parts;
  }

  state(): FeedState {
    const { version, epoch } = this.#parts.current;
    return { isConnected: this.#isConnected, since: this.#since, version, epoch, connects: this.#connects, lastError: this.#lastError };
  }

  report(content: ReportContent): boolean {
    const report = this.#parts.journal.report(content);
    if (report !== undefined && this.#isConnected) this.#channel?.send(encodeMessage(report));
    return report !== undefined;
  }

  close(): void {
    this.#closing.abort();
    this.#channel?.send(encodeMessage({ type: "goaway", retryAfterMs: 0 }));
    this.#channel?.close("closed here");
  }

  async run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const ending = await this.#converse();
      if (signal.aborted) return;
      this.#note(ending);
      await this.#parts.clock.sleep(ending.retryAfterMs ?? this.#pauseMs(), signal).catch(() => undefined);
    }
  }

  async #converse(): Promise<Ending> {
    const { address } = this.#parts;
    const token = await this.#parts.token().catch(() => undefined);
    let ca: string | undefined;
    try {
      ca = address.caFile === undefined ? undefined : await readFile(address.caFile, "utf8");
    } catch (error) {
      return { reason: `the operator's authority cannot be read: ${error instanceof Error ? error.message : ""}` };
    }
    if (this.#closing.signal.aborted) return { reason: "" };
    const session = dial(address, ca);
    // What breaks the session breaks its stream, and that is where it is heard.
    session.on("error", () => undefined);
    this.#bound(session);
    const stream = session.request({
      ":method": "POST",
      ":path": FEED_PATH,
      "content-type": FEED_CONTENT_TYPE,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    }, { endStream: false });
    if (token !== undefined) this.#lookAtToken(token);
    const ending = await this.#speak(stream);
    this.#cancelTokenLook();
    session.destroy();
    return ending;
  }

  /* dialling, 3 s ── something answers ──▶ handshake, 10 s ── done ──▶ connected */
  #bound(session: ClientHttp2Session): void {
    const { clock } = this.#parts;
    const endAfter = (ms: number, what: string): (() => void) => clock.after(ms, () => session.destroy(new Error(`${what} within ${ms / 1000} s`)));
    let isOver = false;
    let cancel = endAfter(DIAL_MS_MAX, "no connection");
    session.socket.once("connect", () => {
      cancel();
      // Whoever answers is there, and may have hundreds to shake hands with: to come again would only be more work for it.
      if (!isOver) cancel = endAfter(HANDSHAKE_MS_MAX, "no handshake");
    });
    for (const event of ["connect", "close"] as const) {
      session.once(event, () => {
        isOver = true;
        cancel();
      });
    }
  }

  // The stream outlives its token: the newer one is shown on it, and the operator ends it if none comes.
  #lookAtToken(shown: string): void {
    this.#cancelTokenLook = this.#parts.clock.after(TOKEN_LOOK_MS, () => {
      const channel = this.#channel;
      void this.#parts.token().catch(() => undefined).then((token) => {
        if (channel === undefined || channel !== this.#channel || !channel.isOpen) return;
        if (token !== undefined && token !== shown) channel.send(encodeMessage({ type: "renew", token }));
        this.#lookAtToken(token ?? shown);
      });
    });
  }

  #speak(stream: ClientHttp2Stream): Promise<Ending> {
    return new Promise((resolve) => {
      let retryAfterMs: number | undefined;
      const channel = openChannel<FromOperator>({
        stream,
        timer: this.#parts.clock,
        read: readFromOperator,
        isPinging: true,
        onMessage: (message) => {
          if (message.type === "goaway") retryAfterMs = message.retryAfterMs;
          this.#receive(channel, message);
        },
        onEnd: (reason) => resolve(retryAfterMs === undefined ? { reason } : { reason, retryAfterMs }),
      });
      this.#channel = channel;
      stream.on("response", (headers) => {
        if (headers[":status"] === 200) this.#opened();
        else channel.destroy(refusalWords(headers[":status"], headers[REFUSAL_HEADER]));
      });
      channel.send(encodeMessage(this.#hello()));
      for (const report of this.#parts.journal.unconfirmed()) channel.send(encodeMessage(report));
    });
  }

  #hello(): Hello {
    const { identity, current, journal } = this.#parts;
    return { type: "hello", ...identity, formats: [...readableFormats], version: current.version, epoch: current.epoch, leases: journal.leases(), sequence: journal.confirmed };
  }

  #receive(channel: Channel, message: FromOperator): void {
    const { current, journal } = this.#parts;
    if (message.type === "snapshot" || message.type === "delta") {
      const answer = current.take(message);
      if (answer.type === "ack") this.#failures = 0;
      else for (const { object, path, message: words } of answer.problems) this.#parts.say(`refused version ${message.version}: ${[object, path, words].filter((word) => word !== "").join(" ")}`);
      channel.send(encodeMessage(answer));
    } else if (message.type === "lease") journal.take(message);
    else if (message.type === "confirm") journal.confirm(message.sequence);
    else if (message.type === "goaway") channel.close("sent away by the operator");
  }

  #opened(): void {
    this.#isConnected = true;
    this.#since = this.#parts.clock.now();
    this.#connects += 1;
    this.#lastError = "";
    this.#parts.say("connected to the operator");
  }

  #note({ reason }: Ending): void {
    // One line per outage, not one per attempt.
    if (this.#isConnected || this.#lastError !== reason) this.#parts.say(`no connection to the operator, serving on: ${reason}`);
    if (this.#isConnected) this.#since = this.#parts.clock.now();
    this.#isConnected = false;
    this.#lastError = reason;
    this.#failures += 1;
  }

  // Never at once, never all at the same moment, and well within the bound: whoever waits longest still has time to
  // connect before it is over, so that hundreds are back ten seconds after there is somebody to come back to.
  #pauseMs(): number {
    const boundMs = Math.min(this.#parts.retryMsMax, RETRY_MS_MIN * 2 ** Math.min(this.#failures, 20));
    return boundMs / 4 + (this.#parts.random() * boundMs) / 2;
  }
}

const refusalWords = (status: number | undefined, reason: string | string[] | undefined): string =>
  `the operator answered with status ${status ?? "none"}${typeof reason === "string" && /^[a-z-]{1,40}$/.test(reason) ? `: ${reason}` : ""}`;

const dial = (address: FeedAddress, ca: string | undefined): ClientHttp2Session => {
  const settings = { initialWindowSize: WINDOW_BYTES, enablePush: false };
  const { socketFile } = address;
  if (socketFile !== undefined) return connectHttp2("http://localhost", { createConnection: () => connectSocket(socketFile), settings });
  const session = connectHttp2(address.url, { settings, minVersion: "TLSv1.3", ...(ca !== undefined && { ca }) });
  // The window of the stream alone is not enough: the connection has one too.
  // It may have been ended between the event and its hearing: on a busy machine that happens.
  session.once("connect", () => {
    if (!session.destroyed) session.setLocalWindowSize(WINDOW_BYTES);
  });
  return session;
};
