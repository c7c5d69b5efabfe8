// The betas that a client asks for: named in a header, at some clouds in the body, and not all of them known everywhere.
// It knows none of them.
import type { Asked } from "../codec.ts";
import type { Dialect } from "../dialect.ts";
import type { Loss } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import type { Json } from "../../wire/json.ts";

export const BETA = "anthropic-beta";

const namesIn = (text: string): string[] => text.split(",").map((name) => name.trim());

/** Each once, in the order in which they came. */
export const betasOf = (headers: Asked["headers"], body: JsonObject): string[] => {
  const inBody = body["anthropic_beta"];
  const said = [headers[BETA] ?? [], Array.isArray(inBody) ? inBody : []].flat();
  return [...new Set(said.flatMap((value: Json) => (typeof value === "string" ? namesIn(value) : [])))].filter((name) => name !== "");
};

/** Those that the target takes; each other one is a loss. */
export const takenBetas = (value: Json | undefined, { betas }: Dialect, losses: Loss[]): string[] => {
  const asked = Array.isArray(value) ? value.filter((name) => typeof name === "string") : [];
  if (betas?.takes === undefined) return asked;
  const { takes } = betas;
  for (const name of asked) if (!takes.includes(name)) losses.push({ path: `${BETA}.${name}`, reason: "unsupported", severity: "minor" });
  return asked.filter((name) => takes.includes(name));
};

/** The same for a client's headers that would go as they are. */
export const fitHeaders = (forwarded: readonly string[], dialect: Dialect): { readonly headers: readonly string[]; readonly members: JsonObject; readonly losses: readonly Loss[] } => {
  const at = forwarded.indexOf(BETA);
  if (at === -1 || dialect.betas === undefined) return { headers: forwarded, members: {}, losses: [] };
  const losses: Loss[] = [];
  const taken = takenBetas(namesIn(forwarded[at + 1] ?? ""), dialect, losses);
  const others = [...forwarded.slice(0, at), ...forwarded.slice(at + 2)];
  if (taken.length === 0) return { headers: others, members: {}, losses };
  return dialect.betas.in === "body" ? { headers: others, members: { anthropic_beta: taken }, losses } : { headers: [...others, BETA, taken.join(",")], members: {}, losses };
};
