// Every kind of credential that is issued: how it is set up, what its issuer says when it gives one, and when it refuses.
// Doubles and data; what is asked of all of them alike is in kinds.test.ts.
import { createHash, generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import type { Auth } from "../../../dataplane/snapshot/schema.ts";
import { json, startBehindProxy, startIssuer, surroundings, type Answer, type Asked, type Issuer, type Said } from "./issuer.ts";
import { unsigned } from "./opened.ts";
import { checkSignature } from "./sigv4-check.ts";

export const LIFE_MS = 3_600_000;

export interface Kind {
  readonly name: string;
  readonly secrets?: Readonly<Record<string, string>>;
  /** Starts the issuer and leads the library to it. */
  readonly start: (answer: Answer) => Promise<{ readonly issuer: Issuer; readonly auth: Auth }>;
  /** Undefined where every question is for the credential. */
  readonly isAsked?: (asked: Asked) => boolean;
  /** What is said to the questions around it. */
  readonly around?: (asked: Asked) => Said;
  readonly gives: (count: number, asked: Asked) => Said;
  readonly refuses: Said;
  /** Its library does not take that for an answer, and asks again after a pause. */
  readonly isAskedAgain?: boolean;
  /** What a caller is told then. */
  readonly reason: string;
  /** What nobody may be told. */
  readonly hidden: readonly string[];
  /** Whether a request carries the credential of that count. */
  readonly carries: (headers: Readonly<Record<string, string>>, count: number) => boolean;
}

/** Files of a folder that goes when the test is over. */
const files = (contents: Readonly<Record<string, string>>): string => {
  const folder = mkdtempSync(join(tmpdir(), "llmgw-credentials-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, content] of Object.entries(contents)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
};

const isBearer = (headers: Readonly<Record<string, string>>, count: number): boolean => headers["authorization"] === `Bearer token-${count}`;
const token = (count: number): Said => json({ access_token: `token-${count}`, token_type: "Bearer", expires_in: LIFE_MS / 1000 });

const isSigned = (headers: Readonly<Record<string, string>>, count: number): boolean => {
  const { method, origin, path, body } = unsigned();
  const arrived = { method, path, headers: { host: new URL(origin).host, "content-type": "application/json", ...headers }, body: Buffer.concat(body as Buffer[]) };
  return headers["x-amz-security-token"] === `session-${count}` && checkSignature(arrived, `issued-secret-${count}`).isGood;
};

const endsAt = (): string => new Date(Date.now() + LIFE_MS).toISOString();
const ROLE = "arn:aws:iam::123456789012:role/llm";

const xml = (count: number, { form }: Asked): Said => {
  const action = form.get("Action") ?? "";
  const keys = `<AccessKeyId>ASIA${count}</AccessKeyId><SecretAccessKey>issued-secret-${count}</SecretAccessKey><SessionToken>session-${count}</SessionToken><Expiration>${endsAt()}</Expiration>`;
  return { type: "text/xml", body: `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result><Credentials>${keys}</Credentials></${action}Result></${action}Response>` };
};

const stsRefusal: Said = {
  status: 403,
  type: "text/xml",
  body: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform: sts:AssumeRole on ${ROLE}</Message></Error></ErrorResponse>`,
};

/** Nothing of this machine's own. */
const noAws = {
  AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined, AWS_SESSION_TOKEN: undefined, AWS_PROFILE: undefined, AWS_REGION: undefined, AWS_DEFAULT_REGION: undefined,
  AWS_ROLE_ARN: undefined, AWS_WEB_IDENTITY_TOKEN_FILE: undefined, AWS_CONTAINER_CREDENTIALS_FULL_URI: undefined, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: undefined,
  AWS_EC2_METADATA_DISABLED: "true", AWS_CONFIG_FILE: "nowhere", AWS_SHARED_CREDENTIALS_FILE: "nowhere", AWS_EC2_METADATA_SERVICE_ENDPOINT: undefined,
};

const ownAws: Auth = { scheme: "aws", region: "eu-west-1" };

/** `more` may name the issuer's address. */
const startAws = async (answer: Answer, more: (url: string) => Readonly<Record<string, string | undefined>>, auth: Auth = ownAws) => {
  const issuer = await startIssuer(answer);
  surroundings({ ...noAws, AWS_ENDPOINT_URL_STS: issuer.url, ...more(issuer.url) });
  return { issuer, auth };
};

const ofSts = { gives: xml, refuses: stsRefusal, reason: "its issuer refused with 403 AccessDenied", carries: isSigned } as const;

/** What a program prints on being asked for keys; a refusal goes to its other output, as such programs do it. */
const PROGRAM = `
  const answer = await fetch(process.argv[2]);
  const text = await answer.text();
  if (answer.ok) process.stdout.write(text);
  else process.stderr.write(text);
  process.exitCode = answer.ok ? 0 : 1;
`;

const profile = (lines: readonly string[]) => ({ AWS_PROFILE: "llm", AWS_CONFIG_FILE: join(files({ config: ["[profile llm]", ...lines, ""].join("\n") }), "config") });

const byProgram = (url: string) => profile([`credential_process = "${process.execPath}" "${join(files({ "program.mjs": PROGRAM }), "program.mjs")}" ${url}/keys`]);

const bySourceProfile = () => ({
  ...profile([`role_arn = ${ROLE}`, "source_profile = base"]),
  AWS_SHARED_CREDENTIALS_FILE: join(files({ credentials: "[base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = base-secret-key\n" }), "credentials"),
});

const SSO_START = "https://acme.awsapps.com/start";

/** Whoever has signed in on a laptop: the sign-in lies in the home folder, in a file that is named by its address. */
export const bySignIn = (url: string, region: string) => ({
  ...profile([`sso_start_url = ${SSO_START}`, `sso_region = ${region}`, "sso_account_id = 123456789012", "sso_role_name = llm"]),
  HOME: files({ [`.aws/sso/cache/${createHash("sha1").update(SSO_START).digest("hex")}.json`]: JSON.stringify({ accessToken: "sign-in-token", expiresAt: new Date(Date.now() + 10 * LIFE_MS).toISOString() }) }),
  AWS_ENDPOINT_URL_SSO: url,
});

/** The SDK goes on from one way to the next and does not say what stood in the way of each. */
const UNREADABLE = "this data plane has no AWS identity of its own, or it cannot be read";

const aws: readonly Kind[] = [
  {
    ...ofSts,
    name: "AWS: a role assumed with the keys of a Secret",
    secrets: { "a/keys/id": "AKIDMASTER", "a/keys/secret": "master-secret-key" },
    start: (answer) => startAws(answer, () => ({}), { scheme: "aws", region: "eu-west-1", roleArn: ROLE, keyPair: { accessKeyId: "a/keys/id", secretAccessKey: "a/keys/secret" } }),
    hidden: ["master-secret-key"],
  },
  {
    ...ofSts,
    name: "AWS: a role assumed with the keys of the environment",
    start: (answer) => startAws(answer, () => ({ AWS_ACCESS_KEY_ID: "AKIDENV", AWS_SECRET_ACCESS_KEY: "env-secret-key" }), { scheme: "aws", region: "eu-west-1", roleArn: ROLE }),
    hidden: ["env-secret-key"],
  },
  {
    ...ofSts,
    name: "AWS: web identity (IRSA)",
    start: (answer) => startAws(answer, () => ({ AWS_ROLE_ARN: ROLE, AWS_WEB_IDENTITY_TOKEN_FILE: join(files({ token: "the pod's token" }), "token") })),
    hidden: ["the pod's token"],
  },
  {
    name: "AWS: Pod Identity",
    start: (answer) => startAws(answer, (url) => ({ AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/v1/credentials`, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: join(files({ token: "the pod's token" }), "token") })),
    gives: (count) => json({ AccessKeyId: `ASIA${count}`, SecretAccessKey: `issued-secret-${count}`, Token: `session-${count}`, Expiration: endsAt(), AccountId: "123456789012" }),
    refuses: json({ code: "AccessDeniedException", message: "no association found" }, 400),
    isAskedAgain: true,
    reason: UNREADABLE,
    hidden: ["the pod's token"],
    carries: isSigned,
  },
  {
    name: "AWS: the node's role",
    start: (answer) => startAws(answer, (url) => ({ AWS_EC2_METADATA_DISABLED: undefined, AWS_EC2_METADATA_SERVICE_ENDPOINT: url })),
    isAsked: ({ path }) => path.endsWith("/iam/security-credentials/node-role"),
    around: ({ path }) => (path === "/latest/api/token" ? { type: "text/plain", body: "session-of-metadata" } : { type: "text/plain", body: "node-role" }),
    gives: (count) => json({ Code: "Success", Type: "AWS-HMAC", LastUpdated: endsAt(), AccessKeyId: `ASIA${count}`, SecretAccessKey: `issued-secret-${count}`, Token: `session-${count}`, Expiration: endsAt() }),
    refuses: { status: 403, type: "text/plain", body: "Forbidden" },
    reason: UNREADABLE,
    hidden: ["session-of-metadata"],
    carries: isSigned,
  },
  {
    name: "AWS: a profile whose program prints keys",
    start: (answer) => startAws(answer, byProgram),
    gives: (count) => json({ Version: 1, AccessKeyId: `ASIA${count}`, SecretAccessKey: `issued-secret-${count}`, SessionToken: `session-${count}`, Expiration: endsAt() }),
    refuses: { status: 403, type: "text/plain", body: "the vault is sealed" },
    reason: UNREADABLE,
    hidden: ["issued-secret"],
    carries: isSigned,
  },
  {
    ...ofSts,
    name: "AWS: a profile that assumes a role with the keys of another",
    start: (answer) => startAws(answer, bySourceProfile),
    hidden: ["base-secret-key"],
  },
  {
    name: "AWS: a profile that has signed in (SSO)",
    start: (answer) => startAws(answer, (url) => bySignIn(url, "eu-central-1")),
    gives: (count) => json({ roleCredentials: { accessKeyId: `ASIA${count}`, secretAccessKey: `issued-secret-${count}`, sessionToken: `session-${count}`, expiration: Date.now() + LIFE_MS } }),
    refuses: { ...json({ message: "Session token not found or invalid" }, 401), headers: { "x-amzn-errortype": "UnauthorizedException" } },
    reason: UNREADABLE,
    hidden: ["sign-in-token"],
    carries: isSigned,
  },
];

const GOOGLE_HOSTS = ["oauth2.googleapis.com", "sts.googleapis.com"];
const ownGoogle: Auth = { scheme: "google", project: "acme", location: "europe-west4" };
const googleFile: Auth = { ...ownGoogle, credential: "a/file/json" };
const noGoogle = {
  GOOGLE_APPLICATION_CREDENTIALS: undefined, GOOGLE_CLOUD_PROJECT: undefined, GCLOUD_PROJECT: undefined, CLOUDSDK_CONFIG: "/dev/null/nowhere",
  METADATA_SERVER_DETECTION: "none", GCE_METADATA_HOST: undefined, GCE_METADATA_IP: undefined,
};

const startGoogle = async (answer: Answer, auth: Auth, more: Readonly<Record<string, string | undefined>> = {}) => {
  const issuer = await startBehindProxy(GOOGLE_HOSTS, answer);
  surroundings({ ...noGoogle, ...more });
  return { issuer, auth };
};

const pem = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" }).toString();

const federated = (): string => {
  const folder = files({ token: "the pod's token" });
  const audience = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/k";
  const content = { type: "external_account", audience, subject_token_type: "urn:ietf:params:oauth:token-type:jwt", token_url: "https://sts.googleapis.com/v1/token", credential_source: { file: join(folder, "token") } };
  writeFileSync(join(folder, "credentials.json"), JSON.stringify(content));
  return join(folder, "credentials.json");
};

const flavoured = (said: Said): Said => ({ ...said, headers: { "metadata-flavor": "Google" } });

const google: readonly Kind[] = [
  {
    name: "Google: a service account's file",
    secrets: { "a/file/json": JSON.stringify({ type: "service_account", client_email: "gateway@acme.iam.gserviceaccount.com", private_key: pem }) },
    start: (answer) => startGoogle(answer, googleFile),
    gives: token,
    refuses: json({ error: "invalid_grant", error_description: "Invalid JWT Signature." }, 400),
    reason: "its issuer refused with 400 invalid_grant",
    hidden: [pem.split("\n")[1] ?? ""],
    carries: isBearer,
  },
  {
    name: "Google: an authorized user's file",
    secrets: { "a/file/json": JSON.stringify({ type: "authorized_user", client_id: "client", client_secret: "the-client-secret", refresh_token: "the-refresh-token" }) },
    start: (answer) => startGoogle(answer, googleFile),
    gives: token,
    refuses: json({ error: "invalid_grant", error_description: "Token has been expired or revoked." }, 400),
    reason: "its issuer refused with 400 invalid_grant",
    hidden: ["the-client-secret", "the-refresh-token"],
    carries: isBearer,
  },
  {
    name: "Google: workload identity by the metadata server",
    start: async (answer) => {
      const issuer = await startIssuer(answer);
      surroundings({ ...noGoogle, METADATA_SERVER_DETECTION: "assume-present", GCE_METADATA_HOST: `127.0.0.1:${issuer.port}` });
      return { issuer, auth: ownGoogle };
    },
    isAsked: ({ path }) => path.includes("/token?"),
    around: () => flavoured({ type: "text/plain", body: "acme" }),
    gives: (count) => flavoured(token(count)),
    refuses: flavoured({ status: 403, type: "text/plain", body: "Unable to generate access token: iam.serviceAccounts.getAccessToken denied" }),
    reason: "its issuer refused with 403",
    hidden: [],
    carries: isBearer,
  },
  {
    name: "Google: workload identity federation",
    start: (answer) => startGoogle(answer, ownGoogle, { GOOGLE_APPLICATION_CREDENTIALS: federated() }),
    gives: (count) => json({ access_token: `token-${count}`, issued_token_type: "urn:ietf:params:oauth:token-type:access_token", token_type: "Bearer", expires_in: LIFE_MS / 1000 }),
    refuses: json({ error: "invalid_target", error_description: "The target service indicated by the audience parameters is invalid." }, 400),
    reason: "its issuer refused with 400 invalid_target",
    hidden: ["the pod's token"],
    carries: isBearer,
  },
];

const TENANT = "6a3b7c1e-0000-4000-8000-000000000000";
const LOGIN = "login.microsoftonline.com";
const azureAuth: Auth = { scheme: "azure", tenantId: TENANT, clientId: "0f0e0d0c-0000-4000-8000-000000000000" };

const startAzure = async (answer: Answer, auth: Auth, more: Readonly<Record<string, string | undefined>> = {}) => {
  const issuer = await startBehindProxy([LOGIN], answer);
  surroundings({ AZURE_FEDERATED_TOKEN_FILE: undefined, AZURE_AUTHORITY_HOST: undefined, AZURE_TENANT_ID: undefined, AZURE_CLIENT_ID: undefined, ...more });
  return { issuer, auth };
};

const ofEntra = {
  isAsked: ({ path }: Asked) => path.startsWith(`/${TENANT}/oauth2/v2.0/token`),
  around: () => json({ token_endpoint: `https://${LOGIN}/${TENANT}/oauth2/v2.0/token`, issuer: `https://${LOGIN}/${TENANT}/v2.0`, authorization_endpoint: `https://${LOGIN}/${TENANT}/oauth2/v2.0/authorize`, end_session_endpoint: `https://${LOGIN}/logout`, jwks_uri: `https://${LOGIN}/keys` }),
  gives: token,
  carries: isBearer,
} as const;

const azure: readonly Kind[] = [
  {
    ...ofEntra,
    name: "Azure: a client's secret",
    secrets: { "a/client/secret": "abc~s3cret/+" },
    start: (answer) => startAzure(answer, { ...azureAuth, credential: "a/client/secret" }),
    refuses: json({ error: "invalid_client", error_description: "AADSTS7000215: Invalid client secret provided: abc~s3cret/+. Trace ID: 1", error_codes: [7_000_215] }, 401),
    reason: "its issuer refused with 401 AADSTS7000215",
    hidden: ["abc~s3cret/+"],
  },
  {
    ...ofEntra,
    name: "Azure: workload identity",
    start: (answer) => startAzure(answer, azureAuth, { AZURE_FEDERATED_TOKEN_FILE: join(files({ token: "the pod's token" }), "token") }),
    refuses: json({ error: "invalid_client", error_description: "AADSTS700213: No matching federated identity record found for presented assertion subject. Trace ID: 1", error_codes: [700_213] }, 401),
    reason: "its issuer refused with 401 AADSTS700213",
    hidden: ["the pod's token"],
  },
];

const oauth: Kind = {
  name: "OAuth: client credentials",
  secrets: { "a/b/c": "oauth-client-secret" },
  start: async (answer) => {
    const issuer = await startIssuer(answer);
    return { issuer, auth: { scheme: "oauth", tokenUrl: `${issuer.url}/token`, clientId: "gateway", credential: "a/b/c", scopes: [], sendSecretIn: "header" } };
  },
  gives: token,
  refuses: json({ error: "invalid_client" }, 401),
  reason: "its issuer refused with 401 invalid_client",
  hidden: ["oauth-client-secret"],
  carries: isBearer,
};

export const kinds: readonly Kind[] = [...aws, ...google, ...azure, oauth];
