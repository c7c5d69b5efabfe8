// Whether a Google credentials file is one that a tenant may hand in: it must hold keys of its own.
// Files of other types name files, programs or addresses, which the data plane would then read, run or ask on the tenant's behalf.
import { parseText } from "../../dataplane/snapshot/parse.ts";
import { unusableAsSecret } from "./credentials.ts";

const fieldsOfType: ReadonlyMap<unknown, readonly string[]> = new Map([
  ["service_account", ["client_email", "private_key"]],
  ["authorized_user", ["client_id", "client_secret", "refresh_token"]],
]);

/** Undefined when it can be used. */
export const unusableAsGoogleFile = (text: string): string | undefined => {
  const problem = unusableAsSecret(text);
  if (problem !== undefined) return problem;
  const content = parseText(text);
  if (typeof content !== "object" || content === null || Array.isArray(content)) return "it is not a JSON object";
  const fields = new Map<string, unknown>(Object.entries(content));
  const needed = fieldsOfType.get(fields.get("type"));
  if (needed === undefined) return "it is not of type service_account or authorized_user; for other identities leave credentialsRef out and give the data plane that identity";
  const missing = needed.filter((name) => typeof fields.get(name) !== "string" || fields.get(name) === "");
  return missing.length === 0 ? undefined : `it has no ${missing.join(" and no ")}`;
};
