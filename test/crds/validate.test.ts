// What the verdict on an object carries beside its words: the typed object with its defaults, paths, and the gateway's own settings.
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { brokenRules } from "../../crds/cel.ts";
import { keyedBy, rules, rulesKey } from "../../crds/rules.ts";
import { apiVersion } from "../../crds/shared.ts";
import { structuralOf } from "../../crds/structural.ts";
import type { Structural } from "../../crds/structural.ts";
import { validateGatewaySettings, validateObject } from "../../crds/validate.ts";

const route = (spec: unknown, more: object = {}): object => ({ apiVersion, kind: "LLMRoute", metadata: { name: "chat" }, spec, ...more });
const target = { providerRef: { name: "openai" } };

describe("the verdict on an object", () => {
  it("hands back the object with its defaults, and leaves the given one alone", () => {
    const given = Object.freeze(route(Object.freeze({ targets: Object.freeze([Object.freeze(target)]) })));
    const { object, problems } = validateObject(given);
    expect(problems).toEqual([]);
    expect(object?.spec).toMatchObject({ gateways: ["default"], targets: [{ ...target, weight: 1, priority: 0 }], retry: { attempts: 2, backoff: { base: "1s" } } });
    expect(given).toEqual(route({ targets: [target] }));
  });

  it("hands back no object beside a problem", () => {
    expect(validateObject(route({ targets: [] }))).toEqual({
      problems: [{ path: "spec.targets", message: "Invalid value: 0: spec.targets in body should have at least 1 items" }],
    });
  });

  it("reports every unknown field beside what else is wrong", () => {
    const { problems } = validateObject(route({ targets: [{ providerRef: { nam: "a" }, weigth: 3 }] }, { extra: 1 }));
    expect(problems.map(({ path }) => path)).toEqual(["extra", "spec.targets[0].providerRef.nam", "spec.targets[0].weigth", "spec.targets[0].providerRef.name"]);
  });

  it("keeps the metadata that the gateway reads, and a status that fits", () => {
    const metadata = { name: "chat", namespace: "a", uid: "u", generation: 3, creationTimestamp: null, labels: { team: "x" }, managedFields: [{}] };
    const status = { conditions: [{ type: "Accepted", status: "True", lastTransitionTime: "2026-11-01T00:00:00Z", reason: "Accepted", message: "" }] };
    const { object } = validateObject(route({ targets: [target] }, { metadata, status }));
    expect(object?.metadata).toEqual({ name: "chat", namespace: "a", uid: "u", generation: 3, labels: { team: "x" } });
    expect(object?.status).toEqual(status);
  });

  it("names the kinds and the version that there are", () => {
    expect(validateObject({ kind: "Secret" }).problems).toEqual([
      { path: "apiVersion", message: "Required value" },
      { path: "kind", message: 'Unsupported value: "Secret": supported values: "LLMProvider", "LLMRoute", "LLMBudget"' },
    ]);
    expect(validateObject("text").problems).toEqual([{ path: "", message: "not an object" }]);
  });

  it("compares with the old object only if that is one of the same kind, and was valid", () => {
    const provider = (spec: object): object => ({ apiVersion, kind: "LLMProvider", metadata: { name: "a" }, spec });
    const changed = provider({ type: "Anthropic", auth: { type: "None" } });
    expect(validateObject(changed, provider({ type: "OpenAI", auth: { type: "None" } })).problems).toHaveLength(1);
    expect(validateObject(changed, provider({ type: "Nothing" })).problems).toEqual([]);
    expect(validateObject(changed, route({ targets: [target] })).problems).toEqual([]);
  });
});

describe("the rules", () => {
  it("that cannot be evaluated are problems, not passes", () => {
    const schema: Structural = { type: "object", [rulesKey]: [{ rule: "self.missing == 1", message: "must be one" }] };
    expect(brokenRules(schema, {}, undefined, "spec")).toEqual([{ path: "spec", message: "Invalid value: No such key: missing evaluating rule: must be one" }]);
  });

  it("of an entry of a keyed list compare with the old entry of that key, wherever it stood", () => {
    const entry = z.object({ name: z.string().max(9), size: rules(z.int().min(0).max(9), [{ rule: "self >= oldSelf", message: "must not shrink" }]) });
    const schema = structuralOf(keyedBy(z.array(entry).max(9), "name"), "list");
    const old = [{ name: "a", size: 1 }, { name: "b", size: 5 }];
    expect(brokenRules(schema, [{ name: "b", size: 4 }, { name: "c", size: 0 }, { name: "a", size: 2 }], old, "list")).toEqual([
      { path: "list[0].size", message: "Invalid value: 4: must not shrink" },
    ]);
  });
});

describe("the gateway's own settings", () => {
  it("have the documented defaults", () => {
    expect(validateGatewaySettings({ gateways: { default: null, eu: {} } })).toEqual(validateGatewaySettings({ gateways: { eu: {} } }));
    expect(validateGatewaySettings({ gateways: { eu: {} } }).settings?.gateways["eu"]).toEqual({
      anonymous: false,
      privateRanges: [],
      drainTime: "30s",
      limits: {
        headerBytes: 65_536, headerCount: 200, bodyBytes: 33_554_432, uploadBytes: 536_870_912, sseEventBytes: 8_388_608,
        concurrentRequests: 4096, eventLoopLag: "1s",
      },
      stream: { headHold: "2s" },
    });
  });

  it("may be absent altogether", () => {
    expect(validateGatewaySettings(undefined)).toEqual({ settings: { gateways: {} }, problems: [] });
  });

  it.each([
    [{ gateway: {} }, "gateway", 'unknown field "gateway"'],
    [{ gateways: { a: { anonymus: true } } }, "gateways.a.anonymus", 'unknown field "gateways.a.anonymus"'],
    [{ gateways: { a: { limits: { body: 1 } } } }, "gateways.a.limits.body", 'unknown field "gateways.a.limits.body"'],
    [{ gateways: { A: {} } }, "gateways.A", "lower case letters"],
    [{ gateways: { a: { drainTime: "0s" } } }, "gateways.a.drainTime", 'Invalid value: "0s": must be longer than 0s'],
    [{ gateways: { a: { privateRanges: ["10.0.0.0/33"] } } }, "gateways.a.privateRanges[0]", "should match"],
    [{ gateways: { a: { limits: { headerCount: 1.5 } } } }, "gateways.a.limits.headerCount", "must be of type int32"],
    [[], "", "must be of type object"],
  ])("%j is refused at %s", (settings, path, words) => {
    const { problems } = validateGatewaySettings(settings);
    expect(problems.map((problem) => problem.path)).toEqual([path]);
    expect(problems[0]?.message).toContain(words);
  });

  it.each(["10.0.0.0/8", "0.0.0.0/0", "192.168.1.1/32", "fd00::/8", "::1/128", "::ffff:10.0.0.0/104"])("take the range %s", (range) => {
    expect(validateGatewaySettings({ gateways: { a: { privateRanges: [range] } } }).problems).toEqual([]);
  });
});
