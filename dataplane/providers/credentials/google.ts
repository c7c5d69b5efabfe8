// Access tokens of Google Cloud: by the credentials file of a Secret, or by the data plane's own identity as Google's library
// finds it (GOOGLE_APPLICATION_CREDENTIALS, workload identity federation, the metadata server of GKE).
// The library reads those variables itself, follows HTTPS_PROXY and NO_PROXY, and trusts what Node trusts.
// Of a Secret's file only keys are taken: one that names files, programs or addresses would have the data plane read them.
import { isObject, parseJson, type Json } from "../../wire/json.ts";
import { CredentialUnavailable, type Authorization } from "./authorization.ts";
import { asBearer, withBearer } from "./bearer.ts";
import { explained } from "./causes.ts";
import type { Issuing } from "./issuing.ts";
import type { Fresh } from "./renewing.ts";

const SCOPE = "https://www.googleapis.com/auth/cloud-platform";

export interface GoogleAuthority {
  readonly project: string;
  /** The text of a credentials file; undefined: the data plane's own identity. */
  readonly file: string | undefined;
}

export const withGoogle = ({ project, file }: GoogleAuthority, { clock, random, onFailure }: Issuing): Authorization => {
  const known = file === undefined ? undefined : keysIn(file);
  const secrets = known === undefined || known === "unusable" ? [] : Object.values(known);
  return withBearer({ clock, random, onFailure, issue: () => fetchToken(project, known), explain: (error) => explainGoogle(error, known === undefined, secrets) });
};

type Known = Readonly<Record<"client_email" | "private_key", string>> | Readonly<Record<"client_id" | "client_secret" | "refresh_token", string>>;

/** Undefined fields make a file unusable; the operator has told its owner so already. */
const keysIn = (file: string): Known | "unusable" => {
  const content = parseJson(file);
  if (!isObject(content)) return "unusable";
  const text = (name: string): string | undefined => textOf(content[name]);
  const [client_email, private_key] = [text("client_email"), text("private_key")];
  if (content["type"] === "service_account" && client_email !== undefined && private_key !== undefined) return { client_email, private_key };
  const [client_id, client_secret, refresh_token] = [text("client_id"), text("client_secret"), text("refresh_token")];
  const isWhole = client_id !== undefined && client_secret !== undefined && refresh_token !== undefined;
  return content["type"] === "authorized_user" && isWhole ? { client_id, client_secret, refresh_token } : "unusable";
};

const textOf = (value: Json | undefined): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

const fetchToken = async (projectId: string, known: Known | "unusable" | undefined): Promise<Fresh<readonly string[]>> => {
  if (known === "unusable") throw new CredentialUnavailable("the credentials file is neither a service account's nor an authorized user's");
  const { GoogleAuth, JWT, UserRefreshClient } = await import("google-auth-library");
  // Made anew each time: the clients remember, and when to ask again is decided here. Without a project the library would
  // ask another service of Google's for one.
  const client = known === undefined ? await new GoogleAuth({ scopes: SCOPE, projectId }).getClient() : "private_key" in known
    ? new JWT({ email: known.client_email, key: known.private_key, scopes: [SCOPE] })
    : new UserRefreshClient({ clientId: known.client_id, clientSecret: known.client_secret, refreshToken: known.refresh_token });
  const { token } = await client.getAccessToken();
  if (typeof token !== "string" || token === "") throw new CredentialUnavailable("its issuer's answer had no token in it");
  return { value: asBearer(token), endsAt: client.credentials.expiry_date ?? Infinity };
};

const explainGoogle = (error: unknown, isOwn: boolean, secrets: readonly string[]): CredentialUnavailable => {
  const cause = explained(error, ({ response }) => wordIn(response), secrets);
  const isNobody = isOwn && /Could not load the default credentials|not found a default/i.test(cause.message);
  if (isNobody) return new CredentialUnavailable("this data plane has no Google identity of its own", cause.message);
  // OpenSSL's words for a key that is none.
  return /DECODER|PEM|asymmetric key/.test(cause.message) ? new CredentialUnavailable("the private key in the credentials file cannot be read", cause.message) : cause;
};

const wordIn = (response: unknown): unknown => {
  const data = typeof response === "object" && response !== null && "data" in response ? response.data : undefined;
  return typeof data === "object" && data !== null && "error" in data ? data.error : undefined;
};
