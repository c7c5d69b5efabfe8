// Random objects for random worlds, from so few names that they meet: they refer to each other, claim the same and shut each other out.
import fc from "fast-check";
import { readObject, type ReadObject } from "../../../operator/watch/kinds.ts";

export type Read = Extract<ReadObject, { outcome: "read" }>;

const namespaces = fc.constantFrom("team-a", "team-b", "platform");
const few = fc.constantFrom("a", "b", "c", "constructor");
const created = fc.option(fc.constantFrom("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"), { nil: undefined });
const generation = fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined });
const metadata = fc.record({ name: few, namespace: namespaces }, { requiredKeys: ["name", "namespace"] });
const ownMetadata = fc.tuple(metadata, created, generation).map(([names, creationTimestamp, seen]) => ({ ...names, creationTimestamp, generation: seen }));
const apiVersion = "llmgateway.io/v1alpha1";
const door = fc.constantFrom(
  { from: "Same" }, { from: "All" }, { from: "Selector", selector: { matchLabels: { tier: "paid" } } },
  { from: "Selector", selector: { matchExpressions: [{ key: "tier", operator: "NotIn", values: ["paid"] }] } },
);
const reference = fc.record({ name: few, namespace: fc.option(namespaces, { nil: undefined }) });
const key = fc.constantFrom("api-key", "other");

const auth = fc.oneof(
  fc.record({ secretRef: fc.record({ name: few }) }),
  fc.record({ keys: fc.uniqueArray(fc.record({ name: few, secretRef: fc.record({ name: few, key }) }), { selector: ({ name }) => name, minLength: 1, maxLength: 2 }) }),
);

const tls = fc.record({ caRefs: fc.tuple(fc.record({ kind: fc.constantFrom("ConfigMap", "Secret"), name: few, key: fc.constant("ca.crt") })) });

const provider = fc.record({
  apiVersion: fc.constant(apiVersion),
  kind: fc.constant("LLMProvider"),
  metadata: ownMetadata,
  spec: fc.record({
    type: fc.constantFrom("OpenAI", "Groq", "Anthropic", "Nonsense"),
    auth,
    allowedRoutes: fc.record({ namespaces: door }),
    network: fc.constantFrom(undefined, undefined, "Private"),
    tls: fc.option(tls, { nil: undefined, freq: 3 }),
    models: fc.constantFrom(undefined, [{ name: "m1", upstreamName: "u1" }, { name: "m2" }], [{ name: "m3", contextTokens: 1000 }]),
  }),
});

const target = fc.record({ providerRef: reference, model: fc.option(fc.constantFrom("m1", "m2", "m3"), { nil: undefined }) });
const targets = fc.array(target, { minLength: 1, maxLength: 3 });
const rules = fc.tuple(targets, targets).map(([first, second]) => [{ name: "long", when: "request.inputTokens > 8000", targets: first }, { name: "rest", targets: second }]);

const route = fc.record({
  apiVersion: fc.constant(apiVersion),
  kind: fc.constant("LLMRoute"),
  metadata: ownMetadata,
  spec: fc
    .record({
      gateways: fc.constantFrom(["default"], ["default", "edge"], ["moon"]),
      models: fc.option(fc.uniqueArray(fc.constantFrom("m1", "m2", "gpt-*", "*"), { minLength: 1 }), { nil: undefined }),
      callers: fc.record({ namespaces: door, teams: fc.constantFrom(undefined, ["red"]) }),
      served: fc.oneof({ weight: 4, arbitrary: fc.record({ targets }) }, { weight: 1, arbitrary: fc.record({ rules }) }),
    })
    .map(({ served, ...spec }) => ({ ...spec, ...served })),
});

const budget = fc.record({
  apiVersion: fc.constant(apiVersion),
  kind: fc.constant("LLMBudget"),
  metadata: ownMetadata,
  spec: fc.record({
    appliesTo: fc.record({ routes: fc.tuple(few) }),
    limits: fc.constant([{ name: "month", unit: "Cost", amount: "5.00", currency: "USD", window: { type: "Calendar", period: "Month" } }]),
    thresholds: fc.record({ percent: fc.constant(90), action: fc.constant("Downgrade"), target }).map((threshold) => [threshold]),
  }),
});

const secret = fc.record({
  apiVersion: fc.constant("v1"),
  kind: fc.constant("Secret"),
  metadata: fc.tuple(metadata, fc.boolean(), created, fc.constantFrom(undefined, "2027-01-01", "never")).map(([names, isCaller, creationTimestamp, expires]) => ({
    ...names,
    creationTimestamp,
    ...(isCaller && { labels: { "llmgateway.io/caller-key": "true", "llmgateway.io/team": "red" } }),
    ...(expires !== undefined && { annotations: { "llmgateway.io/expires": expires } }),
  })),
  stringData: fc.constantFrom({ "api-key": "sk-1" }, { "api-key": "sk-2 \n", other: "sk-3" }, { constructor: "sk-4" }, { "api-key": "" }, { "api-key": "${NOT_SET}" }),
});

const pem = (text: string): string => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;

const configMap = fc.record({ apiVersion: fc.constant("v1"), kind: fc.constant("ConfigMap"), metadata, data: fc.constantFrom({ "ca.crt": pem("AAAA") }, { "ca.crt": pem("BBBB") }, { "ca.crt": "none" }) });

const namespace = fc.record({
  apiVersion: fc.constant("v1"),
  kind: fc.constant("Namespace"),
  metadata: fc.record({ name: namespaces, labels: fc.constantFrom({ tier: "paid" }, { tier: "free" }) }),
});

const raw = fc.oneof(provider, provider, route, route, route, secret, secret, budget, configMap, namespace);

const isRead = (read: ReadObject): read is Read => read.outcome === "read";

export const read: fc.Arbitrary<Read> = raw.map((one) => readObject(JSON.parse(JSON.stringify(one)), () => undefined)).filter(isRead);

export const objects: fc.Arbitrary<Read[]> = fc.uniqueArray(read, { selector: ({ ref }) => `${ref.kind}/${ref.namespace}/${ref.name}`, maxLength: 24 });
