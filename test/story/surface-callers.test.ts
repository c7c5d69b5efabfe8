// Who may ask for what: keys in each place where SDKs put them, their end, what they open, and what the list of models says.
import { describe, expect, it } from "vitest";
import { fakeClock } from "../doubles/clock.ts";
import { KEY, type Parts } from "../doubles/gateway.ts";
import { chatCompletion } from "../doubles/provider-bytes.ts";
import { json, silence } from "../doubles/provider-replies.ts";
import { CHAT, headOf, postOf, stage, type Ask, type Stage, type StageParts } from "./caller.ts";

const hello = json(chatCompletion({ text: "hello" }));
const OTHER = "sk-other-key-9876543210";

const statusWith = async (parts: StageParts, what: Partial<Ask>): Promise<[number, string]> => {
  const story = await stage(hello, parts);
  const answer = await story.ask({ body: CHAT, ...what });
  const [line] = await story.gateway.settled(1);
  return [answer.status, String(line?.["caller"])];
};

describe("a key", () => {
  it.each([
    ["authorization", { authorization: `Bearer ${KEY}` }],
    ["authorization, however Bearer is spelt", { authorization: `bearer \t${KEY} ` }],
    ["x-api-key", { authorization: undefined, "x-api-key": KEY }],
    ["x-goog-api-key", { authorization: undefined, "X-Goog-Api-Key": KEY }],
    ["api-key", { authorization: undefined, "api-key": KEY }],
    ["x-api-key beside another scheme", { authorization: "Basic dXNlcjpwYXNz", "x-api-key": KEY }],
    ["x-api-key beside an empty Bearer", { authorization: "Bearer ", "x-api-key": KEY }],
  ])("is taken from %s", async (_, headers) => {
    expect(await statusWith({}, { headers })).toEqual([200, "test/caller"]);
  });

  it.each([`?key=${KEY}`, `?a=b&key=${KEY}`, `?key=${encodeURIComponent(KEY)}&c`])("is taken from the query %s", async (query) => {
    expect(await statusWith({}, { path: `/v1/chat/completions${query}`, headers: { authorization: undefined } })).toEqual([200, "test/caller"]);
  });

  it.each([
    ["none", {}, "AUTH_MISSING"],
    ["an unknown one", { authorization: "Bearer sk-unknown" }, "AUTH_INVALID"],
    ["half of one", { authorization: `Bearer ${KEY.slice(0, -1)}` }, "AUTH_INVALID"],
    ["one with more behind it", { authorization: `Bearer ${KEY}x` }, "AUTH_INVALID"],
    ["one in other letters", { authorization: `Bearer ${KEY.toUpperCase()}` }, "AUTH_INVALID"],
    ["its digest", { authorization: "Bearer 0000000000000000000000000000000000000000000000000000000000000000" }, "AUTH_INVALID"],
    ["one without Bearer", { authorization: KEY }, "AUTH_MISSING"],
    ["a user and a password", { authorization: "Basic dXNlcjpwYXNz" }, "AUTH_MISSING"],
    ["an unknown one before a known one", { authorization: "Bearer sk-unknown", "x-api-key": KEY }, "AUTH_INVALID"],
    ["one as long as a book", { authorization: `Bearer ${"k".repeat(10_000)}` }, "AUTH_INVALID"],
    ["one of no ASCII", { authorization: `Bearer ${Buffer.from("ключ").toString("latin1")}` }, "AUTH_INVALID"],
  ])("is needed: %s is refused and nobody is called", async (_, headers, code) => {
    const story = await stage(silence);
    const answer = await story.ask({ body: CHAT, headers: { authorization: undefined, ...headers } });
    expect([answer.status, answer.error.code, answer.error.type, answer.header("www-authenticate")]).toEqual([401, code, "authentication_error", "Bearer"]);
    expect(story.provider.connections.opened).toBe(0);
  });

  it("is asked for before a body is read", async () => {
    const story = await stage(silence);
    const line = story.open(1);
    line.send(headOf("POST", "/v1/chat/completions", { authorization: "Bearer sk-unknown", "content-type": "application/json", "content-length": 1_000_000 }));
    expect(await line.until(/AUTH_INVALID/)).toMatch(/^HTTP\/1.1 401 /);
  });

  it("ends when its time is over, on the millisecond, on a connection that is kept", async () => {
    const clock = fakeClock();
    const story = await stage(hello, { clock, callers: { [KEY]: { expiresAt: clock.now() + 1000 } } });
    const line = story.open(3);
    await line.send(postOf(CHAT)).until(/hello/);
    clock.advance(999);
    await line.send(postOf(CHAT)).until(/hello[^]*hello/);
    clock.advance(1);
    expect(await line.send(postOf(CHAT)).until(/AUTH_EXPIRED/)).toContain("HTTP/1.1 401 ");
    expect(story.provider.requests).toHaveLength(2);
  });

  it("that is revoked is refused with the very next request, on the same connection, and a new one is taken", async () => {
    const story = await stage(hello);
    const at = (callers: Parts["callers"]): Parts => ({ providers: { one: `${story.provider.url}/v1` }, ...(callers === undefined ? {} : { callers }) });
    const line = story.open(4);
    await line.send(postOf(CHAT)).until(/hello/);
    await line.send(postOf(CHAT)).until(/hello[^]*hello/);
    story.gateway.apply(at({ [OTHER]: {} }));
    expect(await line.send(postOf(CHAT)).until(/AUTH_INVALID/)).toContain("HTTP/1.1 401 ");
    await line.send(postOf(CHAT, { authorization: `Bearer ${OTHER}` })).until(/AUTH_INVALID[^]*hello/);
  });

  it("that was unknown a moment ago counts as soon as it is there", async () => {
    const story = await stage(hello);
    const headers = { authorization: `Bearer ${OTHER}` };
    expect((await story.ask({ body: CHAT, headers })).status).toBe(401);
    story.gateway.apply({ providers: { one: `${story.provider.url}/v1` }, callers: { [OTHER]: { name: "team/new" } } });
    expect((await story.ask({ body: CHAT, headers })).status).toBe(200);
    expect((await story.gateway.settled(2))[1]).toMatchObject({ caller: "team/new" });
  });

  it("that is taken away from a model is refused with the very next request", async () => {
    const story = await stage(hello);
    expect((await story.ask()).status).toBe(200);
    story.gateway.apply({ providers: { one: `${story.provider.url}/v1` }, callers: { [KEY]: { models: ["other"] } } });
    expect((await story.ask()).status).toBe(403);
  });
});

describe("nobody in particular", () => {
  const open: StageParts = { settings: { anonymous: true } };

  it.each([["without a key", undefined], ["with a key that nobody knows", "Bearer sk-anything"], ["with another scheme", "Basic abc"]])("may ask %s where the gateway says so", async (_, authorization) => {
    expect(await statusWith(open, { headers: { authorization } })).toEqual([200, "anonymous"]);
  });

  it("is not who has a known key", async () => {
    expect(await statusWith(open, {})).toEqual([200, "test/caller"]);
  });

  it("is not who had one until it expired", async () => {
    expect((await statusWith({ ...open, callers: { [KEY]: { expiresAt: 1 } } }, {}))[0]).toBe(401);
  });

  it("belongs to no team", async () => {
    expect((await statusWith({ ...open, routes: { chat: { access: { teams: ["a"] } } } }, { headers: { authorization: undefined } }))[0]).toBe(403);
  });
});

describe("the pod that a sidecar belongs to", () => {
  const sidecar: StageParts = { localCaller: { name: "team-a/robot", namespace: "team-a" } };

  it.each([["without a key", undefined], ["with a key that nobody knows", "Bearer sk-anything"]])("may ask %s, and counts as its account", async (_, authorization) => {
    expect(await statusWith(sidecar, { headers: { authorization } })).toEqual([200, "team-a/robot"]);
  });

  it("is its namespace, also on a gateway that is open to everybody", async () => {
    const withRoute = (namespaces: string[]): StageParts => ({ ...sidecar, settings: { anonymous: true }, routes: { chat: { access: { namespaces } } } });
    expect(await statusWith(withRoute(["team-a"]), { headers: { authorization: undefined } })).toEqual([200, "team-a/robot"]);
    expect((await statusWith(withRoute(["team-b"]), { headers: { authorization: undefined } }))[0]).toBe(403);
  });

  it("is somebody else with a known key, and in no team without one", async () => {
    expect(await statusWith(sidecar, {})).toEqual([200, "test/caller"]);
    expect((await statusWith({ ...sidecar, routes: { chat: { access: { teams: ["a"] } } } }, { headers: { authorization: undefined } }))[0]).toBe(403);
  });
});

describe("a route", () => {
  it.each([
    ["of no limits", {}, {}, 200],
    ["for the caller's namespace", { namespaces: ["other", "test"] }, {}, 200],
    ["for other namespaces", { namespaces: ["other"] }, {}, 403],
    ["for no namespace", { namespaces: [] }, {}, 403],
    ["for the caller's team", { teams: ["blue", "red"] }, { team: "red" }, 200],
    ["for other teams", { teams: ["blue"] }, { team: "red" }, 403],
    ["for teams, asked by somebody without one", { teams: ["blue"] }, {}, 403],
    ["for the caller's team in another namespace", { teams: ["red"], namespaces: ["other"] }, { team: "red" }, 403],
    ["for service accounts, which nobody here is", { serviceAccounts: ["a/b"] }, {}, 403],
  ])("%s answers accordingly", async (_, access, caller, status) => {
    const story = await stage(hello, { routes: { chat: { access } }, callers: { [KEY]: caller } });
    const answer = await story.ask();
    expect(answer.status).toBe(status);
    if (status === 403) expect(answer.error).toMatchObject({ code: "ROUTE_FORBIDDEN", type: "permission_error", param: "model" });
    expect(story.provider.requests).toHaveLength(status === 200 ? 1 : 0);
  });

  it.each([
    ["exactly", ["support-chat"], 200],
    ["by its beginning", ["support-*"], 200],
    ["by everything", ["*"], 200],
    ["not", ["support", "support-chat-2", "chat-*"], 403],
    ["by nothing", [], 403],
  ])("answers a key that allows the model %s", async (_, models, status) => {
    expect((await statusWith({ callers: { [KEY]: { models } } }, {}))[0]).toBe(status);
  });
});

const named = (...names: readonly string[]) => ({ models: names.map((name) => ({ match: "exact", name }) as const) });
const listed = async (story: Stage): Promise<string[]> => {
  const answer = await story.ask({ method: "GET", path: "/v1/models" });
  expect(answer.json).toMatchObject({ object: "list" });
  return (answer.json as { data: { id: string }[] }).data.map(({ id }) => id);
};

describe("the list of models", () => {
  const routes = {
    open: { models: [...named("zebra", "alpha", "org/model-1").models, { match: "prefix", name: "gpt-" } as const] },
    red: { ...named("red-model"), access: { teams: ["red"] } },
    far: { ...named("far-model"), access: { namespaces: ["other"] } },
  };

  it.each([
    [{}, ["alpha", "org/model-1", "zebra"]],
    [{ team: "red" }, ["alpha", "org/model-1", "red-model", "zebra"]],
    [{ namespace: "other" }, ["alpha", "far-model", "org/model-1", "zebra"]],
    [{ models: ["a*", "red-model"] }, ["alpha"]],
    [{ models: [] }, []],
  ])("for a caller of %j is what it may ask for, sorted", async (caller, expected) => {
    const story = await stage(silence, { routes, callers: { [KEY]: caller } });
    expect(await listed(story)).toEqual(expected);
  });

  it("needs a key and calls nobody", async () => {
    const story = await stage(silence, { routes });
    const answer = await story.ask({ method: "GET", path: "/v1/models", headers: { authorization: undefined } });
    expect([answer.status, answer.error.code]).toEqual([401, "AUTH_MISSING"]);
    expect(story.provider.connections.opened).toBe(0);
  });

  it.each(["/v1/models/org/model-1", "/v1/models/org%2Fmodel-1", "/v1/models/org%2fmodel-1?x=y"])("has each model at an address of its own, slashes or not: %s", async (path) => {
    const story = await stage(silence, { routes });
    const answer = await story.ask({ method: "GET", path });
    expect([answer.status, answer.json]).toEqual([200, { id: "org/model-1", object: "model", created: 0, owned_by: "test/open" }]);
  });

  it.each(["red-model", "far-model", "none", "gpt-5", "Alpha", "..", "%2e%2e", ""])("has no address for %s, which the caller may not use or nobody named", async (name) => {
    const story = await stage(silence, { routes });
    const line = story.open(1);
    line.send(headOf("GET", `/v1/models/${name}`, { connection: "close" }));
    await line.closed;
    expect(line.text).toMatch(/^HTTP\/1.1 404 /);
    expect(line.text).not.toMatch(/"far-model"|test\/far/);
  });

  it("follows the snapshot", async () => {
    const story = await stage(silence, { routes });
    expect(await listed(story)).toContain("zebra");
    story.gateway.apply({ providers: { one: `${story.provider.url}/v1` }, routes: { open: named("lion") } });
    expect(await listed(story)).toEqual(["lion"]);
  });
});

describe("a request that names no model", () => {
  const targetsOf = (provider: string) => [{ name: "all", targets: [{ name: provider, provider: `test/${provider}`, weight: 1, priority: 0 }] }];
  const parts = (url: string): Parts => ({
    providers: { one: `${url}/one/v1`, two: `${url}/two/v1` },
    routes: { a: { ...named("x"), rules: targetsOf("one") }, b: { ...named("y"), rules: targetsOf("two") }, c: { ...named("z"), rules: targetsOf("two"), access: { teams: ["red"] } } },
  });
  const asked = async (headers: Record<string, string>, caller = {}): Promise<[number, string | undefined]> => {
    const story = await stage(json("{}"));
    story.gateway.apply({ ...parts(story.provider.url), callers: { [KEY]: caller } });
    const answer = await story.ask({ method: "GET", path: "/v1/files", headers });
    return [answer.status, answer.status === 200 ? story.provider.requests[0]?.target : answer.error.code];
  };

  it("takes the first route that leads there", async () => {
    expect(await asked({})).toEqual([200, "/one/v1/files"]);
  });

  it("takes the route that its header names", async () => {
    expect(await asked({ "x-llmgw-route": "test/b" })).toEqual([200, "/two/v1/files"]);
  });

  it.each(["test/c", "test/none", "b", ""])("takes no route that is not the caller's, such as %s", async (route) => {
    expect(await asked({ "x-llmgw-route": route })).toEqual([404, "ROUTE_NO_PROVIDER"]);
  });

  it("takes a route that is the caller's by its team", async () => {
    expect(await asked({ "x-llmgw-route": "test/c" }, { team: "red" })).toEqual([200, "/two/v1/files"]);
  });

  it("is not a way around a key that allows certain models only", async () => {
    expect(await asked({}, { models: ["x"] })).toEqual([404, "ROUTE_NO_PROVIDER"]);
  });
});
