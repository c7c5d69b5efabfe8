// How a provider wants to be paid in trust: spec.auth → auth of the snapshot, with the Secrets that it names.
// It knows neither tokens nor clouds' addresses for them; where the data plane's own identity may be sent stands in identity.ts.
import type { LLMProvider, ProviderAuth } from "../../crds/provider.ts";
import type { Auth } from "../../dataplane/snapshot/schema.ts";
import type { Secret } from "../../dataplane/snapshot/secret.ts";
import { credentialId, hasEntry, lookUpKey, unusableAsSecret, type KeyRef } from "./credentials.ts";
import { finding, type Finding } from "./diagnostics.ts";
import { unusableAsGoogleFile } from "./google-file.ts";
import { strayIdentity } from "./identity.ts";
import type { Look } from "./sources.ts";

export interface CompiledAuth {
  /** Undefined when the provider cannot be used. */
  readonly value: Auth | undefined;
  readonly findings: readonly Finding[];
  /** By id; only those that `value` names. */
  readonly credentials: ReadonlyMap<string, Secret>;
}

type Judge = (text: string) => string | undefined;

/** Looks Secrets up for one provider, and gathers what is found and what is missing. */
class Gathering {
  readonly credentials = new Map<string, Secret>();
  readonly findings: Finding[] = [];
  readonly #look: Look;
  readonly #namespace: string;

  constructor(look: Look, namespace: string) {
    this.#look = look;
    this.#namespace = namespace;
  }

  has(reference: KeyRef): boolean {
    return hasEntry(this.#look, this.#namespace, reference);
  }

  /** The id of the credential. */
  take(reference: KeyRef, path: string, unusable?: Judge): string | undefined {
    const found = lookUpKey(this.#look, this.#namespace, reference, path, unusable);
    if (found.problem !== undefined) {
      this.findings.push(found.problem);
      return undefined;
    }
    const id = credentialId(this.#namespace, reference);
    this.credentials.set(id, found.value);
    return id;
  }

  /** All or nothing: what is missing stands in `findings`. */
  done(value: Auth | undefined): CompiledAuth {
    return { value, findings: this.findings, credentials: this.credentials };
  }
}

export const compileAuth = (look: Look, namespace: string, source: LLMProvider): CompiledAuth => {
  const { auth } = source.spec;
  const gathering = new Gathering(look, namespace);
  if (auth === undefined || auth.type === "None") return gathering.done({ scheme: "none", keys: [] });
  const stray = strayIdentity(source.spec, auth);
  if (stray.length > 0) return { value: undefined, findings: stray, credentials: new Map() };
  return gathering.done(compilers[auth.type](auth, gathering));
};

type Compiler = (auth: ProviderAuth, gathering: Gathering) => Auth | undefined;

const apiKeys: Compiler = (auth, gathering) => {
  const keys = keysOf(auth).flatMap(({ name, weight, reference, path }) => {
    const credential = gathering.take(reference, path);
    return credential === undefined ? [] : [{ name, credential, weight }];
  });
  const { sendAs } = auth;
  const placement = sendAs && { place: sendAs.place === "Query" ? "query" as const : "header" as const, name: sendAs.name, prefix: sendAs.prefix };
  if (keys.some((key) => key.weight > 0)) return { scheme: "api-key", keys, ...(placement && { placement }) };
  // With one key the finding about that key says it all.
  if (auth.keys !== undefined) gathering.findings.push(finding("NoUsableKey", "spec.auth.keys"));
  return undefined;
};

const keysOf = (auth: ProviderAuth) => {
  const single = auth.secretRef === undefined ? [] : [{ name: "default", weight: 1, reference: auth.secretRef, path: "spec.auth.secretRef" }];
  const pool = (auth.keys ?? []).map(({ name, weight, secretRef }, index) => ({ name, weight, reference: secretRef, path: `spec.auth.keys[${index}].secretRef` }));
  return [...single, ...pool];
};

const aws: Compiler = ({ aws: spec }, gathering) => {
  if (spec === undefined) return undefined;
  const base = { scheme: "aws" as const, region: spec.region, ...(spec.roleARN !== undefined && { roleArn: spec.roleARN }) };
  if (spec.credentialsRef === undefined) return base;
  const { name } = spec.credentialsRef;
  const entry = (key: string) => gathering.take({ name, key }, "spec.auth.aws.credentialsRef");
  const [accessKeyId, secretAccessKey] = [entry("access-key-id"), entry("secret-access-key")];
  const isTemporary = gathering.has({ name, key: "session-token" });
  const sessionToken = isTemporary ? entry("session-token") : undefined;
  if (accessKeyId === undefined || secretAccessKey === undefined || (isTemporary && sessionToken === undefined)) return undefined;
  return { ...base, keyPair: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) } };
};

const gcp: Compiler = ({ gcp: spec }, gathering) => {
  if (spec === undefined) return undefined;
  const base = { scheme: "google" as const, project: spec.project, location: spec.location };
  if (spec.credentialsRef === undefined) return base;
  const credential = gathering.take(spec.credentialsRef, "spec.auth.gcp.credentialsRef", unusableAsGoogleFile);
  return credential === undefined ? undefined : { ...base, credential };
};

const azure: Compiler = ({ azure: spec }, gathering) => {
  if (spec === undefined) return undefined;
  const base = { scheme: "azure" as const, tenantId: spec.tenantId, clientId: spec.clientId };
  if (spec.clientSecretRef === undefined) return base;
  const credential = gathering.take(spec.clientSecretRef, "spec.auth.azure.clientSecretRef", unusableAsSecret);
  return credential === undefined ? undefined : { ...base, credential };
};

const oauth: Compiler = ({ oauth: spec }, gathering) => {
  if (spec === undefined) return undefined;
  const credential = gathering.take(spec.clientSecretRef, "spec.auth.oauth.clientSecretRef", unusableAsSecret);
  const { tokenURL: tokenUrl, clientId, scopes, audience, sendSecretIn } = spec;
  if (credential === undefined) return undefined;
  return { scheme: "oauth", tokenUrl, clientId, credential, scopes: [...scopes], ...(audience !== undefined && { audience }), sendSecretIn: sendSecretIn === "Body" ? "body" : "header" };
};

const compilers = { APIKey: apiKeys, AWS: aws, GCP: gcp, Azure: azure, OAuthClientCredentials: oauth } as const satisfies Record<Exclude<ProviderAuth["type"], "None">, Compiler>;
