// Conditions and counts: what an SRE reads, and when it changes.
import { describe, expect, it } from "vitest";
import type { Condition } from "../../../crds/status.ts";
import { providerStatus } from "../../../crds/status.ts";
import { advanceHistory, statusOf, type DataPlane, type Finding, type History, type ObjectStatus, type Report } from "../../../operator/status/conditions.ts";

const KEY = "LLMRoute/team-a/chat";
const EARLIER = "2026-01-01T00:00:00Z";
const NOW = "2026-02-01T00:00:00Z";

const reportOf = (parts: Partial<Report> = {}): Report => ({
  object: { kind: "LLMRoute", namespace: "team-a", name: "chat" },
  generation: 3,
  findings: [],
  carriedBy: { default: "hash-1" },
  ...parts,
});

const error = (condition: string, reason: string, message = reason): Finding => ({ condition, reason, severity: "error", path: "", message });
const warning = (condition: string, reason: string, message = reason): Finding => ({ condition, reason, severity: "warning", path: "", message });

const plane = (pod: string, version: string, parts: Partial<DataPlane> = {}): DataPlane => ({ pod, gateway: "default", version, ...parts });

const historyOf = (...steps: [version: string, report: Report][]): History =>
  steps.reduce<History>((history, [version, report]) => advanceHistory(history, { [KEY]: report }, { default: version }), {});

interface Asked {
  report?: Report;
  history?: History;
  dataPlanes?: DataPlane[];
  previous?: Condition[];
  time?: string;
}

const ask = ({ report = reportOf(), history = historyOf(["v1", report]), dataPlanes = [plane("pod-0", "v1")], previous = [], time = NOW }: Asked = {}): ObjectStatus =>
  statusOf({ key: KEY, report, history, dataPlanes, previous, time });

const condition = (status: ObjectStatus, type: string): Condition | undefined => status.conditions.find((one) => one.type === type);
const brief = (status: ObjectStatus): string[] => status.conditions.map((one) => `${one.type}=${one.status} ${one.reason}`);

describe("an object without problems", () => {
  it("is accepted, resolved and programmed, at its generation", () => {
    const status = ask();
    expect(brief(status)).toEqual(["Accepted=True Accepted", "ResolvedRefs=True ResolvedRefs", "Programmed=True Programmed"]);
    expect(status.conditions.map((one) => one.observedGeneration)).toEqual([3, 3, 3]);
    expect(status.observedGeneration).toBe(3);
    expect(status.programmed).toBe("1/1");
  });

  it("has no generation where the source keeps none", () => {
    const status = ask({ report: reportOf({ generation: undefined }) });
    expect("observedGeneration" in status).toBe(false);
    expect(status.conditions.every((one) => !("observedGeneration" in one))).toBe(true);
  });

  it("is written as the schema of the status wants it", () => {
    expect(providerStatus.parse({ ...ask() })).toEqual({ ...ask() });
  });
});

describe("findings", () => {
  it("turn their condition False, with the weightiest reason and every message", () => {
    const status = ask({ report: reportOf({ findings: [error("ResolvedRefs", "SecretNotFound", "one"), error("ResolvedRefs", "NoTargets", "two")] }) });
    expect(condition(status, "ResolvedRefs")).toMatchObject({ status: "False", reason: "SecretNotFound", message: "one; two" });
    expect(condition(status, "Accepted")?.status).toBe("True");
  });

  it("that only warn are told beside True", () => {
    const status = ask({ report: reportOf({ findings: [warning("Accepted", "PartiallyConflicted", "some names")] }) });
    expect(condition(status, "Accepted")).toMatchObject({ status: "True", reason: "PartiallyConflicted", message: "some names" });
  });

  it("that only warn do not give the reason when there is an error too", () => {
    const status = ask({ report: reportOf({ findings: [warning("Accepted", "A", "a"), error("Accepted", "B", "b")] }) });
    expect(condition(status, "Accepted")).toMatchObject({ status: "False", reason: "B", message: "a; b" });
  });

  it("about what is not in force add the condition InForce, which is otherwise not there", () => {
    expect(condition(ask(), "InForce")).toBeUndefined();
    const status = ask({ report: reportOf({ findings: [error("InForce", "FieldsNotInForce", "these fields: spec.retry")] }) });
    expect(condition(status, "InForce")).toMatchObject({ status: "False", reason: "FieldsNotInForce", message: "these fields: spec.retry" });
    expect(condition(status, "Programmed")?.status).toBe("True");
  });

  it("leave the references of an object open that does not parse", () => {
    const status = ask({ report: reportOf({ findings: [error("Accepted", "Invalid", "spec: wrong")], carriedBy: {} }) });
    expect(brief(status)).toEqual(["Accepted=False Invalid", "ResolvedRefs=Unknown Invalid", "Programmed=False NotAccepted"]);
  });

  it("in great number make a message of bounded length", () => {
    const findings = Array.from({ length: 500 }, (_, index) => error("Accepted", "Invalid", `${index} ${"x".repeat(2000)}`));
    const message = condition(ask({ report: reportOf({ findings }) }), "Accepted")?.message ?? "";
    expect(message.length).toBeLessThanOrEqual(8192);
    const short = Array.from({ length: 12 }, (_, index) => error("Accepted", "Invalid", `p${index}`));
    expect(condition(ask({ report: reportOf({ findings: short }) }), "Accepted")?.message).toMatch(/^p0; .*p9; and 2 more$/);
  });
});

describe("Programmed", () => {
  it("names who lags and why, and how many do not", () => {
    const rejection = { version: "v2", problems: [{ object: "providers/team-a/x", path: "type", message: "is unknown" }] };
    const history = historyOf(["v1", reportOf({ carriedBy: { default: "old" } })], ["v2", reportOf()]);
    const dataPlanes = [plane("pod-0", "v2"), plane("pod-1", "v1", { rejection }), plane("pod-2", "v1"), plane("pod-3", "")];
    const status = ask({ history, dataPlanes });
    expect(condition(status, "Programmed")).toMatchObject({
      status: "False",
      reason: "PartiallyProgrammed",
      message:
        "1 of 4 data planes run it: pod-1 of gateway default refused it: providers/team-a/x: type: is unknown; pod-2 of gateway default has not taken it over yet; pod-3 of gateway default has not taken it over yet",
    });
    expect(status.gateways).toEqual([{ name: "default", configVersion: "v2", connected: 4, programmed: 1, rejected: 1 }]);
    expect(status.programmed).toBe("1/4");
  });

  it("stays True while only others change: an older version carries this object too", () => {
    const history = historyOf(["v1", reportOf()], ["v2", reportOf()], ["v3", reportOf()]);
    expect(condition(ask({ history, dataPlanes: [plane("pod-0", "v1"), plane("pod-1", "v3")] }), "Programmed")?.status).toBe("True");
  });

  it("knows again an earlier version that came back", () => {
    const [one, two] = [reportOf({ carriedBy: { default: "one" } }), reportOf({ carriedBy: { default: "two" } })];
    const history = historyOf(["v1", one], ["v2", two], ["v1", one]);
    const standing = (version: string) => condition(ask({ report: one, history, dataPlanes: [plane("pod-0", version)] }), "Programmed")?.status;
    expect([standing("v1"), standing("v2")]).toEqual(["True", "False"]);
  });

  it("does not count a data plane that runs something nobody here knows", () => {
    expect(condition(ask({ dataPlanes: [plane("pod-0", "stranger")] }), "Programmed")?.status).toBe("False");
  });

  it("forgets versions beyond the newest 64, and objects that are carried no more", () => {
    const steps = Array.from({ length: 100 }, (_, index): [string, Report] => [`v${index}`, reportOf()]);
    const history = historyOf(...steps);
    expect(Object.keys(history["default"]?.versions ?? {})).toHaveLength(64);
    expect(condition(ask({ history, dataPlanes: [plane("pod-0", "v99"), plane("pod-1", "v40")] }), "Programmed")?.status).toBe("True");
    expect(condition(ask({ history, dataPlanes: [plane("pod-0", "v3")] }), "Programmed")?.status).toBe("False");
    expect(advanceHistory(history, {}, { default: "next" })["default"]?.carried).toEqual({});
    expect(advanceHistory(history, {}, {})).toEqual({});
  });

  it("does not move on when the same version is reported again", () => {
    const history = historyOf(["v1", reportOf()]);
    expect(advanceHistory(history, { [KEY]: reportOf() }, { default: "v1" })).toEqual(history);
  });

  it("needs all gateways that carry the object, and no others", () => {
    const report = reportOf({ carriedBy: { default: "a", edge: "b" } });
    const history = advanceHistory({}, { [KEY]: report }, { default: "d1", edge: "e1", lab: "l1" });
    const dataPlanes = [plane("pod-0", "d1"), plane("edge-0", "", { gateway: "edge" }), plane("lab-0", "", { gateway: "lab" })];
    const status = ask({ report, history, dataPlanes });
    expect(condition(status, "Programmed")?.message).toBe("1 of 2 data planes run it: edge-0 of gateway edge has not taken it over yet");
    expect(status.gateways.map(({ name, connected, programmed }) => [name, connected, programmed])).toEqual([["default", 1, 1], ["edge", 1, 0]]);
  });

  it.each([
    ["no data plane is connected", {}, "NoDataPlanes"],
    ["the object is not accepted", { findings: [error("Accepted", "Conflicted")], carriedBy: {} }, "NotAccepted"],
    ["a provider cannot be used", { object: { kind: "LLMProvider", namespace: "a", name: "b" }, findings: [error("ResolvedRefs", "SecretNotFound")], carriedBy: {} }, "NotResolved"],
    ["no route uses a provider", { object: { kind: "LLMProvider", namespace: "a", name: "b" }, carriedBy: {} }, "NotReferenced"],
    ["budgets have no effect yet", { object: { kind: "LLMBudget", namespace: "a", name: "b" }, findings: [error("ResolvedRefs", "RouteNotFound")], carriedBy: {} }, "NotInForce"],
    ["no gateway carries it", { carriedBy: {} }, "NotPublished"],
  ])("is False with a reason of its own when %s", (_, parts: Partial<Report>, reason) => {
    expect(condition(ask({ report: reportOf(parts), dataPlanes: [] }), "Programmed")).toMatchObject({ status: "False", reason });
  });
});

describe("the time of a condition", () => {
  const before = ask({ time: EARLIER }).conditions;

  it("stays while its status stays, even if reason and message change", () => {
    const status = ask({ previous: before, report: reportOf({ findings: [warning("Accepted", "PartiallyConflicted")] }) });
    expect(status.conditions.map((one) => one.lastTransitionTime)).toEqual([EARLIER, EARLIER, EARLIER]);
  });

  it("is now for the one that flips, and for one that is new", () => {
    const findings = [error("ResolvedRefs", "SecretNotFound"), error("InForce", "FieldsNotInForce")];
    const status = ask({ previous: before, report: reportOf({ findings }) });
    expect(status.conditions.map((one) => `${one.type} ${one.lastTransitionTime}`)).toEqual([
      `Accepted ${EARLIER}`, `ResolvedRefs ${NOW}`, `Programmed ${EARLIER}`, `InForce ${NOW}`,
    ]);
  });

  it("makes no difference where nothing is different: there is nothing to write", () => {
    expect(ask({ previous: before })).toEqual(ask({ time: EARLIER }));
  });
});
