// A whole answer of Converse's, into a reply. What only Converse's own clients understand of it is kept beside it.
// A success that holds an error, or no answer at all, is a failure.
import type { TargetModel } from "../codec.ts";
import type { Block, ProviderFailure, Reply } from "../ir.ts";
import { type JsonObject, stringOf } from "../json-members.ts";
import { broken } from "../provider-failure.ts";
import { isObject, parseExact } from "../../wire/json.ts";
import { handBack } from "./carry.ts";
import { decodePart } from "./decode-blocks.ts";
import { failureFrom } from "./failure.ts";
import { readFinish } from "./finish.ts";
import { extrasOf, isMembers, objectOf, restOf } from "./members.ts";
import { readUsage } from "./usage.ts";

const known: ReadonlySet<string> = new Set(["output", "stopReason", "usage", "serviceTier"]);

/** An empty text may stand before others; it says nothing, and may not be sent back. */
const saysNothing = (block: Block): boolean => block.kind === "text" && block.text === "" && block.citations === undefined;

const blocksOf = (content: readonly unknown[], origin: string): Block[] => {
  const blocks = content.flatMap((part): Block[] => {
    const block = decodePart(part as JsonObject, { at: "", origin });
    return "problem" in block || saysNothing(block) ? [] : [block];
  });
  return handBack(blocks);
};

export const decodeReply = (body: Buffer, { origin }: TargetModel): Reply | ProviderFailure => {
  const text = body.toString("utf8");
  const document = parseExact(text);
  if (!isMembers(document)) return broken("invalid_json", "The provider's answer is not a JSON object.");
  const message = objectOf(document["output"])["message"];
  if (!isObject(message) || !Array.isArray(message["content"])) {
    const isError = document["__type"] !== undefined || typeof document["message"] === "string" || typeof document["Message"] === "string";
    return isError ? failureFrom(0, "", text) : broken("no_content", "The provider's answer has no content.");
  }
  return {
    id: "",
    model: "",
    createdAt: 0,
    choices: [{ index: 0, blocks: blocksOf(message["content"], origin), finish: readFinish(document) }],
    usage: readUsage(document["usage"]),
    serviceTier: stringOf(objectOf(document["serviceTier"])["type"]),
    ...extrasOf(restOf(document, known)),
  };
};
