// Step 3: which model is asked for, and whether a stream is. The raw bytes stay as they are.
// It does not know what a conversation is; that is read only where two protocols meet.
import { failure, type Failure } from "../errors.ts";
import { findTopLevel, readString } from "../wire/json-top-level.ts";
import { joined, spanOf } from "../wire/pieces.ts";
import type { Exchange } from "./exchange.ts";
import { identifierHint } from "./nowhere.ts";

const MODEL_LENGTH_MAX = 256;
const QUOTE = 0x22;
const OPENING_BRACE = 0x7b;
const SPACES: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

export const understand = (exchange: Exchange): Failure | null => {
  if (exchange.upload !== null) return checkModel(exchange);
  if (exchange.endpoint.body === "none") return checkPath(exchange);
  if (exchange.endpoint.model === "Path") return checkPathModel(exchange);
  const { body } = exchange;
  const found = (exchange.topLevel ??= findTopLevel(joined(body)));
  if (found.problem !== "") return failure("REQUEST_INVALID_JSON", { reason: found.problem });
  exchange.isStreaming = found.isStreaming;
  exchange.isUsageWanted = found.isUsageWanted;
  if (exchange.endpoint.model === "None") return checkPath(exchange);
  if (found.modelStart === -1) return checkModel(exchange);
  exchange.modelStart = found.modelStart;
  exchange.modelEnd = found.modelEnd;
  const model = textOf(spanOf(body, found.modelStart, found.modelEnd));
  if (model === undefined || model === "" || model.length > MODEL_LENGTH_MAX) return failure("REQUEST_MODEL_INVALID", {}, "model");
  exchange.modelAsked = model;
  return null;
};

const checkPathModel = (exchange: Exchange): Failure | null => {
  // What the body says is for the provider, or for the codec that reads it; that it is an object is seen at once.
  if (!beginsObject(exchange)) return failure("REQUEST_INVALID_JSON", { reason: "it does not begin with {" });
  exchange.isStreaming = exchange.endpoint.isStreaming;
  exchange.isUsageWanted = true;
  return checkModel(exchange);
};

const textOf = (value: Buffer): string | undefined => (value[0] === QUOTE ? readString(value, 0, value.length) : undefined);

const beginsObject = ({ body }: Exchange): boolean => {
  for (const piece of body) for (const byte of piece) if (!SPACES.has(byte)) return byte === OPENING_BRACE;
  return false;
};

const checkModel = ({ modelAsked, endpoint }: Exchange): Failure | null => {
  if (modelAsked.length > MODEL_LENGTH_MAX) return failure("REQUEST_MODEL_INVALID", {}, "model");
  return modelAsked === "" && endpoint.model === "Required" ? failure("REQUEST_MODEL_MISSING", {}, "model") : null;
};

// What stands for :id goes into the provider's path beside our credential: nothing in it may lead elsewhere.
const checkPath = ({ path, endpoint }: Exchange): Failure | null => {
  const isPlain = path.slice(1).split("/").every((segment) => /^[\w.:@=+~-]+$/.test(segment) && segment !== "." && segment !== "..");
  return isPlain ? null : failure("ACCEPT_NO_ENDPOINT", { path, hint: identifierHint(endpoint.path) });
};
