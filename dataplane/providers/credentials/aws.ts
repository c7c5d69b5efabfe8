// Keys for AWS: those of a Secret, or the data plane's own identity as the AWS SDK finds it (environment, profile, the web
// identity of a ServiceAccount, EKS Pod Identity, the node's role), and with either a role that is assumed.
// The SDK reads its environment variables and files itself; of ours only the region and the role are handed to it.
// It does not follow HTTPS_PROXY; it trusts what Node trusts, NODE_EXTRA_CA_CERTS included.
import { hash } from "node:crypto";
import type { Authorization } from "./authorization.ts";
import { CredentialUnavailable } from "./authorization.ts";
import { explained } from "./causes.ts";
import type { Issuing } from "./issuing.ts";
import { Renewing, type Fresh } from "./renewing.ts";
import { Signing, type AwsKeys, type AwsKeySource } from "./sigv4.ts";

export interface AwsAuth {
  readonly region: string;
  readonly roleArn: string | undefined;
  /** Undefined: the data plane's own identity. */
  readonly keys: AwsKeys | undefined;
  /** "namespace/name" of the provider: its role's trust can be limited to sessions of that name. */
  readonly provider: string;
}

const SERVICE = "bedrock";

export const withAws = (auth: AwsAuth, issuing: Issuing): Authorization => {
  const keys = auth.keys !== undefined && auth.roleArn === undefined ? fixed(auth.keys) : renewed(auth, issuing);
  return { headers: [], query: "", live: new Signing({ keys, clock: issuing.clock, region: auth.region, service: SERVICE }) };
};

const fixed = (keys: AwsKeys): AwsKeySource => ({ now: () => keys, get: () => Promise.resolve(keys), doubt: () => undefined, close: () => undefined });

const renewed = (auth: AwsAuth, { clock, random, onFailure }: Issuing): AwsKeySource => {
  const secrets = auth.keys === undefined ? [] : [auth.keys.secretAccessKey, ...(auth.keys.sessionToken === undefined ? [] : [auth.keys.sessionToken])];
  const keys = new Renewing<AwsKeys>({ clock, random, onFailure, issue: () => fetchKeys(auth), explain: (error) => explainAws(error, secrets) });
  keys.start();
  return keys;
};

/** The SDK prints warnings otherwise. */
const silent = { trace: () => undefined, debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

// The clocks of the SDK stay below ours, so that its own words about a slow issuer are heard.
const REQUEST_MS = 4000;
const TRIES_MAX = 2;

const fetchKeys = async ({ region, roleArn, keys, provider }: AwsAuth): Promise<Fresh<AwsKeys>> => {
  const { fromNodeProviderChain, fromTemporaryCredentials } = await import("@aws-sdk/credential-providers");
  const clientConfig = { maxAttempts: TRIES_MAX, requestHandler: { requestTimeout: REQUEST_MS, connectionTimeout: REQUEST_MS, throwOnRequestTimeout: true } };
  // Made anew each time: the chain remembers, its files included, and when to ask again is decided here.
  const chain = fromNodeProviderChain({ clientConfig, ignoreCache: true, logger: silent });
  // Told as the caller's: as the client's it would be asked of a sign-in as well, which has a region of its own.
  const own = () => chain({ callerClientConfig: { region: () => Promise.resolve(region) } });
  const source = roleArn === undefined ? own : fromTemporaryCredentials({ masterCredentials: keys ?? own, params: { RoleArn: roleArn, RoleSessionName: sessionNameOf(provider) }, clientConfig: { ...clientConfig, region }, logger: silent });
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = await source();
  return { value: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) }, endsAt: expiration?.getTime() ?? Infinity };
};

const SESSION_NAME_MAX = 64;

/** A namespace has no dot, so that nobody else's session has this name. What is too long ends in its hash. */
const sessionNameOf = (provider: string): string => {
  const name = provider.replace("/", ".").replaceAll(/[^\w+=,.@-]/g, "-");
  return name.length <= SESSION_NAME_MAX ? name : `${name.slice(0, SESSION_NAME_MAX - 17)}-${hash("sha256", provider, "hex").slice(0, 16)}`;
};

const explainAws = (error: unknown, secrets: readonly string[]): CredentialUnavailable => {
  // The chain's own error when nothing answered; those of AWS itself have a fault.
  const cause = explained(error, ({ $fault, name }) => ($fault === undefined ? undefined : name), secrets);
  const isNobody = error instanceof Error && error.name === "CredentialsProviderError" && cause.reason.startsWith("the log");
  return isNobody ? new CredentialUnavailable("this data plane has no AWS identity of its own, or it cannot be read", cause.message) : cause;
};
