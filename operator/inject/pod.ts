// Whether a pod gets a sidecar, and how it is changed for that: pod → JSON patch. Pure.
// Whatever it does not understand it leaves as it is: a pod without a sidecar is better than no pod.
import { GATEWAY_LABEL, INJECT_LABEL } from "../kube/labels.ts";
import { hasSidecar } from "../kube/sidecar.ts";
import { fieldsOf, isFields, listOf, namesOf, textOf, wordsOf, type Fields } from "../kube/types.ts";
import { LOSABLE_VOLUME, sidecarOf, VOLUME_NAMES, volumesOf } from "./sidecar.ts";
import { sizesOf } from "./sizes.ts";
import type { Template } from "./template.ts";

export interface Operation {
  readonly op: "add";
  readonly path: string;
  readonly value: unknown;
}

/** Untouched: it asks for nothing, or has it. Refused: it asks for what cannot be, and the warnings say why. */
export interface Injection {
  readonly outcome: "injected" | "untouched" | "refused";
  readonly patch: readonly Operation[];
  /** For whoever creates the pod. */
  readonly warnings: readonly string[];
}

export interface Release {
  readonly template: Template;
  /** Of the tokens that the operator takes. */
  readonly audience: string;
  /** Empty: not known. */
  readonly gateways: readonly string[];
}

const EVICTION = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes";
const PORT_MAX = 65_535;

const untouched: Injection = { outcome: "untouched", patch: [], warnings: [] };
const refused = (why: string): Injection => ({ outcome: "refused", patch: [], warnings: [`the pod has no llm-gateway sidecar: ${why}`] });

export const inject = (pod: unknown, release: Release): Injection => {
  const [metadata, spec] = [fieldsOf(fieldsOf(pod)["metadata"]), fieldsOf(fieldsOf(pod)["spec"])];
  const labels = wordsOf(metadata["labels"]);
  if (labels[INJECT_LABEL] !== "true" || listOf(spec["containers"]).length === 0 || isWindows(spec) || hasSidecar(spec)) return untouched;
  if (spec["hostNetwork"] === true) return refused("it is on its node's network, where everybody on the node would be its caller");
  // Elsewhere the API server has set one before it asks; without one it would refuse the pod for the token below.
  if (textOf(spec["serviceAccountName"]) === "") return refused("it has no service account, which the sidecar could say who it is by");
  const taken = namesOf(spec["volumes"]).filter((name) => VOLUME_NAMES.includes(name));
  if (taken.length > 0) return refused(`it has a volume of the sidecar's name already: ${taken.join(", ")}`);
  const { template, audience, gateways } = release;
  const gateway = labels[GATEWAY_LABEL] ?? template.gateway;
  const sizes = sizesOf(wordsOf(metadata["annotations"]), template.resources);
  const port = freePort(template.port, takenPorts(spec));
  const adminPort = freePort(template.adminPort, new Set([...takenPorts(spec), port]));
  // Where the pod as a whole has an allowance, what its containers ask for must fit in: the sidecar then asks for nothing.
  const resources = isFields(spec["resources"]) ? {} : sizes.resources;
  const sidecar = sidecarOf(template, { gateway, port, adminPort, resources, isPodRoot: fieldsOf(spec["securityContext"])["runAsUser"] === 0 });
  const unknown = gateways.length === 0 || gateways.includes(gateway) ? [] : [`there is no gateway ${gateway.slice(0, 63)}: until there is one, the llm-gateway sidecar answers nothing`];
  return {
    outcome: "injected",
    patch: [
      ...metadataPatch(metadata, labels, gateway),
      ...environmentPatch(spec, baseUrlsOf(port)),
      ...added("/spec/volumes", spec["volumes"], volumesOf(template, audience)),
      ...pullSecretsPatch(spec, template.pullSecrets),
      // Last, because it moves the others; first in the list, so that the others can use it.
      Array.isArray(spec["initContainers"]) ? { op: "add", path: "/spec/initContainers/0", value: sidecar } : { op: "add", path: "/spec/initContainers", value: [sidecar] },
    ],
    warnings: [...sizes.warnings, ...unknown],
  };
};

const isWindows = (spec: Fields): boolean => fieldsOf(spec["os"])["name"] === "windows" || fieldsOf(spec["nodeSelector"])["kubernetes.io/os"] === "windows";

const containersOf = (spec: Fields): Fields[] => [...listOf(spec["initContainers"]), ...listOf(spec["containers"])].map(fieldsOf);

/** As far as the pod says so; all its containers share one network. */
const takenPorts = (spec: Fields): ReadonlySet<number> =>
  new Set(containersOf(spec).flatMap(({ ports }) => listOf(ports).flatMap((one) => (typeof fieldsOf(one)["containerPort"] === "number" ? [fieldsOf(one)["containerPort"] as number] : []))));

const freePort = (wanted: number, taken: ReadonlySet<number>): number => {
  for (let port = wanted; port <= PORT_MAX; port += 1) if (!taken.has(port)) return port;
  return wanted;
};

/** What SDKs read. OpenAI's expects the version in it, the other two add theirs. */
const baseUrlsOf = (port: number): Fields[] => {
  const base = `http://127.0.0.1:${port}`;
  return [
    { name: "OPENAI_BASE_URL", value: `${base}/v1` },
    { name: "ANTHROPIC_BASE_URL", value: base },
    { name: "GOOGLE_GEMINI_BASE_URL", value: base },
  ];
};

// Sidecars of others are not the application. What comes by envFrom cannot be seen from here, and gives way to this.
const environmentPatch = (spec: Fields, variables: readonly Fields[]): Operation[] =>
  ["initContainers", "containers"].flatMap((list) =>
    listOf(spec[list]).flatMap((one, index) => {
      const { env, restartPolicy } = fieldsOf(one);
      if (list === "initContainers" && restartPolicy === "Always") return [];
      const set = namesOf(env);
      return added(`/spec/${list}/${index}/env`, env, variables.filter(({ name }) => !set.includes(textOf(name))));
    }),
  );

const metadataPatch = (metadata: Fields, labels: Readonly<Record<string, string>>, gateway: string): Operation[] => {
  const { [EVICTION]: volumes, ...others } = wordsOf(metadata["annotations"]);
  const value = volumes === undefined || volumes === "" ? LOSABLE_VOLUME : `${volumes},${LOSABLE_VOLUME}`;
  const hasAnnotations = Object.keys(others).length > 0 || volumes !== undefined;
  return [
    ...(labels[GATEWAY_LABEL] === undefined ? [{ op: "add", path: `/metadata/labels/${escaped(GATEWAY_LABEL)}`, value: gateway } as const] : []),
    hasAnnotations ? { op: "add", path: `/metadata/annotations/${escaped(EVICTION)}`, value } : { op: "add", path: "/metadata/annotations", value: { [EVICTION]: value } },
  ];
};

const pullSecretsPatch = (spec: Fields, names: readonly string[]): Operation[] => {
  const present = namesOf(spec["imagePullSecrets"]);
  return added("/spec/imagePullSecrets", spec["imagePullSecrets"], names.filter((name) => !present.includes(name)).map((name) => ({ name })));
};

/** At the end of a list that may not be there. */
const added = (path: string, list: unknown, values: readonly unknown[]): Operation[] => {
  if (values.length === 0) return [];
  return Array.isArray(list) ? values.map((value) => ({ op: "add", path: `${path}/-`, value })) : [{ op: "add", path, value: values }];
};

const escaped = (name: string): string => name.replaceAll("~", "~0").replaceAll("/", "~1");
