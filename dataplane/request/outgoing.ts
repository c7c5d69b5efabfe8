// What goes to a provider: the seam between the step that makes it and the step that sends it. Shape only.
import type { Readable } from "node:stream";
import type { Failure } from "../errors.ts";
import type { Passage } from "./passage.ts";

/** What the gateway answers by itself: the provider is not asked. */
export interface OwnAnswer {
  readonly answer: object;
}

/** Bytes in their pieces, or an upload that is still coming. */
export type OutgoingBody = readonly Buffer[] | Readable | null;

/** What the gateway has to say where the provider refuses because it does not have what was asked. */
export interface Otherwise {
  readonly isDue: () => boolean;
  readonly answer: () => Promise<OwnAnswer | Failure>;
}

export interface Outgoing {
  readonly path: string;
  /** Flat: name, value, name, value. */
  readonly headers: string[];
  readonly body: OutgoingBody;
  /** How the answer comes back. */
  readonly passage: Passage;
  readonly otherwise?: Otherwise;
}
