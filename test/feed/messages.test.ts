// What the two ends may say to each other, and what each makes of something else.
import { describe, expect, test } from "vitest";
import { FrameReader } from "../../dataplane/snapshot/frames.ts";
import { encodeMessage, encodeSnapshot, MessageDamaged, readFromDataPlane, readFromOperator } from "../../dataplane/snapshot/messages.ts";
import { checkSnapshot } from "../../dataplane/snapshot/check.ts";
import { numbered, version } from "./snapshots.ts";

const textOf = (frame: Buffer): string => new FrameReader().push(frame)[0] ?? "";

describe("messages", () => {
  test("carry a snapshot with its secrets, and its hash survives the way", () => {
    const snapshot = numbered(1);
    const message = readFromOperator(textOf(encodeSnapshot({ version: version(snapshot), epoch: 3, nonce: 7 }, snapshot)));
    if (message?.type !== "snapshot") throw new Error("not a snapshot");
    const checked = checkSnapshot(message.full);
    expect(checked.problems).toBeUndefined();
    expect(checked.snapshot?.credentials["team/openai-key/api-key"]?.reveal()).toBe("sk-very-secret");
    expect(checked.snapshot && version(checked.snapshot)).toBe(message.version);
  });

  test("of a type that is not known are ignored, so that a newer peer may say more", () => {
    expect(readFromOperator('{"type":"weather","sunny":true}')).toBeUndefined();
  });

  test("may have members that are not known", () => {
    expect(readFromOperator('{"type":"goaway","retryAfterMs":5,"because":"x"}')).toEqual({ type: "goaway", retryAfterMs: 5 });
  });

  test.each(["", "[]", "null", "{", '{"type":7}', '{"type":"ack"}', '{"type":"ack","nonce":-1,"version":""}', '{"type":"hello","pod":""}'])("with the text %j are damaged", (text) => {
    expect(() => readFromDataPlane(text)).toThrow(MessageDamaged);
  });

  test("that are damaged are described without their content", () => {
    const damaged = '{"type":"delta","version":"v","epoch":1,"nonce":"sk-secret","base":"b","change":{}}';
    expect(() => readFromOperator(damaged)).toThrow(/wrong shape at nonce/);
    expect(() => readFromOperator(damaged)).not.toThrow(/sk-secret/);
  });

  test("are refused in the wrong direction only by being unknown", () => {
    expect(readFromDataPlane(textOf(encodeMessage({ type: "lease", id: "a", amount: 1, epoch: 1, ttlMs: 1 })))).toBeUndefined();
  });
});
