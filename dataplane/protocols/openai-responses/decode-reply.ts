// A whole response of a provider as a reply. An error with status 200, or a response that failed, is a failure.
import { isObject, parseExact } from "../../wire/json.ts";
import type { TargetModel } from "../codec.ts";
import type { ProviderFailure, Reply } from "../ir.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import { finishOf } from "./finish.ts";
import { asExtras, countOf, restOf } from "./members.ts";
import { outputBlocks } from "./output-items.ts";
import { broken } from "../provider-failure.ts";
import { eventFailure, responseFailure } from "./provider-failure.ts";
import { decodeUsage } from "./usage.ts";

/** What the model has a name for; the rest of a response goes back to a client of this protocol. */
export const responseMembers: ReadonlySet<string> = new Set([
  "id", "object", "created_at", "completed_at", "status", "error", "incomplete_details", "model", "output", "output_text", "usage", "service_tier",
]);

export const createdAtOf = (response: JsonObject): number => Math.max(0, Math.trunc(countOf(response["created_at"], 0)));

export const decodeReply = (body: Buffer, target: TargetModel): Reply | ProviderFailure => {
  const text = body.toString("utf8");
  const response = parseExact(text);
  if (response === undefined) return broken("invalid_json", "The provider's answer is not JSON.");
  if (!isObject(response)) return eventFailure(text, response);
  const failure = responseFailure(response);
  if (failure !== null) return failure;
  if (!Array.isArray(response["output"])) return broken("invalid_response", "The provider's answer has no output.");
  const blocks = objectsIn(response["output"]).flatMap((item, index) => outputBlocks(item, `output[${index}]`, target.origin));
  const has = { calls: blocks.some(({ kind }) => kind === "tool-call"), refusal: blocks.some(({ kind }) => kind === "refusal") };
  return {
    id: stringOf(response["id"]),
    model: stringOf(response["model"]),
    createdAt: createdAtOf(response),
    choices: [{ index: 0, blocks, finish: finishOf(response, has) }],
    usage: decodeUsage(response["usage"]),
    serviceTier: stringOf(response["service_tier"]),
    ...asExtras(restOf(response, responseMembers)),
  };
};
