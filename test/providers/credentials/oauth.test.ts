// Client credentials against a token endpoint: what it is asked, what is made of its answers, and what it may not do.
import { describe, expect, it } from "vitest";
import type { Auth } from "../../../dataplane/snapshot/schema.ts";
import { fakeClock } from "../../doubles/clock.ts";
import { json, startIssuer, until, type Answer } from "./issuer.ts";
import { open, wordsOf } from "./opened.ts";

const SECRET = "s3cr&t with spaces/+";
const HOUR = 3_600_000;

const token = (number: number, more: object = {}) => json({ access_token: `token-${number}`, token_type: "Bearer", expires_in: 3600, ...more });

const stage = async (answer: Answer, more: object = {}) => {
  const clock = fakeClock();
  const issuer = await startIssuer(answer);
  const auth: Auth = { scheme: "oauth", tokenUrl: `${issuer.url}/token?tenant=a`, clientId: "gate:way", credential: "a/b/c", scopes: [], sendSecretIn: "header", ...more };
  return { clock, issuer, ...open(clock, auth, { "a/b/c": SECRET }) };
};

const counting = (): Answer => {
  let count = 0;
  return () => token(++count);
};

describe("the issuer is asked", () => {
  it("with a form, the secret in the header, escaped as RFC 6749 wants it", async () => {
    const { issuer, headers } = await stage(counting(), { scopes: ["llm.read", "llm.write"], audience: "https://llm.example" });
    expect(await headers()).toEqual({ authorization: "Bearer token-1" });
    const [asked] = issuer.asked;
    expect(asked).toMatchObject({ method: "POST", path: "/token?tenant=a", headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" } });
    expect(Object.fromEntries(asked!.form)).toEqual({ grant_type: "client_credentials", scope: "llm.read llm.write", audience: "https://llm.example" });
    const basic = Buffer.from(String(asked!.headers["authorization"]).replace("Basic ", ""), "base64").toString();
    expect(basic).toBe("gate%3Away:s3cr%26t+with+spaces%2F%2B");
  });

  it("with the secret in the form where it wants it there", async () => {
    const { issuer, headers } = await stage(counting(), { sendSecretIn: "body" });
    await headers();
    expect(Object.fromEntries(issuer.asked[0]!.form)).toEqual({ grant_type: "client_credentials", client_id: "gate:way", client_secret: SECRET });
    expect(issuer.asked[0]!.headers["authorization"]).toBeUndefined();
  });

  it("before the first request comes, and then requests wait for nothing", async () => {
    const { issuer, entrance } = await stage(counting());
    await until(() => entrance.authorization.live!.now() !== null, "a token nobody asked for");
    expect(entrance.authorization.live!.now()).toEqual(["authorization", "Bearer token-1"]);
    expect(entrance.authorization.live!.now()).toBe(entrance.authorization.live!.now());
    expect(issuer.asked.length).toBe(1);
  });

  it("once for many requests at a time", async () => {
    const { issuer, headers } = await stage(counting());
    const all = await Promise.all(Array.from({ length: 50 }, () => headers()));
    expect(new Set(all.map(({ authorization }) => authorization))).toEqual(new Set(["Bearer token-1"]));
    expect(issuer.asked.length).toBe(1);
  });

  it("again before the token ends, and nobody notices", async () => {
    const { clock, issuer, headers } = await stage(counting());
    await headers();
    clock.advance(HOUR - 300_000);
    expect(await headers()).toEqual({ authorization: "Bearer token-1" });
    await until(() => issuer.asked.length === 2, "the second question");
    await until(async () => (await headers())["authorization"] === "Bearer token-2", "the second token");
  });

  it("again when the provider refuses the token", async () => {
    const { clock, issuer, headers, entrance } = await stage(counting());
    await headers();
    clock.advance(60_000);
    entrance.authorization.live!.refused();
    await until(() => issuer.asked.length === 2, "the second question");
  });

  it("soon again where it does not say how long the token lasts, and as long as it says where it says so in text", async () => {
    for (const [more, aheadMs] of [[{ expires_in: undefined }, 240_000], [{ expires_in: "7200" }, 2 * HOUR - 300_000]] as const) {
      const { clock, issuer, headers } = await stage(() => token(1, more));
      await headers();
      clock.advance(aheadMs - 1000);
      expect(issuer.asked.length).toBe(1);
      clock.advance(1000);
      await until(() => issuer.asked.length === 2, "the second question");
    }
  });
});

describe("an issuer", () => {
  it.each<[string, Answer, string]>([
    ["that knows no such client", () => json({ error: "invalid_client", error_description: `${SECRET} is wrong` }, 401), "its issuer refused with 401 invalid_client"],
    ["that fails", () => ({ status: 503, type: "text/html", body: "<html>" }), "its issuer refused with 503"],
    ["that redirects", () => ({ status: 307, body: "" }), "its issuer refused with 307"],
    ["that answers with a page", () => ({ type: "text/html", body: "<html>" }), "its issuer's answer had no token in it"],
    ["that answers without a token", () => json({ token_type: "Bearer" }), "its issuer's answer had no token in it"],
    ["whose token has a line break in it", () => json({ access_token: "a\r\nx-admin: 1" }), "its issuer's answer had no token in it"],
    ["whose token is of another type", () => token(1, { token_type: "mac" }), "its issuer gave a token of a type other than bearer"],
    ["that says too much", () => ({ body: `"${"x".repeat(70_000)}"` }), "its issuer's answer was too long"],
    ["that hangs up", () => "hang up", "its issuer could not be asked (CONNECTION_CLOSED)"],
    ["whose token has ended already", () => token(1, { expires_in: 0 }), "what its issuer gave had ended already; one of the clocks may be wrong"],
  ])("%s is told of in plain words, without the secret", async (_, answer, reason) => {
    const { headers, failures } = await stage(answer);
    await expect(headers()).rejects.toMatchObject({ code: "UPSTREAM_CREDENTIAL_UNAVAILABLE", reason });
    expect(wordsOf(failures)).not.toContain(SECRET);
    expect(failures.length).toBe(1);
  });

  it("that is silent is waited for ten seconds, and no connection to it stays", async () => {
    const { clock, issuer, headers } = await stage(() => "silence");
    const refused = expect(headers()).rejects.toMatchObject({ reason: "it did not come within 10 s" });
    await until(() => issuer.asked.length > 0, "the question");
    clock.advance(10_000);
    await refused;
  });

  it("that is not there is told of by the system's code", async () => {
    const { clock } = await stage(counting());
    const gone = open(clock, { scheme: "oauth", tokenUrl: "http://127.0.0.1:1/token", clientId: "a", credential: "a/b/c", scopes: [], sendSecretIn: "header" }, { "a/b/c": SECRET });
    await expect(gone.headers()).rejects.toMatchObject({ reason: "its issuer could not be asked (ECONNREFUSED)" });
  });

  it.each(["http://metadata.google.internal/token", "https://user:pass@id.example/token", "nonsense"])("at %s is never asked", async (tokenUrl) => {
    const refused = open(fakeClock(), { scheme: "oauth", tokenUrl, clientId: "a", credential: "a/b/c", scopes: [], sendSecretIn: "header" }, { "a/b/c": SECRET });
    await expect(refused.headers()).rejects.toMatchObject({ reason: "its issuer's address cannot be used" });
  });

  it("at an address that may not be dialled is never asked", async () => {
    const { clock, issuer } = await stage(counting());
    const auth: Auth = { scheme: "oauth", tokenUrl: `${issuer.url}/token`, clientId: "a", credential: "a/b/c", scopes: [], sendSecretIn: "header" };
    for (const [network, ranges] of [["public", ["127.0.0.0/8"]], ["private", []]] as const) {
      const refused = open(clock, auth, { "a/b/c": SECRET }, { network }, [...ranges]);
      await expect(refused.headers()).rejects.toThrow(/127\.0\.0\.1|loopback|may not/);
      expect(refused.failures[0]!.reason).toContain("may not be dialled from here");
      expect(refused.failures[0]!.reason).not.toContain("127.0.0.1");
    }
    await until(() => issuer.asked.length === 1, "the first one's question");
    expect(issuer.asked.length).toBe(1);
  });
});
