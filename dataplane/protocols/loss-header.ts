// Tells losses to the client: a structured-field list (RFC 9651) for the response's head, and a comment for a stream that has
// begun. Paths hold what clients wrote, so they are kept within the field's characters. It decides no severity.
import type { Loss } from "./ir.ts";

export const lossHeaderName = "x-llmgw-losses";
const LOSSES_MAX = 20;
const PATH_CHARACTERS_MAX = 128;

const token = /^[A-Za-z*][\w!#$%&'*+\-.^`|~:/]*$/;

/** A token where it can be one, otherwise a string; what neither may hold is written as percent and hexadecimal digits. */
const itemOf = (path: string): string => {
  const short = path.length > PATH_CHARACTERS_MAX ? `${path.slice(0, PATH_CHARACTERS_MAX)}...` : path;
  if (token.test(short)) return short;
  const plain = short.toWellFormed().replace(/[^\x20-\x7E]/gu, encodeURIComponent);
  return `"${plain.replace(/["\\]/g, String.raw`\$&`)}"`;
};

/** "" for none. */
export const lossHeader = (losses: readonly Loss[]): string => {
  const items = losses.slice(0, LOSSES_MAX).map(({ path, reason, severity }) => `${itemOf(path)};reason=${reason};severity=${severity}`);
  if (losses.length > LOSSES_MAX) items.push(`more;count=${losses.length - LOSSES_MAX}`);
  return items.join(", ");
};

/** A comment of a stream of server-sent events, which clients skip; "" for none. */
export const lossComment = (losses: readonly Loss[]): string => (losses.length === 0 ? "" : `: llmgw-losses ${lossHeader(losses)}\n`);
