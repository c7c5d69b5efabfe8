// Access tokens of Entra for Azure's models: by a client's secret, or by workload identity (the token file of the pod).
// The library reads AZURE_AUTHORITY_HOST and AZURE_FEDERATED_TOKEN_FILE itself, follows HTTPS_PROXY and NO_PROXY, and
// trusts what Node trusts. An Azure API key is a plain key; it does not come here.
import type { Authorization } from "./authorization.ts";
import { CredentialUnavailable } from "./authorization.ts";
import { asBearer, withBearer } from "./bearer.ts";
import { explained } from "./causes.ts";
import type { Issuing } from "./issuing.ts";
import type { Fresh } from "./renewing.ts";

export interface AzureAuth {
  readonly tenantId: string;
  readonly clientId: string;
  /** Undefined: workload identity. */
  readonly clientSecret: string | undefined;
}

const SCOPE = "https://cognitiveservices.azure.com/.default";

export const withAzure = (auth: AzureAuth, { clock, random, onFailure }: Issuing): Authorization =>
  withBearer({ clock, random, onFailure, issue: (signal) => fetchToken(auth, signal), explain: (error) => explainAzure(error, auth) });

const fetchToken = async ({ tenantId, clientId, clientSecret }: AzureAuth, signal: AbortSignal): Promise<Fresh<readonly string[]>> => {
  const { ClientSecretCredential, WorkloadIdentityCredential } = await import("@azure/identity");
  // Whoever sets another authority has vouched for it; asking Microsoft about it would need a way to the internet.
  const options = { disableInstanceDiscovery: true, retryOptions: { maxRetries: 1 } };
  // Made anew each time: they remember, and when to ask again is decided here.
  const credential = clientSecret === undefined
    ? new WorkloadIdentityCredential({ tenantId, clientId, ...options })
    : new ClientSecretCredential(tenantId, clientId, clientSecret, options);
  const { token, expiresOnTimestamp } = await credential.getToken(SCOPE, { abortSignal: signal });
  return { value: asBearer(token), endsAt: expiresOnTimestamp };
};

const explainAzure = (error: unknown, { clientSecret }: AzureAuth): CredentialUnavailable => {
  const isNobody = error instanceof Error && error.name === "CredentialUnavailableError";
  const cause = explained(error, wordOf, clientSecret === undefined ? [] : [clientSecret]);
  return isNobody ? new CredentialUnavailable("this data plane has no workload identity of Azure", cause.message) : cause;
};

/** "AADSTS7000215" says more than "invalid_client" and is what the documentation is searched for. */
const wordOf = ({ message, errorResponse, errorCode }: Readonly<Record<string, unknown>>): unknown => {
  const number = typeof message === "string" ? /\bAADSTS\d{4,9}\b/.exec(message)?.[0] : undefined;
  return number ?? errorCode ?? (typeof errorResponse === "object" && errorResponse !== null && "error" in errorResponse ? errorResponse.error : undefined);
};
