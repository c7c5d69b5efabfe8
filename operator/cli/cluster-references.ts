// Whether what manifests refer to would be there: they are put into a copy of what the cluster has, and that is compiled.
// It reads what the person may read, and where that is not enough to judge by, it says so and judges nothing.
import { gatewaySettings } from "../../crds/gateway-settings.ts";
import type { LLMProvider } from "../../crds/provider.ts";
import { compileWorld } from "../compile/compile.ts";
import type { KubeClient } from "../kube/client.ts";
import { isForbidden, isNotFound } from "../kube/failure.ts";
import { resources, wordsOf, type KubeObject, type Resource } from "../kube/types.ts";
import { complaintsOf, type Complaint } from "../standalone/complaints.ts";
import { readObject } from "../watch/kinds.ts";
import { referencesOf } from "../watch/references.ts";
import { trimmed } from "../watch/trim.ts";
import { WorldBuilder, type World } from "../watch/world.ts";
import { keyOf, own } from "../world.ts";
import type { Manifested } from "./manifests.ts";

const PAGE = 500;
const GATEWAY_LABEL = "llmgateway.io/gateway";

/** What can only be said by whoever may read the Secrets. */
const OF_SECRETS: readonly string[] = ["SecretNotFound", "SecretKeyNotFound", "NoUsableKey", "ProviderNotUsable", "NoTargets"];

const note = (message: string): Complaint => ({ severity: "warning", file: "", line: 0, object: "", path: "", message });

export const referenceComplaints = async (client: KubeClient, objects: readonly Manifested[]): Promise<Complaint[]> => {
  const builder = new WorldBuilder();
  try {
    for (const kind of ["LLMProvider", "LLMRoute", "LLMBudget", "Namespace"] as const) for (const object of await all(client, resources[kind])) put(builder, resources[kind], object, "spec");
    builder.setGateways(Object.fromEntries((await gatewaysOf(client)).map((name) => [name, gatewaySettings.parse({})])));
  } catch (error) {
    if (isForbidden(error)) return [note("whether what these manifests refer to is in the cluster was not looked at: you may not list all of its objects")];
    // Kinds that are not installed were complained of already.
    if (isNotFound(error)) return [];
    throw error;
  }
  const before = builder.world();
  for (const { read } of objects) builder.put(read.ref, aged(read, before));
  const isAnyHidden = await fetchContents(client, builder, objects);
  return complaintsAbout(builder.world(), objects, isAnyHidden);
};

/** Who is there already keeps its place among those who claim the same name. */
const aged = ({ ref, content }: Manifested["read"], { routes }: World): Manifested["read"]["content"] => {
  const known = ref.kind === "LLMRoute" ? own(routes, `${ref.namespace}/${ref.name}`)?.metadata.creationTimestamp : undefined;
  if (known === undefined || content.section !== "routes") return content;
  return { ...content, value: { ...content.value, metadata: { ...content.value.metadata, creationTimestamp: known } } };
};

const complaintsAbout = (world: World, objects: readonly Manifested[], isAnyHidden: boolean): Complaint[] => {
  const origins = new Map(objects.map(({ file, lineOf, read: { ref } }) => [keyOf(ref), { file, line: lineOf(""), lineOf }]));
  const { diagnostics } = compileWorld(world);
  const about = Object.entries(diagnostics).filter(([key]) => origins.has(key));
  const judged = about.map(([key, report]) => [key, isAnyHidden ? { ...report, findings: report.findings.filter(({ reason }) => !OF_SECRETS.includes(reason)) } : report] as const);
  const reading = { problems: [], notices: [], origins };
  const complaints = complaintsOf({ directory: process.cwd(), reading, world, diagnostics: Object.fromEntries(judged) });
  const placed = complaints.map((complaint) => ({ ...complaint, line: origins.get(complaint.object)?.lineOf(complaint.path) ?? complaint.line }));
  return isAnyHidden ? [...placed, note("you may not read some of the Secrets that these manifests refer to: whether their keys are there was not looked at")] : placed;
};

const all = async (client: KubeClient, resource: Resource, labelSelector?: string): Promise<KubeObject[]> => {
  const found: KubeObject[] = [];
  for (let continueToken = ""; ; ) {
    const page = await client.list(resource, { labelSelector }, { limit: PAGE, continueToken });
    found.push(...page.items);
    if (page.continueToken === "") return found;
    continueToken = page.continueToken;
  }
};

const put = (builder: WorldBuilder, resource: Resource, object: KubeObject, ...fields: readonly string[]): void => {
  const reading = readObject(trimmed(resource, object, ...fields), () => undefined);
  if (reading.outcome === "read") builder.put(reading.ref, reading.content);
};

const gatewaysOf = async (client: KubeClient): Promise<string[]> =>
  (await all(client, resources.Pod, GATEWAY_LABEL)).flatMap(({ metadata }) => wordsOf(metadata["labels"])[GATEWAY_LABEL] ?? []);

/** Of Secrets and ConfigMaps those that matter here and are not among the manifests. True if some may not be read. */
const fetchContents = async (client: KubeClient, builder: WorldBuilder, objects: readonly Manifested[]): Promise<boolean> => {
  const world = builder.world();
  const brought = new Set(objects.map(({ read: { ref } }) => keyOf(ref)));
  let isAnyHidden = false;
  for (const key of referencesOf(providersFor(world, objects))) {
    const [kind, namespace = "", name = ""] = key.split("/");
    if (brought.has(key)) continue;
    const resource = kind === "ConfigMap" ? resources.ConfigMap : resources.Secret;
    try {
      put(builder, resource, await client.get(resource, { namespace, name }), "data");
    } catch (error) {
      if (!isForbidden(error) && !isNotFound(error)) throw error;
      isAnyHidden ||= isForbidden(error);
    }
  }
  return isAnyHidden;
};

/** Those among the manifests, and those that the manifests' routes lead to. */
const providersFor = (world: World, objects: readonly Manifested[]): LLMProvider[] => {
  const ids = objects.flatMap(({ read: { ref } }) => {
    const id = `${ref.namespace}/${ref.name}`;
    const spec = ref.kind === "LLMRoute" ? own(world.routes, id)?.spec : undefined;
    const targets = [...(spec?.targets ?? []), ...(spec?.rules ?? []).flatMap((rule) => rule.targets)];
    return [...(ref.kind === "LLMProvider" ? [id] : []), ...targets.map(({ providerRef }) => `${providerRef.namespace ?? ref.namespace}/${providerRef.name}`)];
  });
  return [...new Set(ids)].flatMap((id) => own(world.providers, id) ?? []);
};
