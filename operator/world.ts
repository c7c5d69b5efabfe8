// What the operator knows at one moment: the language between watching, compiling and reporting.
// Plain deep-frozen data. It says nothing about where the objects came from, a folder or a cluster.
import type { Secret } from "../dataplane/snapshot/secret.ts";
import type { LLMBudget } from "../crds/budget.ts";
import type { GatewaySettings } from "../crds/gateway-settings.ts";
import type { LLMProvider } from "../crds/provider.ts";
import type { LLMRoute } from "../crds/route.ts";

export type OwnKind = "LLMProvider" | "LLMRoute" | "LLMBudget";

export interface ObjectRef {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface Metadata {
  readonly name: string;
  readonly namespace?: string | undefined;
  /** Absent in a folder: an object there has no history. */
  readonly creationTimestamp?: string | undefined;
  readonly generation?: number | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

export interface FieldProblem {
  /** "spec.targets[0].model", or "" for the whole object. */
  readonly path: string;
  readonly message: string;
}

export interface SecretObject {
  readonly metadata: Metadata;
  readonly data: Readonly<Record<string, Secret>>;
  /** Keys that were declared but have no value, each with the reason: "environment variable X is not set". */
  readonly missing: Readonly<Record<string, string>>;
}

export interface ConfigMapObject {
  readonly metadata: Metadata;
  readonly data: Readonly<Record<string, string>>;
}

export interface NamespaceObject {
  readonly labels: Readonly<Record<string, string>>;
}

/** An object of ours that does not parse. It becomes a condition and stops nobody else. */
export interface InvalidObject {
  readonly kind: OwnKind;
  readonly metadata: Metadata;
  readonly problems: readonly FieldProblem[];
}

/** Everything by "namespace/name", but namespaces and gateways by name and invalid objects by "Kind/namespace/name". */
export interface World {
  readonly providers: Readonly<Record<string, LLMProvider>>;
  readonly routes: Readonly<Record<string, LLMRoute>>;
  readonly budgets: Readonly<Record<string, LLMBudget>>;
  readonly secrets: Readonly<Record<string, SecretObject>>;
  readonly configMaps: Readonly<Record<string, ConfigMapObject>>;
  readonly namespaces: Readonly<Record<string, NamespaceObject>>;
  readonly gateways: Readonly<Record<string, GatewaySettings>>;
  readonly invalid: Readonly<Record<string, InvalidObject>>;
}

/** "LLMRoute/team-a/chat", "Namespace/team-a": the key of an object among objects of all kinds. */
export const keyOf = ({ kind, namespace, name }: ObjectRef): string => (namespace === "" ? `${kind}/${name}` : `${kind}/${namespace}/${name}`);

/** The object of that kind with the id "namespace/name". */
export const refOf = (kind: OwnKind | "Secret", id: string): ObjectRef => {
  const at = id.indexOf("/");
  return { kind, namespace: id.slice(0, at), name: id.slice(at + 1) };
};

/** A namespace may well be called "constructor": only own members count. */
export const own = <Value>(record: Readonly<Record<string, Value>>, key: string): Value | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;
