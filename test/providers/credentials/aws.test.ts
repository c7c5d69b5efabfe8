// Where keys for AWS come from: the SDK's own ways, each against a local double of what it asks.
// Requests that were signed with what came are checked by a verifier of our own.
import dns from "node:dns";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { Auth } from "../../../dataplane/snapshot/schema.ts";
import { json, movingTime, startIssuer, surroundings, until, type Answer, type Said } from "./issuer.ts";
import { bySignIn } from "./kinds.ts";
import { open, unsigned, wordsOf } from "./opened.ts";
import { checkSignature } from "./sigv4-check.ts";

const HOUR = 3_600_000;
const ROLE = "arn:aws:iam::123456789012:role/llm";
const ORIGIN = new URL(unsigned().origin).host;

const own: Auth = { scheme: "aws", region: "eu-west-1" };
const assuming: Auth = { ...own, roleArn: ROLE, keyPair: { accessKeyId: "a/keys/id", secretAccessKey: "a/keys/secret" } };
const secrets = { "a/keys/id": "AKIDMASTER", "a/keys/secret": "master-secret-key" };

/** Nothing of this machine's own, and nothing at first. */
const nothing = {
  AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined, AWS_SESSION_TOKEN: undefined, AWS_PROFILE: undefined, AWS_REGION: undefined,
  AWS_ROLE_ARN: undefined, AWS_WEB_IDENTITY_TOKEN_FILE: undefined, AWS_CONTAINER_CREDENTIALS_FULL_URI: undefined, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: undefined,
  AWS_EC2_METADATA_DISABLED: "true", AWS_CONFIG_FILE: "nowhere", AWS_SHARED_CREDENTIALS_FILE: "nowhere",
};

beforeEach(() => surroundings(nothing));

const file = (content: string): string => {
  const folder = mkdtempSync(join(tmpdir(), "llmgw-aws-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "file");
  writeFileSync(path, content);
  return path;
};

const xml = (action: string, number: number, lifeMs: number): Said => ({
  type: "text/xml",
  body: `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result><Credentials><AccessKeyId>ASIA${number}</AccessKeyId><SecretAccessKey>issued-secret-${number}</SecretAccessKey><SessionToken>session-${number}</SessionToken><Expiration>${new Date(Date.now() + lifeMs).toISOString()}</Expiration></Credentials><AssumedRoleUser><Arn>${ROLE}</Arn><AssumedRoleId>A:b</AssumedRoleId></AssumedRoleUser></${action}Result></${action}Response>`,
});

const sts = (lifeMs = HOUR): Answer => {
  let count = 0;
  return ({ form }) => xml(form.get("Action") ?? "", ++count, lifeMs);
};

const refusing: Answer = () => ({
  status: 403,
  type: "text/xml",
  body: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User master-secret-key is not authorized to perform: sts:AssumeRole on ${ROLE}</Message></Error></ErrorResponse>`,
});

const startSts = async (answer: Answer) => {
  const issuer = await startIssuer(answer);
  surroundings({ AWS_ENDPOINT_URL_STS: issuer.url });
  return issuer;
};

/** What a signed request shows of the keys it was signed with. */
const signedWith = (headers: Readonly<Record<string, string>>, secret: string) => {
  const { method, path, body } = unsigned();
  const verdict = checkSignature({ method, path, headers: { host: ORIGIN, "content-type": "application/json", ...headers }, body: Buffer.concat(body as Buffer[]) }, secret);
  return { isGood: verdict.isGood, keyId: verdict.keyId, session: headers["x-amz-security-token"] };
};

describe("a role that is assumed with the keys of a Secret", () => {
  it("is asked for by a signed request, under a name that says whose it is", async () => {
    const { clock } = movingTime();
    const issuer = await startSts(sts());
    const headers = await open(clock, assuming, secrets).headers();
    expect(signedWith(headers, "issued-secret-1")).toEqual({ isGood: true, keyId: "ASIA1", session: "session-1" });
    expect(Object.fromEntries(issuer.asked[0]!.form)).toMatchObject({ Action: "AssumeRole", RoleArn: ROLE, RoleSessionName: "team-a.vendor" });
    expect(checkSignature(issuer.asked[0]!, "master-secret-key")).toMatchObject({ isGood: true, keyId: "AKIDMASTER" });
    expect(checkSignature(issuer.asked[0]!, "master-secret-key").scope).toContain("/eu-west-1/sts/");
  });

  it("and refused is told of by the word of AWS, without a key", async () => {
    const { clock } = movingTime();
    await startSts(refusing);
    const { headers, failures } = open(clock, assuming, secrets);
    await expect(headers()).rejects.toMatchObject({ code: "UPSTREAM_CREDENTIAL_UNAVAILABLE", reason: "its issuer refused with 403 AccessDenied" });
    expect(failures[0]!.message).toContain("is not authorized to perform: sts:AssumeRole");
    expect(wordsOf(failures)).not.toContain("master-secret-key");
  });

  it("and slow is given up after ten seconds", async () => {
    const { clock } = movingTime();
    const issuer = await startSts(() => "silence");
    const { headers } = open(clock, assuming, secrets);
    const refused = expect(headers()).rejects.toMatchObject({ reason: "it did not come within 10 s" });
    await until(() => issuer.asked.length > 0, "the question");
    clock.advance(10_000);
    await refused;
  });

  it("has a name that is never too long and never another's", async () => {
    const { clock } = movingTime();
    const issuer = await startSts(sts());
    const { credentials } = open(clock, assuming, secrets);
    const { contentsOf, providerOf, BEARER } = await import("./opened.ts");
    const long = `${"n".repeat(63)}/${"p".repeat(100)}`;
    for (const id of [long, `${long}x`]) credentials.open(id, providerOf(assuming), BEARER, contentsOf(secrets));
    await until(() => issuer.asked.length === 3, "three questions");
    const names = issuer.asked.map(({ form }) => form.get("RoleSessionName")!);
    expect(new Set(names).size).toBe(3);
    for (const name of names) expect(name).toMatch(/^[\w+=,.@-]{2,64}$/);
  });
});

describe("the data plane's own identity", () => {
  it("by web identity, as IRSA gives it: the token file is read anew each time", async () => {
    const { clock, advance } = movingTime();
    const issuer = await startSts(sts());
    const tokenFile = file("first token");
    surroundings({ AWS_ROLE_ARN: ROLE, AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile });
    const { headers } = open(clock, own);
    expect(signedWith(await headers(), "issued-secret-1")).toEqual({ isGood: true, keyId: "ASIA1", session: "session-1" });
    expect(Object.fromEntries(issuer.asked[0]!.form)).toMatchObject({ Action: "AssumeRoleWithWebIdentity", RoleArn: ROLE, WebIdentityToken: "first token" });
    writeFileSync(tokenFile, "second token");
    advance(HOUR - 300_000);
    await until(() => issuer.asked.length === 2, "the second question");
    expect(issuer.asked[1]!.form.get("WebIdentityToken")).toBe("second token");
  });

  it("by Pod Identity: the agent is asked with the pod's token", async () => {
    const { clock, advance } = movingTime();
    let count = 0;
    const agent = await startIssuer(() => json({ AccessKeyId: `ASIA${++count}`, SecretAccessKey: `issued-secret-${count}`, Token: `session-${count}`, Expiration: new Date(Date.now() + HOUR).toISOString(), AccountId: "123456789012" }));
    surroundings({ AWS_CONTAINER_CREDENTIALS_FULL_URI: `${agent.url}/v1/credentials`, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file("pod token") });
    const { headers } = open(clock, own);
    expect(signedWith(await headers(), "issued-secret-1")).toEqual({ isGood: true, keyId: "ASIA1", session: "session-1" });
    expect(agent.asked[0]).toMatchObject({ method: "GET", path: "/v1/credentials", headers: { authorization: "pod token" } });
    advance(HOUR - 300_000);
    await until(async () => signedWith(await headers(), "issued-secret-2").isGood, "the second keys");
    expect(agent.asked.length).toBe(2);
  });

  it("by a profile, and by the environment", async () => {
    const { clock } = movingTime();
    surroundings({ AWS_PROFILE: "llm", AWS_SHARED_CREDENTIALS_FILE: file("[llm]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = profile-secret\n") });
    expect(signedWith(await open(clock, own).headers(), "profile-secret")).toMatchObject({ isGood: true, keyId: "AKIDPROFILE" });
    surroundings({ AWS_PROFILE: undefined, AWS_ACCESS_KEY_ID: "AKIDENV", AWS_SECRET_ACCESS_KEY: "env-secret" });
    expect(signedWith(await open(clock, own).headers(), "env-secret")).toMatchObject({ isGood: true, keyId: "AKIDENV" });
  });

  it("by a profile is read anew, so that keys that were rotated are taken up", async () => {
    const { clock, advance } = movingTime();
    const keys = (number: number): string => `[llm]\naws_access_key_id = AKID${number}\naws_secret_access_key = profile-secret-${number}\n`;
    const path = file(keys(1));
    surroundings({ AWS_PROFILE: "llm", AWS_SHARED_CREDENTIALS_FILE: path });
    const { headers } = open(clock, own);
    expect(signedWith(await headers(), "profile-secret-1")).toMatchObject({ isGood: true, keyId: "AKID1" });
    writeFileSync(path, keys(2));
    advance(900_000);
    await until(async () => signedWith(await headers(), "profile-secret-2").isGood, "the second keys");
  });

  it.each<[string, string, () => Readonly<Record<string, string | undefined>>]>([
    ["by web identity is asked for where the models are", "sts.eu-west-1.amazonaws.com", () => ({ AWS_ROLE_ARN: ROLE, AWS_WEB_IDENTITY_TOKEN_FILE: file("token") })],
    ["by a profile that has signed in is asked for where the profile says", "portal.sso.us-east-2.amazonaws.com", () => ({ ...bySignIn("", "us-east-2"), AWS_ENDPOINT_URL_SSO: undefined })],
  ])("%s: at %s", async (_, host, around) => {
    const { clock } = movingTime();
    const names: string[] = [];
    const lookup = (...given: readonly unknown[]): void => {
      names.push(String(given[0]));
      (given.at(-1) as (error: Error) => void)(Object.assign(new Error("no such name"), { code: "ENOTFOUND" }));
    };
    vi.spyOn(dns, "lookup").mockImplementation(Object.assign(lookup, { __promisify__: dns.lookup.__promisify__ }));
    onTestFinished(() => void vi.restoreAllMocks());
    surroundings(around());
    await expect(open(clock, own).headers()).rejects.toMatchObject({ code: "UPSTREAM_CREDENTIAL_UNAVAILABLE" });
    expect(new Set(names)).toEqual(new Set([host]));
  });

  it("assumes a role where one is named", async () => {
    const { clock } = movingTime();
    const issuer = await startSts(sts());
    surroundings({ AWS_ACCESS_KEY_ID: "AKIDENV", AWS_SECRET_ACCESS_KEY: "env-secret" });
    expect(signedWith(await open(clock, { ...own, roleArn: ROLE }).headers(), "issued-secret-1").isGood).toBe(true);
    expect(checkSignature(issuer.asked[0]!, "env-secret")).toMatchObject({ isGood: true, keyId: "AKIDENV" });
  });

  it("that is not there is told of in plain words", async () => {
    const { clock } = movingTime();
    const { headers, failures } = open(clock, own);
    await expect(headers()).rejects.toMatchObject({ reason: "this data plane has no AWS identity of its own, or it cannot be read" });
    expect(failures.length).toBe(1);
  });
});
