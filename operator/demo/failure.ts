// What the demo provider refuses with, and how a body's first mistake is found; each protocol words it in its own shape.
// It refuses to carry anything internal: what is here is all that a client will see.

import type { z } from "zod";

/** In which form a refusal says when to come back. */
export type RetryForm = "seconds" | "date" | "milliseconds" | "detail" | "none";

export interface FailureDetails {
  readonly type?: string | undefined;
  readonly param?: string | undefined;
  readonly code?: string | undefined;
  /** What kind of failure it is where the status does not say, as the status that would. */
  readonly kind?: number | undefined;
  readonly retry?: RetryForm | undefined;
  /** Of a proxy before the provider, which speaks no protocol at all. */
  readonly form?: "html" | "text" | "empty" | undefined;
}

export class Failure extends Error {
  readonly status: number;
  readonly kind: number;
  readonly type: string | null;
  readonly param: string | null;
  readonly code: string | null;
  readonly retry: RetryForm | undefined;
  readonly form: FailureDetails["form"];

  /** An empty message stands for the words that the protocol has for this kind. */
  constructor(status: number, message: string, details: FailureDetails = {}) {
    super(message);
    this.name = "Failure";
    this.status = status;
    this.kind = details.kind ?? status;
    this.type = details.type ?? null;
    this.param = details.param ?? null;
    this.code = details.code ?? null;
    this.retry = details.retry;
    this.form = details.form;
  }
}

/** Anything unforeseen is a 500 that tells nothing of its inside. */
export function asFailure(thrown: unknown): Failure {
  return thrown instanceof Failure ? thrown : new Failure(500, "The demo provider failed at this request.", { code: "internal_error" });
}

export function invalid(param: string, message: string, code?: string): Failure {
  return new Failure(400, message, code === undefined ? { param } : { param, code });
}

/** The first mistake of a body: where it is, and of which sort. */
export interface Problem {
  readonly path: readonly PropertyKey[];
  readonly sort: "missing" | "unknown" | "wrong";
  readonly message: string;
  /** Of a text that is too long: how long it is, and may be. */
  readonly length?: { readonly is: number; readonly max: number } | undefined;
}

export function read<Schema extends z.ZodType>(schema: Schema, body: unknown, word: (problem: Problem) => Failure): z.output<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const [issue, path] = deepest(result.error.issues[0], []);
  if (issue === undefined) throw word({ path, sort: "wrong", message: "not understood" });
  if (issue.code === "unrecognized_keys") throw word({ path: [...path, issue.keys[0] ?? ""], sort: "unknown", message: issue.message });
  const isMissing = issue.input === undefined && /undefined|Required/.test(issue.message);
  throw word({ path, sort: isMissing ? "missing" : "wrong", message: issue.message, length: lengthOf(issue, body, path) });
}

function lengthOf(issue: Issue, body: unknown, path: readonly PropertyKey[]): Problem["length"] {
  if (issue.code !== "too_big" || issue.origin !== "string") return undefined;
  const text = path.reduce<unknown>((value, step) => (typeof value === "object" && value !== null ? Reflect.get(value, step) : undefined), body);
  return typeof text === "string" ? { is: text.length, max: Number(issue.maximum) } : undefined;
}

type Issue = z.core.$ZodIssue;

/** Of a union's arms the one that understood most tells what is wrong. */
function deepest(issue: Issue | undefined, before: readonly PropertyKey[]): [Issue | undefined, readonly PropertyKey[]] {
  if (issue === undefined) return [issue, before];
  const path = [...before, ...issue.path];
  if (issue.code !== "invalid_union") return [issue, path];
  const arms = issue.errors.map((errors) => deepest(errors[0], path)).filter(([found]) => found !== undefined);
  const [best] = arms.toSorted((left, right) => right[1].length - left[1].length);
  return best !== undefined && best[1].length > path.length ? best : [issue, path];
}

export function fieldPath(path: readonly PropertyKey[]): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else text += text === "" ? String(step) : `.${String(step)}`;
  }
  return text;
}

/** The same with every step behind a dot. */
export function dottedPath(path: readonly PropertyKey[]): string {
  return path.map(String).join(".");
}
