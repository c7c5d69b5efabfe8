// Nodes and pods that only the API server knows: kwok says for them what a kubelet would say, and nothing runs.
// Somebody's real cluster is not given such nodes.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { kubectl, run, until } from "./commands.ts";
import { mayBreak } from "./control.ts";

const NODES = ["fake-1", "fake-2", "fake-3", "fake-4"];
const MARK = "kwok.x-k8s.io/node";
const STAGES = fileURLToPath(new URL("kwok-stages.yaml", import.meta.url));

const isThere = spawnSync("kwok", ["--version"]).status === 0;

export const whyNoFakes: string = !isThere ? " (skipped: there is no kwok on the path)" : mayBreak ? "" : " (skipped: LLMGW_CLUSTER_CONTROL names no program, so this cluster may be somebody's)";

/** Values of the chart that put the pods of the gateway `default` there. */
export const onFakeNodes = ["gateways.default.nodeSelector.fake=yes", `gateways.default.tolerations[0].key=${MARK.replaceAll(".", "\\.")}`, "gateways.default.tolerations[0].operator=Exists"];

const node = (name: string) => ({
  apiVersion: "v1", kind: "Node",
  metadata: { name, annotations: { [MARK]: "fake" }, labels: { fake: "yes", "kubernetes.io/hostname": name, "kubernetes.io/os": "linux" } },
  spec: { taints: [{ key: MARK, value: "fake", effect: "NoSchedule" }] },
});

export class FakeNodes {
  readonly #kwok: ChildProcess;

  private constructor(kwok: ChildProcess) {
    this.#kwok = kwok;
  }

  static async start(): Promise<FakeNodes> {
    const words = [`--config=${STAGES}`, "--manage-all-nodes=false", `--manage-nodes-with-annotation-selector=${MARK}=fake`, "--node-lease-duration-seconds=40", "--cidr=10.90.0.0/16", "--node-ip=10.90.0.1"];
    const kwok = spawn("kwok", [...(process.env.KUBECONFIG === undefined ? [] : [`--kubeconfig=${process.env.KUBECONFIG}`]), ...words], { stdio: "ignore" });
    await run("kubectl", ["create", "--filename", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: NODES.map(node) }));
    const nodes = new FakeNodes(kwok);
    try {
      await kubectl("wait", "--for=condition=Ready", ...NODES.map((name) => `node/${name}`), "--timeout=60s");
      return nodes;
    } catch (error) {
      await nodes.end();
      throw error;
    }
  }

  /** Nobody would end their pods after this: they must be gone. */
  async end(): Promise<void> {
    await until("the end of the pods that are none", async () => (await this.#pods()) === "" ? true : undefined, 180_000, 500);
    await kubectl("delete", "nodes", ...NODES);
    this.#kwok.kill();
  }

  async #pods(): Promise<string> {
    const found = await Promise.all(NODES.map((name) => kubectl("get", "pods", "--all-namespaces", "--field-selector", `spec.nodeName=${name}`, "--output", "name")));
    return found.join("").trim();
  }
}
