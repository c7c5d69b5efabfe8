// What a provider's auth comes to, and what is kept from one snapshot to the next.
import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import type { Live } from "../../../dataplane/providers/credentials/authorization.ts";
import { placementOf } from "../../../dataplane/providers/credentials/api-key.ts";
import type { Credentials } from "../../../dataplane/providers/credentials/index.ts";
import type { Auth, Placement } from "../../../dataplane/snapshot/schema.ts";
import { fakeClock, type FakeClock } from "../../doubles/clock.ts";
import { root } from "../../house/sources.ts";
import { json, startIssuer, until, type Issuer } from "./issuer.ts";
import { BEARER, contentsOf, openCredentials, providerOf } from "./opened.ts";

const secrets = { "a/keys/one": "sk-1", "a/keys/two": "sk &2" };
const pool: Auth = { scheme: "api-key", keys: [{ name: "one", credential: "a/keys/one", weight: 3 }, { name: "two", credential: "a/keys/two", weight: 1 }] };

const keyed = (placement?: Placement, usual: Placement = BEARER) => {
  const { credentials } = openCredentials(fakeClock());
  return credentials.open("team-a/vendor", providerOf(placement === undefined ? pool : { ...pool, placement }), usual, contentsOf(secrets));
};

describe("a plain key", () => {
  it("goes where the catalogue says, and costs nothing per request", () => {
    expect(keyed()).toEqual([
      { name: "team-a/vendor/one", weight: 3, authorization: { headers: ["authorization", "Bearer sk-1"], query: "", live: null } },
      { name: "team-a/vendor/two", weight: 1, authorization: { headers: ["authorization", "Bearer sk &2"], query: "", live: null } },
    ]);
    expect(keyed(undefined, placementOf("authorization"))[0]!.authorization.headers).toEqual(["authorization", "Bearer sk-1"]);
    expect(keyed(undefined, placementOf("x-api-key"))[0]!.authorization.headers).toEqual(["x-api-key", "sk-1"]);
  });

  it.each<[Placement, { headers: string[]; query: string }]>([
    [{ place: "header", name: "Api-Key", prefix: "" }, { headers: ["api-key", "sk &2"], query: "" }],
    [{ place: "header", name: "authorization", prefix: "Token " }, { headers: ["authorization", "Token sk &2"], query: "" }],
    [{ place: "query", name: "key", prefix: "" }, { headers: [], query: "key=sk%20%262" }],
  ])("goes where its owner says: %j", (placement, expected) => {
    expect(keyed(placement)[1]!.authorization).toEqual({ ...expected, live: null });
  });

  it("that is not in the snapshot is passed over", () => {
    const { credentials } = openCredentials(fakeClock());
    expect(credentials.open("team-a/vendor", providerOf(pool), BEARER, contentsOf({ "a/keys/two": "sk-2" })).map(({ name }) => name)).toEqual(["team-a/vendor/two"]);
  });

  it("and none at all load no library", () => {
    const script = `
      import { registerHooks } from "node:module";
      const seen = [];
      registerHooks({ resolve: (name, context, next) => { if (!name.startsWith(".") && !name.startsWith("node:")) seen.push(name); return next(name, context); } });
      const { Credentials } = await import("./dataplane/providers/credentials/index.ts");
      const credentials = new Credentials({ clock: { now: () => 0, tick: () => 0 }, random: () => 0, onFailure: () => undefined });
      credentials.open("a/b", { auth: { scheme: "none", keys: [] } }, {}, { credentials: {}, settings: {} });
      credentials.open("a/b", { auth: { scheme: "aws", region: "eu-west-1", keyPair: { accessKeyId: "x", secretAccessKey: "x" } } }, {}, { credentials: {}, settings: {} });
      console.log(seen.filter((name) => /^@aws|^@smithy|^@azure|^google/.test(name)).length, seen.includes("undici"));
    `;
    expect(execFileSync(process.execPath, ["--input-type=module", "-e", script], { cwd: root, encoding: "utf8" }).trim()).toBe("0 false");
  });
});

describe("no credential", () => {
  it("adds nothing", () => {
    const { credentials } = openCredentials(fakeClock());
    expect(credentials.open("a/b", providerOf({ scheme: "none", keys: [] }), BEARER, contentsOf({}))).toEqual([{ name: "", weight: 1, authorization: { headers: [], query: "", live: null } }]);
  });
});

interface Staged {
  readonly clock: FakeClock;
  readonly issuer: Issuer;
  readonly credentials: Credentials;
  live(secret?: string, more?: { readonly clientId?: string }, id?: string): Live;
}

describe("from one snapshot to the next", () => {
  const stage = async (): Promise<Staged> => {
    const clock = fakeClock();
    let count = 0;
    const issuer = await startIssuer(() => json({ access_token: `token-${++count}`, token_type: "bearer", expires_in: 3600 }));
    const auth: Auth = { scheme: "oauth", tokenUrl: `${issuer.url}/token`, clientId: "a", credential: "a/b/c", scopes: [], sendSecretIn: "header" };
    const { credentials } = openCredentials(clock);
    const live: Staged["live"] = (secret = "secret-1", more = {}, id = "team-a/vendor"): Live => {
      const [entrance] = credentials.open(id, providerOf({ ...auth, ...more }), BEARER, contentsOf({ "a/b/c": secret }));
      return entrance!.authorization.live!;
    };
    return { clock, issuer, credentials, live };
  };

  it("a token is kept as long as nothing about it changes", async () => {
    const { issuer, live } = await stage();
    const first = live();
    await until(() => first.now() !== null, "the token");
    expect(live()).toBe(first);
    expect(issuer.asked.length).toBe(1);
  });

  it.each<[string, (staged: Staged) => Live]>([
    ["another secret", ({ live }) => live("secret-2")],
    ["another client", ({ live }) => live("secret-1", { clientId: "b" })],
    ["another provider", ({ live }) => live("secret-1", {}, "team-b/vendor")],
  ])("%s is another token", async (_, change) => {
    const staged = await stage();
    const first = staged.live();
    const second = change(staged);
    expect(second).not.toBe(first);
    await until(() => staged.issuer.asked.length === 2, "two questions");
  });

  it("what is not used any more is closed, with its timers, and still serves whoever began with it", async () => {
    const { clock, issuer, credentials, live } = await stage();
    const first = live();
    await until(() => first.now() !== null, "the first token");
    const second = live("secret-2");
    await until(() => second.now() !== null, "the second token");
    expect(clock.pending).toBe(2);
    credentials.keepOnly(new Set([second]));
    expect(clock.pending).toBe(1);
    expect(first.now()).toEqual(["authorization", "Bearer token-1"]);
    credentials.close();
    expect(clock.pending).toBe(0);
    expect(issuer.asked.length).toBe(2);
    expect(live()).not.toBe(first);
  });
});
