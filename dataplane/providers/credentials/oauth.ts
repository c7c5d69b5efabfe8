// OAuth 2.0 client credentials (RFC 6749, section 4.4): one form to the issuer's token endpoint, one JSON document back.
// By hand, over the gateway's own way out: the endpoint's address is the tenant's choice, so that it is checked, limited
// and dialled like a provider's, and no library's client lets us do that. It follows no redirect and no proxy.
import { checkEndpointUrl, type Ranges } from "../address.ts";
import type { Sending, Taker } from "../connection.ts";
import { Upstream } from "../upstream.ts";
import { isObject, parseJson } from "../../wire/json.ts";
import type { Authorization } from "./authorization.ts";
import { CredentialUnavailable } from "./authorization.ts";
import { asBearer, withBearer } from "./bearer.ts";
import { explained, withoutSecrets } from "./causes.ts";
import type { Issuing } from "./issuing.ts";
import { FETCH_MS_MAX, type Fresh } from "./renewing.ts";

export interface OAuthAuth {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scopes: readonly string[];
  readonly audience: string | undefined;
  /** Where the issuer expects the client's secret: every issuer must take the header, some only take the body. */
  readonly sendSecretIn: "header" | "body";
  readonly network: "public" | "private";
  readonly privateRanges: Ranges;
  /** PEM texts that are trusted beside the system's. */
  readonly ca: readonly string[];
}

const ANSWER_BYTES_MAX = 65_536;
/** An issuer that does not say how long its token lasts is asked again soon. */
const UNSAID_SECONDS = 300;

export const withOAuth = (auth: OAuthAuth, { clock, random, onFailure }: Issuing): Authorization => {
  const secrets = [auth.clientSecret, basicOf(auth)];
  const issue = async (signal: AbortSignal): Promise<Fresh<readonly string[]>> => {
    const problem = checkEndpointUrl(auth.tokenUrl);
    if (problem !== null) throw new CredentialUnavailable("its issuer's address cannot be used", `the token endpoint cannot be used: ${problem}`);
    const upstream = new Upstream({
      origin: new URL(auth.tokenUrl).origin,
      network: auth.network,
      privateRanges: auth.privateRanges,
      privateRangesText: "",
      tls: { ca: auth.ca },
      connectTimeoutMs: FETCH_MS_MAX,
    }, clock);
    try {
      return tokenOf(await answerOf(upstream, auth, signal), clock.now(), secrets);
    } finally {
      // Used once an hour: no connection is kept for it.
      void upstream.destroy();
    }
  };
  return withBearer({ clock, random, onFailure, issue, explain: (error) => explained(error, () => undefined, secrets) });
};

// RFC 6749, section 2.3.1: both parts are escaped as in a form before they are joined.
const basicOf = ({ clientId, clientSecret }: OAuthAuth): string => Buffer.from(`${formEscaped(clientId)}:${formEscaped(clientSecret)}`).toString("base64");

const formEscaped = (text: string): string => new URLSearchParams({ "": text }).toString().slice(1);

const formOf = ({ clientId, clientSecret, scopes, audience, sendSecretIn }: OAuthAuth): string => {
  const form = new URLSearchParams({ grant_type: "client_credentials" });
  if (scopes.length > 0) form.set("scope", scopes.join(" "));
  if (audience !== undefined) form.set("audience", audience);
  if (sendSecretIn === "body") form.set("client_id", clientId);
  if (sendSecretIn === "body") form.set("client_secret", clientSecret);
  return form.toString();
};

interface Answer {
  readonly status: number;
  readonly text: string;
}

const answerOf = (upstream: Upstream, auth: OAuthAuth, signal: AbortSignal): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { pathname, search } = new URL(auth.tokenUrl);
    const headers = ["content-type", "application/x-www-form-urlencoded", "accept", "application/json", "accept-encoding", "identity"];
    if (auth.sendSecretIn === "header") headers.push("authorization", `Basic ${basicOf(auth)}`);
    const collecting = new Collecting(resolve, reject);
    collecting.sending = upstream.send({ method: "POST", path: pathname + search, headers, body: formOf(auth) }, collecting);
    if (signal.aborted) collecting.giveUp();
    signal.addEventListener("abort", () => collecting.giveUp(), { once: true });
  });

class Collecting implements Taker {
  readonly #resolve: (answer: Answer) => void;
  readonly #reject: (error: Error) => void;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #status = 0;
  sending: Sending | null = null;

  constructor(resolve: (answer: Answer) => void, reject: (error: Error) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  giveUp(): void {
    this.sending?.abort(new Error("over"));
  }

  onRequestStart(): void {}

  onResponseStart(status: number): void {
    this.#status = status;
  }

  onResponseData(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes <= ANSWER_BYTES_MAX) this.#chunks.push(chunk);
    else this.sending?.abort(new CredentialUnavailable("its issuer's answer was too long"));
  }

  onResponseEnd(): void {
    this.#resolve({ status: this.#status, text: Buffer.concat(this.#chunks).toString("utf8") });
  }

  onResponseError(error: Error): void {
    this.#reject(error);
  }
}

const tokenOf = ({ status, text }: Answer, now: number, secrets: readonly string[]): Fresh<readonly string[]> => {
  const answer = parseJson(text);
  const fields = isObject(answer) ? answer : {};
  if (status !== 200) throw refusalOf(status, fields, secrets);
  const { access_token: token, token_type: type, expires_in: seconds } = fields;
  if (typeof token !== "string" || !/^[\x21-\x7e]{1,32768}$/.test(token)) throw new CredentialUnavailable("its issuer's answer had no token in it");
  // Some leave the type out, although they must not.
  if (typeof type === "string" && type.toLowerCase() !== "bearer") throw new CredentialUnavailable("its issuer gave a token of a type other than bearer");
  return { value: asBearer(token), endsAt: now + lifetimeOf(seconds) * 1000 };
};

/** Some write the number as text. */
const lifetimeOf = (seconds: unknown): number => {
  const told = typeof seconds === "string" && /^\d{1,9}$/.test(seconds) ? Number(seconds) : seconds;
  return typeof told === "number" && Number.isFinite(told) && told >= 0 ? told : UNSAID_SECONDS;
};

const refusalOf = (status: number, { error, error_description: description }: Readonly<Record<string, unknown>>, secrets: readonly string[]): CredentialUnavailable => {
  const word = typeof error === "string" && /^[\w.-]{1,64}$/.test(error) ? ` ${error}` : "";
  const reason = withoutSecrets(`its issuer refused with ${status}${word}`, secrets);
  return new CredentialUnavailable(reason, typeof description === "string" ? `${reason}: ${withoutSecrets(description, secrets)}` : reason);
};
