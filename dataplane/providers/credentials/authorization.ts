// What a request must carry so that a provider believes us: the seam between the ways to get it and the request path.
// Shapes only. Whoever sends knows neither clouds nor tokens; whoever gets a token never sends a request for a caller.
import type { Readable } from "node:stream";

/** A request as it would be sent, for those schemes that sign it. */
export interface Unsigned {
  readonly method: string;
  /** "https://bedrock-runtime.eu-west-1.amazonaws.com" */
  readonly origin: string;
  /** With its query, escaped as it is sent. */
  readonly path: string;
  /** Flat: name, value, name, value. */
  readonly headers: readonly string[];
  /** In its pieces. */
  readonly body: readonly Buffer[] | Readable | null;
}

export interface Authorization {
  /** Flat. The same for every request, so that they are put beside the other fixed headers once. */
  readonly headers: readonly string[];
  /** What is added to the query of every request, without "?" and "&"; "" for nothing. */
  readonly query: string;
  /** Null where the two above are all of it: then nothing is done per request. */
  readonly live: Live | null;
}

/** A part of the authorization that changes with time or with the request. */
export interface Live {
  /** Flat headers to add, at once; null when a token must be waited for or the request must be signed: then `authorize`. */
  now(): readonly string[] | null;
  /** Flat headers to add. Rejects with CredentialUnavailable, at the latest some seconds after it was asked. */
  authorize(unsigned: Unsigned): Promise<readonly string[]>;
  /** The provider answered 401: the credential is renewed, unless it is brand new. The old one serves until then. */
  refused(): void;
  /** Renews nothing any more; requests that began earlier are still served. */
  close(): void;
}

/** Becomes UPSTREAM_CREDENTIAL_UNAVAILABLE. The message is for logs: it may name hosts and roles, never a secret. */
export class CredentialUnavailable extends Error {
  override readonly name = "CredentialUnavailable";
  readonly code = "UPSTREAM_CREDENTIAL_UNAVAILABLE";
  /** Why, without hosts, roles and addresses: for callers. */
  readonly reason: string;

  constructor(reason: string, message = reason) {
    super(message);
    this.reason = reason;
  }
}
