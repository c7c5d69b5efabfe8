// What pods share: counters that must not run over, and marks that must be seen. The forms are memory (one process),
// leased (shares handed out by the operator) and Valkey; one suite holds for all. It knows no limits' meaning.

/** A wish for an amount of one counter. Amounts are integers: requests, tokens, nano-dollars, places. */
export interface Claim {
  readonly counter: string;
  readonly amount: number;
  /** Never exceeded by spent + held. */
  readonly limit: number;
  /** 0: a counter of what is in use now (it comes back). Otherwise what was spent is forgotten at the window's end. */
  readonly windowMs: number;
}

export interface Hold {
  readonly claims: readonly Claim[];
  /** Window instance of each claim at admission: what is settled later is charged to it. */
  readonly windows: readonly number[];
}

export interface Refusal {
  readonly counter: string;
  readonly limit: number;
  readonly spent: number;
  readonly held: number;
  readonly retryAfterMs: number;
}

export type Reserved = { readonly hold: Hold; readonly refusal?: never } | { readonly hold?: never; readonly refusal: Refusal };

export interface Store {
  /** All or nothing. Synchronous where the answer is known; a promise where somebody must be asked. */
  reserve(claims: readonly Claim[], signal?: AbortSignal): Reserved | Promise<Reserved>;
  /** The hold goes, `actual[i]` of claim i stays spent (0 for a place). Once per hold; a second call does nothing. */
  settle(hold: Hold, actual: readonly number[]): void;
  /** The hold goes, nothing is spent. */
  refund(hold: Hold): void;
  /** Sets a mark that all can see until it runs out; a later end wins over an earlier one. */
  mark(name: string, forMs: number): void;
  unmark(name: string): void;
  isMarked(name: string): boolean;
  close(): Promise<void>;
}
