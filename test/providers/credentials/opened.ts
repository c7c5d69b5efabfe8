// A provider's auth, opened as the router opens it: what its requests would carry, and what went wrong.
import { onTestFinished } from "vitest";
import type { Clock } from "../../../dataplane/clock.ts";
import type { CredentialUnavailable, Unsigned } from "../../../dataplane/providers/credentials/authorization.ts";
import { Credentials, type Entrance } from "../../../dataplane/providers/credentials/index.ts";
import { defaultSettings, type Auth, type Provider } from "../../../dataplane/snapshot/schema.ts";
import { Secret } from "../../../dataplane/snapshot/secret.ts";

const timeouts = { connectMs: 5000, headersMs: 60_000, firstTokenMs: 30_000, idleMs: 30_000, totalMs: 600_000 };

export const BEARER = { place: "header", name: "authorization", prefix: "Bearer " } as const;

export const unsigned = (differences: Partial<Unsigned> = {}): Unsigned => ({ method: "POST", origin: "https://bedrock-runtime.eu-west-1.amazonaws.com", path: "/model/m/converse", headers: ["content-type", "application/json"], body: [Buffer.from("{}")], ...differences });

export interface Opened {
  readonly credentials: Credentials;
  readonly entrance: Entrance;
  readonly failures: CredentialUnavailable[];
  /** The flat headers as an object, after waiting for them. */
  headers(request?: Partial<Unsigned>): Promise<Record<string, string>>;
}

export const contentsOf = (secrets: Readonly<Record<string, string>>, privateRanges: string[] = ["127.0.0.0/8"]) => ({
  credentials: Object.fromEntries(Object.entries(secrets).map(([id, secret]) => [id, new Secret(secret)])),
  settings: { ...defaultSettings, privateRanges },
});

export const providerOf = (auth: Auth, differences: Partial<Provider> = {}): Provider => ({ type: "openai-compatible", network: "private", auth, timeouts, models: {}, ...differences });

export const openCredentials = (clock: Clock, random = 0): { credentials: Credentials; failures: CredentialUnavailable[] } => {
  const failures: CredentialUnavailable[] = [];
  const credentials = new Credentials({ clock, random: () => random, onFailure: (_, cause) => failures.push(cause) });
  onTestFinished(() => credentials.close());
  return { credentials, failures };
};

export const open = (clock: Clock, auth: Auth, secrets: Readonly<Record<string, string>> = {}, differences: Partial<Provider> = {}, ranges?: string[]): Opened => {
  const { credentials, failures } = openCredentials(clock);
  const [entrance] = credentials.open("team-a/vendor", providerOf(auth, differences), BEARER, contentsOf(secrets, ranges));
  if (entrance === undefined) throw new Error("there is no way in");
  const headers = async (request: Partial<Unsigned> = {}): Promise<Record<string, string>> => {
    const { live, headers: fixed } = entrance.authorization;
    const flat = [...fixed, ...(live === null ? [] : (live.now() ?? (await live.authorize(unsigned(request)))))];
    return Object.fromEntries(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? ""]] : [])));
  };
  return { credentials, entrance, failures, headers };
};

/** All that could be seen of a failure: for callers and in the log. */
export const wordsOf = (failures: readonly CredentialUnavailable[]): string => failures.map(({ message, reason, stack }) => `${reason} ${message} ${stack ?? ""}`).join("\n");
