// The errors the demo provider answers with, in the shape and with the words' structure of the OpenAI protocol.
// It refuses to carry anything internal: message, type, param and code are all there is.

import type { z } from "zod";

export class Failure extends Error {
  readonly status: number;
  readonly type: string;
  readonly param: string | null;
  readonly code: string | null;

  constructor(status: number, message: string, details: { type?: string; param?: string; code?: string } = {}) {
    super(message);
    this.name = "Failure";
    this.status = status;
    this.type = details.type ?? (status >= 500 ? "server_error" : "invalid_request_error");
    this.param = details.param ?? null;
    this.code = details.code ?? null;
  }
}

export function failureBody(failure: Failure) {
  return { error: { message: failure.message, type: failure.type, param: failure.param, code: failure.code } };
}

export function invalid(param: string, message: string, code?: string): Failure {
  return new Failure(400, message, code === undefined ? { param } : { param, code });
}

/** Checks a request body against its shape; the first problem is told with the path of the field. */
export function checked<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const param = fieldPath(issue?.path ?? []);
  if (param === "") throw new Failure(400, "The body of the request must be a JSON object.");
  const isMissing = issue?.code === "invalid_type" && issue.input === undefined && issue.message.includes("undefined");
  if (isMissing) throw invalid(param, `Missing required parameter: '${param}'.`, "missing_required_parameter");
  throw invalid(param, `Invalid value for '${param}': ${issue?.message ?? "not understood"}.`, "invalid_value");
}

function fieldPath(path: readonly PropertyKey[]): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else text += text === "" ? String(step) : `.${String(step)}`;
  }
  return text;
}
