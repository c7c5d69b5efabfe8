// What a vendor wants otherwise in a request of its own protocol: members and headers that it refuses, calls otherwise or must
// have. All other bytes go as they are, and most vendors want nothing of it.
import type { Dialect } from "../protocols/dialect.ts";
import type { Loss } from "../protocols/ir.ts";
import type { ModelDialect } from "../providers/dialects.ts";
import { editMembers, type MemberEdit } from "../wire/json-edit.ts";
import { isInPieces, joined } from "../wire/pieces.ts";
import type { Exchange } from "./exchange.ts";
import type { OutgoingBody } from "./outgoing.ts";

export interface VendorForm {
  readonly headers: readonly string[];
  readonly body: OutgoingBody;
}

/** Writes on the exchange what the vendor refuses. */
export const vendorForm = (exchange: Exchange, { dialect, edit }: ModelDialect, body: OutgoingBody, isModelInPath: boolean): VendorForm => {
  const { endpoint, forwarded, protocol, isStreaming } = exchange;
  if (edit === null || endpoint.family === "none" || !isInPieces(body)) return { headers: forwarded, body };
  const { headers, members, losses } = protocol.fitHeaders?.(forwarded, dialect) ?? { headers: forwarded, members: {}, losses: [] };
  const mustStream = dialect.onlyStreams === true && !isStreaming && endpoint.family === "conversation";
  const edited = editMembers(joined(body), withMembers(edit(isModelInPath, mustStream), members));
  const refused = (edited?.dropped ?? []).filter((name) => isLoss(name, dialect)).map((path): Loss => ({ path, reason: "unsupported", severity: "minor" }));
  if (refused.length > 0 || losses.length > 0) exchange.losses = [...refused, ...losses];
  return { headers, body: edited === null ? body : [edited.body] };
};

/** How a stream is asked for is no loss: it is asked for otherwise. */
const isLoss = (name: string, { refuses = [] }: Dialect): boolean => refuses.includes(name) && name !== "stream";

const withMembers = (edit: MemberEdit, members: object): MemberEdit => {
  const added = Object.entries(members).map(([name, value]): [string, string] => [name, JSON.stringify(value)]);
  return added.length === 0 ? edit : { ...edit, sets: new Map([...edit.sets, ...added]) };
};
