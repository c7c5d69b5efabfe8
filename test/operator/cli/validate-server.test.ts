// llmgw validate --server: what an API server and the cluster's other objects say about manifests, by file, line and field.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { definitionFile } from "../../../crds/definition.ts";
import { kinds } from "../../../crds/kinds.ts";
import { apiVersion } from "../../../crds/shared.ts";
import { validate } from "../../../operator/cli/validate.ts";
import { systemClock } from "../../../operator/clock.ts";
import { KubeClient } from "../../../operator/kube/client.ts";
import { plainConnection } from "../../../operator/kube/connection.ts";
import { resources, type KubeObject } from "../../../operator/kube/types.ts";
import { install, openApiServer, reasonToSkip, uninstall, type ApiServer } from "../../crds/api-server.ts";
import { fakeClock } from "../../doubles/clock.ts";
import { collections, pair, pod, provider, route, secret } from "../kube/cluster.ts";
import { folder, kubeconfigFor, perform } from "./commanding.ts";

const manifests = (files: Readonly<Record<string, string>>): string => {
  const directory = folder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return directory;
};

const routeText = (name: string, model: string, providerName: string): string => `apiVersion: llmgateway.io/v1alpha1
kind: LLMRoute
metadata: {name: ${name}}
spec:
  models: [${model}]
  targets:
  - providerRef: {name: ${providerName}}
    model: gpt-x
`;

interface Complained {
  readonly severity: string;
  readonly file: string;
  readonly line: number;
  readonly object: string;
  readonly path: string;
  readonly message: string;
}

const asked = async (server: string, directory: string, ...words: string[]): Promise<{ code: number; complaints: Complained[] }> => {
  const { code, lines } = await perform(validate, ["--server", "--json", "--kubeconfig", kubeconfigFor({ server }), ...words, directory]);
  return { code, complaints: lines.map((line) => JSON.parse(line) as Complained) };
};

const withCluster = async () => {
  const { server } = await pair(fakeClock());
  server.put(collections.namespaces, { metadata: { name: "team-a" } });
  server.put(collections.secrets, secret("openai-key", "sk-1"));
  server.put(collections.providers, provider("openai", { auth: { type: "APIKey", secretRef: { name: "openai-key", key: "api-key" } }, models: [{ name: "gpt-x" }] }));
  server.put(collections.routes, route("chat", "support", "openai"));
  server.put(collections.pods, pod("gateway-0"));
  return server;
};

describe("llmgw validate --server", () => {
  it("sends each manifest as a dry run, in the context's namespace, and is content when all is well", async () => {
    const server = await withCluster();
    expect(await asked(server.url, manifests({ "route.yaml": routeText("new", "new-model", "openai"), "gateway.yaml": "gateways: {}\n" }))).toEqual({ code: 0, complaints: [] });
    const [sent, ...more] = server.seenOf("PATCH", "");
    expect([sent?.path, sent?.query.get("dryRun"), sent?.query.get("fieldValidation"), more]).toEqual(["/apis/llmgateway.io/v1alpha1/namespaces/team-a/llmroutes/new", "All", "Strict", []]);
    expect(server.store.get(collections.routes, "team-a/new")).toBeUndefined();
  });

  it("tells each cause that the server names with its file, line and field", async () => {
    const server = await withCluster();
    server.misbehave = ({ method }) => (method === "PATCH" ? { status: 422, reason: "Invalid", causes: [{ field: "spec.targets[0].model", message: "Invalid value: too long" }, { field: "<nil>", message: "no" }] } : undefined);
    const { code, complaints } = await asked(server.url, manifests({ "route.yaml": routeText("new", "new-model", "openai") }));
    expect(code).toBe(1);
    expect(complaints).toMatchObject([
      { severity: "error", file: expect.stringMatching(/route\.yaml$/), line: 8, object: "LLMRoute/team-a/new", path: "spec.targets[0].model", message: "Invalid value: too long" },
      { line: 1, path: "", message: "no" },
    ]);
  });

  it("looks in the cluster for what the manifests refer to, and for who claims the same name", async () => {
    const server = await withCluster();
    const { code, complaints } = await asked(server.url, manifests({ "a.yaml": routeText("new", "support", "openai"), "b.yaml": routeText("lost", "lost-model", "nowhere") }));
    expect(code).toBe(1);
    expect(complaints).toMatchObject([
      { object: "LLMRoute/team-a/lost", path: "spec.targets[0].providerRef", line: 7, message: "LLMProvider team-a/nowhere does not exist" },
      { object: "LLMRoute/team-a/lost", path: "", message: expect.stringContaining("no target is left") },
      { object: "LLMRoute/team-a/new", path: "spec.models", line: 5, message: expect.stringContaining("belongs to LLMRoute team-a/chat") },
    ]);
  });

  it("takes an object that the cluster has already for the same one", async () => {
    const server = await withCluster();
    expect(await asked(server.url, manifests({ "route.yaml": routeText("chat", "support", "openai") }))).toEqual({ code: 0, complaints: [] });
  });

  it("judges nothing by what the person may not see, and says so", async () => {
    const server = await withCluster();
    server.misbehave = ({ method, path }) => (method === "GET" && path.includes("/secrets/") ? { status: 403, reason: "Forbidden" } : undefined);
    const hidden = await asked(server.url, manifests({ "route.yaml": routeText("new", "new-model", "openai") }));
    expect([hidden.code, hidden.complaints.map(({ severity, message }) => [severity, message])]).toEqual([0, [["warning", expect.stringContaining("may not read some of the Secrets")]]]);
    server.misbehave = ({ method, path }) => (method === "GET" && path.endsWith("/llmproviders") ? { status: 403, reason: "Forbidden" } : undefined);
    const unlisted = await asked(server.url, manifests({ "route.yaml": routeText("new", "new-model", "nowhere") }));
    expect([unlisted.code, unlisted.complaints.map(({ severity, message }) => [severity, message])]).toEqual([0, [["warning", expect.stringContaining("you may not list")]]]);
  });

  it("says of a Secret's variables that nobody fills them in there, and of a server that is away that it is", async () => {
    const server = await withCluster();
    const text = 'apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData:\n  api-key: "${OPENAI_API_KEY}"\n';
    expect((await asked(server.url, manifests({ "secret.yaml": text }))).complaints).toMatchObject([{ severity: "warning", line: 5, path: "stringData.api-key" }]);
    await expect(asked("http://127.0.0.1:1", manifests({ "secret.yaml": text }))).rejects.toThrow(/127\.0\.0\.1:1: the API server does not answer/);
  });
});

const reason = reasonToSkip(process.env);

describe.skipIf(reason !== undefined)(`llmgw validate --server, by a real one${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  let api: ApiServer | undefined;
  const added: string[] = [];
  const namespace = "validate-server";

  beforeAll(async () => {
    api = await openApiServer(process.env);
    for (const row of Object.values(kinds)) {
      const definition = load(readFileSync(new URL(`../../../crds/${definitionFile(row)}`, import.meta.url), "utf8")) as KubeObject;
      if (await install(api, definition, `/apis/${apiVersion}/${row.plural}`)) added.push(definition.metadata.name);
    }
    const client = new KubeClient({ connection: plainConnection(api.connection.server, api.connection.headers, api.connection.tls), clock: systemClock });
    await client.create(resources.Namespace, {}, { metadata: { name: namespace } });
    await client.close();
  }, 60_000);

  afterAll(async () => {
    await api?.send("DELETE", `/api/v1/namespaces/${namespace}`);
    for (const name of added) await uninstall(api!, name);
    await api?.stop();
  }, 60_000);

  const realConfig = (): string => {
    const { server, headers, tls } = api!.connection;
    const token = headers["authorization"]?.replace(/^Bearer /, "") ?? headers["Authorization"]?.replace(/^Bearer /, "");
    const user = {
      ...(token !== undefined && { token }),
      ...(tls.cert !== undefined && { "client-certificate-data": Buffer.from(tls.cert).toString("base64") }), ...(tls.key !== undefined && { "client-key-data": Buffer.from(tls.key).toString("base64") }),
    };
    return kubeconfigFor({ server, namespace, user, ...(tls.ca !== undefined && { ca: tls.ca }), isUnverified: tls.rejectUnauthorized === false });
  };

  it("tells rules, types, unknown fields and missing namespaces with their lines, and keeps nothing", async () => {
    const wrong = `apiVersion: llmgateway.io/v1alpha1
kind: LLMProvider
metadata: {name: plain}
spec:
  type: OpenAI
  endpoints:
  - url: "http://api.example"
  weights: 3
---
apiVersion: llmgateway.io/v1alpha1
kind: LLMProvider
metadata: {name: typed}
spec:
  type: Nonsense
`;
    const elsewhere = routeText("else", "m", "openai").replace("{name: else}", "{name: else, namespace: nowhere}");
    const directory = manifests({ "a.yaml": wrong, "b.yaml": elsewhere });
    const { code, lines } = await perform(validate, ["--server", "--json", "--kubeconfig", realConfig(), directory]);
    const complaints = lines.map((line) => JSON.parse(line) as Complained);
    expect(code).toBe(1);
    expect(complaints).toContainEqual(expect.objectContaining({ object: `LLMProvider/${namespace}/plain`, line: 8, path: "spec.weights" }));
    expect(complaints).toContainEqual(expect.objectContaining({ object: `LLMProvider/${namespace}/typed`, line: 14, path: "spec.type", message: expect.stringContaining("Unsupported value") }));
    expect(complaints).toContainEqual(expect.objectContaining({ object: "LLMRoute/nowhere/else", message: "the cluster has no namespace nowhere" }));
    expect((await api!.send("GET", `/apis/${apiVersion}/namespaces/${namespace}/llmproviders`)).body).toMatchObject({ items: [] });
  });

  it("is content with manifests that are well", async () => {
    const good = "apiVersion: llmgateway.io/v1alpha1\nkind: LLMProvider\nmetadata: {name: openai}\nspec:\n  type: OpenAI\n  auth: {type: APIKey, secretRef: {name: key, key: api-key}}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {api-key: sk-1}\n";
    const { code, lines } = await perform(validate, ["--server", "--json", "--kubeconfig", realConfig(), manifests({ "a.yaml": good })]);
    expect([code, lines]).toEqual([0, []]);
  });
});
