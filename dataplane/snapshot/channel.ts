// One end of the stream between operator and data plane: frames out, checked messages in, signs of life.
// It knows ping and pong and nothing else of what is said; it never reconnects and never queues on purpose.
import type { Duplex } from "node:stream";
import { FrameReader } from "./frames.ts";
import { encodeMessage } from "./messages.ts";

/** The part of a clock that is needed here. */
export interface Timer {
  after(delayMs: number, run: () => void): () => void;
}

export interface Channel {
  readonly isOpen: boolean;
  send(frame: Buffer): void;
  /** Says no more, lets the other end finish, and gives up on it after a second. */
  close(reason: string): void;
  /** Breaks off at once. */
  destroy(reason: string): void;
}

export interface ChannelParts<Message extends { type: string }> {
  stream: Duplex;
  timer: Timer;
  read: (text: string) => Message | undefined;
  onMessage: (message: Message) => void;
  /** Exactly once, when the stream is over. */
  onEnd: (reason: string) => void;
  isPinging: boolean;
  frameBytesMax?: number;
}

const BEAT_MS = 10_000;
/** So many beats without one byte from the other end, and it counts as gone: 30 s. */
const SILENT_BEATS_MAX = 3;
const CLOSE_MS = 1000;
/** Beyond this the other end is not reading, and a sign of life would only be queued. */
const QUEUED_BYTES_MAX = 65_536;

const PING = encodeMessage({ type: "ping" });
const PONG = encodeMessage({ type: "pong" });

/* open ── close() ──▶ closing ── other end is done, or 1 s ──▶ over;  open ── damage, silence, error, end ──▶ over */
export const openChannel = <Message extends { type: string }>(parts: ChannelParts<Message>): Channel => {
  const { stream, timer } = parts;
  const frames = new FrameReader(parts.frameBytesMax);
  let reason = "";
  let silentBeats = 0;

  const destroy = (why: string): void => {
    reason ||= why;
    stream.destroy();
  };
  const sign = (frame: Buffer): void => {
    if (stream.writable && stream.writableLength < QUEUED_BYTES_MAX) stream.write(frame);
  };
  const beat = (): void => {
    silentBeats += 1;
    if (silentBeats >= SILENT_BEATS_MAX) return destroy(`no sign of life for ${(BEAT_MS * SILENT_BEATS_MAX) / 1000} s`);
    if (parts.isPinging) sign(PING);
    cancelTimer = timer.after(BEAT_MS, beat);
  };
  const receive = (bytes: Buffer): void => {
    silentBeats = 0;
    try {
      for (const text of frames.push(bytes)) {
        const message = parts.read(text);
        if (message?.type === "ping") sign(PONG);
        else if (message !== undefined && message.type !== "pong" && reason === "") parts.onMessage(message);
      }
    } catch (error) {
      destroy(error instanceof Error ? `${error.name}: ${error.message}` : "a failure without words");
    }
  };

  let cancelTimer = timer.after(BEAT_MS, beat);
  stream.on("data", receive);
  stream.on("error", (error: Error) => (reason ||= error.message));
  stream.on("end", () => {
    reason ||= frames.isMidFrame ? "ended by the other end inside a frame" : "ended by the other end";
    stream.end();
  });
  stream.once("close", () => {
    cancelTimer();
    parts.onEnd(reason || "the connection broke");
  });

  return {
    get isOpen() {
      return reason === "" && stream.writable;
    },
    send: (frame) => {
      if (stream.writable) stream.write(frame);
    },
    close: (why) => {
      if (reason !== "") return;
      reason = why;
      cancelTimer();
      cancelTimer = timer.after(CLOSE_MS, () => stream.destroy());
      stream.end();
    },
    destroy,
  };
};
