// Why a path or a method leads nowhere, and what was probably meant. Words only: it answers nobody.
import { failure, type Failure } from "../errors.ts";
import { endpoints, modelList } from "../protocols/endpoints.ts";
import { nearestNames } from "./nearest.ts";

const PATH_LENGTH_MAX = 512;

export interface Nowhere {
  readonly refusal: Failure;
  /** The methods that the path takes, "" for none: the header that belongs to a 405. */
  readonly allow: string;
}

const paths: readonly { readonly path: string; readonly methods: readonly string[] }[] = [
  ...Map.groupBy([...endpoints, modelList], (endpoint) => endpoint.path),
].map(([path, rows]) => ({ path, methods: rows.map((endpoint) => endpoint.method) }));

export const whyNowhere = (method: string, url: string): Nowhere => {
  const path = (url.split("?", 1)[0] ?? "").replace(/^\w+:\/\/[^/]*/, "").slice(0, PATH_LENGTH_MAX);
  const known = paths.find((row) => isPath(row.path, path));
  if (known === undefined) return { refusal: failure("ACCEPT_NO_ENDPOINT", { path, hint: hintFor(path) }), allow: "" };
  if (known.methods.includes(method)) return { refusal: failure("ACCEPT_NO_ENDPOINT", { path, hint: identifierHint(known.path) }), allow: "" };
  return { refusal: failure("ACCEPT_METHOD", { method, path, allowed: known.methods.join(" or ") }), allow: known.methods.join(", ") };
};

/** For a path that would be right with another identifier in it. */
export const identifierHint = (pattern: string): string => `Identifiers on ${pattern} are letters, digits and -_.:=+~@, at most ${PATH_LENGTH_MAX}.`;

const hintFor = (path: string): string => {
  const [near] = nearestNames(path, paths.map((row) => row.path));
  const withVersion = paths.find((row) => isPath(row.path, `/v1${path}`));
  const meant = withVersion === undefined ? near : `/v1${path}`;
  return meant === undefined ? "The base URL of OpenAI's SDKs is this address with /v1 behind it." : `Did you mean ${meant}?`;
};

const isPath = (pattern: string, path: string): boolean => {
  const [wanted, given] = [pattern.split("/"), path.split("/")];
  return wanted.length === given.length && wanted.every((segment, index) => segment === given[index] || (segment.startsWith(":") && given[index] !== ""));
};
