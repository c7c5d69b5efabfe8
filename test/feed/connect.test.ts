// The stream as the data plane sees it, on real sockets, with every fault that the other end can have.
// Time is a fake clock's.
import { describe, expect, onTestFinished, test } from "vitest";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Current } from "../../dataplane/feed/current.ts";
import { Journal } from "../../dataplane/feed/journal.ts";
import { diff } from "../../dataplane/snapshot/delta.ts";
import { encodeSnapshot } from "../../dataplane/snapshot/messages.ts";
import { fakeClock } from "../doubles/clock.ts";
import { feed, handOperator, publisher, until } from "./ends.ts";
import { numbered, snapshotOf, version } from "./snapshots.ts";

const [one, two, three] = [numbered(1), numbered(2), numbered(3)];
const full = (snapshot = one, changes: { epoch?: number; nonce?: number; version?: string } = {}) =>
  ({ type: "snapshot", version: version(snapshot), epoch: 5, nonce: 1, ...changes, full: snapshot }) as const;
const delta = (from = one, to = two, changes: { version?: string; nonce?: number } = {}) =>
  ({ type: "delta", base: version(from), version: version(to), epoch: 5, nonce: 2, change: diff(from, to), ...changes }) as const;

describe("a data plane's feed", () => {
  test("brings the first snapshot, then each edit as a change of it", async () => {
    const clock = fakeClock();
    const operator = await publisher(clock);
    operator.publish([one]);
    const running = feed(clock, { url: operator.url });
    await until(() => operator.isSettled("default", version(one)) && operator.dataPlanes().length === 1);
    operator.publish([two]);
    await until(() => running.applied.length === 2);
    expect(running.applied).toEqual([version(one), version(two)]);
    expect(running.state()).toMatchObject({ isConnected: true, since: clock.now(), version: version(two), epoch: 5, connects: 1, lastError: "" });
    await until(() => operator.isSettled("default", version(two)));
    expect(operator.dataPlanes()).toEqual([{ pod: "pod-a", uid: "uid-a", boot: "boot-1", gateway: "default", build: "test", connectedAt: clock.now(), version: version(two), since: clock.now() }]);
  });

  /** Takes what comes and answers nothing. */
  const silentServer = async (onHeard: () => void): Promise<URL> => {
    const silent = createServer((socket) => void socket.once("data", onHeard).on("error", () => undefined));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void silent.close());
    const address = silent.address();
    return new URL(`https://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`);
  };

  test("gives up after 3 s on an address where nothing answers, and tries again", async () => {
    const clock = fakeClock();
    let dials = 0;
    const running = feed(clock, { url: await silentServer(() => (dials += 1)) });
    // Nothing can answer within the turn in which it dials.
    while (clock.pending === 0) await Promise.resolve();
    clock.advance(2999);
    await Promise.resolve();
    expect(running.state().lastError).toBe("");
    clock.advance(1);
    await until(() => running.state().lastError !== "");
    expect(running.state().lastError).toContain("no connection within 3 s");
    clock.advance(1000);
    await until(() => dials > 0);
  });

  test("is patient with an operator that answers and is slow to shake hands, but not for ever", async () => {
    const clock = fakeClock();
    let dials = 0;
    const running = feed(clock, { url: await silentServer(() => (dials += 1)) });
    await until(() => dials === 1);
    clock.advance(9999);
    expect(running.state().lastError).toBe("");
    clock.advance(1);
    await until(() => running.state().lastError !== "");
    expect(running.state().lastError).toContain("no handshake within 10 s");
    clock.advance(1000);
    await until(() => dials === 2);
  });

  test("runs over a socket file that only its owner may open", async () => {
    const folder = await mkdtemp(join(tmpdir(), "llmgw-"));
    const socketFile = join(folder, "feed.sock");
    const clock = fakeClock();
    const operator = await publisher(clock, { listen: { socketFile } });
    expect((await stat(socketFile)).mode & 0o777).toBe(0o600);
    operator.publish([one]);
    const running = feed(clock, { socketFile });
    await until(() => running.applied.length === 1);
    await rm(folder, { recursive: true });
  });

  test("says who it is and what it holds, and shows its token", async () => {
    const clock = fakeClock();
    const operator = await handOperator();
    const journal = new Journal(() => clock.tick());
    journal.take({ type: "lease", id: "limit-a", amount: 10, epoch: 4, ttlMs: 60_000 });
    clock.advance(1000);
    feed(clock, { url: operator.url }, { token: async () => "t0ken", journal });
    await until(() => operator.streams[0]?.heard.length === 1);
    expect(operator.streams[0]?.headers.authorization).toBe("Bearer t0ken");
    expect(operator.streams[0]?.heard[0]).toEqual({
      type: "hello", pod: "pod-a", uid: "uid-a", boot: "boot-1", gateway: "default", build: "test", formats: [1], version: "", epoch: 0, sequence: 0,
      leases: [{ id: "limit-a", amount: 10, epoch: 4, remainingMs: 59_000 }],
    });
  });

  test("asks for a full snapshot when the hash after a change is another, and keeps what it has meanwhile", async () => {
    const clock = fakeClock();
    const operator = await handOperator();
    const running = feed(clock, { url: operator.url });
    await until(() => operator.streams.length === 1);
    const [stream] = operator.streams;
    stream?.send(full(one));
    stream?.send(delta(one, two, { version: version(three) }));
    await until(() => stream?.heard.length === 3);
    expect(stream?.heard[2]).toMatchObject({ type: "nack", nonce: 2, kept: version(one), isFullWanted: true });
    expect(running.applied).toEqual([version(one)]);
  });

  test("asks for a full snapshot when a change builds on another version than it holds", async () => {
    const clock = fakeClock();
    const operator = await handOperator();
    feed(clock, { url: operator.url });
    await until(() => operator.streams.length === 1);
    operator.streams[0]?.send(delta(one, two));
    await until(() => operator.streams[0]?.heard.length === 2);
    expect(operator.streams[0]?.heard[1]).toMatchObject({ type: "nack", kept: "", isFullWanted: true });
  });

  test.each([
    ["whose hash is not the one it names", full(one, { version: version(two) }), /does not have the hash/],
    ["of another gateway", full(snapshotOf({}, { gateway: "other" })), /for the gateway other/],
    ["that refers to nothing", full(snapshotOf({ ...one.routes }, { providers: {} })), /provider team\/openai is not in the snapshot/],
    ["of an older epoch", full(two, { epoch: 4 }), /epoch 4 is older than 5/],
  ])("refuses a full snapshot %s, keeps the old one and says why", async (_, push, reason) => {
    const clock = fakeClock();
    const operator = await handOperator();
    const running = feed(clock, { url: operator.url });
    await until(() => operator.streams.length === 1);
    const [stream] = operator.streams;
    stream?.send(full(one));
    stream?.send({ ...push, nonce: 9 });
    await until(() => stream?.heard.length === 3);
    expect(stream?.heard[2]).toMatchObject({ type: "nack", nonce: 9, kept: version(one), isFullWanted: false });
    expect(JSON.stringify(stream?.heard[2])).toMatch(reason);
    expect(running.applied).toEqual([version(one)]);
    stream?.send(full(three, { nonce: 10 }));
    await until(() => stream?.heard.length === 4);
    expect(stream?.heard[3]).toEqual({ type: "ack", nonce: 10, version: version(three) });
  });

  test("answers a snapshot that cannot be applied with its problems, and one that makes the router throw as well", async () => {
    const clock = fakeClock();
    const operator = await handOperator();
    feed(clock, { url: operator.url }, {
      apply: (_, applying) => {
        if (applying === version(one)) throw new Error("no router");
        return [{ object: "routes/team/chat", path: "models", message: "too odd" }];
      },
    });
    await until(() => operator.streams.length === 1);
    const [stream] = operator.streams;
    stream?.send(full(one));
    stream?.send(full(two, { nonce: 2 }));
    await until(() => stream?.heard.length === 3);
    expect(stream?.heard[1]).toMatchObject({ type: "nack", kept: "", problems: [{ message: expect.stringContaining("no router") }] });
    expect(stream?.heard[2]).toMatchObject({ type: "nack", kept: "", problems: [{ object: "routes/team/chat", path: "models", message: "too odd" }] });
  });

  test("uses nothing of a frame that its operator died in, and takes the next one whole", async () => {
    const clock = fakeClock();
    const operator = await handOperator();
    const running = feed(clock, { url: operator.url });
    await until(() => operator.streams.length === 1);
    const frame = encodeSnapshot({ version: version(one), epoch: 5, nonce: 1 }, one);
    operator.streams[0]?.stream.write(frame.subarray(0, frame.length - 3));
    await until(() => running.state().isConnected);
    operator.streams[0]?.session?.destroy();
    await until(() => running.state().lastError !== "");
    expect(running.state()).toMatchObject({ isConnected: false, version: "" });
    clock.advance(5000);
    await until(() => operator.streams.length === 2);
    operator.streams[1]?.send(full(one));
    await until(() => running.applied.length === 1);
    expect(running.state().connects).toBe(2);
  });

  test.each([
    ["a garbled frame", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"), /FrameDamaged/],
    ["a message that is not JSON", Buffer.concat([Buffer.from([0, 0, 0, 3, 0]), Buffer.from("{{")]), /MessageDamaged/],
  ])("breaks off after %s, and begins again", async (_, bytes, reason) => {
    const clock = fakeClock();
    const operator = await handOperator();
    const running = feed(clock, { url: operator.url });
    await until(() => operator.streams.length === 1);
    operator.streams[0]?.send(full(one));
    operator.streams[0]?.stream.write(bytes);
    await until(() => running.state().lastError !== "");
    expect(running.state().lastError).toMatch(reason);
    expect(running.state().version).toBe(version(one));
    clock.advance(5000);
    await until(() => operator.streams[1]?.heard.length === 1);
    expect(operator.streams[1]?.heard[0]).toMatchObject({ type: "hello", version: version(one), epoch: 5 });
  });

  test("counts an operator that gives no sign of life for 30 s as gone", async () => {
    const clock = fakeClock();
    const operator = await handOperator();
    const running = feed(clock, { url: operator.url });
    await until(() => running.state().isConnected);
    for (let beat = 0; beat < 2; beat += 1) clock.advance(10_000);
    await until(() => operator.streams[0]?.heard.filter((message) => message.type === "ping").length === 2);
    expect(running.state().isConnected).toBe(true);
    clock.advance(10_000);
    await until(() => !running.state().isConnected);
    expect(running.state().lastError).toBe("no sign of life for 30 s");
  });

  test("stays open as long as the operator answers its pings", async () => {
    const clock = fakeClock();
    const operator = await handOperator();
    const running = feed(clock, { url: operator.url });
    await until(() => running.state().isConnected);
    const heard = (type: string): number => operator.streams[0]?.heard.filter((message) => message.type === type).length ?? 0;
    for (let beat = 1; beat <= 12; beat += 1) {
      clock.advance(10_000);
      await until(() => heard("ping") === beat);
      operator.streams[0]?.send({ type: "pong" });
      // The answer to what follows the pong proves that the pong arrived.
      operator.streams[0]?.send({ type: "ping" });
      await until(() => heard("pong") === beat);
    }
    expect(running.state()).toMatchObject({ isConnected: true, connects: 1 });
  });

  test("goes away when told, and comes back when told", async () => {
    const clock = fakeClock();
    const operator = await handOperator();
    const running = feed(clock, { url: operator.url });
    await until(() => running.state().isConnected);
    operator.streams[0]?.send({ type: "goaway", retryAfterMs: 7000 });
    operator.streams[0]?.stream.end();
    await until(() => running.state().lastError === "sent away by the operator");
    clock.advance(6999);
    await new Promise((resolve) => setImmediate(resolve));
    expect(operator.streams).toHaveLength(1);
    clock.advance(1);
    await until(() => operator.streams.length === 2);
  });

  test("tries again after pauses that double up to a bound, and says each cause once", async () => {
    const clock = fakeClock();
    const pauses: number[] = [];
    const sleep = (ms: number, signal?: AbortSignal): Promise<void> => (pauses.push(ms), clock.sleep(ms, signal));
    const operator = await handOperator();
    const closed = operator.url;
    await new Promise<void>((resolve) => operator.server.close(() => resolve()));
    const running = feed(clock, { url: closed }, { clock: { now: clock.now, after: clock.after, sleep } });
    for (let attempt = 1; attempt <= 8; attempt += 1) {
      await until(() => pauses.length === attempt);
      clock.advance(5000);
    }
    await until(() => pauses.length === 9);
    expect(pauses).toEqual([100, 200, 400, 800, 1600, 2500, 2500, 2500, 2500]);
    expect(running.state().lastError).toMatch(/ECONNREFUSED/);
    expect(running.said).toHaveLength(1);
  });

  test("sends reports again until they are confirmed", async () => {
    const clock = fakeClock();
    const operator = await handOperator();
    const running = feed(clock, { url: operator.url });
    await until(() => running.state().isConnected);
    for (const demand of [1, 2, 3]) expect(running.report({ usage: [], demand: [demand], health: [] })).toBe(true);
    await until(() => operator.streams[0]?.heard.length === 4);
    operator.streams[0]?.send({ type: "confirm", sequence: 2 });
    operator.streams[0]?.send({ type: "confirm", sequence: 99 });
    operator.streams[0]?.send(full(one));
    await until(() => operator.streams[0]?.heard.length === 5);
    operator.streams[0]?.session?.destroy();
    await until(() => !running.state().isConnected);
    clock.advance(5000);
    await until(() => operator.streams[1]?.heard.length === 2);
    expect(operator.streams[1]?.heard).toMatchObject([{ type: "hello", sequence: 2 }, { type: "report", sequence: 3, demand: [3] }]);
  });

  test("serves on from the last good snapshot, and tells the operator what it runs", async () => {
    const clock = fakeClock();
    const applied: string[] = [];
    const current = new Current({ gateway: "default", apply: (_, applying) => (applied.push(applying), []), keep: () => undefined });
    expect(current.restore({ snapshot: one, version: version(one), epoch: 4 })).toEqual([]);
    const operator = await publisher(clock);
    operator.publish([numbered(1)]);
    const running = feed(clock, { url: operator.url }, { current });
    await until(() => operator.dataPlanes().length === 1 && operator.isSettled("default", version(one)));
    expect(applied).toEqual([version(one)]);
    expect(running.state().epoch).toBe(5);
  });

  test("does not restore a snapshot of another gateway", () => {
    const current = new Current({ gateway: "other", apply: () => [], keep: () => undefined });
    expect(current.restore({ snapshot: one, version: version(one), epoch: 4 })).toMatchObject([{ path: "gateway" }]);
    expect(current.version).toBe("");
  });

  test("leaves nothing behind when it is closed, in whatever phase", async () => {
    const clock = fakeClock();
    const operator = await publisher(clock);
    const running = feed(clock, { url: operator.url });
    await until(() => operator.dataPlanes().length === 1);
    await running.close();
    await until(() => operator.dataPlanes().length === 0);
    expect(operator.said).toEqual(["data plane pod-a is gone: it left"]);
    const unopened = feed(clock, { url: operator.url });
    await unopened.close();
    await until(() => clock.pending === 0);
  });
});

describe("a journal", () => {
  test("forgets a lease that ran out, and does not let an older operator replace a newer one's", () => {
    const clock = fakeClock();
    const journal = new Journal(() => clock.tick());
    journal.take({ type: "lease", id: "a", amount: 10, epoch: 2, ttlMs: 1000 });
    journal.take({ type: "lease", id: "a", amount: 99, epoch: 1, ttlMs: 9000 });
    clock.advance(400);
    expect(journal.leases()).toEqual([{ id: "a", amount: 10, epoch: 2, remainingMs: 600 }]);
    clock.advance(600);
    expect(journal.leases()).toEqual([]);
  });

  test("refuses a report when a thousand wait, instead of losing one", () => {
    const journal = new Journal(() => 0);
    const content = { usage: [], demand: [], health: [] };
    for (let number = 1; number <= 1000; number += 1) expect(journal.report(content)?.sequence).toBe(number);
    expect(journal.report(content)).toBeUndefined();
    journal.confirm(1);
    expect(journal.report(content)?.sequence).toBe(1001);
  });
});
