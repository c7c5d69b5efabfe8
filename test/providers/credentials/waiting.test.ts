// A request that waits for a credential: its own time runs meanwhile, and its client may leave.
import { describe, expect, it } from "vitest";
import type { Auth } from "../../../dataplane/snapshot/schema.ts";
import { chatCompletion } from "../../doubles/provider-bytes.ts";
import { json } from "../../doubles/provider-replies.ts";
import { CHAT, post } from "../../story/clients-bare.ts";
import { openTimedScene, type Scene } from "../../story/streams-scene.ts";
import { json as said, startIssuer, until, type Issuer } from "./issuer.ts";

const secrets = { "test/secret": "a-client-secret-of-some-length" };
const TOTAL_MS = 1000;

const open = async (issuer: Issuer) => {
  const auth: Auth = { scheme: "oauth", tokenUrl: `${issuer.url}/token`, clientId: "gateway", credential: "test/secret", scopes: [], sendSecretIn: "header" };
  return openTimedScene(json(chatCompletion({ text: "hello" })), { credentials: secrets, provider: { auth, timeouts: { connectMs: 5000, headersMs: 60_000, firstTokenMs: 60_000, idleMs: 60_000, totalMs: TOTAL_MS } } });
};

const nothingWaits = ({ gateway }: Scene): boolean => gateway.deadlines.slotsInUse === 0;

describe("a request that waits for a credential", () => {
  it("is told that its time is up, and nothing was sent", async () => {
    const issuer = await startIssuer(() => "silence");
    const scene = await open(issuer);
    const reply = scene.ask(CHAT);
    await until(() => issuer.asked.length === 1, "the question for a token");
    scene.clock.advance(TOTAL_MS + 50);
    expect(JSON.parse((await reply).text)).toMatchObject({ error: { code: "TIMEOUT_TOTAL" } });
    expect((await scene.over(1))[0]).toMatchObject({ status: 504, error: "TIMEOUT_TOTAL" });
    expect(scene.provider.requests).toHaveLength(0);
  });

  it("is given up when its client leaves", async () => {
    const issuer = await startIssuer(() => "silence");
    const scene = await open(issuer);
    const client = scene.client();
    client.send(post(CHAT));
    await until(() => issuer.asked.length === 1, "the question for a token");
    client.leave();
    expect((await scene.over(1))[0]).toMatchObject({ error: expect.stringMatching(/CLIENT|^$/) });
    expect(scene.provider.requests).toHaveLength(0);
  });

  it("goes on when it came in time, and leaves no clock behind", async () => {
    const issuer = await startIssuer(() => said({ access_token: "token-number-1", token_type: "Bearer", expires_in: 3600 }));
    const scene = await open(issuer);
    expect((await scene.ask(CHAT)).status).toBe(200);
    await scene.over(1);
    expect(nothingWaits(scene)).toBe(true);
  });
});
