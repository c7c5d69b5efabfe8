// A token that ends, sent as "Authorization: Bearer": what Google, Azure and OAuth have in common.
// Where the token comes from is the scheme's matter.
import type { Authorization, Live } from "./authorization.ts";
import { Renewing, type RenewingParts } from "./renewing.ts";

export const asBearer = (token: string): readonly string[] => ["authorization", `Bearer ${token}`];

class Bearer implements Live {
  readonly #token: Renewing<readonly string[]>;

  constructor(token: Renewing<readonly string[]>) {
    this.#token = token;
  }

  now(): readonly string[] | null {
    return this.#token.now();
  }

  authorize(): Promise<readonly string[]> {
    return this.#token.get();
  }

  refused(): void {
    this.#token.doubt();
  }

  close(): void {
    this.#token.close();
  }
}

/** `issue` gives the header as `asBearer` spells it, so that nothing is put together per request. */
export const withBearer = (parts: RenewingParts<readonly string[]>): Authorization => {
  const token = new Renewing(parts);
  token.start();
  return { headers: [], query: "", live: new Bearer(token) };
};
