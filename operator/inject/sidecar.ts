// The container that is added to a pod, and the volumes that it brings: restricted in the sense of Pod Security whatever the pod is.
// It does not look at whether a pod should have one.
import { SIDECAR_NAME } from "../kube/labels.ts";
import type { Fields } from "../kube/types.ts";
import type { Template } from "./template.ts";

const OPERATOR_VOLUME = "llm-gateway-operator";
const KEY_VOLUME = "llm-gateway-key";
const STATE_VOLUME = "llm-gateway-state";
export const VOLUME_NAMES: readonly string[] = [OPERATOR_VOLUME, KEY_VOLUME, STATE_VOLUME];
/** On disk, so that a scale-down of nodes must be told that it may be lost. */
export const LOSABLE_VOLUME = STATE_VOLUME;

const OPERATOR_FOLDER = "/etc/llm-gateway/operator";
const KEY_FOLDER = "/run/llm-gateway";
const STATE_FOLDER = "/var/lib/llm-gateway";
const TOKEN_SECONDS = 3600;
const ADMIN_PORT_NAME = "llmgw-admin";
const NONROOT = 65_532;

/** What of a sidecar depends on its pod. */
export interface Fitting {
  readonly gateway: string;
  readonly port: number;
  readonly adminPort: number;
  readonly resources: Fields;
  /** The pod's own default is root: then a user must be named here. */
  readonly isPodRoot: boolean;
}

/** A native sidecar: it starts before the pod's other containers, and ends after them. */
export const sidecarOf = (template: Template, fitting: Fitting): Fields => ({
  name: SIDECAR_NAME,
  image: template.image,
  imagePullPolicy: template.pullPolicy,
  restartPolicy: "Always",
  env: [...environmentOf(template, fitting), ...template.env],
  ports: [{ name: ADMIN_PORT_NAME, containerPort: fitting.adminPort, protocol: "TCP" }],
  ...probes,
  ...(Object.keys(fitting.resources).length > 0 && { resources: fitting.resources }),
  securityContext: securityOf(template, fitting.isPodRoot),
  volumeMounts: [
    { name: OPERATOR_VOLUME, mountPath: OPERATOR_FOLDER, readOnly: true },
    { name: KEY_VOLUME, mountPath: KEY_FOLDER },
    { name: STATE_VOLUME, mountPath: STATE_FOLDER },
  ],
});

const fromField = (name: string, fieldPath: string): Fields => ({ name, valueFrom: { fieldRef: { apiVersion: "v1", fieldPath } } });

const environmentOf = ({ feed }: Template, { gateway, port, adminPort }: Fitting): Fields[] => [
  { name: "LLMGW_GATEWAY", value: gateway },
  fromField("LLMGW_POD", "metadata.name"),
  fromField("LLMGW_POD_UID", "metadata.uid"),
  // Whoever can reach this port is the pod itself, and counts as its account.
  { name: "LLMGW_HOST", value: "127.0.0.1" },
  { name: "LLMGW_PORT", value: String(port) },
  fromField("LLMGW_LOCAL_NAMESPACE", "metadata.namespace"),
  fromField("LLMGW_LOCAL_ACCOUNT", "spec.serviceAccountName"),
  fromField("LLMGW_ADMIN_HOST", "status.podIP"),
  { name: "LLMGW_ADMIN_PORT", value: String(adminPort) },
  { name: "LLMGW_FEED", value: feed },
  { name: "LLMGW_FEED_CA_FILE", value: `${OPERATOR_FOLDER}/ca.crt` },
  { name: "LLMGW_FEED_TOKEN_FILE", value: `${OPERATOR_FOLDER}/token` },
  { name: "LLMGW_LAST_GOOD_FILE", value: `${STATE_FOLDER}/last-good` },
  { name: "LLMGW_LAST_GOOD_KEY_FILE", value: `${KEY_FOLDER}/key` },
  { name: "LLMGW_LAST_GOOD_KEY_MADE", value: "true" },
];

// No readiness probe: whether the pod takes traffic is its application's matter, also when the operator is away.
const probes: Fields = {
  // The other containers wait for the first configuration, but not for long: see /startupz.
  startupProbe: { httpGet: { path: "/startupz", port: ADMIN_PORT_NAME }, periodSeconds: 1, failureThreshold: 120 },
  livenessProbe: { httpGet: { path: "/healthz", port: ADMIN_PORT_NAME }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
};

const securityOf = ({ user, group }: Template, isPodRoot: boolean): Fields => {
  const own = user ?? (isPodRoot ? NONROOT : undefined);
  return {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    privileged: false,
    capabilities: { drop: ["ALL"] },
    runAsNonRoot: true,
    ...(own !== undefined && { runAsUser: own }),
    ...(group !== undefined && { runAsGroup: group }),
    seccompProfile: { type: "RuntimeDefault" },
  };
};

/** The token is bound to the pod and its account; a bundle that comes later than the pod does not keep it from starting. */
export const volumesOf = ({ bundle }: Template, audience: string): Fields[] => [
  {
    name: OPERATOR_VOLUME,
    projected: {
      sources: [
        { configMap: { name: bundle, optional: true, items: [{ key: "ca.crt", path: "ca.crt" }] } },
        { serviceAccountToken: { audience, expirationSeconds: TOKEN_SECONDS, path: "token" } },
      ],
    },
  },
  // The key is never on a disk; what it seals is.
  { name: KEY_VOLUME, emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
  { name: STATE_VOLUME, emptyDir: { sizeLimit: "256Mi" } },
];
