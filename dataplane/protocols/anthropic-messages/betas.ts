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

/** Those that the target takes, once each, by the names that they have there; each other one is a loss. */
export const takenBetas = (value: Json | undefined, { betas }: Dialect, losses: Loss[]): string[] => {
  const asked = Array.isArray(value) ? value.filter((name) => typeof name === "string") : [];
  if (betas?.takes === undefined) return asked;
  const { takes, renames = {} } = betas;
  const taken = new Set<string>();
  for (const name of asked) {
    const known = Object.hasOwn(renames, name) ? (renames[name] ?? name) : name;
    if (takes.includes(known)) taken.add(known);
    else losses.push({ path: `${BETA}.${name}`, reason: "unsupported", severity: "minor" });
  }
  return [...taken];
};

/** The same for a client's headers that would go as they are; one of them may be there several times. */
export const fitHeaders = (forwarded: readonly string[], dialect: Dialect): { readonly headers: readonly string[]; readonly members: JsonObject; readonly losses: readonly Loss[] } => {
  if (dialect.betas === undefined || !forwarded.includes(BETA)) return { headers: forwarded, members: {}, losses: [] };
  const losses: Loss[] = [];
  const others: string[] = [];
  const asked: string[] = [];
  for (let at = 0; at < forwarded.length; at += 2) {
    const [name = "", value = ""] = forwarded.slice(at, at + 2);
    if (name === BETA) asked.push(...namesIn(value));
    else others.push(name, value);
  }
  const taken = takenBetas(asked.filter((name) => name !== ""), dialect, losses);
  if (taken.length === 0) return { headers: others, members: {}, losses };
  return dialect.betas.in === "body" ? { headers: others, members: { anthropic_beta: taken }, losses } : { headers: [...others, BETA, taken.join(",")], members: {}, losses };
};
