// Requests to an API server over a real socket: what goes out, what comes back, and what each failure becomes.
import { createServer } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { KubeClient } from "../../../operator/kube/client.ts";
import { plainConnection, type KubeConnection } from "../../../operator/kube/connection.ts";
import { isConflict, isExpired, isForbidden, isNotFound, isRefused, KubeFailure } from "../../../operator/kube/failure.ts";
import { compareVersions, pathOf, resources, versionOf, type WatchEvent } from "../../../operator/kube/types.ts";
import { fakeClock } from "../../doubles/clock.ts";
import { until } from "../../feed/ends.ts";
import { collections, pair, provider, secret } from "./cluster.ts";

const failed = async (promise: Promise<unknown>): Promise<KubeFailure> => {
  const error: unknown = await promise.then(() => undefined, (reason: unknown) => reason);
  if (!(error instanceof KubeFailure)) throw new Error(`not a failure: ${String(error)}`);
  return error;
};

const place = { namespace: "team-a", name: "openai" };

describe("an object", () => {
  it("comes back as the server has it, with fields that nobody here knows", async () => {
    const { server, client } = await pair(fakeClock());
    server.put(collections.providers, { ...provider("openai"), future: { deep: [1, { x: null }] } });
    expect(await client.get(resources.LLMProvider, place)).toMatchObject({ spec: { type: "OpenAI" }, future: { deep: [1, { x: null }] } });
  });

  it("is applied on its status alone, under one name, and twice the same is no change", async () => {
    const { server, client } = await pair(fakeClock());
    server.put(collections.providers, provider("openai"));
    const status = { health: { state: "Unknown" } };
    const first = await client.apply(resources.LLMProvider, { ...place, subresource: "status" }, { metadata: place, status });
    const second = await client.apply(resources.LLMProvider, { ...place, subresource: "status" }, { metadata: place, status });
    expect(versionOf(second)).toBe(versionOf(first));
    const [request] = server.seenOf("PATCH", "/status");
    expect(request?.path).toBe("/apis/llmgateway.io/v1alpha1/namespaces/team-a/llmproviders/openai/status");
    expect(request?.contentType).toBe("application/apply-patch+yaml");
    expect([request?.query.get("fieldManager"), request?.query.get("force")]).toEqual(["llm-gateway-operator", "true"]);
    expect(request?.body).toEqual({ apiVersion: "llmgateway.io/v1alpha1", kind: "LLMProvider", metadata: place, status });
  });

  it("that somebody else changed first is a conflict, and a patch merges", async () => {
    const { server, client } = await pair(fakeClock());
    const stored = server.put(collections.leases, { metadata: { name: "lease", namespace: "a" }, spec: { holderIdentity: "x" } });
    const at = { namespace: "a", name: "lease" };
    await client.patch(resources.Lease, at, { metadata: { labels: { one: "1" } } });
    expect(isConflict(await failed(client.update(resources.Lease, at, stored)))).toBe(true);
    await client.patch(resources.Lease, at, { metadata: { labels: { one: null, two: "2" } } });
    expect((await client.get(resources.Lease, at)).metadata["labels"]).toEqual({ two: "2" });
  });

  it("is created once and deleted once", async () => {
    const { client } = await pair(fakeClock());
    const object = { metadata: { name: "e" } };
    await client.create(resources.Event, { namespace: "a" }, object);
    expect(isConflict(await failed(client.create(resources.Event, { namespace: "a" }, object)))).toBe(true);
    await client.delete(resources.Event, { namespace: "a", name: "e" });
    expect(isNotFound(await failed(client.delete(resources.Event, { namespace: "a", name: "e" })))).toBe(true);
  });

  it("may be a review, which has no name", async () => {
    const { server, client } = await pair(fakeClock());
    server.review = (token, audiences) => ({ authenticated: token === "good", audiences });
    const reviewed = await client.create(resources.TokenReview, {}, { spec: { token: "good", audiences: ["llm"] } });
    expect(reviewed["status"]).toEqual({ authenticated: true, audiences: ["llm"] });
  });
});

describe("a list", () => {
  it("comes in pages, each of the same moment, and says its version", async () => {
    const { server, client } = await pair(fakeClock());
    for (let index = 0; index < 5; index += 1) server.put(collections.secrets, secret(`s${index}`, "v"));
    const first = await client.list(resources.Secret, {}, { limit: 2, continueToken: "" });
    server.put(collections.secrets, secret("s9", "v"));
    const second = await client.list(resources.Secret, {}, { limit: 2, continueToken: first.continueToken });
    const third = await client.list(resources.Secret, {}, { limit: 2, continueToken: second.continueToken });
    expect([first, second, third].map(({ items }) => items.map(({ metadata }) => metadata.name))).toEqual([["s0", "s1"], ["s2", "s3"], ["s4"]]);
    expect(third.continueToken).toBe("");
    expect(new Set([first, second, third].map(({ resourceVersion }) => resourceVersion)).size).toBe(1);
  });

  it("of metadata alone holds no content, and selectors are passed on", async () => {
    const { server, client } = await pair(fakeClock());
    server.put(collections.secrets, secret("a", "sk-secret", { team: "x" }));
    server.put(collections.secrets, secret("b", "sk-secret"));
    const { items } = await client.list(resources.Secret, { labelSelector: "team=x", isMetadataOnly: true, namespace: "team-a" }, { limit: 10, continueToken: "" });
    expect(items.map(({ metadata }) => metadata.name)).toEqual(["a"]);
    expect(items.flatMap(Object.keys)).toEqual(["metadata"]);
  });
});

describe("a watch", () => {
  it("gives events as they happen, and ends when the server ends it", async () => {
    const { server, client } = await pair(fakeClock());
    const stored = server.put(collections.secrets, secret("a", "1"));
    const events: WatchEvent[] = [];
    const query = { resourceVersion: String(stored.metadata["resourceVersion"]), isInitialWanted: false, timeoutSeconds: 300 };
    const read = async (signal: AbortSignal): Promise<void> => {
      for await (const event of client.watch(resources.Secret, {}, query, signal)) events.push(event);
    };
    const reading = read(new AbortController().signal);
    await until(() => server.watches === 1);
    server.put(collections.secrets, secret("b", "2"));
    server.bookmark();
    await until(() => events.length === 2);
    server.endWatches();
    await reading;
    expect(events.map(({ type, object }) => [type, object.metadata.name])).toEqual([["ADDED", "b"], ["BOOKMARK", "bookmark"]]);
  });

  it("that is given up says so, whether it has begun or is in the middle of its events", async () => {
    const { server, client } = await pair(fakeClock());
    const { metadata } = server.put(collections.secrets, secret("a", "1"));
    const query = { resourceVersion: String(metadata["resourceVersion"]), isInitialWanted: false, timeoutSeconds: 300 };
    const [early, late] = [new AbortController(), new AbortController()];
    const never = client.watch(resources.Secret, {}, query, early.signal).next();
    early.abort();
    expect((await failed(never)).reason).toBe("Aborted");
    const events = client.watch(resources.Secret, {}, query, late.signal);
    const first = events.next();
    await until(() => server.watches === 1);
    server.put(collections.secrets, secret("b", "2"));
    await first;
    const second = events.next();
    late.abort();
    expect((await failed(second)).reason).toBe("Aborted");
  });

  it("that carries an error or rubbish is a failure", async () => {
    const { server, client } = await pair(fakeClock());
    const watch = async (): Promise<void> => {
      for await (const _ of client.watch(resources.Secret, {}, { resourceVersion: "100", isInitialWanted: false, timeoutSeconds: 300 }, new AbortController().signal));
    };
    const attempts: [act: () => void, isRight: (failure: KubeFailure) => boolean][] = [
      [() => server.expire(collections.secrets), isExpired],
      [() => server.say(collections.secrets, "{{{"), ({ reason }) => reason === "Malformed"],
      [() => server.say(collections.secrets, '{"type":"ADDED","object":{"metadata":{}}}'), ({ reason }) => reason === "Malformed"],
      [() => server.endWatches("broken"), ({ status }) => status === 0],
    ];
    for (const [act, isRight] of attempts) {
      const failure = failed(watch());
      await until(() => server.watches === 1);
      act();
      expect(await failure).toSatisfy(isRight);
      await until(() => server.watches === 0);
    }
  });
});

describe("a failure", () => {
  it("has the server's own code, reason, words, and how long to wait", async () => {
    const { server, client } = await pair(fakeClock());
    server.misbehave = () => ({ status: 429, reason: "TooManyRequests", message: "slow down", retryAfter: 7 });
    expect(await failed(client.get(resources.LLMProvider, place))).toMatchObject({ status: 429, reason: "TooManyRequests", message: "slow down", retryAfterMs: 7000 });
    server.misbehave = () => ({ status: 403, reason: "Forbidden" });
    expect(isForbidden(await failed(client.get(resources.LLMProvider, place)))).toBe(true);
    server.misbehave = () => ({ status: 422, reason: "Invalid" });
    expect(isRefused(await failed(client.get(resources.LLMProvider, place)))).toBe(true);
  });

  it("without an answer says so: nobody listens, the connection breaks, or the time is up", async () => {
    const clock = fakeClock();
    const { server, client } = await pair(clock);
    server.misbehave = () => "destroy";
    expect(await failed(client.get(resources.LLMProvider, place))).toMatchObject({ status: 0, reason: "NoAnswer" });
    server.misbehave = () => "hang";
    const hanging = failed(client.get(resources.LLMProvider, place, { timeoutMs: 500 }));
    await until(() => server.seen.length === 2);
    clock.advance(500);
    expect(await hanging).toMatchObject({ status: 0, reason: "TimedOut" });
    const nowhere = new KubeClient({ connection: plainConnection("http://127.0.0.1:1"), clock });
    expect(await failed(nowhere.version())).toMatchObject({ status: 0, reason: "NoAnswer" });
    await nowhere.close();
  });

  it("of an answer that is no JSON, or has no end, is told from the server's own", async () => {
    const server = createServer((request, response) => {
      response.writeHead(200, { "content-type": "text/html" });
      if (request.url === "/version") return void response.end("<html>");
      const piece = Buffer.alloc(1_048_576, 0x20);
      const more = (): void => void (response.write(piece) ? setImmediate(more) : response.once("drain", more));
      more();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const client = new KubeClient({ connection: plainConnection(`http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`), clock: fakeClock() });
    onTestFinished(async () => {
      await client.close();
      server.closeAllConnections();
      server.close();
    });
    expect(await failed(client.version())).toMatchObject({ reason: "Malformed" });
    expect(await failed(client.get(resources.LLMProvider, place))).toMatchObject({ reason: "TooLarge" });
  });

  it("of a stale credential is not seen: it is read again, once", async () => {
    const clock = fakeClock();
    const { server, connection } = await pair(clock);
    let token = "old";
    const asked: boolean[] = [];
    const renewing: KubeConnection = {
      ...connection,
      access: async (isStale) => {
        asked.push(isStale);
        if (isStale) token = "new";
        return { ...(await connection.access(false)), headers: { authorization: `Bearer ${token}` } };
      },
    };
    server.misbehave = ({ authorization }) => (authorization === "Bearer new" ? undefined : { status: 401, reason: "Unauthorized" });
    const client = new KubeClient({ connection: renewing, clock });
    expect(await client.version()).toBe("v0.0.0-double");
    expect(asked).toEqual([false, true]);
    server.misbehave = () => ({ status: 401, reason: "Unauthorized" });
    expect(await failed(client.version())).toMatchObject({ status: 401 });
    expect(asked).toHaveLength(4);
  });
});

describe("two hundred requests", () => {
  it("share sockets instead of opening one each for good", async () => {
    const sockets = new Set<unknown>();
    const server = createServer((_, response) => response.end("{}"));
    server.on("connection", (socket) => sockets.add(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const client = new KubeClient({ connection: plainConnection(`http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`), clock: fakeClock() });
    for (let round = 0; round < 200; round += 1) await client.version();
    expect(sockets.size).toBeLessThanOrEqual(4);
    await client.close();
    server.close();
  });
});

describe("versions and paths", () => {
  it("are compared as numbers of any length, and not at all where they are none", () => {
    expect(compareVersions("9", "10")).toBeLessThan(0);
    expect(compareVersions("99999999999999999999", "99999999999999999998")).toBeGreaterThan(0);
    expect(compareVersions("7", "7")).toBe(0);
    expect(compareVersions("a", "7")).toBe(0);
    expect(compareVersions("", "7")).toBe(0);
  });

  it("lead to what is meant, whatever is in a name", () => {
    expect(pathOf(resources.Secret, { namespace: "a", name: "b" })).toBe("/api/v1/namespaces/a/secrets/b");
    expect(pathOf(resources.Lease)).toBe("/apis/coordination.k8s.io/v1/leases");
    expect(pathOf(resources.Secret, { namespace: "a/../b", name: "?x" })).toBe("/api/v1/namespaces/a%2F..%2Fb/secrets/%3Fx");
  });
});
