// What the API server calls things: resources and their paths, the parts of any object that we read, its failures.
// Objects stay what the server sent: no typed model, so that a field we do not know is never lost or judged.

export interface Resource {
  /** "" for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
}

const own = { group: "llmgateway.io", version: "v1alpha1" } as const;
const core = { group: "", version: "v1" } as const;

export const resources = {
  LLMProvider: { ...own, plural: "llmproviders", kind: "LLMProvider" },
  LLMRoute: { ...own, plural: "llmroutes", kind: "LLMRoute" },
  LLMBudget: { ...own, plural: "llmbudgets", kind: "LLMBudget" },
  Secret: { ...core, plural: "secrets", kind: "Secret" },
  ConfigMap: { ...core, plural: "configmaps", kind: "ConfigMap" },
  Namespace: { ...core, plural: "namespaces", kind: "Namespace" },
  ServiceAccount: { ...core, plural: "serviceaccounts", kind: "ServiceAccount" },
  Pod: { ...core, plural: "pods", kind: "Pod" },
  EndpointSlice: { group: "discovery.k8s.io", version: "v1", plural: "endpointslices", kind: "EndpointSlice" },
  Lease: { group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease" },
  MutatingWebhookConfiguration: { group: "admissionregistration.k8s.io", version: "v1", plural: "mutatingwebhookconfigurations", kind: "MutatingWebhookConfiguration" },
  Event: { group: "events.k8s.io", version: "v1", plural: "events", kind: "Event" },
  TokenReview: { group: "authentication.k8s.io", version: "v1", plural: "tokenreviews", kind: "TokenReview" },
} as const satisfies Record<string, Resource>;

export const apiVersionOf = ({ group, version }: Resource): string => (group === "" ? version : `${group}/${version}`);

/** Where an object is; without a namespace, of the whole cluster; without a name, the collection. */
export interface Place {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: "status" | undefined;
}

export const pathOf = (resource: Resource, { namespace, name, subresource }: Place = {}): string => {
  const root = resource.group === "" ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const steps = [...(namespace === undefined ? [] : ["namespaces", namespace]), resource.plural, ...(name === undefined ? [] : [name]), ...(subresource === undefined ? [] : [subresource])];
  return [root, ...steps.map(encodeURIComponent)].join("/");
};

export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
export const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {});
export const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

export const namesOf = (list: unknown): string[] => listOf(list).map((one) => textOf(fieldsOf(one)["name"]));

/** Strings only; anything else that stands there is passed over. */
export const wordsOf = (value: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries(fieldsOf(value)).filter((entry): entry is [string, string] => typeof entry[1] === "string"));

/** An object that can be told from others; the rest of it is unknown. */
export interface KubeObject {
  readonly metadata: Fields & { readonly name: string };
  readonly [field: string]: unknown;
}

export const isKubeObject = (value: unknown): value is KubeObject => isFields(value) && isFields(value["metadata"]) && typeof value["metadata"]["name"] === "string" && value["metadata"]["name"] !== "";

export const namespaceOf = ({ metadata }: KubeObject): string => textOf(metadata["namespace"]);
export const versionOf = ({ metadata }: KubeObject): string => textOf(metadata["resourceVersion"]);
export const uidOf = ({ metadata }: KubeObject): string => textOf(metadata["uid"]);
export const idOf = (object: KubeObject): string => (namespaceOf(object) === "" ? object.metadata.name : `${namespaceOf(object)}/${object.metadata.name}`);

export interface KubeList {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
  /** "" on the last page. */
  readonly continueToken: string;
}

export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly object: KubeObject;
}

const isWhole = /^[1-9][0-9]{0,38}$/;

/** Which of two versions of one resource is newer: below 0 when the left is older; 0 also when it cannot be said. */
export const compareVersions = (left: string, right: string): number => {
  if (!isWhole.test(left) || !isWhole.test(right)) return 0;
  return left.length === right.length ? (left < right ? -1 : left > right ? 1 : 0) : left.length - right.length;
};
