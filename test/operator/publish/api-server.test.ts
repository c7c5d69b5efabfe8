// What publishing sends to the API server and makes of its answers; the server is played by a few lines.
import { describe, expect, test } from "vitest";
import { KubeFailure } from "../../../operator/kube/failure.ts";
import type { KubeObject } from "../../../operator/kube/types.ts";
import { authorityStore, tokenReviewer } from "../../../operator/publish/api-server.ts";
import { keepAuthority } from "../../../operator/publish/keep-authority.ts";
import { fakeClock } from "../../doubles/clock.ts";

/** Objects by path, with versions and conflicts as the API server has them. */
class Server {
  readonly objects = new Map<string, KubeObject>();
  #version = 0;

  get = async ({ plural }: { plural: string }, { name }: { name?: string | undefined }): Promise<KubeObject> => {
    const object = this.objects.get(`${plural}/${name ?? ""}`);
    if (object === undefined) throw new KubeFailure("not found", { status: 404, reason: "NotFound" });
    return object;
  };

  create = async ({ plural }: { plural: string }, _: object, object: Readonly<Record<string, unknown>>): Promise<KubeObject> => {
    const { name } = object["metadata"] as { name: string };
    if (this.objects.has(`${plural}/${name}`)) throw new KubeFailure("exists", { status: 409, reason: "AlreadyExists" });
    return this.#put(`${plural}/${name}`, object);
  };

  update = async ({ plural }: { plural: string }, { name }: { name?: string | undefined }, object: Readonly<Record<string, unknown>>): Promise<KubeObject> => {
    const key = `${plural}/${name ?? ""}`;
    const { resourceVersion } = object["metadata"] as { resourceVersion: string };
    if (this.objects.get(key)?.metadata["resourceVersion"] !== resourceVersion) throw new KubeFailure("changed", { status: 409, reason: "Conflict" });
    return this.#put(key, object);
  };

  #put(key: string, object: Readonly<Record<string, unknown>>): KubeObject {
    this.#version += 1;
    const metadata = { ...(object["metadata"] as { name: string }), resourceVersion: String(this.#version) };
    const put = { ...object, metadata };
    this.objects.set(key, put);
    return put;
  }
}

describe("a review of a token", () => {
  test("asks for the one audience, and gives back what the server says and no more", async () => {
    let sent: unknown;
    const review = tokenReviewer({
      create: async (resource, place, object) => {
        sent = { resource: resource.plural, place, object };
        return { metadata: { name: "" }, status: { authenticated: true, audiences: ["a", 7], user: { username: "u", extra: { pod: ["p"], odd: "x" } } } };
      },
    });
    expect(await review("t0ken", "operator")).toEqual({ authenticated: true, audiences: ["a"], user: { username: "u", extra: { pod: ["p"], odd: [] } } });
    expect(sent).toEqual({ resource: "tokenreviews", place: {}, object: { spec: { token: "t0ken", audiences: ["operator"] } } });
  });

  test("that says nothing at all lets nobody in", async () => {
    expect(await tokenReviewer({ create: async () => ({ metadata: { name: "" } }) })("t", "a")).toMatchObject({ authenticated: false, audiences: [] });
  });

  test("that fails is a failure, not a verdict", async () => {
    const failing = tokenReviewer({ create: () => Promise.reject(new KubeFailure("no answer", { status: 0, reason: "NoAnswer" })) });
    await expect(failing("t", "a")).rejects.toThrow("no answer");
  });
});

describe("the store of the authority", () => {
  test("keeps what it is given: keys in a Secret, the bundle in a ConfigMap, and no key in the ConfigMap", async () => {
    const server = new Server();
    const parts = { store: authorityStore(server, "llm-system"), secretName: "serving", bundleName: "trust", names: ["operator"], clock: fakeClock(), say: () => undefined };
    const first = await keepAuthority(parts);
    const second = await keepAuthority(parts);
    expect(second.current()).toEqual(first.current());
    const data = server.objects.get("secrets/serving")?.["data"] as Record<string, string>;
    expect(Buffer.from(data["tls.crt"] ?? "", "base64").toString()).toBe(first.current().cert);
    expect(JSON.stringify(server.objects.get("configmaps/trust"))).not.toContain("KEY");
    first.close();
    second.close();
  });

  test("takes the place of an older version only, and keeps labels that others put there", async () => {
    const server = new Server();
    const store = authorityStore(server, "llm-system");
    await server.create({ plural: "configmaps" }, {}, { metadata: { name: "trust", labels: { chart: "llm-gateway" } } });
    const kept = await store.read("ConfigMap", "trust");
    expect(kept).toEqual({ data: {}, resourceVersion: "1" });
    expect(await store.write("ConfigMap", "trust", { a: "1" }, "1")).toBe(true);
    expect(server.objects.get("configmaps/trust")?.metadata["labels"]).toEqual({ chart: "llm-gateway" });
    expect(await store.write("ConfigMap", "trust", { a: "2" }, "1")).toBe(false);
    expect(await store.write("ConfigMap", "trust", { a: "2" }, undefined)).toBe(false);
    expect(await store.write("Secret", "none", {}, "1")).toBe(false);
    expect(await store.read("Secret", "none")).toBeUndefined();
  });

  test("throws when the server does not answer", async () => {
    const failure = new KubeFailure("down", { status: 503, reason: "Down" });
    const store = authorityStore({ get: () => Promise.reject(failure), create: () => Promise.reject(failure), update: () => Promise.reject(failure) }, "x");
    await expect(store.read("Secret", "a")).rejects.toThrow("down");
    await expect(store.write("Secret", "a", {}, undefined)).rejects.toThrow("down");
  });
});
