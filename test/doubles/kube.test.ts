// The API server double against itself: what a real one does, and the misbehaviour that only a double does on demand.
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { KubeClient } from "../../operator/kube/client.ts";
import { plainConnection } from "../../operator/kube/connection.ts";
import { resources, type WatchEvent } from "../../operator/kube/types.ts";
import { fakeClock } from "./clock.ts";
import { behavesAsAnApiServer } from "./kube-behaviour.ts";
import { KubeDouble } from "./kube.ts";

const secret = (name: string) => ({ metadata: { name, namespace: "a" } });

describe("the API server double", () => {
  let [server, client]: [KubeDouble | undefined, KubeClient | undefined] = [undefined, undefined];
  beforeAll(async () => {
    server = await KubeDouble.start();
    for (let index = 0; index < 5; index += 1) server.put("v1/secrets", secret(`old-${index}`));
    server.store.compact();
    client = new KubeClient({ connection: plainConnection(server.url), clock: fakeClock() });
  });
  afterAll(async () => {
    await client?.close();
    await server?.close();
  });

  behavesAsAnApiServer(() => ({ client: client!, namespace: "ours", expired: () => "101" }));
});

describe("what it does on demand", () => {
  const running = async (act: (server: KubeDouble, client: KubeClient, events: WatchEvent[]) => Promise<void>): Promise<void> => {
    const server = await KubeDouble.start();
    const client = new KubeClient({ connection: plainConnection(server.url), clock: fakeClock() });
    const end = new AbortController();
    const events: WatchEvent[] = [];
    const watch = async (): Promise<void> => {
      for await (const event of client.watch(resources.Secret, {}, { resourceVersion: "100", isInitialWanted: false, timeoutSeconds: 1 }, end.signal)) events.push(event);
    };
    const watching = watch().catch(() => undefined);
    while (server.watches === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await act(server, client, events);
    end.abort();
    await watching;
    await client.close();
    await server.close();
  };
  const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

  it("falls silent with its connections open, and forgets to tell what happened meanwhile", () =>
    running(async (server, client, events) => {
      server.mute(true);
      server.put("v1/secrets", secret("unseen"));
      await soon();
      expect([events, server.watches]).toEqual([[], 1]);
      expect((await client.get(resources.Secret, { namespace: "a", name: "unseen" })).metadata.name).toBe("unseen");
    }));

  it("goes back to an older state, its versions too", () =>
    running(async (server, client) => {
      const restore = server.store.save();
      const version = server.store.revision;
      server.put("v1/secrets", secret("later"));
      restore();
      const { items, resourceVersion } = await client.list(resources.Secret, {}, { limit: 9, continueToken: "" });
      expect([items, resourceVersion]).toEqual([[], String(version)]);
    }));

  it("writes what a test says onto its streams, and records what it was asked", () =>
    running(async (server, _, events) => {
      server.bookmark();
      await vi.waitFor(() => expect(events.map(({ type }) => type)).toEqual(["BOOKMARK"]));
      expect(server.seenOf("GET", "/secrets").map(({ isWatch }) => isWatch)).toEqual([true]);
    }));
});
