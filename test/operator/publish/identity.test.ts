// Who may have a stream and for how long: tokens that are renewed, run out or are taken back, sidecars, and epochs after a restore.
// Streams are real sockets; time is a fake clock's.
import { describe, expect, test } from "vitest";
import type { Claims, Refusal } from "../../../operator/publish/authenticate.ts";
import type { PushEvent } from "../../../operator/publish/hub.ts";
import type { PublisherParts } from "../../../operator/publish/server.ts";
import { fakeClock, type FakeClock } from "../../doubles/clock.ts";
import { handDataPlane, hello, publisher, until } from "../../feed/ends.ts";
import { numbered, provider, route, snapshotOf, version } from "../../feed/snapshots.ts";
import { Secret } from "../../../dataplane/snapshot/secret.ts";
import { viewFor } from "../../../operator/publish/audience.ts";
import type { Snapshot } from "../../../dataplane/snapshot/schema.ts";

const MINUTE = 60_000;
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

const operatorThat = async (clock: FakeClock, authorize: PublisherParts["authorize"], changes: Partial<PublisherParts> = {}) => {
  const events: PushEvent[] = [];
  const operator = await publisher(clock, { authorize, observe: (event) => events.push(event), ...changes });
  return { ...operator, events, operator, ended: () => events.flatMap((event) => (event.kind === "ended" ? [event.reason] : [])), refused: () => events.flatMap((event) => (event.kind === "refused" ? [event.reason] : [])) };
};

/** Time passes while the other end gives its signs of life. */
const pass = async (clock: FakeClock, planes: readonly ReturnType<typeof handDataPlane>[], ms: number): Promise<void> => {
  for (let passed = 0; passed < ms; passed += 5000) {
    const before = planes.map((plane) => plane.heard.length);
    for (const plane of planes) plane.send({ type: "ping" });
    await until(() => planes.every((plane, index) => plane.seen.isClosed || plane.heard.length > (before[index] ?? 0)));
    clock.advance(5000);
  }
};

describe("a stream's credential", () => {
  test("that is refused is named to the other end and in a metric, and in the log once a minute", async () => {
    const clock = fakeClock();
    const refusal: Refusal = { refusal: "other-audience", message: "its token is not for the audience x" };
    const { operator, refused, said } = await operatorThat(clock, async () => refusal);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const plane = handDataPlane(new URL(`http://127.0.0.1:${operator.port}`), bearer("a"));
      let reason: unknown;
      plane.stream.on("response", (headers) => (reason = headers["llmgw-refusal"]));
      plane.send(hello());
      await until(() => plane.seen.isClosed);
      expect([plane.seen.status, reason]).toEqual([401, "other-audience"]);
    }
    expect(refused()).toEqual(["other-audience", "other-audience", "other-audience"]);
    expect(said).toEqual(["a data plane is turned away: its token is not for the audience x"]);
  });

  test("that could not be looked at is an operator that is not there, not a refusal", async () => {
    const operator = await operatorThat(fakeClock(), () => Promise.reject(new Error("timeout")));
    const plane = handDataPlane(operator.url, bearer("a"));
    plane.send(hello());
    await until(() => plane.seen.isClosed);
    expect(plane.seen.status).toBe(503);
  });

  /** As an API server judges, by a clock of its own. */
  const judgedBy = (now: () => number, expiries: ReadonlyMap<string, number>) => async (authorization = ""): Promise<Claims | Refusal> => {
    const expiresAt = expiries.get(authorization) ?? 0;
    return expiresAt > now() ? { expiresAt } : { refusal: "not-authenticated", message: "its token has expired" };
  };

  test("that runs out ends the stream, two minutes later at most, unless a newer one of the same pod was shown", async () => {
    const clock = fakeClock();
    const expiries = new Map([["Bearer old", clock.now() + 10 * MINUTE], ["Bearer new", clock.now() + 30 * MINUTE]]);
    const { url, ended, operator } = await operatorThat(clock, judgedBy(() => clock.now(), expiries));
    const [renewing, sleeping] = [handDataPlane(url, bearer("old")), handDataPlane(url, bearer("old"))];
    renewing.send(hello({ pod: "renewing" }));
    sleeping.send(hello({ pod: "sleeping" }));
    await until(() => operator.dataPlanes().length === 2);
    await pass(clock, [renewing, sleeping], 9 * MINUTE);
    renewing.send({ type: "renew", token: "new" });
    await pass(clock, [renewing, sleeping], 3 * MINUTE);
    await until(() => sleeping.seen.isClosed);
    expect(operator.dataPlanes().map(({ pod }) => pod)).toEqual(["renewing"]);
    expect(ended()).toHaveLength(1);
  });

  test("that is over by the operator's clock only stays as long as those who made it call it good, and they are not asked all the time", async () => {
    const clock = fakeClock();
    const expiries = new Map([["Bearer a", clock.now() - 50 * MINUTE]]);
    let asked = 0;
    const judged = judgedBy(() => clock.now() - 60 * MINUTE, expiries);
    const { url, ended, operator } = await operatorThat(clock, (authorization) => ((asked += 1), judged(authorization)));
    const plane = handDataPlane(url, bearer("a"));
    plane.send(hello());
    await until(() => operator.dataPlanes().length === 1);
    await pass(clock, [plane], 8 * MINUTE);
    expect(operator.dataPlanes()).toHaveLength(1);
    expect(asked).toBeLessThanOrEqual(1 + 8 * 2);
    await pass(clock, [plane], 3 * MINUTE);
    await until(() => plane.seen.isClosed);
    expect(ended()).toEqual(["unrenewed"]);
  });

  test("that is over while nobody can be asked ends its stream", async () => {
    const clock = fakeClock();
    let verdict: Claims | Refusal = { expiresAt: clock.now() + 10 * MINUTE };
    const { url, ended, operator } = await operatorThat(clock, async () => verdict);
    const plane = handDataPlane(url, bearer("a"));
    plane.send(hello());
    await until(() => operator.dataPlanes().length === 1);
    verdict = { refusal: "unavailable", message: "the API server is down" };
    await pass(clock, [plane], 10 * MINUTE);
    expect(operator.dataPlanes()).toHaveLength(1);
    await pass(clock, [plane], 2 * MINUTE);
    await until(() => plane.seen.isClosed);
    expect(ended()).toEqual(["unrenewed"]);
  });

  test("of another pod does not renew a stream: it ends it", async () => {
    const { url, ended, operator } = await operatorThat(fakeClock(), async (authorization) => ({ pod: authorization === "Bearer mine" ? "pod-h" : "pod-x", uid: "uid-h" }));
    const plane = handDataPlane(url, bearer("mine"));
    plane.send(hello());
    await until(() => operator.dataPlanes().length === 1);
    plane.send({ type: "renew", token: "stolen" });
    await until(() => plane.seen.isClosed);
    expect(ended()).toEqual(["refused"]);
  });

  test("is looked at again every five minutes: taken back, the stream ends; nobody to ask, it stays", async () => {
    const clock = fakeClock();
    let verdict: Claims | Refusal = {};
    let asked = 0;
    const { url, ended, operator } = await operatorThat(clock, async () => ((asked += 1), verdict));
    const plane = handDataPlane(url, bearer("a"));
    plane.send(hello());
    await until(() => operator.dataPlanes().length === 1);
    verdict = { refusal: "unavailable", message: "the API server is down" };
    await pass(clock, [plane], 5 * MINUTE + 5000);
    await until(() => asked === 2);
    expect(operator.dataPlanes()).toHaveLength(1);
    verdict = { refusal: "not-authenticated", message: "the pod is gone" };
    await pass(clock, [plane], 5 * MINUTE + 5000);
    await until(() => plane.seen.isClosed);
    expect(ended()).toEqual(["refused"]);
    expect(operator.said).toEqual(["data plane pod-h is gone: the pod is gone"]);
  });

  test("may not be used for another pod, another uid or another gateway", async () => {
    const claims: Claims = { pod: "pod-h", uid: "uid-h", speaksFor: (gateway) => (gateway === "default" ? { gateway } : { refusal: "not-yours", message: "no" }) };
    const { url, refused, operator } = await operatorThat(fakeClock(), async () => claims);
    operator.publish([numbered(1), snapshotOf({}, { gateway: "other" })]);
    for (const lie of [{ pod: "pod-x" }, { uid: "uid-x" }, { gateway: "other" }]) {
      const plane = handDataPlane(url, bearer("a"));
      plane.send(hello(lie));
      await until(() => plane.seen.isClosed);
      expect(plane.heard).toEqual([]);
    }
    expect(refused()).toEqual(["other-pod", "other-pod", "not-yours"]);
  });

  test("is shown once for each connection: who was refused has to dial again", async () => {
    const { url } = await operatorThat(fakeClock(), async () => ({ refusal: "not-authenticated", message: "no" }));
    const plane = handDataPlane(url, bearer("a"));
    await until(() => plane.session.closed || plane.session.destroyed);
    expect(plane.seen.status).toBe(401);
  });

  test("must come soon: a connection without a stream is closed after ten seconds", async () => {
    const clock = fakeClock();
    const { url } = await operatorThat(clock, () => new Promise(() => undefined));
    const plane = handDataPlane(url, bearer("a"));
    await until(() => clock.pending > 0);
    clock.advance(10_000);
    await until(() => plane.seen.isClosed);
    expect(plane.seen.status).toBe(0);
  });
});

describe("a data plane that does not answer", () => {
  test("is cut off after a minute, though it gives signs of life", async () => {
    const clock = fakeClock();
    const { url, ended, operator } = await operatorThat(clock, async () => ({}));
    operator.publish([numbered(1)]);
    const plane = handDataPlane(url);
    plane.send(hello());
    await until(() => plane.heard.length === 1);
    await pass(clock, [plane], MINUTE - 5000);
    expect(operator.dataPlanes()).toHaveLength(1);
    await pass(clock, [plane], 10_000);
    await until(() => plane.seen.isClosed);
    expect(ended()).toEqual(["overdue"]);
  });
});

const shared = (weight: number): Snapshot =>
  snapshotOf({
    "team-a/chat": { ...route("model-a"), access: { namespaces: ["team-a"] }, rules: [{ name: "only", targets: [{ name: "a", provider: "team-a/openai", weight: 1, priority: 0 }] }] },
    "team-b/chat": { ...route("model-b"), access: { namespaces: ["team-b"] }, rules: [{ name: "only", targets: [{ name: "a", provider: "team-b/openai", weight, priority: 0 }] }] },
  }, {
    providers: { "team-a/openai": provider("team-a/key/api-key"), "team-b/openai": provider("team-b/key/api-key") },
    credentials: { "team-a/key/api-key": new Secret("sk-of-a"), "team-b/key/api-key": new Secret("sk-of-b") },
  });

describe("a sidecar", () => {
  const sidecarOf = (namespace: string): PublisherParts["authorize"] => async () => ({ speaksFor: (gateway) => ({ gateway, namespace }) });

  test("gets what its namespace may use, and counts as running the gateway's version", async () => {
    const { url, operator } = await operatorThat(fakeClock(), sidecarOf("team-a"));
    operator.publish([shared(1)]);
    const plane = handDataPlane(url);
    plane.send(hello());
    await until(() => plane.heard.length === 1);
    const [push] = plane.heard;
    if (push?.type !== "snapshot") throw new Error("no snapshot");
    expect(push.version).toBe(version(viewFor(shared(1), "team-a")));
    expect(JSON.stringify(push)).toContain("sk-of-a");
    expect(JSON.stringify(push)).not.toContain("sk-of-b");
    plane.send({ type: "ack", nonce: push.nonce, version: push.version });
    await until(() => operator.isSettled("default", version(shared(1))));
    expect(operator.dataPlanes()).toMatchObject([{ namespace: "team-a", gateway: "default", version: version(shared(1)) }]);
  });

  test("is pushed nothing for what others changed, and runs the newer version of the gateway all the same", async () => {
    const { url, operator } = await operatorThat(fakeClock(), sidecarOf("team-a"));
    operator.publish([shared(1)]);
    const plane = handDataPlane(url);
    plane.send(hello({ version: version(viewFor(shared(1), "team-a")) }));
    await until(() => plane.heard.length === 1);
    expect(plane.heard[0]).toMatchObject({ type: "delta", change: { upserts: {}, removes: {} } });
    plane.send({ type: "ack", nonce: 1, version: version(viewFor(shared(1), "team-a")) });
    await until(() => operator.isSettled("default", version(shared(1))));
    operator.publish([shared(2)]);
    expect(operator.isSettled("default", version(shared(2)))).toBe(true);
    expect(operator.dataPlanes()).toMatchObject([{ version: version(shared(2)) }]);
    plane.send({ type: "ping" });
    await until(() => plane.heard.length === 2);
    expect(plane.heard[1]).toEqual({ type: "pong" });
  });

  test("shares its pod's name with one of another namespace and is still another data plane", async () => {
    const { url, operator } = await operatorThat(fakeClock(), async (authorization) => ({ speaksFor: (gateway) => ({ gateway, namespace: authorization === "Bearer a" ? "team-a" : "team-b" }) }));
    const planes = ["a", "b"].map((token) => handDataPlane(url, bearer(token)));
    for (const plane of planes) plane.send(hello({ pod: "job-0" }));
    await until(() => operator.dataPlanes().length === 2);
    expect(operator.dataPlanes().map(({ namespace }) => namespace).toSorted()).toEqual(["team-a", "team-b"]);
  });
});

describe("an operator that data planes have seen a higher epoch than", () => {
  test("goes on from there when the store says that it leads: it was set back to an older state", async () => {
    const { url, operator, said } = await operatorThat(fakeClock(), async () => ({}), { confirmLeadership: async () => true });
    operator.publish([numbered(1)]);
    const first = handDataPlane(url);
    first.send(hello({ epoch: 41 }));
    await until(() => first.seen.isClosed && operator.epoch() === 42);
    const second = handDataPlane(url);
    second.send(hello({ epoch: 41 }));
    await until(() => second.heard.length === 1);
    expect(second.heard[0]).toMatchObject({ type: "snapshot", epoch: 42 });
    expect(said.some((line) => line.includes("goes on from 42"))).toBe(true);
  });

  test.each([
    ["says that it does not lead", async () => false],
    ["cannot be asked", () => Promise.reject(new Error("timeout"))],
  ])("turns them away when the store %s", async (_, confirmLeadership: () => Promise<boolean>) => {
    const { url, operator } = await operatorThat(fakeClock(), async () => ({}), { confirmLeadership });
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const plane = handDataPlane(url);
      plane.send(hello({ epoch: 41 }));
      await until(() => plane.seen.isClosed);
    }
    expect(operator.epoch()).toBe(5);
  });
});
