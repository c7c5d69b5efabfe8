// The protocols that the demo provider speaks: the endpoints of each, where its failures are worded, and how a path finds its endpoint.
// It refuses an unknown path with 404 and a known one with the wrong method with 405, both in the shape of the path's protocol.

import { anthropicRoutes } from "./anthropic/index.ts";
import { anthropicShape } from "./anthropic/failure.ts";
import { bedrockRoutes } from "./bedrock/index.ts";
import { bedrockShape } from "./bedrock/failure.ts";
import { cohereRoutes } from "./cohere/index.ts";
import { cohereShape } from "./cohere/failure.ts";
import { dashscopeRoutes } from "./dashscope/index.ts";
import { dashscopeShape } from "./dashscope/failure.ts";
import type { Endpoint, Routes } from "./exchange.ts";
import { Failure } from "./failure.ts";
import { geminiRoutes } from "./gemini/index.ts";
import { geminiShape } from "./gemini/failure.ts";
import { ollamaRoutes } from "./ollama/index.ts";
import { ollamaShape } from "./ollama/failure.ts";
import { openaiShape } from "./openai-failure.ts";
import { openaiRoutes } from "./routes.ts";
import type { Shape } from "./shape.ts";

interface Surface {
  readonly begins: RegExp;
  readonly shape: Shape;
  readonly routes: Routes;
  /** What all beginnings are read as, where there are several for the same. */
  readonly as?: string;
}

/** Of the Gemini API, its versions, and of Vertex AI. */
const GOOGLE = /^\/(?:v1beta1?(?=\/models)|v1(?=\/models\/[^/]+:[a-z])|v1(?:beta1)?\/projects\/[^/]+\/locations\/[^/]+\/publishers\/google(?=\/models))/i;

/** The first whose beginning fits; OpenAI's is all the rest. */
const SURFACES: readonly Surface[] = [
  { begins: /^\/v1\/messages/, shape: anthropicShape, routes: anthropicRoutes },
  { begins: GOOGLE, shape: geminiShape, routes: geminiRoutes, as: "/v1beta" },
  { begins: /^\/model\//, shape: bedrockShape, routes: bedrockRoutes },
  { begins: /^\/v2\//, shape: cohereShape, routes: cohereRoutes },
  { begins: /^\/api\/v1\//, shape: dashscopeShape, routes: dashscopeRoutes },
  { begins: /^\/api\//, shape: ollamaShape, routes: ollamaRoutes },
  { begins: /^\//, shape: openaiShape, routes: openaiRoutes },
];

export function shapeAt(path: string): Shape {
  return surfaceAt(path)?.shape ?? openaiShape;
}

export interface Found {
  readonly endpoint: Endpoint;
  readonly id: string;
}

export function findEndpoint(method: string, path: string): Found {
  const surface = surfaceAt(path);
  const plain = surface?.as === undefined ? path : path.replace(surface.begins, surface.as);
  const [methods, id] = matched(surface?.routes ?? {}, plain);
  if (methods === undefined) throw new Failure(404, `Invalid URL (${method} ${path})`, { code: "unknown_url" });
  const endpoint = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (endpoint !== undefined) return { endpoint, id };
  const allowed = Object.keys(methods).join(", ");
  throw new Failure(405, `Not allowed to ${method} on ${path}, only ${allowed}.`, { code: "method_not_supported" });
}

function surfaceAt(path: string): Surface | undefined {
  return SURFACES.find(({ begins }) => begins.test(path));
}

/** `*` stands for one segment of a path, or for what is before its colon: the id, or the model. */
function matched(routes: Routes, path: string): [Routes[string] | undefined, string] {
  if (Object.hasOwn(routes, path)) return [routes[path], ""];
  const segments = path.split("/");
  for (const at of segments.keys()) {
    const segment = segments[at] ?? "";
    const colon = segment.includes(":") ? segment.lastIndexOf(":") : segment.length;
    const ends = [colon, segment.length];
    for (const end of ends) {
      const starred = segments.with(at, `*${segment.slice(end)}`).join("/");
      if (segment !== "" && Object.hasOwn(routes, starred)) return [routes[starred], decoded(segment.slice(0, end))];
    }
  }
  return [undefined, ""];
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}
