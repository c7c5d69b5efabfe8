// `npm run test:cluster`: the tests that need a real Kubernetes, against whatever KUBECONFIG names.
// LLMGW_IMAGE_LOADER is a command that takes image names and brings them to the nodes ("kind load docker-image",
// "minikube image load"); with it the images are built and loaded first, without it they must be there.
// Parts of the cluster are stopped too where LLMGW_CLUSTER_CONTROL names who can do that, see control.ts. LLMGW_HELM names
// another Helm than the path's; with helm4 and kwok on the path, a second Helm and pods by the hundred are tried as well.
// LLMGW_FOREIGN_KINDS is a folder of definitions, see test/charts/foreign-kinds.ts: with it the chart's objects of others'
// kinds are judged too. Without a cluster it says so in one line and ends well.
import { spawnSync } from "node:child_process";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { BaseSequencer, startVitest, type TestSpecification } from "vitest/node";
import { root, tryRun } from "./commands.ts";

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** A fresh cluster can be seen once only, and after the last one there is nothing left to test. */
const FIRST = "start.test.ts";
/** Breaks the cluster itself, and others need not find out whether it mended. */
const BREAKS = "absence.test.ts";
/** These two take everything away, and begin with what they need. */
const BARE = "readme.test.ts";
const LAST = "uninstall.test.ts";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const whyNoCluster = async (): Promise<string> => {
  for (const program of ["kubectl", process.env.LLMGW_HELM ?? "helm"]) {
    if ((await tryRun(program, ["version", "--client"], "", 20_000)).code === -1) return `there is no ${program}`;
  }
  const { code, stderr } = await tryRun("kubectl", ["get", "--raw", "/readyz", "--request-timeout=5s"], "", 20_000);
  return code === 0 ? "" : `kubectl reaches none: ${stderr.trim().split("\n").at(-1)}`;
};

const runHere = (what: string, command: string, words: readonly string[]): void => {
  say(`test:cluster: ${what}`);
  const { status } = spawnSync(command, words, { cwd: root, stdio: "inherit", shell: words.length === 0 });
  if (status !== 0) throw new Error(`${what} ended with ${status}`);
};

const bringImages = (): void => {
  const loader = process.env.LLMGW_IMAGE_LOADER ?? "";
  if (loader === "") return;
  const registry = process.env.LLMGW_IMAGE_REGISTRY ?? "localhost/llm-gateway";
  const images = ["operator", "dataplane"].map((name) => `${registry}/${name}:${process.env.LLMGW_IMAGE_TAG ?? "dev"}`);
  runHere("building the images", process.execPath, [here("./images.ts")]);
  // As a shell would read it: a loader has words of its own.
  runHere("loading the images", `${loader} ${images.join(" ")}`, []);
};

class InOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): string => `${{ [FIRST]: 0, [BREAKS]: 2, [BARE]: 3, [LAST]: 4 }[basename(moduleId)] ?? 1}${moduleId}`;
    return files.toSorted((left, right) => rank(left).localeCompare(rank(right)));
  }
}

const main = async (): Promise<number> => {
  const why = await whyNoCluster();
  if (why !== "") {
    say(`test:cluster: skipped, there is no cluster here: ${why}`);
    return 0;
  }
  bringImages();
  const vitest = await startVitest("test", process.argv.slice(2), {
    root, config: false, run: true, watch: false,
    include: ["test/cluster/**/*.test.ts"], exclude: [],
    globalSetup: [here("./setup.ts")],
    pool: "forks", maxWorkers: 1, fileParallelism: false, sequence: { sequencer: InOrder },
    testTimeout: 240_000, hookTimeout: 240_000, reporters: ["verbose"],
  });
  await vitest.close();
  return process.exitCode === undefined || process.exitCode === 0 ? 0 : 1;
};

process.exitCode = await main();
