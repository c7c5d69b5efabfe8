// How a command of the operator talks to the person who started it, and how it says no.
// It does not print by itself: the main file does.

export interface Terminal {
  print(line: string): void;
  /** For what went wrong. */
  complain(line: string): void;
  /** Aborted when the person or the system asks for the end. */
  readonly stop: AbortSignal;
  /** Aborted when asked a second time. */
  readonly stopNow: AbortSignal;
}

/** A reason that a person can act on: printed without a stack. */
export class Refusal extends Error {
  override readonly name: string = "Refusal";
}
