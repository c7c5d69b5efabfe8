// Every object of every value set, judged by a real API server that is started for it; there is no cluster behind it.
// Skipped, with the reason, where there is none, or no Helm. `test/cluster/accepted.test.ts` asks a whole cluster the same.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import { openApiServer, type ApiServer } from "../crds/api-server.ts";
import { run } from "../cluster/commands.ts";
import { acceptsEveryObject } from "./acceptance.ts";
import { chart, whyNoHelm } from "./helm.ts";

const { KUBEBUILDER_ASSETS: assets = "" } = process.env;
const NAMESPACE = "judged";
const reason = assets === "" ? "no real API server: set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and kubectl" : whyNoHelm;

describe.skipIf(reason !== "")(`a real API server${reason === "" ? "" : ` (skipped: ${reason})`}`, () => {
  let [api, home]: [ApiServer | undefined, string] = [undefined, ""];
  const kubectl = (words: readonly string[], input = ""): Promise<string> => run(join(assets, "kubectl"), ["--kubeconfig", join(home, "kubeconfig"), "--cache-dir", home, ...words], input);

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), "llmgw-judge-"));
    api = await openApiServer({ KUBEBUILDER_ASSETS: assets });
    const { server, headers, tls } = api.connection;
    writeFileSync(join(home, "kubeconfig"), JSON.stringify({
      apiVersion: "v1", kind: "Config", "current-context": "it", contexts: [{ name: "it", context: { cluster: "it", user: "it" } }],
      clusters: [{ name: "it", cluster: { server, "certificate-authority-data": Buffer.from(tls.ca ?? "").toString("base64") } }],
      users: [{ name: "it", user: { token: (headers["authorization"] ?? "").replace("Bearer ", "") } }],
    }));
    await kubectl(["create", "--filename", "-"], JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE, labels: { "pod-security.kubernetes.io/enforce": "restricted" } } }));
    await kubectl(["create", "--filename", join(chart, "files/crds")]);
    await kubectl(["wait", "crd", "--all", "--for=condition=Established", "--timeout=60s"]);
  }, 150_000);

  afterAll(async () => {
    await api?.stop();
    rmSync(home, { recursive: true, force: true });
  });

  acceptsEveryObject(() => ({ kubectl, namespace: NAMESPACE }));
});
