// Pods of the release, as the tests look for them: by what they are part of, and whether they are still there.
import { kubectl, kubectlJson, until } from "./commands.ts";
import { SYSTEM } from "./namespaces.ts";
import { OPERATORS } from "./release.ts";

export type Component = "operator" | "dataplane";

export interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
  readonly status: {
    readonly podIP: string;
    readonly conditions: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly { readonly restartCount: number }[];
  };
}

export const podsOf = async (component: Component): Promise<readonly Pod[]> =>
  (await kubectlJson<{ readonly items: readonly Pod[] }>("--namespace", SYSTEM, "get", "pods", "--selector", `app.kubernetes.io/component=${component}`)).items;

export const isReady = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined && status.conditions.some(({ type, status: is }) => type === "Ready" && is === "True");

/** None of these is there any more: they have drained. */
export const areGone = async (former: readonly Pod[]): Promise<void> => {
  const uids = new Set(former.map(({ metadata }) => metadata.uid));
  const left = async (): Promise<boolean> => [...(await podsOf("operator")), ...(await podsOf("dataplane"))].some(({ metadata }) => uids.has(metadata.uid));
  await until("the end of the former pods", async () => ((await left()) ? undefined : true), 120_000, 500);
};

/** Name of the pod that leads: the lease names the pod and its uid. */
export const leader = async (): Promise<string> => (await kubectl("--namespace", SYSTEM, "get", "lease", OPERATORS, "--output", "jsonpath={.spec.holderIdentity}")).split("_")[0] ?? "";
