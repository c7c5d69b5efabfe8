// A provider's auth, as the snapshot says it → what its requests must carry. What is alive is kept over snapshots as long as
// nothing about it changes, so that a push costs no token; what no snapshot uses any more is closed.
// Libraries are loaded by the scheme that needs them, when it first needs them.
import { hash } from "node:crypto";
import type { Clock } from "../../clock.ts";
import { canonical } from "../../snapshot/canonical.ts";
import type { Auth, Placement, Provider, Snapshot } from "../../snapshot/schema.ts";
import { credentialsOf } from "../../snapshot/terms.ts";
import { parseRanges } from "../address.ts";
import { NOTHING, withApiKey } from "./api-key.ts";
import type { Authorization, CredentialUnavailable, Live } from "./authorization.ts";
import { withAws } from "./aws.ts";
import { withAzure } from "./azure.ts";
import { withGoogle } from "./google.ts";
import type { Issuing } from "./issuing.ts";
import { withOAuth } from "./oauth.ts";

export interface CredentialsParts {
  readonly clock: Clock;
  readonly random: () => number;
  /** Told of each failure to get or renew a credential; the message is fit for a log. */
  readonly onFailure: (provider: string, cause: CredentialUnavailable) => void;
}

/** One way to be let in. A provider has several when it has a pool of API keys. */
export interface Entrance {
  /** "namespace/provider/key"; "" where there is nothing that could be benched. */
  readonly name: string;
  readonly weight: number;
  readonly authorization: Authorization;
}

type Contents = Pick<Snapshot, "credentials" | "settings">;
type IssuedAuth = Exclude<Auth, { readonly scheme: "none" | "api-key" }>;

export class Credentials {
  readonly #parts: CredentialsParts;
  readonly #byKey = new Map<string, Authorization>();

  constructor(parts: CredentialsParts) {
    this.#parts = parts;
  }

  /** `usual`: how the catalogue's row sends a key. Empty: none of the provider's keys is there. */
  open(id: string, provider: Provider, usual: Placement, contents: Contents): Entrance[] {
    const { auth } = provider;
    if (auth.scheme === "none") return [{ name: "", weight: 1, authorization: NOTHING }];
    if (auth.scheme !== "api-key") return [{ name: `${id}/${auth.scheme}`, weight: 1, authorization: this.#issued(id, auth, provider, contents) }];
    return auth.keys.flatMap(({ name, credential, weight }) => {
      const key = contents.credentials[credential]?.reveal();
      return key === undefined ? [] : [{ name: `${id}/${name}`, weight, authorization: withApiKey(key, auth.placement ?? usual) }];
    });
  }

  /** Closes what no longer is of use to anybody; requests under way still get what they need. */
  keepOnly(used: ReadonlySet<Live>): void {
    for (const [key, { live }] of this.#byKey) {
      if (live === null || used.has(live)) continue;
      this.#byKey.delete(key);
      live.close();
    }
  }

  close(): void {
    this.keepOnly(new Set());
  }

  #issued(id: string, auth: IssuedAuth, provider: Provider, contents: Contents): Authorization {
    const secret = (credential: string): string => contents.credentials[credential]?.reveal() ?? "";
    const secrets = credentialsOf(auth).map(({ credential }) => secret(credential));
    const way = auth.scheme === "oauth" ? { network: provider.network, ca: provider.tls?.ca ?? [], ranges: contents.settings.privateRanges } : null;
    // A hash, so that the keys of the map are none.
    const key = hash("sha256", canonical({ id, auth, secrets, way }), "hex");
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const { clock, random, onFailure } = this.#parts;
    const fresh = authorizationOf(id, auth, provider, contents, secret, { clock, random, onFailure: (cause) => onFailure(id, cause) });
    this.#byKey.set(key, fresh);
    return fresh;
  }
}

const authorizationOf = (id: string, auth: IssuedAuth, provider: Provider, { settings }: Contents, secret: (credential: string) => string, issuing: Issuing): Authorization => {
  if (auth.scheme === "aws") {
    const { region, roleArn, keyPair } = auth;
    const sessionToken = keyPair?.sessionToken === undefined ? {} : { sessionToken: secret(keyPair.sessionToken) };
    const told = keyPair === undefined ? undefined : { accessKeyId: secret(keyPair.accessKeyId), secretAccessKey: secret(keyPair.secretAccessKey), ...sessionToken };
    return withAws({ region, roleArn, keys: told, provider: id }, issuing);
  }
  if (auth.scheme === "google") return withGoogle({ project: auth.project, file: auth.credential === undefined ? undefined : secret(auth.credential) }, issuing);
  if (auth.scheme === "azure") return withAzure({ tenantId: auth.tenantId, clientId: auth.clientId, clientSecret: auth.credential === undefined ? undefined : secret(auth.credential) }, issuing);
  const { tokenUrl, clientId, credential, scopes, audience, sendSecretIn } = auth;
  const { ranges } = parseRanges(settings.privateRanges);
  return withOAuth({ tokenUrl, clientId, clientSecret: secret(credential), scopes, audience, sendSecretIn, network: provider.network, privateRanges: ranges, ca: provider.tls?.ca ?? [] }, issuing);
};
