// What is kept when a test fails: objects, events and logs of the tests' namespaces, in files below .state/cluster.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, tryRun } from "./commands.ts";
import { CALLERS, SYSTEM, TENANT } from "./namespaces.ts";

interface PodList {
  readonly items: readonly { readonly metadata: { readonly name: string }; readonly spec: { readonly containers: readonly { readonly name: string }[] } }[];
}

const show = async (words: readonly string[]): Promise<string> => {
  const { stdout, stderr } = await tryRun("kubectl", words, "", 30_000);
  return `${stdout}${stderr}`;
};

/** The folder. */
export const collectEvidence = async (test: string): Promise<string> => {
  const folder = join(root, ".state/cluster", test.replaceAll(/[^\w]+/g, "-").slice(0, 80).toLowerCase());
  mkdirSync(folder, { recursive: true });
  for (const namespace of [SYSTEM, TENANT, CALLERS]) {
    const write = (name: string, text: string): void => writeFileSync(join(folder, `${namespace}.${name}`), text);
    write("pods.txt", await show(["--namespace", namespace, "get", "pods", "--output", "wide"]));
    write("describe.txt", await show(["--namespace", namespace, "describe", "pods"]));
    write("events.txt", await show(["--namespace", namespace, "get", "events", "--sort-by", ".lastTimestamp"]));
    write("objects.yaml", await show(["--namespace", namespace, "get", "llmproviders,llmroutes,leases,endpointslices", "--output", "yaml"]));
    const { items = [] } = JSON.parse((await tryRun("kubectl", ["--namespace", namespace, "get", "pods", "--output", "json"])).stdout || "{}") as Partial<PodList>;
    for (const { metadata } of items) {
      write(`${metadata.name}.log`, await show(["--namespace", namespace, "logs", metadata.name, "--all-containers", "--tail", "500"]));
      const { code, stdout } = await tryRun("kubectl", ["--namespace", namespace, "logs", metadata.name, "--all-containers", "--previous", "--tail", "500"]);
      if (code === 0) write(`${metadata.name}.previous.log`, stdout);
    }
  }
  return folder;
};
