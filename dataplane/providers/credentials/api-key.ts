// A plain key, in any header or in the query, and no credential at all. Nothing is left to do per request.
import type { Placement } from "../../snapshot/schema.ts";
import type { Authorization } from "./authorization.ts";

export const NOTHING: Authorization = { headers: [], query: "", live: null };

const BEARER: Placement = { place: "header", name: "authorization", prefix: "Bearer " };

/** How a row of the catalogue says it: the header's name is enough. */
export const placementOf = (header: string): Placement => (header === "authorization" ? BEARER : { place: "header", name: header, prefix: "" });

export const withApiKey = (key: string, { place, name, prefix }: Placement): Authorization => {
  if (place === "query") return { headers: [], query: `${encodeURIComponent(name)}=${encodeURIComponent(prefix + key)}`, live: null };
  return { headers: [name.toLowerCase(), prefix + key], query: "", live: null };
};
