// Tokens of Entra by Azure's own library, whose address is fixed: a proxy leads it to a double, under a certificate that this
// process trusts. That is also what shows that the library follows the proxy and the trust that it finds.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { Auth } from "../../../dataplane/snapshot/schema.ts";
import { json, movingTime, startBehindProxy, surroundings, until, type Answer, type Asked } from "./issuer.ts";
import { open } from "./opened.ts";

const HOUR = 3_600_000;
const TENANT = "6a3b7c1e-0000-4000-8000-000000000000";
const CLIENT = "0f0e0d0c-0000-4000-8000-000000000000";
const SECRET = "abc~s3cret/+";
const LOGIN = "login.microsoftonline.com";
const SCOPE = "https://cognitiveservices.azure.com/.default";

const own: Auth = { scheme: "azure", tenantId: TENANT, clientId: CLIENT };
const bySecret: Auth = { ...own, credential: "a/client/secret" };
const secrets = { "a/client/secret": SECRET };

beforeEach(() => surroundings({ AZURE_FEDERATED_TOKEN_FILE: undefined, AZURE_AUTHORITY_HOST: undefined, AZURE_TENANT_ID: undefined, AZURE_CLIENT_ID: undefined }));

const isToken = ({ path }: Asked): boolean => path.startsWith(`/${TENANT}/oauth2/v2.0/token`);

const discovered = json({ token_endpoint: `https://${LOGIN}/${TENANT}/oauth2/v2.0/token`, issuer: `https://${LOGIN}/${TENANT}/v2.0`, authorization_endpoint: `https://${LOGIN}/${TENANT}/oauth2/v2.0/authorize`, end_session_endpoint: `https://${LOGIN}/logout`, jwks_uri: `https://${LOGIN}/keys` });

const entra = (answer: Answer): Answer => (asked) => (isToken(asked) ? answer(asked) : discovered);

const tokens = (): Answer => {
  let count = 0;
  return () => json({ token_type: "Bearer", access_token: `token-${++count}`, expires_in: 3600, ext_expires_in: 3600 });
};

const stage = async (answer: Answer) => {
  const issuer = await startBehindProxy([LOGIN], entra(answer));
  return { issuer, asked: () => issuer.asked.filter(isToken) };
};

describe("a client's secret", () => {
  it("is exchanged for a token for Azure's models, at Entra and nowhere else", async () => {
    const { clock } = movingTime();
    const { issuer, asked } = await stage(tokens());
    expect(await open(clock, bySecret, secrets).headers()).toEqual({ authorization: "Bearer token-1" });
    expect(new Set(issuer.tunnelled)).toEqual(new Set([`${LOGIN}:443`]));
    expect(Object.fromEntries(asked()[0]!.form)).toMatchObject({ grant_type: "client_credentials", client_id: CLIENT, client_secret: SECRET, scope: expect.stringContaining(SCOPE) });
  });

  it("whose issuer is slow is given up after ten seconds", async () => {
    const { clock } = movingTime();
    const { asked } = await stage(() => "silence");
    const { headers } = open(clock, bySecret, secrets);
    const refused = expect(headers()).rejects.toMatchObject({ reason: "it did not come within 10 s" });
    await until(() => asked().length > 0, "the question");
    clock.advance(10_000);
    await refused;
  });
});

describe("workload identity", () => {
  it("has the pod's token exchanged, read anew each time", async () => {
    const { clock, advance } = movingTime();
    const { asked } = await stage(tokens());
    const folder = mkdtempSync(join(tmpdir(), "llmgw-azure-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "token");
    writeFileSync(file, "first token");
    surroundings({ AZURE_FEDERATED_TOKEN_FILE: file });
    const { headers } = open(clock, own);
    expect(await headers()).toEqual({ authorization: "Bearer token-1" });
    expect(Object.fromEntries(asked()[0]!.form)).toMatchObject({ grant_type: "client_credentials", client_id: CLIENT, client_assertion: "first token", client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" });
    writeFileSync(file, "second token");
    advance(HOUR - 299_000);
    await until(() => asked().length === 2, "the second token");
    expect(asked()[1]!.form.get("client_assertion")).toBe("second token");
  });

  it("that the pod does not have is told of in plain words", async () => {
    const { clock } = movingTime();
    await expect(open(clock, own).headers()).rejects.toMatchObject({ reason: "this data plane has no workload identity of Azure" });
  });
});
