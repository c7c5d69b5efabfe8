// Tokens of Google by its own library, whose addresses are fixed: a proxy leads them to a double, under certificates that
// this process trusts. That is also what shows that the library follows the proxy and the trust that it finds.
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jwtVerify } from "jose";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { Auth } from "../../../dataplane/snapshot/schema.ts";
import { json, movingTime, startBehindProxy, startIssuer, surroundings, until, type Answer, type Said } from "./issuer.ts";
import { open, wordsOf } from "./opened.ts";

const HOUR = 3_600_000;
const SCOPE = "https://www.googleapis.com/auth/cloud-platform";
const own: Auth = { scheme: "google", project: "acme", location: "europe-west4" };
const byFile: Auth = { ...own, credential: "a/file/json" };

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const account = { type: "service_account", client_email: "gateway@acme.iam.gserviceaccount.com", private_key: pem, token_uri: "https://thief.example/token", universe_domain: "thief.example" };
const secrets = (content: unknown) => ({ "a/file/json": JSON.stringify(content) });

beforeEach(() => surroundings({ GOOGLE_APPLICATION_CREDENTIALS: undefined, GOOGLE_CLOUD_PROJECT: undefined, GCLOUD_PROJECT: undefined, CLOUDSDK_CONFIG: "/dev/null/nowhere", METADATA_SERVER_DETECTION: "none", GCE_METADATA_HOST: undefined }));

const tokens = (): Answer => {
  let count = 0;
  return () => json({ access_token: `token-${++count}`, token_type: "Bearer", expires_in: 3600 });
};

const hosts = ["oauth2.googleapis.com", "sts.googleapis.com"];

describe("a service account's file", () => {
  it("is signed with and shown to Google alone, whatever address the file names", async () => {
    const { clock } = movingTime();
    const issuer = await startBehindProxy(hosts, tokens());
    const { headers } = open(clock, byFile, secrets(account));
    expect(await headers()).toEqual({ authorization: "Bearer token-1" });
    expect(issuer.tunnelled).toEqual(["oauth2.googleapis.com:443"]);
    expect(issuer.asked[0]).toMatchObject({ method: "POST", path: "/token" });
    const { form } = issuer.asked[0]!;
    expect(form.get("grant_type")).toBe("urn:ietf:params:oauth:grant-type:jwt-bearer");
    const { payload } = await jwtVerify(form.get("assertion")!, createPublicKey(privateKey), { audience: "https://oauth2.googleapis.com/token", issuer: account.client_email });
    expect(payload["scope"]).toBe(SCOPE);
  });

  it("that Google refuses is told of in Google's word, without the key", async () => {
    const { clock } = movingTime();
    await startBehindProxy(hosts, () => json({ error: "invalid_grant", error_description: "Invalid JWT Signature." }, 400));
    const { headers, failures } = open(clock, byFile, secrets(account));
    await expect(headers()).rejects.toMatchObject({ code: "UPSTREAM_CREDENTIAL_UNAVAILABLE", reason: "its issuer refused with 400 invalid_grant" });
    expect(failures[0]!.message).toContain("Invalid JWT Signature");
    expect(wordsOf(failures)).not.toContain(pem.split("\n")[1]!);
  });

  it("whose issuer is slow is given up after ten seconds", async () => {
    const { clock } = movingTime();
    const issuer = await startBehindProxy(hosts, () => "silence");
    const { headers } = open(clock, byFile, secrets(account));
    const refused = expect(headers()).rejects.toMatchObject({ reason: "it did not come within 10 s" });
    await until(() => issuer.asked.length > 0, "the question");
    clock.advance(10_000);
    await refused;
  });

  it.each([
    ["with a key that is none", { ...account, private_key: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" }, "the private key in the credentials file cannot be read"],
    ["without a key", { ...account, private_key: "" }, "the credentials file is neither a service account's nor an authorized user's"],
    ["that is no object", "text", "the credentials file is neither a service account's nor an authorized user's"],
  ])("%s is told of in plain words", async (_, content, reason) => {
    const { clock } = movingTime();
    await expect(open(clock, byFile, secrets(content)).headers()).rejects.toMatchObject({ reason });
  });

  it("that would have the data plane read files of its own is not followed", async () => {
    const { clock } = movingTime();
    const issuer = await startBehindProxy(hosts, tokens());
    const federated = { type: "external_account", audience: "a", subject_token_type: "urn:ietf:params:oauth:token-type:jwt", token_url: "https://sts.googleapis.com/v1/token", credential_source: { file: join(tmpdir(), "anything") } };
    await expect(open(clock, byFile, secrets(federated)).headers()).rejects.toMatchObject({ reason: "the credentials file is neither a service account's nor an authorized user's" });
    expect(issuer.asked).toEqual([]);
  });
});

describe("an authorized user's file", () => {
  it("has its refresh token exchanged", async () => {
    const { clock } = movingTime();
    const issuer = await startBehindProxy(hosts, tokens());
    const user = { type: "authorized_user", client_id: "client", client_secret: "client-secret", refresh_token: "refresh-token" };
    expect(await open(clock, byFile, secrets(user)).headers()).toEqual({ authorization: "Bearer token-1" });
    expect(Object.fromEntries(issuer.asked[0]!.form)).toMatchObject({ grant_type: "refresh_token", client_id: "client", client_secret: "client-secret", refresh_token: "refresh-token" });
  });
});

describe("the data plane's own identity", () => {
  it("comes from the metadata server, as GKE's workload identity gives it", async () => {
    const { clock, advance } = movingTime();
    const answer = tokens();
    const metadata = await startIssuer((asked) => ({ ...(answer(asked) as Said), headers: { "metadata-flavor": "Google" } }));
    surroundings({ METADATA_SERVER_DETECTION: "assume-present", GCE_METADATA_HOST: `127.0.0.1:${metadata.port}` });
    const { headers } = open(clock, own);
    const asked = () => metadata.asked.filter(({ path }) => path.includes("/token"));
    expect(await headers()).toEqual({ authorization: "Bearer token-1" });
    expect(asked()[0]).toMatchObject({ method: "GET", headers: { "metadata-flavor": "Google" } });
    expect(asked()[0]!.path).toContain(`/computeMetadata/v1/instance/service-accounts/default/token?scopes=${encodeURIComponent(SCOPE)}`);
    advance(HOUR - 300_000);
    await until(async () => (await headers())["authorization"] === "Bearer token-2", "the second token");
    expect(asked().length).toBe(2);
  });

  it("comes from workload identity federation: the pod's token is exchanged", async () => {
    const { clock } = movingTime();
    const folder = mkdtempSync(join(tmpdir(), "llmgw-google-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, "token"), "the pod's token");
    const audience = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/k";
    const federated = { type: "external_account", audience, subject_token_type: "urn:ietf:params:oauth:token-type:jwt", token_url: "https://sts.googleapis.com/v1/token", credential_source: { file: join(folder, "token") } };
    writeFileSync(join(folder, "credentials.json"), JSON.stringify(federated));
    const issuer = await startBehindProxy(hosts, () => json({ access_token: "federated", issued_token_type: "urn:ietf:params:oauth:token-type:access_token", token_type: "Bearer", expires_in: 3600 }));
    surroundings({ GOOGLE_APPLICATION_CREDENTIALS: join(folder, "credentials.json") });
    expect(await open(clock, own).headers()).toEqual({ authorization: "Bearer federated" });
    expect(issuer.asked[0]!.path).toBe("/v1/token");
    expect(issuer.asked[0]!.form.get("subject_token")).toBe("the pod's token");
    expect(issuer.asked[0]!.form.get("audience")).toBe(audience);
    expect(issuer.asked[0]!.form.get("scope")).toBe(SCOPE);
  });

  it("that is not there is told of in plain words", async () => {
    const { clock } = movingTime();
    await expect(open(clock, own).headers()).rejects.toMatchObject({ reason: "this data plane has no Google identity of its own" });
  });
});
