// What the operator may do, and people who ask it, each verb with the reason for it, and nothing beyond this table.
import { describe, expect, it } from "vitest";
import { named, ofKind, render, renderSet, whyNoHelm, type Rule } from "./helm.ts";

type Scope = "watched" | "cluster" | "home" | "asking";

interface Right {
  readonly scope: Scope;
  /** group/resource, with "core" for the core group; "@name" behind it where only one object of that name is meant. */
  readonly resource: string;
  readonly verb: string;
  readonly why: string;
}

const right = (scope: Scope, resource: string, verb: string, why: string): Right => ({ scope, resource, verb, why });

const KINDS = ["llmproviders", "llmroutes", "llmbudgets"];

const rights: readonly Right[] = [
  ...KINDS.flatMap((kind) => [
    right("watched", `llmgateway.io/${kind}`, "list", "the objects that are compiled"),
    right("watched", `llmgateway.io/${kind}`, "watch", "and their edits"),
    right("watched", `llmgateway.io/${kind}/status`, "patch", "conditions, by server-side apply; never the spec"),
  ]),
  right("watched", "core/secrets", "list", "metadata of all, to see a rotation; whole ones only with the callers' label"),
  right("watched", "core/secrets", "watch", "and their changes"),
  right("watched", "core/secrets", "get", "the content of a Secret that a provider names; RBAC cannot say \"only those\""),
  right("watched", "core/configmaps", "list", "metadata, to see that a CA was replaced"),
  right("watched", "core/configmaps", "watch", "and its changes"),
  right("watched", "core/configmaps", "get", "the content of a ConfigMap that a provider names for its CA"),
  right("watched", "core/serviceaccounts", "list", "labels: of which team callers by ServiceAccount are; nothing is called so yet"),
  right("watched", "core/serviceaccounts", "watch", "and their changes"),
  right("watched", "core/pods", "list", "which data planes there are, sidecars of any namespace among them"),
  right("watched", "core/pods", "watch", "and which of them are ready"),
  right("watched", "events.k8s.io/events", "create", "what a person should see beside an object"),
  right("watched", "events.k8s.io/events", "get", "the count of one that was told before"),
  right("watched", "events.k8s.io/events", "patch", "that it happened again"),
  right("watched", "core/configmaps", "create", "the bundle that sidecars of an open namespace trust; a name cannot be demanded of something new"),
  right("watched", "core/configmaps@llm-system-llm-gateway-authority-bundle", "patch", "to renew it with overlap"),
  right("cluster", "admissionregistration.k8s.io/mutatingwebhookconfigurations@llm-system-llm-gateway-operator", "get", "whether the API server trusts the webhook"),
  right("cluster", "admissionregistration.k8s.io/mutatingwebhookconfigurations@llm-system-llm-gateway-operator", "patch", "its caBundle, by server-side apply; nothing else of it"),
  right("cluster", "core/namespaces", "list", "labels that allowedRoutes selects by"),
  right("cluster", "core/namespaces", "watch", "and their changes"),
  right("cluster", "authentication.k8s.io/tokenreviews", "create", "whether a data plane is who it says it is"),
  right("home", "coordination.k8s.io/leases", "create", "the Lease of the leader, should somebody have deleted it; a name cannot be demanded of something new"),
  right("home", "coordination.k8s.io/leases@llm-gateway-operator", "get", "who leads"),
  right("home", "coordination.k8s.io/leases@llm-gateway-operator", "update", "to lead, to go on leading, to stop"),
  right("home", "core/pods", "list", "who wears the leader's label"),
  right("home", "core/pods", "watch", "which data planes are ready"),
  right("home", "core/pods", "patch", "the leader's label, on itself and off a dead leader; pods have no fixed names to bind it to"),
  right("home", "discovery.k8s.io/endpointslices", "list", "which data planes get traffic"),
  right("home", "discovery.k8s.io/endpointslices", "watch", "and when that changes"),
  right("home", "core/secrets", "create", "its certificate authority, should somebody have deleted it"),
  right("home", "core/secrets@llm-gateway-authority", "get", "its certificate authority"),
  right("home", "core/secrets@llm-gateway-authority", "update", "to renew it with overlap"),
  right("home", "core/configmaps", "create", "the bundle that data planes trust, should somebody have deleted it"),
  right("home", "core/configmaps@llm-gateway-authority-bundle", "get", "the bundle that data planes trust"),
  right("home", "core/configmaps@llm-gateway-authority-bundle", "update", "to renew it with overlap"),
  right("asking", "core/pods", "list", "which pod wears the leader's label, and the port that it names"),
  right("asking", "core/pods/proxy", "get", "what it says at /status; RBAC knows neither ports nor paths"),
];

const grantsIn = (rules: readonly Rule[]): string[] =>
  rules.flatMap(({ apiGroups, resources, resourceNames = [""], verbs }) =>
    apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.flatMap((verb) => resourceNames.map((name) => `${group || "core"}/${resource}${name && `@${name}`} ${verb}`)))),
  ).toSorted();

const wanted = (...scopes: readonly Scope[]): string[] => rights.filter(({ scope }) => scopes.includes(scope)).map(({ resource, verb }) => `${resource} ${verb}`).toSorted();

describe.skipIf(whyNoHelm !== "")(`the operator's rights${whyNoHelm && ` (${whyNoHelm})`}`, () => {
  it("are those of the table when it watches the whole cluster", () => {
    const { objects } = render([]);
    expect(grantsIn(named(objects, "ClusterRole", "llm-system-llm-gateway-operator").rules ?? [])).toEqual(wanted("watched", "cluster"));
    expect(grantsIn(named(objects, "Role", "llm-gateway-operator").rules ?? [])).toEqual(wanted("home"));
  });

  it("reach no Secret outside the listed namespaces when there is a list", () => {
    const { objects } = renderSet("namespaces");
    const listed = ["team-a", "team-b"];
    const ofCluster = grantsIn(named(objects, "ClusterRole", "llm-system-llm-gateway-operator").rules ?? []);
    expect(ofCluster).toEqual([...listed.flatMap((name) => [`core/namespaces@${name} list`, `core/namespaces@${name} watch`]), "authentication.k8s.io/tokenreviews create", ...wanted("cluster").filter((grant) => grant.startsWith("admissionregistration.k8s.io/"))].toSorted());
    const watching = ofKind(objects, "Role").filter(({ metadata }) => metadata.namespace !== "llm-system");
    expect(watching.map(({ metadata }) => metadata.namespace)).toEqual(listed);
    for (const { rules = [] } of watching) expect(grantsIn(rules)).toEqual(wanted("watched"));
  });

  it("never hold a wildcard, and each has its reason", () => {
    const all = ["default", "namespaces", "demo"].flatMap((set) => renderSet(set).objects).flatMap(({ rules = [] }) => grantsIn(rules));
    expect(all.filter((grant) => grant.includes("*"))).toEqual([]);
    expect(rights.filter(({ why }) => why === "")).toEqual([]);
  });

  it("are fewer without sidecars: nothing is written outside the operator's own namespace but status and Events", () => {
    const { objects } = render(["--set", "sidecar.enabled=false"]);
    const without = grantsIn(named(objects, "ClusterRole", "llm-system-llm-gateway-operator").rules ?? []);
    expect(wanted("watched", "cluster").filter((grant) => !without.includes(grant))).toEqual([
      "admissionregistration.k8s.io/mutatingwebhookconfigurations@llm-system-llm-gateway-operator get", "admissionregistration.k8s.io/mutatingwebhookconfigurations@llm-system-llm-gateway-operator patch",
      "core/configmaps create", "core/configmaps@llm-system-llm-gateway-authority-bundle patch",
    ]);
  });

  it("are nobody else's: the data planes have none, and their pods no token for the API server", () => {
    const { objects } = renderSet("gateways");
    const subjects = objects.flatMap((object) => (object["subjects"] ?? []) as { name: string }[]).map(({ name }) => name);
    expect(new Set(subjects)).toEqual(new Set(["llm-gateway-operator"]));
    const planes = ofKind(objects, "Deployment").filter(({ metadata }) => metadata.labels["app.kubernetes.io/component"] === "dataplane");
    expect(planes.map(({ spec }) => spec?.template?.spec.automountServiceAccountToken)).toEqual([false, false]);
  });
});

describe.skipIf(whyNoHelm !== "")("what people may do", () => {
  it("is reading for view, and editing the three kinds for edit and admin; Secrets are not among it", () => {
    const { objects } = render([]);
    const [view, edit] = ["view", "edit"].map((role) => named(objects, "ClusterRole", `llm-system-llm-gateway-${role}`));
    expect(grantsIn(view?.rules ?? [])).toEqual(KINDS.flatMap((kind) => ["get", "list", "watch"].map((verb) => `llmgateway.io/${kind} ${verb}`)).toSorted());
    expect(grantsIn(edit?.rules ?? [])).toEqual(KINDS.flatMap((kind) => ["create", "delete", "deletecollection", "patch", "update"].map((verb) => `llmgateway.io/${kind} ${verb}`)).toSorted());
    expect(edit?.metadata.labels["rbac.authorization.k8s.io/aggregate-to-view"]).toBeUndefined();
  });

  it("is asking the operator with llmgw status, for those who are named and in its namespace only", () => {
    const { objects } = render(["--set", "rbac.status.subjects[0].kind=Group,rbac.status.subjects[0].name=on-call"]);
    const role = named(objects, "ClusterRole", "llm-system-llm-gateway-status");
    expect(grantsIn(role.rules ?? [])).toEqual(wanted("asking"));
    expect(Object.keys(role.metadata.labels).filter((label) => label.startsWith("rbac.authorization.k8s.io/"))).toEqual([]);
    const bindings = objects.filter((object) => JSON.stringify(object["roleRef"] ?? "").includes(role.metadata.name));
    expect(bindings).toMatchObject([{ kind: "RoleBinding", metadata: { namespace: "llm-system" }, roleRef: { kind: "ClusterRole" }, subjects: [{ kind: "Group", name: "on-call" }] }]);
  });

  it("is asking it by the role view only where that is wished for, and nobody's unless somebody is named", () => {
    const wished = named(render(["--set", "rbac.status.aggregate=true"]).objects, "ClusterRole", "llm-system-llm-gateway-status");
    expect(wished.metadata.labels["rbac.authorization.k8s.io/aggregate-to-view"]).toBe("true");
    expect(ofKind(render([]).objects, "RoleBinding").map(({ metadata }) => metadata.name)).toEqual(["llm-gateway-operator"]);
  });
});
