// What a run says to the person who started it: the welcome, what an edit changed, what is wrong with the manifests.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { Secret } from "../../../dataplane/snapshot/secret.ts";
import { compileWorld } from "../../../operator/compile/compile.ts";
import { Editions, type Publication } from "../../../operator/publish/editions.ts";
import type { DataPlaneState } from "../../../operator/publish/sessions.ts";
import { withDemoAt } from "../../../operator/standalone/demo-process.ts";
import { complaintsOf, identityOf, lineOf } from "../../../operator/standalone/complaints.ts";
import { appliedWords, modelsOf, welcome } from "../../../operator/standalone/words.ts";
import { ManifestFolder } from "../../../operator/watch/files.ts";
import { route, snapshotOf } from "../../feed/snapshots.ts";

const plane = (changes: Partial<DataPlaneState> = {}): DataPlaneState => ({ pod: "dataplane-0", uid: "1", boot: "b", gateway: "default", build: "x", connectedAt: 0, version: "", since: 0, ...changes });

const publicationFrom = (...[first, second]: [Parameters<Editions["publish"]>[0], Parameters<Editions["publish"]>[0]]): Publication => {
  const editions = new Editions(1);
  editions.publish(first);
  const publication = editions.publish(second);
  if (publication === undefined) throw new Error("nothing changed");
  return publication;
};

const hash = "a".repeat(64);
const before = snapshotOf({ "team/a": route("a"), "team/b": route("b") });
const after = snapshotOf({ "team/a": route("x"), "team/c": route("c") }, {
  callers: { [hash]: { name: "team/alice", namespace: "team" } },
  credentials: { "team/openai-key/api-key": new Secret("sk-rotated-secret") },
});

describe("the line about an edit", () => {
  const publication = publicationFrom(before, after);
  const { version } = publication.edition;

  test("says how long it took, where, and what is different, without a secret", () => {
    expect(appliedWords({ publication, tookMs: 33.6, dataPlanes: [plane({ version })] })).toEqual([
      "applied in 34 ms on 1 data plane: ~ route team/a, - route team/b, + route team/c, + caller team/alice, ~ credential team/openai-key/api-key",
    ]);
  });

  test("says who refused it and why", () => {
    const refusing = plane({ pod: "dataplane-1", rejection: { version, problems: [{ object: "routes/team/a", path: "models", message: "too odd" }] } });
    expect(appliedWords({ publication, tookMs: 1, dataPlanes: [plane({ version }), refusing] })[1]).toBe("refused by dataplane-1, which keeps what it had: routes/team/a models too odd");
    expect(appliedWords({ publication, tookMs: 1, dataPlanes: [refusing] })).toHaveLength(1);
  });

  test("says when nobody is there to take it, and is short about much", () => {
    const many = publicationFrom(before, snapshotOf(Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`team/n${index}`, route(`n${index}`)]))));
    expect(appliedWords({ publication: many, tookMs: 1, dataPlanes: [] })[0]).toMatch(/^no data plane is connected to take this: .* and 6 more$/);
  });
});

describe("the welcome", () => {
  const served = { build: "1.2.3", scheme: "http" as const, host: "127.0.0.1", port: 8080, adminPorts: [9090, 9091], manifests: "/m", state: "/s", logFiles: ["/s/l"], snapshot: before };

  test("has the addresses, the models, and calls that name one of them", () => {
    const text = welcome(served).join("\n");
    expect(text).toContain("http://127.0.0.1:8080");
    expect(text).toContain("http://127.0.0.1:9090  http://127.0.0.1:9091");
    expect(text).toMatch(/models {3}a b/);
    expect(text).toContain(`'{"model":"a","stream":true`);
    expect(text).toContain(`baseURL: "http://127.0.0.1:8080/v1", apiKey: "YOUR_KEY"`);
    expect(text).toContain(`base_url="http://127.0.0.1:8080/v1", api_key="YOUR_KEY"`);
  });

  test("has https addresses where requests come by HTTPS, and the admin port's as before", () => {
    const text = welcome({ ...served, scheme: "https" }).join("\n");
    expect(text).toContain("address  https://127.0.0.1:8080");
    expect(text).toContain(`baseURL: "https://127.0.0.1:8080/v1"`);
    expect(text).toContain("admin    http://127.0.0.1:9090");
  });

  test("asks for no key where none is needed", () => {
    const open = { ...before, settings: { ...before.settings, anonymous: true } };
    expect(welcome({ ...served, snapshot: open }).join("\n")).not.toMatch(/authorization|YOUR_KEY/);
  });

  test.each([["0.0.0.0", "http://127.0.0.1:8080"], ["::", "http://[::1]:8080"], ["::1", "http://[::1]:8080"]])("gives for the host %s an address that can be called", (host, url) => {
    expect(welcome({ ...served, host }).join("\n")).toContain(`address  ${url}\n`);
  });

  test("does not offer a model whose route has no target", () => {
    const dead = { ...route("dead"), rules: [{ name: "only", targets: [] }] };
    expect(modelsOf(snapshotOf({ "team/a": route("a"), "team/dead": dead, "team/p": { ...route("p"), models: [{ match: "prefix", name: "gpt-" }] } }))).toEqual(["a", "gpt-*"]);
    expect(welcome({ ...served, snapshot: undefined }).join("\n")).toContain("none yet");
  });
});

describe("the demo provider", () => {
  const annotated = (annotation: string) => `apiVersion: llmgateway.io/v1alpha1\nkind: LLMProvider\nmetadata:\n  name: p\n  annotations: {${annotation}}\nspec:\n  type: OpenAICompatible\n  network: Private\n  endpoints: [{url: "http://127.0.0.1:8089/v1"}]\n`;

  test("is wanted by providers that carry its annotation, and found where this run has it listen", () => {
    const { world, isWanted } = withDemoAt(worldOf({ "a.yaml": annotated('llmgateway.io/demo: "true"') }), 9000);
    expect([isWanted, world.providers["default/p"]?.spec.endpoints?.[0]?.url]).toEqual([true, "http://127.0.0.1:9000/v1"]);
  });

  test("is no matter of any other provider", () => {
    const world = worldOf({ "a.yaml": annotated("other: x") });
    expect(withDemoAt(world, 9000)).toEqual({ world, isWanted: false });
  });
});

const worldOf = (files: Record<string, string>) => readingOf(files).reading.world;

const readingOf = (files: Record<string, string>) => {
  const directory = mkdtempSync(join(tmpdir(), "llmgw-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return { directory, reading: new ManifestFolder({ directory, environment: {} }).read() };
};

const complain = (files: Record<string, string>) => {
  const { directory, reading } = readingOf(files);
  const complaints = complaintsOf({ directory, reading, world: reading.world, diagnostics: compileWorld(reading.world).diagnostics });
  return complaints.map((complaint) => ({ ...complaint, file: complaint.file.slice(directory.length + 1) }));
};

const provider = "apiVersion: llmgateway.io/v1alpha1\nkind: LLMProvider\nmetadata: {name: openai}\nspec:\n  type: OpenAI\n  auth: {secretRef: {name: openai-key}}\n";
const openRoute = (name: string, model: string) => `apiVersion: llmgateway.io/v1alpha1\nkind: LLMRoute\nmetadata: {name: ${name}}\nspec:\n  models: [${model}]\n  targets:\n  - {providerRef: {name: openai}}\n`;

describe("the complaints", () => {
  test("say file, line, object, field and what is wrong", () => {
    const [complaint, ...others] = complain({ "a.yaml": openRoute("chat", "m").replace("models", "modelz") });
    expect(complaint).toMatchObject({ severity: "error", file: "a.yaml", line: 5, object: "LLMRoute/default/chat", path: "spec.modelz" });
    expect(complaint && lineOf(complaint)).toMatch(/^a\.yaml:5: LLMRoute\/default\/chat spec\.modelz: unknown field/);
    expect(others).toEqual([]);
  });

  test("say of what compile found where the object is", () => {
    const complaints = complain({ "a.yaml": `${provider}---\n${openRoute("chat", "m")}` });
    expect(complaints).toMatchObject([
      { file: "a.yaml", line: 1, object: "LLMProvider/default/openai", message: "Secret openai-key does not exist in namespace default" },
      { file: "a.yaml", line: 8, object: "LLMRoute/default/chat" },
      { file: "a.yaml", line: 8, object: "LLMRoute/default/chat" },
    ]);
  });

  test("name a variable that is not set once, with what waits for it", () => {
    const secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: openai-key}\nstringData:\n  api-key: ${SOME_KEY}\n";
    expect(complain({ "a.yaml": `${secret}---\n${provider}---\n${openRoute("chat", "m")}---\n${openRoute("other", "n")}` }).map(lineOf)).toEqual([
      "a.yaml:5: Secret/default/openai-key stringData.api-key: environment variable SOME_KEY is not set; route default/chat, route default/other wait for it",
    ]);
  });

  test("are the same one when only the line has moved", () => {
    const [one] = complain({ "a.yaml": openRoute("chat", "m").replace("models", "modelz") });
    const [moved] = complain({ "a.yaml": `# a line more\n${openRoute("chat", "m").replace("models", "modelz")}` });
    expect(moved?.line).toBe(6);
    expect(one && moved && identityOf(one) === identityOf(moved)).toBe(true);
  });
});
