// The seam of "who calls": each way of being a caller turns what the client sent into a verdict.
// It does not decide what a caller may do.
import type { Caller } from "../snapshot/schema.ts";

export type Verdict =
  | { readonly caller: Caller; readonly refusal?: never }
  | { readonly caller?: never; readonly refusal: "AUTH_MISSING" | "AUTH_INVALID" | "AUTH_EXPIRED" };

/** Nobody in particular: what a gateway with `anonymous: true` calls those without a known key, unless they are its own pod. */
export const nobody: Caller = { name: "anonymous", namespace: "" };
