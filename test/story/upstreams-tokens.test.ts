// Credentials that change, from the issuer to the wire: tokens, signatures and keys in odd places, and what a caller is told
// when there is none.
import { describe, expect, it } from "vitest";
import type { Auth } from "../../dataplane/snapshot/schema.ts";
import { chatCompletion } from "../doubles/provider-bytes.ts";
import { echoedKey, json } from "../doubles/provider-replies.ts";
import { json as said, startIssuer, until, type Answer, type Issuer } from "../providers/credentials/issuer.ts";
import { checkSignature } from "../providers/credentials/sigv4-check.ts";
import { CHAT } from "./clients-bare.ts";
import { openScene, openTimedScene, type Scene } from "./streams-scene.ts";

const good = json(chatCompletion({ text: "hello" }));
const SECRET = "a-client-secret-of-some-length";
const secrets = { "test/secret": SECRET, "test/id": "AKIDEXAMPLE" };

const tokens = (): Answer => {
  let count = 0;
  return () => said({ access_token: `token-number-${++count}`, token_type: "Bearer", expires_in: 3600 });
};

const oauth = ({ url }: Issuer): Auth => ({ scheme: "oauth", tokenUrl: `${url}/token`, clientId: "gateway", credential: "test/secret", scopes: [], sendSecretIn: "header" });
const seen = ({ provider }: Scene): (string | undefined)[] => provider.requests.map((request) => request.header("authorization"));

describe("a provider whose requests carry a token", () => {
  it("gets it with the first request already, and a new one before it ends", async () => {
    const issuer = await startIssuer(tokens());
    const scene = await openTimedScene(good, { credentials: secrets, provider: { auth: oauth(issuer) }, random: () => 0 });
    for (let count = 0; count < 3; count++) expect((await scene.ask(CHAT)).status).toBe(200);
    expect(seen(scene)).toEqual(Array.from({ length: 3 }, () => "Bearer token-number-1"));
    scene.clock.advance(3_600_000 - 300_000);
    await until(() => issuer.asked.length === 2, "the second question");
    let asked = 3;
    await until(async () => {
      asked++;
      expect((await scene.ask(CHAT)).status).toBe(200);
      return seen(scene).at(-1) === "Bearer token-number-2";
    }, "the second token");
    await scene.over(asked);
    const logged = await scene.gateway.logged();
    for (const word of [SECRET, "token-number"]) expect(logged).not.toContain(word);
  });

  it("is not asked when there is none, and the caller is told why", async () => {
    const issuer = await startIssuer(() => said({ error: "invalid_client", error_description: `wrong: ${SECRET}` }, 401));
    const alone = await openScene(good, { credentials: secrets, provider: { auth: oauth(issuer) } });
    const reply = await alone.ask(CHAT);
    expect(reply.status).toBe(502);
    expect(JSON.parse(reply.text)).toMatchObject({ error: { code: "UPSTREAM_CREDENTIAL_UNAVAILABLE", message: expect.stringContaining("its issuer refused with 401 invalid_client") } });
    expect(alone.provider.requests.length).toBe(0);
    const [line] = await alone.over(1);
    expect(line).toMatchObject({ status: 502, error: "UPSTREAM_CREDENTIAL_UNAVAILABLE" });
    const logged = await alone.gateway.logged();
    expect(logged).toContain("a provider's credential could not be renewed");
    expect(reply.text + logged).not.toContain(SECRET);
  });

  it("gives way to another target as long as there is none", async () => {
    const issuer = await startIssuer(() => said({}, 500));
    const scene = await openScene({ one: good, two: good }, { credentials: secrets, provider: { auth: oauth(issuer) } });
    expect((await scene.ask(CHAT)).status).toBe(502);
    const [line] = await scene.over(1);
    expect(line).toMatchObject({ attempts: 2, error: "UPSTREAM_CREDENTIAL_UNAVAILABLE" });
    expect(scene.providers.map(({ requests }) => requests.length)).toEqual([0, 0]);
  });

  it("that refuses the token has it renewed", async () => {
    const issuer = await startIssuer(tokens());
    const scene = await openTimedScene([good, echoedKey(401), good], { credentials: secrets, provider: { auth: oauth(issuer) } });
    expect((await scene.ask(CHAT)).status).toBe(200);
    scene.clock.advance(60_000);
    expect((await scene.ask(CHAT)).status).toBe(502);
    await until(() => issuer.asked.length === 2, "the second question");
    expect((await scene.ask(CHAT)).status).toBe(200);
    await scene.over(3);
  });
});

describe("a provider whose requests are signed", () => {
  it("gets a signature of what it gets", async () => {
    const auth: Auth = { scheme: "aws", region: "eu-west-1", keyPair: { accessKeyId: "test/id", secretAccessKey: "test/secret" } };
    const scene = await openScene(good, { credentials: secrets, provider: { auth } });
    expect((await scene.ask(CHAT)).status).toBe(200);
    const [request] = scene.provider.requests;
    const headers = Object.fromEntries(["host", "content-type", "authorization", "x-amz-date", "x-amz-content-sha256"].map((name) => [name, request!.header(name)]));
    expect(checkSignature({ method: request!.method, path: request!.target, headers, body: request!.body }, SECRET)).toMatchObject({ isGood: true, keyId: "AKIDEXAMPLE" });
    await scene.over(1);
  });
});

describe("a key that stands in the query", () => {
  it("is sent there, and is seen nowhere else", async () => {
    const auth: Auth = { scheme: "api-key", keys: [{ name: "only", credential: "test/secret", weight: 1 }], placement: { place: "query", name: "key", prefix: "" } };
    const scene = await openScene(good, { credentials: secrets, provider: { auth } });
    const reply = await scene.ask(CHAT);
    expect(reply.status).toBe(200);
    expect(scene.provider.requests[0]!.target).toBe(`/v1/chat/completions?key=${SECRET}`);
    expect(scene.provider.requests[0]!.header("authorization")).toBeUndefined();
    await scene.over(1);
    expect(reply.text + (await scene.gateway.logged())).not.toContain(SECRET);
  });
});
