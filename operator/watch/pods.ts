// Pods and EndpointSlices → the data planes that exist, and whether each is ready for traffic. Pure.
// Sidecars are in no EndpointSlice of ours: of those the pod's own condition counts.
import { GATEWAY_LABEL, INJECT_LABEL } from "../kube/labels.ts";
import { fieldsOf, listOf, textOf, wordsOf, type KubeObject } from "../kube/types.ts";

export interface PodState {
  readonly gateway: string;
  readonly isReady: boolean;
  readonly isEnding: boolean;
  /** It has a sidecar: it is no pod of a gateway of ours. */
  readonly isInjected: boolean;
}

export interface DataPlanePod {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly gateway: string;
}

/** uid of a pod → whether it gets traffic. */
export type SliceState = Readonly<Record<string, boolean>>;

export const podStateOf = (pod: KubeObject): PodState | undefined => {
  const { [GATEWAY_LABEL]: gateway, [INJECT_LABEL]: inject } = wordsOf(pod.metadata["labels"]);
  const status = fieldsOf(pod["status"]);
  const phase = textOf(status["phase"]);
  if (gateway === undefined || phase === "Succeeded" || phase === "Failed") return undefined;
  const isReady = listOf(status["conditions"]).map(fieldsOf).some((condition) => condition["type"] === "Ready" && condition["status"] === "True");
  return { gateway, isReady, isEnding: textOf(pod.metadata["deletionTimestamp"]) !== "", isInjected: inject === "true" };
};

export const sliceStateOf = (slice: KubeObject): SliceState =>
  Object.fromEntries(
    listOf(slice["endpoints"]).flatMap((one): [string, boolean][] => {
      const endpoint = fieldsOf(one);
      const uid = textOf(fieldsOf(endpoint["targetRef"])["uid"]);
      // Absent means unknown, which is to be read as ready.
      return uid === "" ? [] : [[uid, fieldsOf(endpoint["conditions"])["ready"] !== false]];
    }),
  );

interface Item<Value> {
  readonly id: string;
  readonly uid: string;
  readonly value: Value;
}

/** Those that serve: they exist, are not about to end, and get traffic. */
export const readyPods = (pods: Iterable<Item<PodState>>, slices: Iterable<Item<SliceState>>): DataPlanePod[] => {
  const sliced = new Map<string, boolean>();
  for (const { value } of slices) for (const [uid, isReady] of Object.entries(value)) sliced.set(uid, isReady || sliced.get(uid) === true);
  return [...pods].flatMap(({ id, uid, value: { gateway, isReady, isEnding } }) => {
    if (isEnding || !(sliced.get(uid) ?? isReady)) return [];
    const at = id.indexOf("/");
    return [{ uid, namespace: id.slice(0, at), name: id.slice(at + 1), gateway }];
  });
};
