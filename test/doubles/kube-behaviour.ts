// What this project takes for granted about an API server, as a suite that runs against the double and against a real one:
// the double behaves as the tests of everything else assume, and the real one as the double.
import { expect, it } from "vitest";
import type { KubeClient, WatchQuery } from "../../operator/kube/client.ts";
import { isConflict, isExpired, isNotFound } from "../../operator/kube/failure.ts";
import { compareVersions, fieldsOf, idOf, listOf, resources, uidOf, versionOf, type WatchEvent } from "../../operator/kube/types.ts";
import { until } from "../feed/ends.ts";

export interface Subject {
  readonly client: KubeClient;
  /** Empty at the start. */
  readonly namespace: string;
  /** A version that is no longer kept. */
  readonly expired: () => string;
}

const spec = { type: "OpenAI", auth: { type: "APIKey", secretRef: { name: "k", key: "api-key" } } };
const condition = (type: string, status: string): object => ({ type, status, reason: "R", message: "", observedGeneration: 1, lastTransitionTime: "2026-01-01T00:00:00Z" });

interface Watching {
  readonly events: WatchEvent[];
  readonly told: () => string[];
  readonly ended: Promise<unknown>;
  stop(): Promise<void>;
}

const watching = (client: KubeClient, resource: Parameters<KubeClient["watch"]>[0], selection: Parameters<KubeClient["watch"]>[1], query: WatchQuery): Watching => {
  const end = new AbortController();
  const events: WatchEvent[] = [];
  const run = async (): Promise<void> => {
    for await (const event of client.watch(resource, selection, query, end.signal)) events.push(event);
  };
  const ended = run().then(() => undefined, (error: unknown) => error);
  const told = (): string[] => events.filter(({ type }) => type !== "BOOKMARK").map(({ type, object }) => `${type} ${object.metadata.name}`);
  return { events, told, ended, stop: async () => { end.abort(); await ended; } };
};

const failureOf = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => undefined, (error: unknown) => error);

const objectsBehave = (subject: () => Subject): void => {
  const at = (name: string) => ({ namespace: subject().namespace, name });
  const make = (name: string) => subject().client.create(resources.LLMProvider, { namespace: subject().namespace }, { metadata: { name }, spec });

  it("counts generations by the spec alone, and versions by everything", async () => {
    const { client } = subject();
    const made = await make("generation");
    expect(made.metadata["generation"]).toBe(1);
    const status = await client.apply(resources.LLMProvider, { ...at("generation"), subresource: "status" }, { metadata: at("generation"), status: { conditions: [condition("Accepted", "True")] } });
    expect(status.metadata["generation"]).toBe(1);
    expect(compareVersions(versionOf(status), versionOf(made))).toBeGreaterThan(0);
    const edited = await client.patch(resources.LLMProvider, at("generation"), { spec: { network: "Private" } });
    expect(edited.metadata["generation"]).toBe(2);
    expect(fieldsOf(edited["status"])["conditions"]).toHaveLength(1);
    expect(uidOf(edited)).toBe(uidOf(made));
  });

  it("merges an applied status with what others wrote, takes back what is no longer applied, and makes no version of no change", async () => {
    const { client } = subject();
    await make("apply");
    const place = { ...at("apply"), subresource: "status" } as const;
    const apply = (status: object) => client.apply(resources.LLMProvider, place, { metadata: at("apply"), status });
    const gateways = [{ name: "default", connected: 1, programmed: 1, rejected: 0 }];
    await apply({ conditions: [condition("Accepted", "True"), condition("InForce", "False")], gateways, programmed: "1/1" });
    const present = await client.get(resources.LLMProvider, at("apply"));
    const foreign = [...listOf(fieldsOf(present["status"])["conditions"]), condition("example.com/Theirs", "True")];
    await client.patch(resources.LLMProvider, place, { status: { conditions: foreign } });
    const applied = await apply({ conditions: [condition("Accepted", "False")], gateways });
    const status = fieldsOf(applied["status"]);
    expect(listOf(status["conditions"]).map((one) => `${String(fieldsOf(one)["type"])}=${String(fieldsOf(one)["status"])}`).toSorted()).toEqual(["Accepted=False", "example.com/Theirs=True"]);
    expect(status).not.toHaveProperty("programmed");
    expect(versionOf(await apply({ conditions: [condition("Accepted", "False")], gateways }))).toBe(versionOf(applied));
  });

  it("refuses a status for an object that is gone, and one that names another version than there is", async () => {
    const { client } = subject();
    const made = await make("version");
    const place = { ...at("version"), subresource: "status" } as const;
    const apply = (resourceVersion: string) => client.apply(resources.LLMProvider, place, { metadata: { ...at("version"), resourceVersion }, status: { programmed: "1/1" } });
    await client.patch(resources.LLMProvider, at("version"), { spec: { network: "Private" } });
    expect(isConflict(await failureOf(apply(versionOf(made))))).toBe(true);
    const present = await client.get(resources.LLMProvider, at("version"));
    expect(uidOf(await apply(versionOf(present)))).toBe(uidOf(made));
    await client.delete(resources.LLMProvider, at("version"));
    expect(isNotFound(await failureOf(apply(versionOf(present))))).toBe(true);
    // Made anew under the same name: a uid would not be looked at, and the version is.
    await make("version");
    expect(isConflict(await failureOf(apply(versionOf(present))))).toBe(true);
  });

  it("refuses an update of an older version, and a second object of a name", async () => {
    const { client, namespace } = subject();
    const lease = await client.create(resources.Lease, { namespace }, { metadata: { name: "lease" }, spec: { holderIdentity: "a" } });
    await client.update(resources.Lease, { namespace, name: "lease" }, { ...lease, spec: { holderIdentity: "b" } });
    expect(isConflict(await failureOf(client.update(resources.Lease, { namespace, name: "lease" }, { ...lease, spec: { holderIdentity: "c" } })))).toBe(true);
    expect(isConflict(await failureOf(client.create(resources.Lease, { namespace }, { metadata: { name: "lease" } })))).toBe(true);
  });
};

const collectionsBehave = (subject: () => Subject): void => {
  const secret = (name: string, labels: Record<string, string> = {}) => subject().client.create(resources.Secret, { namespace: subject().namespace }, { metadata: { name, labels }, data: { k: "djE=" } });

  it("lists in pages of one moment, without saying of each item what it is", async () => {
    const { client, namespace } = subject();
    for (const name of ["l1", "l2", "l3"]) await secret(name, { page: "yes" });
    const selection = { namespace, labelSelector: "page=yes" };
    const first = await client.list(resources.Secret, selection, { limit: 2, continueToken: "" });
    await secret("l4", { page: "yes" });
    const rest = await client.list(resources.Secret, selection, { limit: 2, continueToken: first.continueToken });
    expect([...first.items, ...rest.items].map(({ metadata }) => metadata.name)).toEqual(["l1", "l2", "l3"]);
    expect(first.items[0]).not.toHaveProperty("kind");
    expect(rest.continueToken).toBe("");
  });

  it("gives metadata alone where that is asked for, in lists and in watches", async () => {
    const { client, namespace } = subject();
    await secret("m1", { meta: "yes" });
    const selection = { namespace, labelSelector: "meta=yes", isMetadataOnly: true };
    const { items } = await client.list(resources.Secret, selection, { limit: 9, continueToken: "" });
    const watch = watching(client, resources.Secret, selection, { resourceVersion: "", isInitialWanted: true, timeoutSeconds: 60 });
    await until(() => watch.events.length >= 2);
    for (const object of [...items, ...watch.events.map((event) => event.object)]) expect(object).not.toHaveProperty("data");
    expect(items.map(idOf)).toEqual([`${namespace}/m1`]);
    await watch.stop();
  });

  it("streams what there is first, says where that ends, and goes on with what happens", async () => {
    const { client, namespace } = subject();
    await secret("w1", { stream: "yes" });
    const watch = watching(client, resources.Secret, { namespace, labelSelector: "stream=yes" }, { resourceVersion: "", isInitialWanted: true, timeoutSeconds: 60 });
    await until(() => watch.events.some(({ type }) => type === "BOOKMARK"));
    expect(fieldsOf(watch.events.at(-1)?.object.metadata["annotations"])["k8s.io/initial-events-end"]).toBe("true");
    await secret("w2", { stream: "yes" });
    await client.patch(resources.Secret, { namespace, name: "w2" }, { data: { k: "djI=" } });
    await client.patch(resources.Secret, { namespace, name: "w2" }, { metadata: { labels: { stream: null } } });
    await client.delete(resources.Secret, { namespace, name: "w1" });
    await until(() => watch.told().length === 5);
    expect(watch.told()).toEqual(["ADDED w1", "ADDED w2", "MODIFIED w2", "DELETED w2", "DELETED w1"]);
    await watch.stop();
  });

  it("goes on from a version with exactly what came after it", async () => {
    const { client, namespace } = subject();
    const first = await secret("r1", { resume: "yes" });
    await secret("r2", { resume: "yes" });
    const watch = watching(client, resources.Secret, { namespace, labelSelector: "resume=yes" }, { resourceVersion: versionOf(first), isInitialWanted: false, timeoutSeconds: 60 });
    await until(() => watch.told().length === 1);
    expect(watch.told()).toEqual(["ADDED r2"]);
    await watch.stop();
  });

  it("says that a version has expired", async () => {
    const { client, expired } = subject();
    const watch = watching(client, resources.LLMProvider, {}, { resourceVersion: expired(), isInitialWanted: false, timeoutSeconds: 60 });
    expect(isExpired(await watch.ended)).toBe(true);
  });
};

export const behavesAsAnApiServer = (subject: () => Subject): void => {
  objectsBehave(subject);
  collectionsBehave(subject);
};
