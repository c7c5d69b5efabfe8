// Finds the endpoint of a path in which the model stands: Google's own and Vertex AI's forms, and Bedrock's.
// It reads the path as it was sent, because a model's name may hold escaped slashes and colons.
import { endpoints, type Endpoint } from "./endpoints.ts";

export interface InPath {
  readonly endpoint: Endpoint;
  readonly model: string;
}

/** What such paths begin with; everything below is looked up here. */
export const prefixes = ["/v1beta/", "/v1beta1/", "/v1/models/", "/v1/projects/", "/v1/publishers/", "/model/"] as const;

const GEMINI = /^\/v1(?:beta1?)?\/(?:projects\/[^/]+\/locations\/[^/]+\/)?(?:publishers\/[^/]+\/)?(?:models|tunedModels|endpoints)\/([^?]+):(\w+)$/;
const BEDROCK = /^\/model\/([^/?]+)\/([\w-]+)$/;

const byAction = (protocol: string): ReadonlyMap<string, Endpoint> =>
  new Map(endpoints.filter((endpoint) => endpoint.model === "Path" && endpoint.protocol === protocol).map((endpoint) => [/[:/]([\w-]+)$/.exec(endpoint.path)?.[1] ?? "", endpoint]));

const tables = [
  { pattern: GEMINI, actions: byAction("gemini") },
  { pattern: BEDROCK, actions: byAction("bedrock-converse") },
] as const;

/** Null when nothing is there. `path` without its query. */
export const findInPath = (path: string): InPath | null => {
  for (const { pattern, actions } of tables) {
    const found = pattern.exec(path);
    const endpoint = found === null ? undefined : actions.get(found[2] as string);
    const model = endpoint === undefined ? null : unescaped(found?.[1] as string);
    if (endpoint !== undefined && model !== null && model !== "") return { endpoint, model };
  }
  return null;
};

const unescaped = (text: string): string | null => {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
};
