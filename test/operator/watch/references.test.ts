// Which Secrets and ConfigMaps are fetched: all that a provider names, in its own namespace, and nothing else.
import { describe, expect, it } from "vitest";
import { providerSpec, type LLMProvider } from "../../../crds/provider.ts";
import { referencesOf } from "../../../operator/watch/references.ts";

const provider = (auth: unknown, more: object = {}): LLMProvider => ({
  apiVersion: "llmgateway.io/v1alpha1",
  kind: "LLMProvider",
  metadata: { name: "p", namespace: "team-a" },
  spec: providerSpec.parse({ type: "OpenAICompatible", endpoints: [{ url: "https://api.example/v1" }], auth, ...more }),
});

describe("the references of a provider", () => {
  it.each<[string, unknown, string[]]>([
    ["with one key", { secretRef: { name: "k" } }, ["Secret/team-a/k"]],
    ["with a pool of keys", { keys: [{ name: "a", secretRef: { name: "k1" } }, { name: "b", secretRef: { name: "k2" } }] }, ["Secret/team-a/k1", "Secret/team-a/k2"]],
    ["with keys of AWS", { type: "AWS", aws: { region: "eu-west-1", credentialsRef: { name: "k" } } }, ["Secret/team-a/k"]],
    ["with a file of Google", { type: "GCP", gcp: { project: "p", location: "l", credentialsRef: { name: "k" } } }, ["Secret/team-a/k"]],
    ["with a secret of Entra", { type: "Azure", azure: { tenantId: "t", clientId: "c", clientSecretRef: { name: "k" } } }, ["Secret/team-a/k"]],
    ["with client credentials", { type: "OAuthClientCredentials", oauth: { tokenURL: "https://id.example/token", clientId: "c", clientSecretRef: { name: "k" } } }, ["Secret/team-a/k"]],
    ["with the data plane's own identity", { type: "AWS", aws: { region: "eu-west-1" } }, []],
    ["without a credential", { type: "None" }, []],
  ])("%s", (_, auth, expected) => {
    expect([...referencesOf([provider(auth)])]).toEqual(expected);
  });

  it("with authorities of its own", () => {
    const tls = { caRefs: [{ name: "a" }, { kind: "Secret", name: "b" }] };
    expect([...referencesOf([provider(undefined, { tls })])]).toEqual(["ConfigMap/team-a/a", "Secret/team-a/b"]);
  });
});
