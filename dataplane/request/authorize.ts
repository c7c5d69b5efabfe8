// Adds what proves to the provider who asks: the fixed part at once, a token or a signature when it has been got.
// It gets nothing itself.
import { failure, type Failure } from "../errors.ts";
import { CredentialUnavailable } from "../providers/credentials/authorization.ts";
import type { Destination, Key } from "./destination.ts";
import type { Outgoing } from "./outgoing.ts";

export const authorize = (outgoing: Outgoing, method: string, { upstream }: Destination, { live }: Key): Outgoing | Promise<Outgoing | Failure> => {
  if (live === null) return outgoing;
  const ready = live.now();
  if (ready !== null) return withHeaders(outgoing, ready);
  const { path, headers, body } = outgoing;
  return live.authorize({ method, origin: upstream.origin, path, headers, body }).then(
    (added) => withHeaders(outgoing, added),
    (error: unknown) => {
      if (error instanceof CredentialUnavailable) return failure("UPSTREAM_CREDENTIAL_UNAVAILABLE", { reason: error.reason });
      throw error;
    },
  );
};

const withHeaders = (outgoing: Outgoing, added: readonly string[]): Outgoing => {
  outgoing.headers.push(...added);
  return outgoing;
};
