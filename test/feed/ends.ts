// Both ends of the stream as a test may want them: the real ones on real sockets, and ones driven by hand.
// Time is a fake clock's; only the sockets are the system's.
import { connect as connectHttp2, createServer, type Http2Server, type ServerHttp2Session } from "node:http2";
import type { Duplex } from "node:stream";
import { onTestFinished } from "vitest";
import { startFeed, type Feed, type FeedParts } from "../../dataplane/feed/connect.ts";
import { Current, type Apply } from "../../dataplane/feed/current.ts";
import { Journal } from "../../dataplane/feed/journal.ts";
import { FrameReader } from "../../dataplane/snapshot/frames.ts";
import { encodeMessage, FEED_PATH, readFromDataPlane, readFromOperator, type FromDataPlane, type FromOperator, type Hello } from "../../dataplane/snapshot/messages.ts";
import { FORMAT } from "../../dataplane/snapshot/schema.ts";
import { startPublisher, type Publisher, type PublisherParts } from "../../operator/publish/server.ts";
import type { FakeClock } from "../doubles/clock.ts";

const DEADLINE_MS = 30_000;

/** Waits for what real sockets will bring about; the deadline is only there to fail. */
export const until = async (condition: () => boolean, what = "it"): Promise<void> => {
  const deadline = performance.now() + DEADLINE_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`${what} did not happen within ${DEADLINE_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
};

export interface RunningPublisher extends Publisher {
  readonly said: string[];
  readonly changes: string[];
  readonly url: URL;
}

export const publisher = async (clock: FakeClock, changes: Partial<PublisherParts> = {}): Promise<RunningPublisher> => {
  const said: string[] = [];
  const changed: string[] = [];
  const running = await startPublisher({
    listen: { host: "127.0.0.1", port: 0 },
    authorize: async () => ({}),
    epoch: 5,
    clock,
    random: () => 0.5,
    count: async () => undefined,
    onChange: (state, what) => changed.push(`${what} ${state.pod}`),
    say: (message) => said.push(message),
    ...changes,
  });
  onTestFinished(async () => {
    const closing = running.close();
    clock.advance(10_000);
    await closing;
  });
  return { ...running, said, changes: changed, url: new URL(`http://127.0.0.1:${running.port}`) };
};

export interface RunningFeed extends Feed {
  readonly said: string[];
  /** Versions in the order in which they came into force. */
  readonly applied: string[];
  readonly kept: string[];
  readonly current: Current;
}

export const feed = (clock: FakeClock, address: FeedParts["address"], changes: Partial<FeedParts> & { apply?: Apply } = {}): RunningFeed => {
  const said: string[] = [];
  const applied: string[] = [];
  const kept: string[] = [];
  const gateway = changes.identity?.gateway ?? "default";
  const apply = changes.apply ?? ((_, version) => (applied.push(version), []));
  const current = changes.current ?? new Current({ gateway, apply, keep: (held) => kept.push(`${held.version}@${held.epoch}`) });
  const running = startFeed({
    address,
    identity: { pod: "pod-a", uid: "uid-a", boot: "boot-1", gateway, build: "test" },
    current,
    journal: new Journal(() => clock.tick()),
    token: async () => undefined,
    clock,
    random: () => 0.5,
    retryMsMax: 5000,
    say: (message) => said.push(message),
    ...changes,
  });
  onTestFinished(async () => {
    const closing = running.close();
    clock.advance(10_000);
    await closing;
  });
  return { ...running, said, applied, kept, current };
};

/** One stream of an operator driven by hand. */
export interface HandStream {
  readonly heard: FromDataPlane[];
  readonly stream: Duplex;
  readonly session: ServerHttp2Session | undefined;
  readonly headers: Record<string, unknown>;
  send(message: FromOperator): void;
}

/** An operator that says only what the test says. */
export const handOperator = async (): Promise<{ url: URL; streams: HandStream[]; server: Http2Server }> => {
  const streams: HandStream[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on("session", (session) => sessions.add(session.on("error", () => undefined)));
  server.on("stream", (stream, headers) => {
    const heard: FromDataPlane[] = [];
    const frames = new FrameReader();
    stream.respond({ ":status": 200 });
    stream.on("error", () => undefined);
    stream.on("data", (bytes: Buffer) => {
      for (const text of frames.push(bytes)) {
        const message = readFromDataPlane(text);
        if (message !== undefined) heard.push(message);
      }
    });
    const send = (message: FromOperator): void => void stream.write(encodeMessage(message));
    streams.push({ heard, stream, session: stream.session as ServerHttp2Session | undefined, headers, send });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const session of sessions) session.destroy();
    await closed;
  });
  const address = server.address();
  return { url: new URL(`http://127.0.0.1:${address !== null && typeof address === "object" ? address.port : 0}`), streams, server };
};

/** A data plane that says only what the test says. */
export const handDataPlane = (url: URL, headers: Record<string, string> = {}) => {
  const session = connectHttp2(url);
  session.on("error", () => undefined);
  const stream = session.request({ ":method": "POST", ":path": FEED_PATH, ...headers }, { endStream: false });
  const heard: FromOperator[] = [];
  const frames = new FrameReader();
  const seen = { status: 0, isClosed: false };
  stream.on("error", () => undefined);
  stream.on("response", (response) => (seen.status = response[":status"] ?? 0));
  stream.on("close", () => (seen.isClosed = true));
  stream.on("data", (bytes: Buffer) => {
    for (const text of frames.push(bytes)) {
      const message = readFromOperator(text);
      if (message !== undefined) heard.push(message);
    }
  });
  onTestFinished(() => session.destroy());
  return { stream, session, heard, seen, send: (message: FromDataPlane) => void stream.write(encodeMessage(message)) };
};

export const hello = (changes: Partial<Hello> = {}): Hello => ({
  type: "hello", pod: "pod-h", uid: "uid-h", boot: "boot-h", gateway: "default", build: "test", formats: [FORMAT], version: "", epoch: 0, leases: [], sequence: 0, ...changes,
});
