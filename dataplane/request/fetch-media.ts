// Gets the bytes of what a client named by URLs, for a target that takes only bytes. All at once, each once.
import { failure, type Failure } from "../errors.ts";
import type { MediaFetch } from "../protocols/fit/index.ts";
import type { Source } from "../protocols/ir.ts";
import type { Exchange } from "./exchange.ts";

const FETCHES_MAX = 32;

type Bytes = Extract<Source, { kind: "bytes" }>;

/** By URL. */
export interface FetchedMedia {
  readonly media: ReadonlyMap<string, Bytes>;
}

export const fetchMedia = async ({ gateway }: Exchange, wanted: readonly MediaFetch[]): Promise<FetchedMedia | Failure> => {
  const byUrl = new Map(wanted.map((one) => [one.url, one]));
  const last = wanted.at(-1);
  if (byUrl.size > FETCHES_MAX && last !== undefined) return failure("REQUEST_MEDIA_UNREACHABLE", { path: last.at, reason: `a request may name at most ${FETCHES_MAX} addresses` }, last.at);
  const media = new Map<string, Bytes>();
  const refusals = await Promise.all([...byUrl.values()].map(async ({ url, kind, at }) => {
    const fetched = await gateway.media.get(url, kind);
    if ("problem" in fetched) return failure("REQUEST_MEDIA_UNREACHABLE", { path: at, reason: fetched.problem }, at);
    media.set(url, { kind: "bytes", ...fetched });
    return null;
  }));
  return refusals.find((refusal) => refusal !== null) ?? { media };
};
