// Nothing that somebody set is ignored in silence: which fields are reported as not in force, and that no default is.
import { describe, expect, it } from "vitest";
import { budgetSpec } from "../../crds/budget.ts";
import { notInForce } from "../../crds/not-in-force.ts";
import { providerSpec } from "../../crds/provider.ts";
import { routeSpec } from "../../crds/route.ts";

const provider = (more: object): string[] => notInForce("LLMProvider", providerSpec.parse({ type: "OpenAI", auth: { secretRef: { name: "k" } }, ...more }));
const route = (more: object): string[] => notInForce("LLMRoute", routeSpec.parse({ targets: [{ providerRef: { name: "a" } }], ...more }));

describe("fields that are not in force", () => {
  it("are none where only fields in force are set, with all defaults filled in", () => {
    expect(provider({
      protocols: ["OpenAIChat"], network: "Private", endpoints: [{ url: "http://a", region: "eu", weight: 2, priority: 1 }],
      auth: { keys: [{ name: "a", secretRef: { name: "k" }, weight: 3 }] }, tls: { serverName: "a", caRefs: [{ name: "ca" }] },
      models: [{ name: "a", upstreamName: "b" }], timeouts: { connect: "1s", headers: "2s", firstToken: "3s", idle: "4s", total: "5s" },
      allowedRoutes: { namespaces: { from: "All" } },
    })).toEqual([]);
    expect(route({
      gateways: ["eu"], models: ["a*"], callers: { namespaces: { from: "All" }, teams: ["a"], serviceAccounts: ["b"] },
      targets: undefined, rules: [{ name: "a", targets: [{ providerRef: { name: "a" }, weight: 3, priority: 1, model: "m" }] }],
      stream: { firstToken: "1s", idle: "2s" },
    })).toEqual([]);
  });

  it.each([
    [{ auth: { keys: [{ name: "a", secretRef: { name: "k" }, limits: { concurrency: 1 } }] } }, ["spec.auth.keys[0].limits"]],
    [{ models: [{ name: "a" }, { name: "b", quality: 1, contextTokens: 5, capabilities: ["Tools"], price: { inputPerMillion: "1", outputPerMillion: "2" } }] },
      ["spec.models[1].contextTokens", "spec.models[1].capabilities", "spec.models[1].quality", "spec.models[1].price"]],
    [{ limits: { concurrency: 1 } }, ["spec.limits"]],
    [{ breaker: { errorPercent: 10, latency: { p95: "1s" } } }, ["spec.breaker.errorPercent", "spec.breaker.latency"]],
    [{ prewarm: {} }, ["spec.prewarm"]],
    [{ residency: { regions: ["eu"] } }, ["spec.residency.regions"]],
  ])("of a provider with %j are %j", (more, paths) => {
    expect(provider(more).toSorted()).toEqual(paths.toSorted());
  });

  it.each([
    [{ targets: undefined, rules: [{ name: "a", when: "true", select: { by: "Cost" }, targets: [{ providerRef: { name: "a" } }] }] }, ["spec.rules[0].when", "spec.rules[0].select.by"]],
    [{ select: { by: "Latency" } }, ["spec.select.by"]],
    [{ retry: { attempts: 0, backoff: { max: "9s" } } }, ["spec.retry.attempts", "spec.retry.backoff.max"]],
    [{ failover: { causes: ["Timeout"], hedgeAfter: "1s" } }, ["spec.failover.causes", "spec.failover.hedgeAfter"]],
    [{ stream: { idle: "1s", recovery: "Continue" } }, ["spec.stream.recovery"]],
    [{ limits: [{ name: "a", requestsPerMinute: 1 }] }, ["spec.limits"]],
    [{ queue: {} }, ["spec.queue"]],
    [{ cache: {} }, ["spec.cache"]],
    [{ prompt: { appendSystem: "a" } }, ["spec.prompt"]],
    [{ guards: [{ name: "a", type: "PII" }] }, ["spec.guards"]],
    [{ residency: { zeroDataRetention: true } }, ["spec.residency.zeroDataRetention"]],
    [{ capture: { content: "Full" } }, ["spec.capture.content"]],
  ])("of a route with %j are %j", (more, paths) => {
    expect(route(more).toSorted()).toEqual(paths.toSorted());
  });

  it("are not those that were set to what they are anyway", () => {
    expect(provider({ breaker: { errorPercent: 50 }, residency: {} })).toEqual([]);
    expect(route({ retry: { attempts: 2 }, cache: { mode: "None" }, capture: { content: "None" }, select: { by: "Weight" } })).toEqual([]);
  });

  it("are the same whether the defaults are filled in or not", () => {
    expect(notInForce("LLMRoute", { targets: [], retry: { attempts: 3 } })).toEqual(["spec.retry.attempts"]);
    expect(notInForce("LLMProvider", undefined)).toEqual([]);
  });

  it("are all of a budget", () => {
    const limits = [{ name: "a", unit: "Tokens", amount: "1", window: { type: "Rolling", period: "1h" } }];
    expect(notInForce("LLMBudget", budgetSpec.parse({ limits }))).toEqual(["spec"]);
  });
});
