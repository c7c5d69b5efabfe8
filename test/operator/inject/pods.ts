// A template as the chart renders it, pods as people write them, and JSON patches as the API server applies them.
import { readTemplate, type Template } from "../../../operator/inject/template.ts";
import type { Operation, Release } from "../../../operator/inject/pod.ts";

export const told = {
  image: "localhost/llm-gateway/dataplane:dev", pullPolicy: "IfNotPresent", pullSecrets: [], gateway: "default", port: 14_080, adminPort: 14_090,
  feed: "https://llm-gateway-operator.llm-system.svc:9443", bundle: "llm-system-llm-gateway-authority-bundle",
  resources: { requests: { cpu: "50m", memory: "128Mi" }, limits: { memory: "512Mi" } }, user: 65_532, group: 65_532, env: [],
};

export const templateOf = (changes: object = {}): Template => {
  const { template, problems } = readTemplate(JSON.stringify({ ...told, ...changes }));
  if (template === undefined) throw new Error(problems.join());
  return template;
};

export const release = (changes: Partial<Release> = {}): Release => ({ template: templateOf(), audience: "llm-gateway-operator.llm-system", gateways: ["default", "batch"], ...changes });

export interface Container {
  readonly name: string;
  readonly image?: string;
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[];
  readonly restartPolicy?: string;
  readonly resources?: unknown;
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

export interface Pod {
  readonly apiVersion: "v1";
  readonly kind: "Pod";
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: { readonly containers: readonly Container[]; readonly initContainers?: readonly Container[]; readonly volumes?: readonly { readonly name: string }[]; readonly [field: string]: unknown };
}

export const podOf = ({ labels = {}, annotations, ...spec }: { labels?: Record<string, string>; annotations?: Record<string, string>; containers?: readonly Container[]; [field: string]: unknown } = {}): Pod => ({
  apiVersion: "v1", kind: "Pod",
  metadata: { name: "app-0", labels: { "llmgateway.io/inject": "true", ...labels }, ...(annotations !== undefined && { annotations }) },
  spec: { serviceAccountName: "default", containers: [{ name: "app", image: "app" }], ...spec },
});

const memberOf = (value: unknown, step: string): unknown => (value as Record<string, unknown>)[step];

/** Of RFC 6902 what is used: `add`, which must find the place's parent. */
export const patched = <Value>(object: Value, patch: readonly Operation[]): Value => {
  const copy = structuredClone(object);
  for (const { path, value } of patch) {
    const steps = path.split("/").slice(1).map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
    const last = steps.pop() ?? "";
    const parent = steps.reduce<unknown>(memberOf, copy);
    if (typeof parent !== "object" || parent === null) throw new Error(`${path} has no parent`);
    if (!Array.isArray(parent)) (parent as Record<string, unknown>)[last] = value;
    else if (last === "-") parent.push(value);
    else if (Number(last) <= parent.length) parent.splice(Number(last), 0, value);
    else throw new Error(`${path} is beyond the end`);
  }
  return copy;
};
