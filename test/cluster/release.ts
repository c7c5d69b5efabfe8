// The release under test: installed as a person would, with the images that were loaded.
import { join } from "node:path";
import { helm, root } from "./commands.ts";
import { SYSTEM } from "./namespaces.ts";

export const RELEASE = "llm-gateway";
export const DATAPLANES = `${RELEASE}-default`;
export const OPERATORS = `${RELEASE}-operator`;
export const REGISTRY = process.env.LLMGW_IMAGE_REGISTRY ?? "localhost/llm-gateway";
export const TAG = process.env.LLMGW_IMAGE_TAG ?? "dev";
export const DATAPLANE_IMAGE = `${REGISTRY}/dataplane:${TAG}`;

export const chart = join(root, "charts/llm-gateway");
export const ofImages = ["--set", `image.registry=${REGISTRY}`, "--set", `image.tag=${TAG}`];
/** A test's cluster is small, and its streams are short. */
export const ofSize = ["operator.resources.requests.cpu=10m", "gatewayDefaults.resources.requests.cpu=10m", "gatewayDefaults.settings.drainTime=20s"].flatMap((value) => ["--set", value]);

/** Of the README: nothing but what is said there. */
export const install = (): Promise<string> => helm("install", RELEASE, chart, "--namespace", SYSTEM, "--create-namespace", ...ofImages, "--set", "demo.enabled=true", "--wait", "--timeout", "120s");

/** What Helm is told, whichever it is. */
export const words = {
  /** With further values on top; also when it is there already. */
  upgrade: (...values: readonly string[]): readonly string[] =>
    ["upgrade", "--install", RELEASE, chart, "--namespace", SYSTEM, ...ofImages, "--set", "demo.enabled=true", ...ofSize, ...values.flatMap((value) => ["--set", value]), "--wait", "--timeout", "180s"],
  uninstall: ["uninstall", RELEASE, "--namespace", SYSTEM, "--wait", "--timeout", "120s", "--ignore-not-found"],
  test: ["test", RELEASE, "--namespace", SYSTEM, "--timeout", "60s"],
  /** To that revision, or with 0 the one before. */
  rollBack: (revision: string): readonly string[] => ["rollback", RELEASE, revision, "--namespace", SYSTEM, "--wait", "--timeout", "180s"],
};

export const upgrade = (...values: readonly string[]): Promise<string> => helm(...words.upgrade(...values));

export const uninstall = (): Promise<string> => helm(...words.uninstall);

export const rollBack = (revision = "0"): Promise<string> => helm(...words.rollBack(revision));

export const chartOf = async (): Promise<string> => {
  const [release] = JSON.parse(await helm("list", "--namespace", SYSTEM, "--filter", `^${RELEASE}$`, "--output", "json")) as { chart: string }[];
  return release?.chart ?? "none";
};
