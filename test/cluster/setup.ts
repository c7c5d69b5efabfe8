// Before and after all tests on a cluster: namespaces of our own, and nothing left of us unless LLMGW_KEEP says so; with it
// the next run takes what the former one left.
import { kubectl, tryRun } from "./commands.ts";
import { makeNamespaces, removeNamespaces } from "./namespaces.ts";
import { uninstall } from "./release.ts";

const KINDS = ["llmproviders", "llmroutes", "llmbudgets"].map((plural) => `${plural}.llmgateway.io`);

const isKept = process.env.LLMGW_KEEP === "true";

export const setup = async (): Promise<void> => {
  if (!isKept && (await tryRun("kubectl", ["get", "crd", ...KINDS])).code === 0 && (await kubectl("get", "llmproviders,llmroutes,llmbudgets", "--all-namespaces", "--output", "name")) !== "") {
    throw new Error("this cluster has objects of llmgateway.io already; use another one");
  }
  await makeNamespaces();
};

export const teardown = async (): Promise<void> => {
  if (isKept) return;
  await uninstall();
  await removeNamespaces();
  await kubectl("delete", "crd", "--ignore-not-found", ...KINDS);
};
