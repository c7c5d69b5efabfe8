// The stream as the operator sees it, on real sockets: pushes, answers, and data planes that misbehave.
// Time is a fake clock's.
import { describe, expect, test } from "vitest";
import { Leases } from "../../../operator/publish/leases.ts";
import { fakeClock } from "../../doubles/clock.ts";
import { feed, handDataPlane, hello, publisher, until } from "../../feed/ends.ts";
import { numbered, snapshotOf, version } from "../../feed/snapshots.ts";

const pushes = (heard: readonly { type: string }[]): string[] => heard.map((message) => message.type).filter((type) => type === "snapshot" || type === "delta");

describe("the publisher", () => {
  test("publishes nothing when nothing changed", async () => {
    const operator = await publisher(fakeClock());
    expect(operator.publish([numbered(1)])).toHaveLength(1);
    expect(operator.publish([numbered(1)])).toEqual([]);
  });

  test("tells what changed since the edition before", async () => {
    const operator = await publisher(fakeClock());
    expect(operator.publish([numbered(1)])[0]).toMatchObject({ before: undefined, differences: [] });
    expect(operator.publish([numbered(2)])[0]).toMatchObject({ before: { version: version(numbered(1)) }, differences: [{ section: "routes", id: "team/chat", kind: "changed" }] });
  });

  test("gives a slow reader what is under way and then the newest, never a queue", async () => {
    const operator = await publisher(fakeClock());
    operator.publish([numbered(0)]);
    const slow = handDataPlane(operator.url);
    slow.send(hello());
    await until(() => pushes(slow.heard).length === 1);
    for (let number = 1; number <= 200; number += 1) operator.publish([numbered(number)]);
    slow.send({ type: "ack", nonce: 1, version: version(numbered(0)) });
    await until(() => pushes(slow.heard).length === 2);
    const last = slow.heard.at(-1);
    if (last?.type !== "snapshot" && last?.type !== "delta") throw new Error("no push");
    expect(last.version).toBe(version(numbered(200)));
    slow.send({ type: "ack", nonce: last.nonce, version: last.version });
    await until(() => operator.isSettled("default", last.version));
    expect(pushes(slow.heard)).toHaveLength(2);
  });

  test("is not held up for others by one that reads nothing", async () => {
    const clock = fakeClock();
    const operator = await publisher(clock);
    const stuck = handDataPlane(operator.url);
    stuck.send(hello());
    await until(() => operator.dataPlanes().length === 1);
    stuck.stream.pause();
    const quick = feed(clock, { url: operator.url });
    for (let number = 0; number < 20; number += 1) {
      operator.publish([numbered(number)]);
      await until(() => quick.state().version === version(numbered(number)));
    }
    expect(operator.isSettled("default", version(numbered(19)))).toBe(false);
  });

  test("sends a change where it knows what the data plane runs, otherwise the whole", async () => {
    const operator = await publisher(fakeClock());
    operator.publish([numbered(1)]);
    operator.publish([numbered(2)]);
    const known = handDataPlane(operator.url);
    known.send(hello({ pod: "known", version: version(numbered(1)) }));
    const unknown = handDataPlane(operator.url);
    unknown.send(hello({ pod: "unknown", version: "f".repeat(32) }));
    await until(() => known.heard.length === 1 && unknown.heard.length === 1);
    expect(known.heard[0]).toMatchObject({ type: "delta", base: version(numbered(1)), version: version(numbered(2)), epoch: 5 });
    expect(unknown.heard[0]).toMatchObject({ type: "snapshot", version: version(numbered(2)), epoch: 5 });
  });

  test("sends the whole once to a data plane that could not use a change", async () => {
    const operator = await publisher(fakeClock());
    operator.publish([numbered(1)]);
    operator.publish([numbered(2)]);
    const plane = handDataPlane(operator.url);
    plane.send(hello({ version: version(numbered(1)) }));
    await until(() => plane.heard.length === 1);
    const nack = { type: "nack" as const, kept: version(numbered(1)), problems: [{ object: "", path: "", message: "another hash" }], isFullWanted: true };
    plane.send({ ...nack, nonce: 1 });
    await until(() => plane.heard.length === 2);
    expect(plane.heard[1]).toMatchObject({ type: "snapshot", version: version(numbered(2)), nonce: 2 });
    plane.send({ ...nack, nonce: 2 });
    await until(() => operator.dataPlanes()[0]?.rejection !== undefined);
    expect(plane.heard).toHaveLength(2);
  });

  test("remembers a refusal with its reasons, does not repeat it, and forgets it when the next one is taken", async () => {
    const operator = await publisher(fakeClock());
    const plane = handDataPlane(operator.url);
    plane.send(hello());
    operator.publish([numbered(1)]);
    await until(() => plane.heard.length === 1);
    const problems = [{ object: "routes/team/chat", path: "models", message: "too odd" }];
    plane.send({ type: "nack", nonce: 1, kept: "", problems, isFullWanted: false });
    await until(() => operator.dataPlanes()[0]?.rejection !== undefined);
    expect(operator.dataPlanes()[0]).toMatchObject({ version: "", rejection: { version: version(numbered(1)), problems } });
    expect(operator.isSettled("default", version(numbered(1)))).toBe(true);
    operator.publish([numbered(2)]);
    await until(() => plane.heard.length === 2);
    plane.send({ type: "ack", nonce: 2, version: version(numbered(2)) });
    await until(() => operator.dataPlanes()[0]?.version === version(numbered(2)));
    expect(operator.dataPlanes()[0]).not.toHaveProperty("rejection");
  });

  test("answers pings", async () => {
    const operator = await publisher(fakeClock());
    const plane = handDataPlane(operator.url);
    plane.send(hello());
    plane.send({ type: "ping" });
    await until(() => plane.heard.length === 1);
    expect(plane.heard).toEqual([{ type: "pong" }]);
  });

  test("ignores an answer to a push that is not under way", async () => {
    const operator = await publisher(fakeClock());
    operator.publish([numbered(1)]);
    const plane = handDataPlane(operator.url);
    plane.send(hello());
    plane.send({ type: "ack", nonce: 77, version: version(numbered(1)) });
    plane.send({ type: "report", sequence: 1, usage: [], demand: [], health: [] });
    await until(() => plane.heard.some((message) => message.type === "confirm"));
    expect(operator.dataPlanes()[0]?.version).toBe("");
  });

  test("gives each data plane the snapshot of its own gateway and no other", async () => {
    const operator = await publisher(fakeClock());
    const [mine, other] = [handDataPlane(operator.url), handDataPlane(operator.url)];
    mine.send(hello({ pod: "mine" }));
    other.send(hello({ pod: "other", gateway: "other" }));
    await until(() => operator.dataPlanes().length === 2);
    operator.publish([numbered(1), snapshotOf({}, { gateway: "other" })]);
    await until(() => mine.heard.length === 1 && other.heard.length === 1);
    expect(mine.heard).toMatchObject([{ version: version(numbered(1)) }]);
    expect(other.heard).toMatchObject([{ version: version(snapshotOf({}, { gateway: "other" })) }]);
  });

  test("pushes nothing to a data plane that cannot read its format, and says which it can", async () => {
    const operator = await publisher(fakeClock());
    const plane = handDataPlane(operator.url);
    plane.send(hello({ formats: [98, 99] }));
    operator.publish([numbered(1)]);
    plane.send({ type: "report", sequence: 1, usage: [], demand: [], health: [] });
    await until(() => plane.heard.length === 1);
    expect(plane.heard).toEqual([{ type: "confirm", sequence: 1 }]);
    expect(operator.dataPlanes()[0]?.rejection?.problems[0]?.message).toMatch(/formats 98, 99, this operator writes 1/);
  });

  test("lets nobody in whom `authorize` does not know, and tells them nothing", async () => {
    const operator = await publisher(fakeClock(), { authorize: async (authorization) => (authorization === "Bearer right" ? { pod: "pod-h" } : { refusal: "not-authenticated", message: "nobody knows it" }) });
    operator.publish([numbered(1)]);
    const stranger = handDataPlane(operator.url, { authorization: "Bearer wrong" });
    stranger.send(hello());
    await until(() => stranger.seen.isClosed);
    expect(stranger.seen.status).toBe(401);
    expect(stranger.heard).toEqual([]);
    const liar = handDataPlane(operator.url, { authorization: "Bearer right" });
    liar.send(hello({ pod: "somebody-else" }));
    await until(() => liar.seen.isClosed);
    expect(liar.heard).toEqual([]);
    const known = handDataPlane(operator.url, { authorization: "Bearer right" });
    known.send(hello());
    await until(() => known.heard.length === 1);
  });

  test("turns away a data plane that has seen a newer operator", async () => {
    const operator = await publisher(fakeClock());
    operator.publish([numbered(1)]);
    const plane = handDataPlane(operator.url);
    plane.send(hello({ epoch: 6 }));
    await until(() => plane.seen.isClosed);
    expect(plane.heard).toEqual([]);
    expect(operator.said).toEqual(["data plane pod-h is turned away: it has seen the epoch 6, and this operator has only 5: another one has taken over"]);
  });

  test("breaks with whoever says no hello: not in time, or something else first", async () => {
    const clock = fakeClock();
    const operator = await publisher(clock);
    const [silent, rude, garbled] = [handDataPlane(operator.url), handDataPlane(operator.url), handDataPlane(operator.url)];
    rude.send({ type: "ack", nonce: 1, version: "" });
    garbled.stream.write("GET / HTTP/1.1\r\n\r\n");
    await until(() => rude.seen.isClosed && garbled.seen.isClosed && silent.seen.status === 200);
    clock.advance(10_000);
    await until(() => silent.seen.isClosed);
    expect(operator.changes).toEqual([]);
  });

  test("forgets a session that dies or falls silent", async () => {
    const clock = fakeClock();
    const operator = await publisher(clock);
    const [dying, silent] = [handDataPlane(operator.url), handDataPlane(operator.url)];
    dying.send(hello({ pod: "dying" }));
    silent.send(hello({ pod: "silent" }));
    await until(() => operator.dataPlanes().length === 2);
    dying.session.destroy();
    await until(() => operator.dataPlanes().length === 1);
    clock.advance(30_000);
    await until(() => operator.dataPlanes().length === 0);
    expect(operator.said).toContain("data plane silent is gone: no sign of life for 30 s");
    expect(operator.changes).toEqual(["connected dying", "connected silent", "left dying", "left silent"]);
  });

  test("keeps one stream for each pod, the newest", async () => {
    const operator = await publisher(fakeClock());
    const first = handDataPlane(operator.url);
    first.send(hello({ boot: "first" }));
    await until(() => operator.dataPlanes().length === 1);
    const second = handDataPlane(operator.url);
    second.send(hello({ boot: "second" }));
    await until(() => first.seen.isClosed);
    expect(operator.dataPlanes().map(({ boot }) => boot)).toEqual(["second"]);
    expect(operator.changes).toEqual(["connected pod-h", "connected pod-h"]);
  });

  test("sends everybody away when it closes, spread over time", async () => {
    const clock = fakeClock();
    const randoms = [0, 0.5, 0.999];
    const operator = await publisher(clock, { random: () => randoms.shift() ?? 0 });
    const planes = [0, 1, 2].map(() => handDataPlane(operator.url));
    for (const [index, plane] of planes.entries()) plane.send(hello({ pod: `pod-${index}` }));
    await until(() => operator.dataPlanes().length === 3);
    const closing = operator.close();
    await until(() => planes.every((plane) => plane.heard.length === 1));
    expect(planes.map((plane) => plane.heard[0])).toEqual([0, 15, 29].map((retryAfterMs) => ({ type: "goaway", retryAfterMs })));
    clock.advance(1000);
    await closing;
  });

  test("confirms a report only when it is counted", async () => {
    const counted: number[] = [];
    const operator = await publisher(fakeClock(), {
      count: async (_, report) => {
        if (report.sequence === 2 && !counted.includes(2)) {
          counted.push(2);
          throw new Error("the ledger is full");
        }
        counted.push(report.sequence);
      },
    });
    const plane = handDataPlane(operator.url);
    plane.send(hello());
    for (const sequence of [1, 2]) plane.send({ type: "report", sequence, usage: [], demand: [], health: [] });
    await until(() => counted.length === 2);
    plane.send({ type: "report", sequence: 2, usage: [], demand: [], health: [] });
    await until(() => plane.heard.length === 2);
    expect(plane.heard).toEqual([{ type: "confirm", sequence: 1 }, { type: "confirm", sequence: 2 }]);
    expect(operator.said[0]).toMatch(/could not be counted, it will come again: the ledger is full/);
  });
});

describe("the leases that are out", () => {
  test("are counted until they run out, whether their holder is there or not", () => {
    const clock = fakeClock();
    const leases = new Leases(() => clock.tick());
    const lease = (amount: number, remainingMs: number) => ({ id: "limit", amount, epoch: 1, remainingMs });
    leases.told("a/1", [lease(10, 1000)]);
    leases.told("b/1", [lease(5, 3000)]);
    leases.told("a/2", [lease(7, 2000)]);
    expect(leases.outstanding("limit")).toBe(22);
    leases.told("b/1", [lease(6, 3000)]);
    expect(leases.outstanding("limit")).toBe(23);
    clock.advance(1000);
    expect(leases.outstanding("limit")).toBe(13);
    clock.advance(2000);
    expect(leases.outstanding("limit")).toBe(0);
  });
});
