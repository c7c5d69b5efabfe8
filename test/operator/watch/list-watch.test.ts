// One collection followed over a real socket, through everything that an API server may do to a watch. Time is a fake clock's.
import { describe, expect, it, onTestFinished } from "vitest";
import { resources } from "../../../operator/kube/types.ts";
import { ListWatch, type ListWatchParts } from "../../../operator/watch/list-watch.ts";
import { fakeClock, type FakeClock } from "../../doubles/clock.ts";
import type { KubeDouble } from "../../doubles/kube.ts";
import { until } from "../../feed/ends.ts";
import { collections, pair, secret } from "../kube/cluster.ts";

interface Following {
  readonly server: KubeDouble;
  readonly clock: FakeClock;
  readonly watch: ListWatch<string>;
  /** "put a", "gone b", in order; relists show only what differs. */
  readonly changes: string[];
  readonly said: string[];
  readonly happened: string[];
  /** Types of the events that the watch was given, once it has taken them. */
  readonly heard: string[];
  readonly names: () => string[];
  /** Lets waits pass until it is so. */
  passUntil(condition: () => boolean, what?: string): Promise<void>;
}

const follow = async (parts: Partial<ListWatchParts<string>> = {}, prepare: (server: KubeDouble) => void = () => undefined): Promise<Following> => {
  const clock = fakeClock();
  const { server, client } = await pair(clock);
  const [changes, said, happened, heard]: [string[], string[], string[], string[]] = [[], [], [], []];
  const watching = client.watch.bind(client);
  client.watch = async function* (...asked) {
    for await (const event of watching(...asked)) {
      yield event;
      heard.push(event.type);
    }
  };
  prepare(server);
  const watch = new ListWatch<string>({
    client, resource: resources.Secret, selection: {}, isOptional: false, clock, random: () => 0.5,
    keep: (object) => String((object["data"] as Record<string, string> | undefined)?.["api-key"]),
    onChanges: (batch) => changes.push(...batch.map(({ type, item }) => `${type} ${item.id.split("/")[1] ?? ""}`)),
    onSynced: () => happened.push("synced"),
    say: (message) => said.push(message),
    observe: (what) => happened.push(what),
    ...parts,
  });
  watch.start();
  onTestFinished(async () => {
    await watch.close();
  });
  const names = (): string[] => [...watch.items()].map(({ id }) => id.split("/")[1] ?? "").toSorted();
  const passUntil = (condition: () => boolean, what?: string): Promise<void> =>
    until(() => {
      if (condition()) return true;
      clock.advance(50);
      return false;
    }, what);
  return { server, clock, watch, changes, said, happened, heard, names, passUntil };
};

const put = (server: KubeDouble, ...names: string[]): void => {
  for (const name of names) server.put(collections.secrets, secret(name, name));
};
const synced = async (following: Following): Promise<void> => {
  await until(() => following.watch.isSynced && following.server.watches === 1);
};

describe.each([["WatchList", true], ["pages", false]])("a collection, filled by %s", (_, hasWatchList) => {
  const start = (prepare: (server: KubeDouble) => void = () => undefined): Promise<Following> =>
    follow({}, (server) => {
      server.hasWatchList = hasWatchList;
      prepare(server);
    });

  it("is complete before it is called so, and then follows every change", async () => {
    const following = await start((server) => put(server, ...Array.from({ length: 600 }, (__, index) => `s${index}`)));
    await synced(following);
    expect(following.names()).toHaveLength(600);
    const { server, changes } = following;
    changes.length = 0;
    put(server, "new");
    put(server, "new");
    server.store.remove(collections.secrets, "team-a/s0");
    await until(() => changes.length === 3);
    expect(changes).toEqual(["put new", "put new", "gone s0"]);
    expect(following.said).toEqual([]);
  });

  it("is complete when it is empty, too", async () => {
    const following = await start();
    await synced(following);
    expect(following.happened.filter((one) => one === "synced")).toHaveLength(1);
    expect(following.changes).toEqual([]);
  });

  it("goes on where a watch ended, without listing again and without telling anything twice", async () => {
    const following = await start((server) => put(server, "a"));
    await synced(following);
    const { server, changes, passUntil } = following;
    for (const how of ["clean", "broken"] as const) {
      server.endWatches(how);
      server.store.silently(() => put(server, `during-${how}`));
      await passUntil(() => following.names().includes(`during-${how}`));
    }
    expect(changes).toEqual(["put a", "put during-clean", "put during-broken"]);
    expect(following.happened.filter((one) => one === "relist")).toHaveLength(hasWatchList ? 1 : 2);
  });

  it("is listed anew when its version has expired: deletions are found, and it is never empty meanwhile", async () => {
    const following = await start((server) => put(server, "stays", "goes"));
    await synced(following);
    const { server, changes, passUntil } = following;
    server.endWatches();
    server.store.silently(() => {
      server.store.remove(collections.secrets, "team-a/goes");
      put(server, "comes");
    });
    server.store.compact();
    const sizes = new Set<number>();
    await passUntil(() => {
      sizes.add(following.watch.size);
      return following.names().join() === "comes,stays";
    });
    expect(changes.toSorted()).toEqual(["gone goes", "put comes", "put goes", "put stays"]);
    expect(sizes.has(0)).toBe(false);
    expect(following.happened).toContain("expired");
  });

  it("is listed anew when the server says in the middle of the stream that the version has expired", async () => {
    const following = await start((server) => put(server, "a"));
    await synced(following);
    following.server.expire(collections.secrets);
    const before = following.happened.filter((one) => one === "relist").length;
    await following.passUntil(() => following.happened.filter((one) => one === "relist").length > before && following.server.watches === 1);
    expect(following.changes).toEqual(["put a"]);
    put(following.server, "b");
    await until(() => following.changes.length === 2);
  });

  it("is listed anew when the store was put back to an older state, which a watch would not tell", async () => {
    const following = await start((server) => put(server, "old"));
    await synced(following);
    const { server, passUntil } = following;
    const restore = server.store.save();
    put(server, "lost-1", "lost-2");
    await until(() => following.names().length === 3);
    server.endWatches("broken");
    restore();
    await passUntil(() => following.names().join() === "old");
    expect(following.happened).toContain("restored");
    put(server, "after");
    await passUntil(() => following.names().join() === "after,old");
  });

  it("is listed anew after an absence, even if another store has counted on beyond our version meanwhile", async () => {
    const following = await start((server) => put(server, "old"));
    await synced(following);
    const { server, passUntil } = following;
    const restore = server.store.save();
    put(server, "lost");
    await until(() => following.names().length === 2);
    server.misbehave = () => "destroy";
    server.endWatches("broken");
    const before = server.seen.length;
    await passUntil(() => server.seen.length > before + 3);
    restore();
    for (let index = 0; index < 50; index += 1) server.put(collections.configMaps, { metadata: { name: `c${index}`, namespace: "x" } });
    server.misbehave = () => undefined;
    await passUntil(() => following.names().join() === "old");
  });
});

describe("a watch", () => {
  it("survives an event that cannot be read, and goes on from the last good one", async () => {
    const following = await follow();
    await synced(following);
    const { server, passUntil } = following;
    put(server, "before");
    await until(() => following.changes.length === 1);
    server.say(collections.secrets, "not json at all");
    await passUntil(() => server.watches === 1 && server.seen.filter(({ isWatch }) => isWatch).length > 1);
    put(server, "after");
    await passUntil(() => following.changes.includes("put after"));
    expect(following.changes).toEqual(["put before", "put after"]);
  });

  it("survives an object that nobody can make sense of: all others are followed", async () => {
    const following = await follow({
      keep: ({ metadata }) => {
        if (metadata.name === "poison") throw new Error("too odd");
        return metadata.name;
      },
    }, (server) => put(server, "a", "poison"));
    await synced(following);
    put(following.server, "poison", "b");
    await until(() => following.names().join() === "a,b");
    expect(following.said.every((line) => line.includes("poison is passed over: too odd"))).toBe(true);
  });

  it("that has fallen silent is given up and opened anew, and bookmarks are a sign of life", async () => {
    const following = await follow();
    await synced(following);
    const { server, clock, passUntil } = following;
    const opened = (): number => server.seen.filter(({ isWatch }) => isWatch).length;
    const bookmarks = (): number => following.heard.filter((type) => type === "BOOKMARK").length;
    const first = bookmarks();
    for (let minute = 0; minute < 5; minute += 1) {
      clock.advance(60_000);
      server.bookmark();
      await until(() => bookmarks() === first + minute + 1);
    }
    expect(opened()).toBe(1);
    server.mute(true);
    server.store.silently(() => put(server, "unseen"));
    clock.advance(150_000);
    server.mute(false);
    await passUntil(() => following.names().includes("unseen"));
    expect(following.happened).toContain("silent");
    expect(opened()).toBe(2);
  });

  it("that was resumed is waited for as long, though nothing happens before its first bookmark", async () => {
    const following = await follow();
    await synced(following);
    const { server, clock, passUntil } = following;
    const quiet = clock.pending;
    const heard = following.heard.length;
    server.endWatches("clean");
    await passUntil(() => server.watches === 1 && server.seen.filter(({ isWatch }) => isWatch).length === 2);
    // No longer waiting for the head of the answer.
    await until(() => clock.pending === quiet);
    clock.advance(100_000);
    server.bookmark();
    await until(() => following.heard.length === heard + 1);
    expect(following.happened).not.toContain("silent");
    expect(server.seen.filter(({ isWatch }) => isWatch)).toHaveLength(2);
  });

  it("resumes from the newest bookmark, so that a quiet collection does not expire", async () => {
    const following = await follow();
    await synced(following);
    const { server, passUntil } = following;
    for (let index = 0; index < 10; index += 1) server.put(collections.configMaps, { metadata: { name: `c${index}`, namespace: "x" } });
    const heard = following.heard.length;
    server.bookmark();
    await until(() => following.heard.length === heard + 1);
    const newest = server.store.revision;
    server.endWatches("broken");
    await passUntil(() => server.watches === 1);
    expect(server.seen.findLast(({ isWatch }) => isWatch)?.query.get("resourceVersion")).toBe(String(newest));
  });

  it("is opened anew at once when it is found that the server does not answer", async () => {
    const following = await follow();
    await synced(following);
    following.watch.restart("no answer");
    await following.passUntil(() => following.server.watches === 1 && following.server.seen.filter(({ isWatch }) => isWatch).length === 2);
    expect(following.happened).toContain("silent");
  });

  it("asks for bookmarks and for a life of five to ten minutes", async () => {
    const following = await follow();
    await synced(following);
    const { query } = following.server.seen.find(({ isWatch }) => isWatch)!;
    expect(query.get("allowWatchBookmarks")).toBe("true");
    expect(Number(query.get("timeoutSeconds"))).toBe(450);
  });
});

describe("a server that is down", () => {
  it("is asked with growing, uneven pauses of at most four seconds, and found soon after it is back", async () => {
    const following = await follow({}, (server) => put(server, "a"));
    await synced(following);
    const { server, clock, said } = following;
    const asked = (): number => server.seen.length;
    server.misbehave = () => "destroy";
    const before = asked();
    server.endWatches("broken");
    for (let second = 0; second < 600; second += 1) {
      clock.advance(1000);
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const attempts = asked() - before;
    expect(attempts).toBeGreaterThan(50);
    expect(attempts).toBeLessThan(600);
    expect(following.names()).toEqual(["a"]);
    expect(said).toHaveLength(1);
    server.misbehave = () => undefined;
    server.store.silently(() => put(server, "b"));
    const downTick = clock.tick();
    await following.passUntil(() => following.names().length === 2);
    expect(clock.tick() - downTick).toBeLessThan(5000);
    expect(said.at(-1)).toBe("secrets are watched again");
  });

  it("that asks to be left alone is left alone", async () => {
    const following = await follow({}, (server) => {
      server.misbehave = () => ({ status: 429, reason: "TooManyRequests", retryAfter: 30 });
    });
    const { server, clock } = following;
    await until(() => server.seen.length === 1 && following.said.length === 1);
    clock.advance(29_000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(server.seen).toHaveLength(1);
    server.misbehave = () => undefined;
    clock.advance(1500);
    await until(() => following.watch.isSynced);
  });

  it("that ends every watch at once gets no storm of them", async () => {
    const following = await follow();
    await synced(following);
    const { server, clock } = following;
    const before = server.seen.length;
    for (let step = 0; step < 200; step += 1) {
      server.endWatches();
      clock.advance(50);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    // Ten seconds have passed: each attempt is a look at the store and a watch.
    expect(server.seen.length - before).toBeLessThan(60);
  });
});

describe("a collection that is not there", () => {
  it("keeps everybody waiting when it is needed", async () => {
    const following = await follow({}, (server) => {
      server.misbehave = () => ({ status: 404, reason: "NotFound", message: "the server could not find the requested resource" });
    });
    await until(() => following.said.length === 1);
    expect(following.watch.isSynced).toBe(false);
    following.server.misbehave = () => undefined;
    await following.passUntil(() => following.watch.isSynced);
  });

  it("counts as empty when it is optional and forbidden, and is tried again later", async () => {
    const following = await follow({ isOptional: true }, (server) => {
      put(server, "a");
      server.misbehave = () => ({ status: 403, reason: "Forbidden" });
    });
    await until(() => following.watch.isSynced);
    expect(following.names()).toEqual([]);
    following.server.misbehave = () => undefined;
    await following.passUntil(() => following.names().length === 1);
  });

  it("keeps what is known when it goes away later, as a definition that is deleted does", async () => {
    const following = await follow({}, (server) => put(server, "a"));
    await synced(following);
    following.server.misbehave = () => ({ status: 404, reason: "NotFound" });
    following.server.endWatches();
    await following.passUntil(() => following.said.length === 1);
    expect(following.names()).toEqual(["a"]);
  });
});

describe("its end", () => {
  it("is quick, leaves nothing behind, and nothing is told any more", async () => {
    const following = await follow();
    await synced(following);
    await following.watch.close();
    await until(() => following.server.watches === 0);
    put(following.server, "late");
    expect(following.changes).toEqual([]);
    expect(following.clock.pending).toBe(0);
  });
});
