// Pods and EndpointSlices → the data planes that exist, and whether each is ready for traffic. Pure.
// Sidecars are in no EndpointSlice of ours: of those the pod's own condition counts.
import { GATEWAY_LABEL, INJECT_LABEL } from "../kube/labels.ts";
import { hasSidecar } from "../kube/sidecar.ts";
import { fieldsOf, listOf, textOf, wordsOf, type KubeObject } from "../kube/types.ts";
import { own, type World } from "../world.ts";

/** Whether pods of this namespace may have sidecars. */
export const isOpenToSidecars = ({ namespaces }: Pick<World, "namespaces">, name: string): boolean => own(namespaces, name)?.labels[INJECT_LABEL] === "true";

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

/** A label is easily written: only pods of our own namespace are gateways, and of the others those that have the sidecar. */
export const podStateOf = (home: string) => (pod: KubeObject): PodState | undefined => {
  const { [GATEWAY_LABEL]: gateway, [INJECT_LABEL]: inject } = wordsOf(pod.metadata["labels"]);
  const status = fieldsOf(pod["status"]);
  const phase = textOf(status["phase"]);
  if (gateway === undefined || phase === "Succeeded" || phase === "Failed") return undefined;
  const isInjected = inject === "true" && hasSidecar(fieldsOf(pod["spec"]));
  const isGateways = inject !== "true" && textOf(pod.metadata["namespace"]) === home;
  if (!isInjected && !isGateways) return undefined;
  const isReady = listOf(status["conditions"]).map(fieldsOf).some((condition) => condition["type"] === "Ready" && condition["status"] === "True");
  return { gateway, isReady, isEnding: textOf(pod.metadata["deletionTimestamp"]) !== "", isInjected };
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

/** Those that serve: they exist, are not about to end, and get traffic; of those with a sidecar, where these may be. */
export const readyPods = (pods: Iterable<Item<PodState>>, slices: Iterable<Item<SliceState>>, isOpen: (namespace: string) => boolean): DataPlanePod[] => {
  const sliced = new Map<string, boolean>();
  for (const { value } of slices) for (const [uid, isReady] of Object.entries(value)) sliced.set(uid, isReady || sliced.get(uid) === true);
  return [...pods].flatMap(({ id, uid, value: { gateway, isReady, isEnding, isInjected } }) => {
    if (isEnding || !(sliced.get(uid) ?? isReady)) return [];
    const at = id.indexOf("/");
    const namespace = id.slice(0, at);
    return isInjected && !isOpen(namespace) ? [] : [{ uid, namespace, name: id.slice(at + 1), gateway }];
  });
};
