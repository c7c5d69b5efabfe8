// Of a router that keeps what an edit leaves alone, and one made from nothing that it must equal, whatever was edited before.
// And what is kept and what is let go: pools, live credentials, what is remembered of keys, memory.
import fc from "fast-check";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { Deadlines } from "../../dataplane/deadlines.ts";
import { planOf, usableModels } from "../../dataplane/request/decide.ts";
import type { Destination } from "../../dataplane/request/destination.ts";
import { Gateway } from "../../dataplane/request/gateway.ts";
import { benchKey, pickKey } from "../../dataplane/request/keys.ts";
import { findRoute, type Router } from "../../dataplane/request/router.ts";
import type { Caller, Snapshot } from "../../dataplane/snapshot/schema.ts";
import { Secret } from "../../dataplane/snapshot/secret.ts";
import { MemoryStore } from "../../dataplane/state/memory.ts";
import { startTelemetry } from "../../dataplane/telemetry/index.ts";
import { fakeClock } from "../doubles/clock.ts";
import { asParsedAnew, callerKeys, edits, edited, models, snapshots, start } from "./random-snapshots.ts";

const clock = fakeClock();
const logged: string[] = [];
const sink = { write: (bytes: Uint8Array, done: (error: Error | null) => void) => { logged.push(Buffer.from(bytes).toString()); done(null); }, writeNow: () => true };
const telemetry = await startTelemetry({ clock, sink, build: "test" });

const gatewayOf = (...applied: readonly Snapshot[]): Gateway => {
  const gateway = new Gateway({ clock, deadlines: new Deadlines(clock), telemetry, store: new MemoryStore(clock), build: "test", random: () => 0.5 });
  for (const [index, snapshot] of applied.entries()) gateway.apply(snapshot, `v${index}`);
  return gateway;
};

const routerOf = ({ router }: Gateway): Router => {
  if (router === null) throw new Error("no snapshot was taken");
  return router;
};

const callers: readonly Caller[] = [{ name: "", namespace: "" }, { name: "a/x", namespace: "a" }, { name: "b/y", namespace: "b", team: "red" }, { name: "a/z", namespace: "a", models: ["m*"] }];
const endpoints = [{ protocol: "openai-chat", family: "conversation" }, { protocol: "anthropic-messages", family: "conversation" }, { protocol: "embeddings", family: "embeddings" }] as const;

const told = ({ upstream, keys, modelFor, dialects, vendor, ...plain }: Destination): unknown => ({
  ...plain,
  origin: upstream.origin,
  keys: keys.map(({ live, ...key }) => ({ ...key, isLive: live !== null })),
  names: models.map((model) => modelFor(model).json.toString()),
  ways: models.map((model) => dialects(modelFor(model).name).dialect),
  vendor: vendor.rateLimits,
});

/** All that a request can learn from a router. */
const described = (gateway: Gateway): string => {
  const router = routerOf(gateway);
  const answers = models.map((model) => {
    const match = findRoute(router, model);
    const plans = match && endpoints.map((endpoint) => planOf(match.route.tiers(endpoint, model), () => 0.3).map(told));
    return { model, route: match?.route.name, name: match?.name, hasTarget: match?.route.hasTarget, plans, mayUse: callers.map((caller) => match?.route.mayUse(caller)) };
  });
  return JSON.stringify({
    answers,
    routes: router.routes.map((route) => [route.name, route.hasTarget, endpoints.map((endpoint) => route.tiers(endpoint, "").length), callers.map((caller) => route.mayUse(caller))]),
    usable: callers.map((caller) => usableModels(router, caller).toSorted()),
    prefixes: router.prefixes.map(({ name, route }) => [name, route.name]),
    keys: callerKeys.map((key) => router.keys.authenticate(["authorization", `Bearer ${key}`], "/")),
    stranger: router.keys.authenticate([], "/"),
    settings: router.settings,
    pools: [...router.places.upstreams].map(({ origin }) => origin).toSorted(),
    live: router.places.live.size,
  });
};

/** The pools and credentials that the process holds are those that the router uses: none closed that is needed, none left over. */
const holdsWhatItUses = (gateway: Gateway): boolean => {
  const used = new Set(routerOf(gateway).routes.flatMap((route) => endpoints.flatMap((endpoint) => route.tiers(endpoint, "").flatMap(({ targets }) => targets.flatMap((target) => target.endpoints.map(({ upstream }) => upstream))))));
  return [...used].every((upstream) => routerOf(gateway).places.upstreams.has(upstream));
};

describe("a router that keeps what an edit leaves alone, after any edits", () => {
  const property = fc.property(snapshots, fc.array(edits, { minLength: 1, maxLength: 12 }), (first, changes) => {
    const gateway = gatewayOf(first);
    let snapshot = first;
    for (const change of changes) {
      const next = edited(snapshot, change);
      const problems = gateway.apply(next, "next");
      expect(problems.length > 0).toBe(next.settings.privateRanges.includes("nonsense"));
      if (problems.length === 0) snapshot = next;
      expect(described(gateway)).toBe(described(gatewayOf(snapshot)));
      expect([routerOf(gateway).snapshot, holdsWhatItUses(gateway)]).toEqual([snapshot, true]);
    }
  });

  it("routes as one that was made from nothing", () => {
    fc.assert(property, { numRuns: 200 });
  });

  it("leaves the former router as it was, for those who began with it", () => {
    fc.assert(fc.property(snapshots, fc.array(edits, { minLength: 1, maxLength: 6 }), (first, changes) => {
      const gateway = gatewayOf(first);
      const [router, before] = [routerOf(gateway), described(gateway)];
      changes.reduce((snapshot, change) => {
        const next = edited(snapshot, change);
        return gateway.apply(next, "next").length === 0 ? next : snapshot;
      }, first);
      gateway.router = router;
      expect(described(gateway)).toBe(before);
    }), { numRuns: 100 });
  });

  it("would be seen to be wrong if it kept a place whose key was rotated: the canary", () => {
    const rotated = fc.property(snapshots, fc.array(edits, { minLength: 1, maxLength: 12 }), (first, changes) => {
      const { credentials } = first;
      const last = changes.reduce(edited, first);
      return described(gatewayOf({ ...last, settings: first.settings })) === described(gatewayOf({ ...last, settings: first.settings, credentials }));
    });
    expect(fc.check(rotated, { numRuns: 400 }).failed).toBe(true);
  });
});

describe("an edit", () => {
  const entryOf = (gateway: Gateway, model: string) => findRoute(routerOf(gateway), model)?.route;
  const withRoute = (snapshot: Snapshot, id: string): Snapshot => ({ ...snapshot, routes: { ...snapshot.routes, [id]: { ...start.routes[id], timeouts: { idleMs: 7 } } as Snapshot["routes"][string] } });

  it("of one route makes that route anew and keeps the others, the providers and the keys", () => {
    const gateway = gatewayOf(start);
    const [before, one, two] = [routerOf(gateway), entryOf(gateway, "m1"), entryOf(gateway, "m2")];
    gateway.apply(withRoute(start, "a/one"), "next");
    const after = routerOf(gateway);
    expect([entryOf(gateway, "m1") === one, entryOf(gateway, "m2") === two]).toEqual([false, true]);
    expect([after.places === before.places, after.keys === before.keys]).toEqual([true, true]);
  });

  it("of a provider makes it and the routes to it anew, and no other", () => {
    const gateway = gatewayOf(start);
    const [before, one, two] = [routerOf(gateway), entryOf(gateway, "m1"), entryOf(gateway, "m2")];
    const provider = start.providers["a/p"] as Snapshot["providers"][string];
    gateway.apply({ ...start, providers: { ...start.providers, "a/p": { ...provider, timeouts: { ...provider.timeouts, idleMs: 9 } } } }, "next");
    expect([entryOf(gateway, "m1") === one, entryOf(gateway, "m2") === two]).toEqual([false, true]);
    expect(routerOf(gateway).places.byId.get("b/q")).toBe(before.places.byId.get("b/q"));
    expect([...routerOf(gateway).places.upstreams]).toEqual([...before.places.upstreams]);
  });

  it("of a key sends the new one from then on, and the old one to those who began before", () => {
    const gateway = gatewayOf(start);
    const sent = (): (readonly string[] | undefined)[] => planOf(entryOf(gateway, "m1")?.tiers(endpoints[0], "m1") ?? [], () => 0).map(({ keys }) => keys[0]?.headers.slice(-2));
    const [before, bearer] = [routerOf(gateway), sent()];
    gateway.apply({ ...start, credentials: { ...start.credentials, "a/k": new Secret("sk-rotated") } }, "next");
    expect([bearer, sent()]).toEqual([[["authorization", "Bearer sk-provider-key-1"]], [["authorization", "Bearer sk-rotated"]]]);
    gateway.router = before;
    expect(sent()).toEqual(bearer);
  });

  it("that comes as the whole snapshot anew keeps what has the same content", () => {
    const gateway = gatewayOf(start);
    const [before, two] = [routerOf(gateway), entryOf(gateway, "m2")];
    gateway.apply(asParsedAnew(withRoute(start, "a/one")), "next");
    expect([routerOf(gateway).places === before.places, entryOf(gateway, "m2") === two, entryOf(gateway, "m1") === before.routes[0]]).toEqual([true, true, false]);
  });

  it("closes the pool of a provider that is gone, and opens a new one when it comes back", () => {
    const gateway = gatewayOf(start);
    const before = [...routerOf(gateway).places.upstreams];
    const { "b/q": _, ...others } = start.providers;
    const routes = { "a/one": start.routes["a/one"] as Snapshot["routes"][string] };
    gateway.apply({ ...start, providers: others, routes }, "next");
    expect([...routerOf(gateway).places.upstreams]).toEqual(before.slice(0, 1));
    gateway.apply(start, "again");
    const after = [...routerOf(gateway).places.upstreams];
    expect([after[0] === before[0], after[1] === before[1], after[1]?.origin]).toEqual([true, false, before[1]?.origin]);
  });

  it("leaves a benched key on its bench, even one of its own provider", () => {
    const gateway = gatewayOf(start);
    const destination = (): Destination => planOf(entryOf(gateway, "m2")?.tiers(endpoints[0], "m2") ?? [], () => 0)[0] as Destination;
    const first = pickKey(gateway, destination());
    benchKey(gateway, first);
    const provider = start.providers["b/q"] as Snapshot["providers"][string];
    gateway.apply({ ...withRoute(start, "b/two"), providers: { ...start.providers, "b/q": { ...provider, models: { small: "other" } } } }, "next");
    expect(destination().keys.map(({ name }) => name)).toContain(first.name);
    expect(pickKey(gateway, destination()).name).not.toBe(first.name);
  });

  it("that takes a caller away takes the key with it, though it was just used", () => {
    const gateway = gatewayOf(start);
    const ask = () => routerOf(gateway).keys.authenticate(["authorization", `Bearer ${callerKeys[0]}`], "/");
    expect(ask()).toHaveProperty("caller");
    gateway.apply({ ...start, callers: {} }, "next");
    expect(ask()).toEqual({ refusal: "AUTH_INVALID" });
  });

  it("tells of an endpoint that cannot be used once, and again when it is written again", async () => {
    const provider = start.providers["a/p"] as Snapshot["providers"][string];
    const bent = { ...start, providers: { ...start.providers, "a/p": { ...provider, endpoints: [{ url: "ftp://x", priority: 0, weight: 1 }] } } };
    const warnings = async (): Promise<number> => {
      await telemetry.flush();
      return logged.splice(0).join("").split("endpoint cannot be used").length - 1;
    };
    await warnings();
    const gateway = gatewayOf(bent);
    expect(await warnings()).toBe(1);
    gateway.apply(withRoute(bent, "b/two"), "next");
    expect(await warnings()).toBe(0);
    gateway.apply({ ...bent, providers: { ...bent.providers, "a/p": { ...provider, endpoints: [{ url: "ftp://y", priority: 0, weight: 1 }] } } }, "again");
    expect(await warnings()).toBe(1);
  });

  it("lets go of routes, providers and snapshots that are no longer there", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const gateway = gatewayOf();
    const gone = ((): WeakRef<object>[] => {
      const first = asParsedAnew(start);
      gateway.apply(first, "first");
      described(gateway);
      const { "a/one": route, ...routes } = first.routes;
      gateway.apply({ ...first, routes }, "second");
      const held = [first, first.routes, route as object, routerOf(gateway).places.byId.get("a/p") as object];
      gateway.apply({ ...first, routes: { ...routes }, providers: { "b/q": first.providers["b/q"] as Snapshot["providers"][string] } }, "third");
      return held.map((object) => new WeakRef(object));
    })();
    // What a reference was made to lives at least to the end of the turn.
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    expect(gone.map((reference) => reference.deref())).toEqual([undefined, undefined, undefined, undefined]);
    expect(routerOf(gateway).routes).toHaveLength(1);
  });
});
