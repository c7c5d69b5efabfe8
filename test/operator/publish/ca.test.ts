// The plan for our own authority, moment by moment: nothing is made here, time is a number.
import { describe, expect, test } from "vitest";
import { BACKDATE_MS, planAuthority, type Lives, type Seen, type SeenAuthority, type SeenLeaf } from "../../../operator/publish/ca.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const lives: Lives = { authorityMs: 300 * DAY, leafMs: 30 * DAY, overlapMs: HOUR };
const names = ["operator.llm-system.svc"];

const authority = (fingerprint: string, madeAt: number): Seen => ({ fingerprint, notBefore: madeAt - BACKDATE_MS, notAfter: madeAt + lives.authorityMs });
const leaf = (issuer: string, madeAt: number, changes: Partial<SeenLeaf> = {}): SeenLeaf => ({ fingerprint: "leaf", issuer, names, notBefore: madeAt - BACKDATE_MS, notAfter: madeAt + lives.leafMs, ...changes });
const none: SeenAuthority = { signing: undefined, next: undefined, former: [], leaf: undefined };
const running: SeenAuthority = { ...none, signing: authority("A", 0), leaf: leaf("A", 0) };
const steps = (seen: SeenAuthority, now: number): string[] => planAuthority(seen, now, names, lives).steps.map(({ what }) => what);

describe("the plan for our own certificates", () => {
  test("begins with an authority and a certificate", () => {
    expect(steps(none, 0)).toEqual(["make-signing", "issue-leaf"]);
  });

  test("does nothing while all is well, and says when to look again", () => {
    const { steps: todo, lookAgainAt } = planAuthority(running, DAY, names, lives);
    expect(todo).toEqual([]);
    expect(lookAgainAt).toBeGreaterThan(19 * DAY);
    expect(lookAgainAt).toBeLessThan(20 * DAY);
  });

  test("renews the certificate when two thirds of its life are over, and not before", () => {
    const { lookAgainAt } = planAuthority(running, 0, names, lives);
    expect(steps(running, lookAgainAt - 1)).toEqual([]);
    expect(steps(running, lookAgainAt)).toEqual(["issue-leaf"]);
  });

  test("makes the next authority when two thirds of this one's life are over, lets it be trusted first, and only then signs with it", () => {
    const late = 250 * DAY;
    const fresh = { ...running, leaf: leaf("A", late) };
    expect(steps(fresh, late)).toEqual(["make-next"]);
    const overlapping = { ...fresh, next: authority("B", late) };
    expect(steps(overlapping, late + HOUR - 1)).toEqual([]);
    expect(planAuthority(overlapping, late, names, lives).lookAgainAt).toBe(late + HOUR);
    expect(steps(overlapping, late + HOUR)).toEqual(["take-over", "issue-leaf"]);
    const taken: SeenAuthority = { signing: authority("B", late), next: undefined, former: [authority("A", 0)], leaf: leaf("B", late + HOUR) };
    expect(steps(taken, late + 2 * HOUR)).toEqual([]);
  });

  test("trusts a former authority until its end", () => {
    const taken: SeenAuthority = { signing: authority("B", 250 * DAY), next: undefined, former: [authority("A", 0)], leaf: leaf("B", 299 * DAY) };
    expect(steps(taken, 300 * DAY - 1)).toEqual([]);
    expect(planAuthority(taken, 300 * DAY, names, lives).steps).toMatchObject([{ what: "drop-former", fingerprint: "A" }]);
  });

  test.each([
    ["its authority cannot be read", { ...running, signing: undefined }, ["make-signing", "issue-leaf"]],
    ["its authority cannot be read and the next one can", { ...running, signing: undefined, next: authority("B", 0) }, ["take-over", "issue-leaf"]],
    ["its certificate cannot be read", { ...running, leaf: undefined }, ["issue-leaf"]],
    ["its certificate is signed by somebody else", { ...running, leaf: { ...leaf("A", 0), issuer: undefined } }, ["issue-leaf"]],
    ["its certificate is signed by a former authority", { ...running, former: [authority("Z", -DAY)], leaf: leaf("Z", 0) }, ["issue-leaf"]],
    ["its certificate lacks a name that is asked for now", { ...running, leaf: leaf("A", 0, { names: ["old.name"] }) }, ["issue-leaf"]],
    ["the next authority begins in the future", { ...running, next: authority("B", 3 * HOUR) }, ["drop-next"]],
  ] as const)("mends what is damaged: %s", (_, seen, expected) => {
    expect(steps(seen, 0)).toEqual(expected);
  });

  test("starts anew when everything is over, as after a long sleep", () => {
    expect(steps(running, 400 * DAY)).toEqual(["make-signing", "issue-leaf"]);
  });

  test.each([-HOUR, HOUR])("is content with what a replica made whose clock is %d ms off", (skew) => {
    const made = { ...none, signing: authority("A", skew), leaf: leaf("A", skew) };
    expect(steps(made, 0)).toEqual([]);
  });

  test("does not use what a clock made that was far ahead", () => {
    expect(steps({ ...none, signing: authority("A", 3 * HOUR), leaf: leaf("A", 3 * HOUR) }, 0)).toEqual(["make-signing", "issue-leaf"]);
  });

  test("never waits beyond the end of the authority that signs", () => {
    const short: Lives = { authorityMs: 3 * HOUR, leafMs: HOUR, overlapMs: 5 * HOUR };
    const seen: SeenAuthority = { ...none, signing: { fingerprint: "A", notBefore: 0, notAfter: 3 * HOUR }, next: { fingerprint: "B", notBefore: 0, notAfter: 9 * HOUR }, leaf: leaf("A", 0) };
    expect(planAuthority(seen, HOUR, names, short).steps[0]?.what).toBe("take-over");
  });
});
