// From what a socket or a pool threw to a code of the catalogue. Only codes are passed on, never messages:
// those name hosts and addresses.
import type { Details, ErrorCode } from "../errors.ts";
import { AddressRefused, ConnectTimeout } from "../providers/connect.ts";
import { NotHttp } from "../wire/http-reply.ts";
import { UploadBroken } from "./upload.ts";

export type Stage = "Connecting" | "Waiting" | "Answering";

export const causeOf = (error: Error, stage: Stage): { code: ErrorCode; details: Details } => {
  if (error instanceof AddressRefused) return { code: "UPSTREAM_ADDRESS_REFUSED", details: { reason: error.reason } };
  if (error instanceof ConnectTimeout) return { code: "TIMEOUT_CONNECT", details: {} };
  if (error instanceof UploadBroken) return { code: error.code, details: error.details };
  const reason = codeOf(error);
  if (stage === "Connecting") return { code: "UPSTREAM_CONNECT", details: { reason } };
  if (stage === "Waiting" && error instanceof NotHttp) return { code: "UPSTREAM_INVALID", details: { reason: "it was not HTTP" } };
  return stage === "Waiting" ? { code: "UPSTREAM_RESET", details: {} } : { code: "UPSTREAM_TRUNCATED", details: {} };
};

const codeOf = (error: Error): string => {
  const code = "code" in error ? error.code : undefined;
  if (typeof code === "string" && /^[A-Z][A-Z0-9_]*$/.test(code)) return code;
  // Happy eyeballs gather their failures; the first one tells enough.
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return codeOf(error.errors[0]);
  return error.name;
};
