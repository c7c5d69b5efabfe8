// A large world, the same each time: 1,000 routes, 400 providers, 400 Secrets of providers and 200 of callers.
import { readObject } from "../../../operator/watch/kinds.ts";
import { WorldBuilder } from "../../../operator/watch/world.ts";

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const namespaceOf = (index: number): string => `team-${index % 20}`;

const providers = (): object[] =>
  numbers(400).map((index) => ({
    apiVersion: "llmgateway.io/v1alpha1",
    kind: "LLMProvider",
    metadata: { name: `provider-${index}`, namespace: namespaceOf(index) },
    spec: { type: "OpenAI", auth: { secretRef: { name: `key-${index}` } }, models: [{ name: "small", upstreamName: "small-2026" }, { name: "large" }] },
  }));

const routes = (): object[] =>
  numbers(1000).map((index) => ({
    apiVersion: "llmgateway.io/v1alpha1",
    kind: "LLMRoute",
    metadata: { name: `route-${index}`, namespace: namespaceOf(index), creationTimestamp: `2026-01-01T00:00:${String(index % 60).padStart(2, "0")}Z` },
    spec: {
      models: [`model-${index}`, `alias-${index % 700}`],
      targets: [
        { name: "a", providerRef: { name: `provider-${index % 400}` }, model: "small", weight: 9 },
        { name: "b", providerRef: { name: `provider-${(index + 20) % 400}` }, model: "large" },
      ],
    },
  }));

const secrets = (): object[] => [
  ...numbers(400).map((index) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: `key-${index}`, namespace: namespaceOf(index) },
    stringData: { "api-key": `sk-${index}` },
  })),
  ...numbers(200).map((index) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: `caller-${index}`, namespace: namespaceOf(index), labels: { "llmgateway.io/caller-key": "true", "llmgateway.io/team": `team-${index}` } },
    stringData: { "api-key": `caller-key-${index}` },
  })),
];

export const largeObjects = (): object[] => [...providers(), ...routes(), ...secrets()];

export const largeWorld = (): WorldBuilder => {
  const builder = new WorldBuilder();
  for (const raw of largeObjects()) {
    const reading = readObject(raw, () => undefined);
    if (reading.outcome === "read") builder.put(reading.ref, reading.content);
  }
  return builder;
};
