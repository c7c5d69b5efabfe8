// What a process line may say: fields named like credentials, and what looks like one inside a text, become [redacted].
// A net under the rope, not the rope: whoever logs must not hand over secrets or content in the first place.
import { Secret } from "../snapshot/secret.ts";

const REDACTED = "[redacted]";
const TEXT_LENGTH_MAX = 1024;
const DEPTH_MAX = 5;
const ITEMS_MAX = 100;

const CREDENTIAL_NAME = /key$|^key|api[-_]?key|authorization|token$|secret|password|passwd|cookie|credential|signature/i;
const BEARER = /\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi;
// Prefixes that vendors give their keys, and three dotted base64url parts: a JWT.
const KEY_SHAPES = /\b(?:sk|pk|rk|xai|gsk|hf|AIza|AKIA|ghp|llmgw)[-_]?[\w-]{12,}\b|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g;
const QUERY_KEY = /([?&](?:key|api[-_]?key|token|signature)=)[^&\s"']+/gi;

export const redactText = (text: string): string => {
  const short = text.length > TEXT_LENGTH_MAX ? `${text.slice(0, TEXT_LENGTH_MAX)}… (${text.length} characters)` : text;
  return short.replace(BEARER, `$1 ${REDACTED}`).replace(QUERY_KEY, `$1${REDACTED}`).replace(KEY_SHAPES, REDACTED);
};

/** A copy that is safe to print as JSON: bounded in depth and length, without cycles and without credentials. */
export const redacted = (value: unknown, name = "", depth = 0): unknown => {
  if (value === null || typeof value === "boolean" || typeof value === "number" || value === undefined) return value;
  if (value instanceof Secret || CREDENTIAL_NAME.test(name)) return REDACTED;
  if (typeof value === "string") return redactText(value);
  if (typeof value !== "object") return redactText(String(value));
  if (depth >= DEPTH_MAX) return "[too deep]";
  if (value instanceof Error) return errorOf(value, depth);
  if (value instanceof Uint8Array) return `[${value.length} bytes]`;
  if (Array.isArray(value)) return value.slice(0, ITEMS_MAX).map((item) => redacted(item, "", depth + 1));
  const entries = Object.entries(value).slice(0, ITEMS_MAX);
  return Object.fromEntries(entries.map(([key, member]) => [key, redacted(member, key, depth + 1)]));
};

const errorOf = (error: Error, depth: number): unknown => ({
  name: error.name,
  message: redactText(error.message),
  ...("code" in error ? { code: redacted(error.code, "", depth + 1) } : {}),
  ...(error.cause === undefined ? {} : { cause: redacted(error.cause, "", depth + 1) }),
  stack: redactText(error.stack ?? "").split("\n").slice(1, 9).map((line) => line.trim()),
});
