// The columns of `kubectl get`: what each kind's status has beside its conditions, and that the API server takes it.
import { describe, expect, it } from "vitest";
import { validateObject } from "../../../crds/validate.ts";
import { budgetStatus, providerStatus, routeStatus } from "../../../crds/status.ts";
import type { LLMBudget } from "../../../crds/budget.ts";
import type { LLMRoute } from "../../../crds/route.ts";
import type { Report } from "../../../operator/status/conditions.ts";
import { fieldsFor } from "../../../operator/status/fields.ts";
import type { World } from "../../../operator/world.ts";

const EMPTY: World = { providers: {}, routes: {}, budgets: {}, secrets: {}, configMaps: {}, namespaces: {}, gateways: {}, invalid: {} };

const objectOf = (kind: string, spec: unknown): unknown => {
  const { object, problems } = validateObject({ apiVersion: "llmgateway.io/v1alpha1", kind, metadata: { name: "x", namespace: "team-a" }, spec });
  if (object === undefined) throw new Error(JSON.stringify(problems));
  return object;
};

const reportOf = (kind: string, findings: Report["findings"] = []): Report => ({ object: { kind, namespace: "team-a", name: "x" }, generation: 1, findings, carriedBy: {} });

const target = (provider: string, changes: object = {}): object => ({ providerRef: { name: provider }, model: "m", ...changes });

describe("a route", () => {
  const fields = (spec: unknown, findings: Report["findings"] = [], models: { match: string; name: string }[] = []) => {
    const world = { ...EMPTY, routes: { "team-a/x": objectOf("LLMRoute", spec) as LLMRoute } };
    return fieldsFor({ kind: "LLMRoute", namespace: "team-a", name: "x" }, world, { default: { routes: { "team-a/x": { models } } }, other: { routes: {} } }, reportOf("LLMRoute", findings));
  };

  it("lists the names that it won, and its targets with what keeps one from being reached", () => {
    const told = fields(
      { models: ["a", "b-*"], targets: [target("one"), target("two", { name: "second", priority: 1 }), target("three", { providerRef: { name: "p", namespace: "platform" }, priority: 2 })] },
      [
        { condition: "ResolvedRefs", reason: "ProviderNotFound", severity: "error", path: "spec.targets[1].providerRef", message: "LLMProvider team-a/two does not exist" },
        { condition: "ResolvedRefs", reason: "ModelPassedOn", severity: "warning", path: "spec.targets[0]", message: "just so" },
      ],
      [{ match: "prefix", name: "b-" }, { match: "exact", name: "a" }],
    );
    expect(told).toEqual({
      models: ["a", "b-*"],
      targetsSummary: "2/3",
      targets: [
        { name: "one/m", provider: "team-a/one", model: "m", state: "Resolved" },
        { name: "second", provider: "team-a/two", model: "m", state: "Unresolved", message: "LLMProvider team-a/two does not exist" },
        { name: "p/m", provider: "platform/p", model: "m", state: "Resolved" },
      ],
    });
    expect(routeStatus.parse(told)).toEqual(told);
  });

  it("tells the target that is meant from one whose number begins alike", () => {
    const targets = Array.from({ length: 12 }, (_, index) => target(`p${index}`));
    const told = fields({ models: ["a"], targets }, [{ condition: "ResolvedRefs", reason: "X", severity: "error", path: "spec.targets[1].providerRef", message: "gone" }]);
    expect(told["targetsSummary"]).toBe("11/12");
  });

  it("says of rules that are not in force that nothing goes there", () => {
    const told = fields({ models: ["a"], rules: [{ name: "first", when: "true", targets: [target("one")] }, { name: "rest", targets: [target("two")] }] });
    expect(told).toMatchObject({ targetsSummary: "1/2", targets: [{ rule: "first", state: "Unresolved" }, { rule: "rest", state: "Resolved" }] });
  });

  it("keeps to the bounds of the schema, however long its names are", () => {
    const names = Array.from({ length: 600 }, (_, index) => ({ match: "exact", name: `${"n".repeat(240)}${index}` }));
    const told = fields({ models: ["a"], targets: [target("p".repeat(200))] }, [{ condition: "ResolvedRefs", reason: "X", severity: "error", path: "spec.targets[0].model", message: "m".repeat(5000) }], [...names, { match: "prefix", name: "x".repeat(256) }]);
    expect(routeStatus.parse(told)).toEqual(told);
    expect(told["models"]).toHaveLength(256);
  });

  it("that does not parse has nothing but conditions", () => {
    expect(fieldsFor({ kind: "LLMRoute", namespace: "team-a", name: "x" }, EMPTY, {}, reportOf("LLMRoute"))).toEqual({});
  });
});

describe("the others", () => {
  it("say what is known: a provider's health is not measured yet, a budget has its first limit", () => {
    const provider = fieldsFor({ kind: "LLMProvider", namespace: "team-a", name: "x" }, EMPTY, {}, reportOf("LLMProvider"));
    expect(providerStatus.parse(provider)).toEqual({ health: { state: "Unknown" } });
    const budget = objectOf("LLMBudget", { limits: [{ name: "month", unit: "Cost", amount: "500.00", currency: "USD", window: { type: "Calendar", period: "Month" } }] }) as LLMBudget;
    const told = fieldsFor({ kind: "LLMBudget", namespace: "team-a", name: "x" }, { ...EMPTY, budgets: { "team-a/x": budget } }, {}, reportOf("LLMBudget"));
    expect(budgetStatus.parse(told)).toEqual({ limit: "500.00 USD / Month" });
  });
});
