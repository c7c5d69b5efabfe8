// What golden files cannot show: worlds that no schema would let through, and words of the catalogue.
import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import { providerTypes as servedTypes } from "../../../dataplane/snapshot/schema.ts";
import { providerTypes } from "../../../crds/provider.ts";
import { compileWorld } from "../../../operator/compile/compile.ts";
import { finding, Findings, reasons, type Reason } from "../../../operator/compile/diagnostics.ts";
import { durationMs, instantMs } from "../../../operator/compile/spans.ts";
import { providerTypeWords } from "../../../operator/compile/words.ts";
import { largeWorld } from "./large-world.ts";
import { documentsOf, worldOf } from "./golden.ts";
import type { World } from "../../../operator/world.ts";

const manifest = (text: string): World => worldOf(documentsOf(text));

const small = `
apiVersion: llmgateway.io/v1alpha1
kind: LLMProvider
metadata: {name: openai}
spec: {type: OpenAI, auth: {secretRef: {name: openai-key}}, endpoints: [{url: "https://api.example/v1"}]}
---
apiVersion: llmgateway.io/v1alpha1
kind: LLMProvider
metadata: {name: other}
spec: {type: Groq, auth: {secretRef: {name: openai-key}}}
---
apiVersion: llmgateway.io/v1alpha1
kind: LLMRoute
metadata: {name: chat}
spec: {models: [chat], targets: [{name: a, providerRef: {name: openai}, model: x}, {name: b, providerRef: {name: other}, model: y}]}
---
apiVersion: llmgateway.io/v1alpha1
kind: LLMRoute
metadata: {name: plain}
spec: {models: [plain], targets: [{name: b, providerRef: {name: other}, model: y}]}
---
apiVersion: v1
kind: Secret
metadata: {name: openai-key}
stringData: {api-key: sk-1}
---
apiVersion: v1
kind: Secret
metadata: {name: caller, labels: {llmgateway.io/caller-key: "true"}}
stringData: {api-key: key-of-caller}
`;

/** A world in which one object is not as any schema would let it be. */
const bent = (bend: (world: World) => Partial<World>): World => {
  const world = manifest(small);
  return { ...world, ...bend(world) };
};

const present = <Value>(value: Value | undefined): Value => {
  if (value === undefined) throw new Error("it is not there");
  return value;
};

describe("an object that the data plane's check refuses", () => {
  const providers = (world: World): World["providers"] => {
    const openai = present(world.providers["default/openai"]);
    const endpoints = [{ url: "https://api.example/v1", priority: 0, weight: 5_000_000 }];
    return { ...world.providers, "default/openai": { ...openai, spec: { ...openai.spec, endpoints } } };
  };

  it("costs a provider's own share and is told in its condition", () => {
    const { snapshots, diagnostics } = compileWorld(bent((world) => ({ providers: providers(world) })));
    expect(Object.keys(present(snapshots["default"]).providers)).toEqual(["default/other"]);
    expect(present(snapshots["default"]).routes["default/chat"]?.rules[0]?.targets.map((target) => target.name)).toEqual(["b"]);
    expect(diagnostics["LLMProvider/default/openai"]?.findings.map((one) => one.reason)).toContain("NotExpressible");
    expect(diagnostics["LLMRoute/default/plain"]?.findings).toEqual([]);
  });

  it("leaves a route out alone", () => {
    const world = bent((before) => {
      const chat = present(before.routes["default/chat"]);
      return { routes: { ...before.routes, "default/chat": { ...chat, spec: { ...chat.spec, callers: { ...chat.spec.callers, teams: ["x".repeat(300)] } } } } };
    });
    const { snapshots, diagnostics } = compileWorld(world);
    expect(Object.keys(present(snapshots["default"]).routes)).toEqual(["default/plain"]);
    expect(diagnostics["LLMRoute/default/chat"]?.findings.map((one) => one.reason)).toEqual(["NotExpressible"]);
  });

  it("leaves a caller out alone", () => {
    const world = bent((before) => {
      const { "default/caller": caller, ...others } = before.secrets;
      return { secrets: { ...others, [`${"n".repeat(64)}/caller`]: present(caller) } };
    });
    const { snapshots, diagnostics } = compileWorld(world);
    expect(present(snapshots["default"]).callers).toEqual({});
    expect(Object.keys(present(snapshots["default"]).routes)).toHaveLength(2);
    expect(diagnostics[`Secret/${"n".repeat(64)}/caller`]?.findings.map((one) => one.reason)).toEqual(["NotExpressible"]);
  });

  it("keeps the snapshot of a gateway back when its settings are refused, and everything in it says so", () => {
    const world = bent((before) => {
      const settings = present(before.gateways["default"]);
      return { gateways: { default: { ...settings, limits: { ...settings.limits, headerCount: 1 } }, edge: settings } };
    });
    const { snapshots, diagnostics } = compileWorld(world);
    expect(Object.keys(snapshots)).toEqual(["edge"]);
    for (const key of ["LLMRoute/default/chat", "LLMRoute/default/plain", "LLMProvider/default/openai", "Gateway/default"]) {
      expect(diagnostics[key]?.findings.map((one) => one.reason)).toEqual(["SnapshotInvalid"]);
    }
  });
});

it("refuses an endpoint without encryption that was stored before the schema refused it", () => {
  const world = bent((before) => {
    const openai = present(before.providers["default/openai"]);
    const endpoints = [{ url: "http://api.example/v1", priority: 0, weight: 1 }];
    return { providers: { ...before.providers, "default/openai": { ...openai, spec: { ...openai.spec, endpoints } } } };
  });
  const { snapshots, diagnostics } = compileWorld(world);
  expect(diagnostics["LLMProvider/default/openai"]?.findings.map((one) => one.reason)).toEqual(["InsecureEndpoint"]);
  expect(Object.keys(present(snapshots["default"]).providers)).toEqual(["default/other"]);
});

it("refuses a route that would claim more names than a snapshot can hold", () => {
  const world = bent((before) => {
    const chat = present(before.routes["default/chat"]);
    const other = present(before.providers["default/other"]);
    const models = Array.from({ length: 3000 }, (_, index) => ({ name: `model-${index}` }));
    const targets = [{ providerRef: { name: "other" }, weight: 1, priority: 0 }];
    const { models: _, ...spec } = { ...chat.spec, targets };
    return {
      providers: { ...before.providers, "default/other": { ...other, spec: { ...other.spec, models } } },
      routes: { "default/chat": { ...chat, spec } },
    };
  });
  const { snapshots, diagnostics } = compileWorld(world);
  expect(present(snapshots["default"]).routes).toEqual({});
  expect(diagnostics["LLMRoute/default/chat"]?.findings.map((one) => one.reason)).toEqual(["TooManyModels"]);
});

it("refuses callers whose words or lists are longer than a snapshot can hold", () => {
  const caller = (name: string, key: string, value: string) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, labels: { "llmgateway.io/caller-key": "true" }, annotations: { [`llmgateway.io/${key}`]: value } },
    stringData: { "api-key": `key-of-${name}` },
  });
  const many = Array.from({ length: 1025 }, (_, index) => `model-${index}`).join(",");
  const { snapshots, diagnostics } = compileWorld(worldOf([caller("team", "team", "x".repeat(254)), caller("models", "models", many), caller("name", "models", "x".repeat(257))]));
  expect(present(snapshots["default"]).callers).toEqual({});
  expect(Object.values(diagnostics).map((report) => report.findings[0]?.reason)).toEqual(["CallerModelsInvalid", "CallerModelsInvalid", "CallerWordTooLong"]);
});

it("says of a gateway's settings what is not in force", () => {
  const { diagnostics } = compileWorld(manifest("gateways: {default: {}, edge: {audience: llm}}\n"));
  expect(Object.keys(diagnostics)).toEqual(["Gateway/edge"]);
  expect(diagnostics["Gateway/edge"]?.findings.map((one) => one.message)).toEqual(["these fields have no effect yet: audience"]);
});

it("reads nothing of a provider that is closed to the route, its list of models neither", () => {
  const { diagnostics } = compileWorld(
    manifest(`
apiVersion: llmgateway.io/v1alpha1
kind: LLMProvider
metadata: {name: openai, namespace: platform}
spec: {type: OpenAI, auth: {type: None}, models: [{name: secret-model}]}
---
apiVersion: llmgateway.io/v1alpha1
kind: LLMRoute
metadata: {name: chat}
spec: {models: [chat], targets: [{providerRef: {name: openai, namespace: platform}}]}
---
apiVersion: llmgateway.io/v1alpha1
kind: LLMRoute
metadata: {name: all}
spec: {targets: [{providerRef: {name: openai, namespace: platform}}]}
`),
  );
  expect(diagnostics["LLMRoute/default/chat"]?.findings.map((one) => one.reason)).toEqual(["RefNotPermitted", "NoTargets"]);
  expect(diagnostics["LLMRoute/default/all"]?.findings.map((one) => one.reason)).toEqual(["NoModels", "RefNotPermitted", "NoTargets"]);
});

it("keeps the names of another namespace's Secrets to itself", () => {
  const { diagnostics } = compileWorld(
    manifest(`
apiVersion: llmgateway.io/v1alpha1
kind: LLMProvider
metadata: {name: openai, namespace: platform}
spec: {type: OpenAI, auth: {secretRef: {name: payroll-key}}, allowedRoutes: {namespaces: {from: All}}}
---
apiVersion: llmgateway.io/v1alpha1
kind: LLMRoute
metadata: {name: chat}
spec: {models: [chat], targets: [{providerRef: {name: openai, namespace: platform}}]}
`),
  );
  expect(JSON.stringify(diagnostics["LLMRoute/default/chat"])).not.toContain("payroll-key");
  expect(JSON.stringify(diagnostics["LLMProvider/platform/openai"])).toContain("payroll-key");
});

it("compiles the same world to the same resources twice", () => {
  const world = largeWorld().world();
  expect(isDeepStrictEqual(compileWorld(world), compileWorld(world))).toBe(true);
});

it("does not change the other resources of a snapshot when one object changes", () => {
  const before = present(compileWorld(manifest(small)).snapshots["default"]);
  const after = present(compileWorld(manifest(small.replace("model: x", "model: z"))).snapshots["default"]);
  expect(after.routes["default/chat"]).not.toEqual(before.routes["default/chat"]);
  expect({ ...after, routes: { ...after.routes, "default/chat": before.routes["default/chat"] } }).toEqual(before);
});

describe("the words of the catalogue", () => {
  it("lead from every type to one that the data planes serve, each to its own", () => {
    expect(Object.keys(providerTypeWords).toSorted()).toEqual([...providerTypes].toSorted());
    expect(Object.values(providerTypeWords).toSorted()).toEqual([...servedTypes].toSorted());
  });

  it("end without a full stop and leave no place unfilled that a detail is given for", () => {
    for (const [reason, row] of Object.entries(reasons)) {
      const details = Object.fromEntries([...row.message.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name ?? "", "X"]));
      const { message } = finding(reason as Reason, "", details);
      expect(message).not.toMatch(/[{}]|\.$/);
    }
  });

  it("give a condition the weightiest reason first, whatever the order in which things were found", () => {
    const object = { kind: "LLMRoute", namespace: "a", name: "b" };
    const findings = new Findings();
    findings.add(object, finding("NoTargets", ""), finding("ProviderNotFound", "spec.b", { provider: "x" }));
    findings.add(object, finding("ProviderNotFound", "spec.a", { provider: "x" }), finding("NoTargets", ""));
    expect(findings.report()["LLMRoute/a/b"]?.findings.map(({ reason, path }) => [reason, path])).toEqual([["ProviderNotFound", "spec.a"], ["ProviderNotFound", "spec.b"], ["NoTargets", ""]]);
  });
});

describe("durations and dates", () => {
  it.each([["5s", 5000], ["1h30m", 5_400_000], ["1s500ms", 1500], ["0s", 0], ["99999h", 86_400_000]])("reads the duration %s", (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });

  it.each([
    ["2027-01-31", Date.parse("2027-01-31T00:00:00Z")],
    ["2024-02-29", Date.parse("2024-02-29T00:00:00Z")],
    ["2027-01-31T12:00:00Z", Date.parse("2027-01-31T12:00:00Z")],
    ["2027-01-31t12:00:00.250z", Date.parse("2027-01-31T12:00:00.250Z")],
    ["2027-01-31T12:00:00+02:00", Date.parse("2027-01-31T10:00:00Z")],
    ["2027-01-31T12:00:00-05:30", Date.parse("2027-01-31T17:30:00Z")],
  ])("reads the date %s", (text, ms) => {
    expect(instantMs(text)).toBe(ms);
  });

  it.each(["", "soon", "2027-13-01", "2027-02-29", "2100-02-29", "1969-12-31", "2027-01-31 12:00:00Z", "2027-01-31T12:00Z", "2027-01-31T24:00:00Z", "1801353600", "2027-01-31T12:00:00"])(
    "does not take %j for a date",
    (text) => {
      expect(instantMs(text)).toBeUndefined();
    },
  );
});
