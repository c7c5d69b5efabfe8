// Where a question goes behind a provider's base URL: the protocol's own path, or the one that the vendor has in its place.
import type { Dialect } from "../protocols/dialect.ts";

const escapedModel = (model: string): string => encodeURIComponent(model).replaceAll("%40", "@");

/** What the vendor has in place of a protocol's own path; some have another for streams. It may hold {model}. */
export const templateOf = (own: string, isStreaming: boolean, { paths }: Dialect): string =>
  paths === undefined ? own : ((isStreaming ? paths[`${own}#stream`] : undefined) ?? paths[own] ?? own);

export const holdsModel = (template: string): boolean => template.includes("{model}");

/** `query` is the client's own, with "?", or "". */
export const upstreamPath = (template: string, model: string, query: string): string => withQuery(template.replace("{model}", () => escapedModel(model)), query);

/** The same for a path in which the model stands already. */
export const dialectPath = (path: string, model: string, dialect: Dialect): string => {
  if (dialect.paths === undefined) return path;
  const mark = path.indexOf("?");
  const bare = mark === -1 ? path : path.slice(0, mark);
  const template = dialect.paths[bare.replace(encodeURIComponent(model), "{model}")] ?? dialect.paths[bare.replace(escapedModel(model), "{model}")];
  return template === undefined ? path : withQuery(template.replace("{model}", () => escapedModel(model)), mark === -1 ? "" : path.slice(mark));
};

/** "" or "a=b" is added behind what there is. */
export const withQuery = (path: string, query: string): string => {
  const added = query.startsWith("?") ? query.slice(1) : query;
  if (added === "") return path;
  return `${path}${path.includes("?") ? "&" : "?"}${added}`;
};

/** What an address has in its query is said once: a client that says it itself means it. */
export const withFixed = (path: string, fixed: string): string => {
  const name = fixed.slice(0, fixed.indexOf("=") + 1);
  return fixed === "" || path.includes(`?${name}`) || path.includes(`&${name}`) ? path : withQuery(path, fixed);
};
