// Builds of two releases together. The fixtures are frames as the first build wrote them, byte for byte: they are never recorded anew,
// and while format 1 is the present one or the one before, both ends must understand them and write what means the same.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Current } from "../../dataplane/feed/current.ts";
import { adoptHash, canonical, resourceHash } from "../../dataplane/snapshot/canonical.ts";
import { checkSnapshot } from "../../dataplane/snapshot/check.ts";
import { applyDelta } from "../../dataplane/snapshot/delta.ts";
import { commonFormat, lowered, type Lowering } from "../../dataplane/snapshot/formats.ts";
import { FrameReader } from "../../dataplane/snapshot/frames.ts";
import { encodeMessage, readFromDataPlane, readFromOperator, type Push } from "../../dataplane/snapshot/messages.ts";
import { FORMAT, readableFormats, type Snapshot } from "../../dataplane/snapshot/schema.ts";
import { Editions } from "../../operator/publish/editions.ts";
import { fakeClock } from "../doubles/clock.ts";
import { handDataPlane, hello, publisher, until } from "./ends.ts";
import { numbered, version } from "./snapshots.ts";

const [FIRST, SECOND] = ["8a3cf1ca95b7abac2a7cb6ecd8be81a6", "d66a9191dcb6c2fcbfdb7f8235951c85"];

const bytesOf = (name: string): Buffer => readFileSync(join(import.meta.dirname, "fixtures", "format-1", `${name}.frame`));
const textOf = (frame: Buffer): string => new FrameReader().push(frame)[0] ?? "";
const recorded = (name: string): Record<string, unknown> => JSON.parse(textOf(bytesOf(name))) as Record<string, unknown>;

const pushIn = (name: string): Push => {
  const message = readFromOperator(textOf(bytesOf(name)));
  if (message?.type !== "snapshot" && message?.type !== "delta") throw new Error(`${name} is no push`);
  return message;
};

/** What the recorded frames lead to. */
const snapshots = (): [Snapshot, Snapshot] => {
  const [full, delta] = [pushIn("snapshot"), pushIn("delta")];
  const first = full.type === "snapshot" ? checkSnapshot(full.full).snapshot : undefined;
  const second = first !== undefined && delta.type === "delta" ? applyDelta(first, delta.change).snapshot : undefined;
  if (first === undefined || second === undefined) throw new Error("the recorded frames are not understood");
  return [first, second];
};

describe("a data plane of this build and an operator of the first", () => {
  test("agree: what that operator wrote is taken, its hashes are ours", () => {
    const applied: string[] = [];
    const current = new Current({ gateway: "default", apply: (_, applying) => (applied.push(applying), []), keep: () => undefined });
    expect(current.take(pushIn("snapshot"))).toEqual({ type: "ack", nonce: 1, version: FIRST });
    expect(current.take(pushIn("delta"))).toEqual({ type: "ack", nonce: 2, version: SECOND });
    expect(applied).toEqual([FIRST, SECOND]);
  });

  test("agree on every other message, and on the secret in the snapshot", () => {
    for (const name of ["lease", "confirm", "goaway", "ping", "pong"]) expect(readFromOperator(textOf(bytesOf(name)))).toEqual(recorded(name));
    expect(snapshots()[0].credentials["team-a/openai-key/api-key"]?.reveal()).toBe("sk-recorded-Grüße");
  });

  test("get along: a newer token that is shown on the stream is passed over there", () => {
    // That build knew these types and let every other pass.
    const known = ["hello", "ack", "nack", "report", "ping", "pong", "goaway"];
    const sent = JSON.parse(textOf(encodeMessage({ type: "renew", token: "t" }))) as { type: string };
    expect(known).not.toContain(sent.type);
  });
});

describe("an operator of this build and a data plane of the first", () => {
  test("agree: its bytes are understood from the hello to the report", async () => {
    const counted: number[] = [];
    const operator = await publisher(fakeClock(), { count: async (_, report) => void counted.push(report.sequence) });
    operator.publish([snapshots()[0]]);
    const plane = handDataPlane(operator.url);
    plane.stream.write(bytesOf("hello"));
    await until(() => plane.heard.length === 1);
    plane.stream.write(bytesOf("ack"));
    await until(() => operator.isSettled("default", FIRST ?? ""));
    operator.publish([snapshots()[1]]);
    await until(() => plane.heard.length === 2);
    plane.stream.write(Buffer.concat([bytesOf("nack"), bytesOf("report"), bytesOf("ping")]));
    await until(() => counted.length === 1);
    expect(operator.dataPlanes()).toMatchObject([{ pod: "pod-h", build: "0.1.0", version: FIRST, rejection: { version: SECOND, problems: [{ message: "too odd" }] } }]);
  });

  test("agree: what is written for it says what that build's operator wrote", () => {
    const [first, second] = snapshots();
    const editions = new Editions(5);
    const hearer = { audience: { gateway: "default" }, format: 1 };
    editions.publish(first);
    const full = editions.frame(hearer, "")?.bytes ?? Buffer.alloc(0);
    expect(JSON.parse(textOf(full))).toEqual(recorded("snapshot"));
    editions.publish(second);
    const delta = editions.frame(hearer, FIRST ?? "")?.bytes ?? Buffer.alloc(0);
    expect(JSON.parse(textOf(delta))).toEqual(recorded("delta"));
  });

  test("agree on what a data plane of this build says too", () => {
    for (const name of ["hello", "ack", "nack", "report"]) {
      const message = readFromDataPlane(textOf(bytesOf(name)));
      if (message === undefined) throw new Error(`${name} is not understood`);
      expect(JSON.parse(textOf(encodeMessage(message)))).toEqual(recorded(name));
    }
  });
});

/** A made-up release before this one: its routes had no timeouts, and a model was called a name. */
const FORMER = FORMAT - 1;
const lowering: Lowering = { routes: ({ models, access, rules }) => ({ names: models.map(({ name }) => name), access, rules }) };
const formers = new Map([[FORMER, lowering]]);
const told = (number: number): Snapshot => lowered(numbered(number), FORMER, lowering);

describe("a format that was raised", () => {
  test("is written for those who read the former one, in full and as changes, and both kinds run one version of the gateway", async () => {
    const operator = await publisher(fakeClock(), { formers });
    operator.publish([numbered(1)]);
    const [older, newer] = [handDataPlane(operator.url), handDataPlane(operator.url)];
    older.send(hello({ pod: "older", formats: [FORMER] }));
    newer.send(hello({ pod: "newer", formats: [FORMAT, FORMER] }));
    await until(() => older.heard.length === 1 && newer.heard.length === 1);
    expect(older.heard[0]).toMatchObject({ type: "snapshot", version: version(told(1)), full: { format: FORMER, routes: { "team/chat": { names: ["model-1"] } } } });
    expect(newer.heard[0]).toMatchObject({ type: "snapshot", version: version(numbered(1)), full: { format: FORMAT } });
    for (const plane of [older, newer]) {
      const [push] = plane.heard;
      if (push?.type === "snapshot") plane.send({ type: "ack", nonce: push.nonce, version: push.version });
    }
    await until(() => operator.isSettled("default", version(numbered(1))));
    expect(operator.dataPlanes().map((plane) => plane.version)).toEqual([version(numbered(1)), version(numbered(1))]);
    operator.publish([numbered(2)]);
    await until(() => older.heard.length === 2);
    expect(older.heard[1]).toMatchObject({ type: "delta", base: version(told(1)), version: version(told(2)), change: { upserts: { routes: { "team/chat": { names: ["model-2"] } } } } });
  });

  test("leaves what did not change the same resource, so that an edit stays small", () => {
    const snapshot = numbered(1);
    expect(lowered(snapshot, FORMER, lowering).routes["team/chat"]).toBe(lowered(snapshot, FORMER, lowering).routes["team/chat"]);
    expect(lowered(snapshot, FORMER, lowering).providers["team/openai"]).toBe(snapshot.providers["team/openai"]);
  });

  test("is chosen by what both ends know, the newest of it", () => {
    expect(commonFormat([FORMAT, FORMER], formers)).toBe(FORMAT);
    expect(commonFormat([FORMAT + 1, FORMAT], formers)).toBe(FORMAT);
    expect(commonFormat([FORMER], formers)).toBe(FORMER);
    expect(commonFormat([FORMER], new Map())).toBeUndefined();
    expect(commonFormat([FORMAT + 1], formers)).toBeUndefined();
  });

  test("is read from the present one on: this build says so, and reads nothing else", () => {
    expect(readableFormats).toContain(FORMAT);
    const other = { ...JSON.parse(canonical(numbered(1))), format: FORMAT + 1 } as unknown;
    expect(checkSnapshot(other).problems).toMatchObject([{ path: "format" }]);
  });

  test("has the version of what was told, whatever this build adds to it when it reads it", () => {
    const [asTold, asRead] = [{ models: ["a"] }, { models: ["a"], timeouts: {} }];
    adoptHash(asRead, asTold);
    expect(resourceHash(asRead)).toBe(resourceHash({ models: ["a"] }));
    expect(resourceHash({ models: ["a"], timeouts: {} })).not.toBe(resourceHash(asTold));
  });
});
