// What every scheme that asks an issuer is handed: time, chance, and whom to tell of a failure. Shape only.
import type { Clock } from "../../clock.ts";
import type { CredentialUnavailable } from "./authorization.ts";

export interface Issuing {
  readonly clock: Clock;
  /** 0 up to 1. */
  readonly random: () => number;
  readonly onFailure: (cause: CredentialUnavailable) => void;
}
