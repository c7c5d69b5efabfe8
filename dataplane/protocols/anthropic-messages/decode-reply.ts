// A whole answer of a provider's, into a reply. What only Anthropic's clients understand of it is kept beside it.
// A success that holds an error, or no answer at all, is a failure.
import type { TargetModel } from "../codec.ts";
import type { Block, Draft, Finish, ProviderFailure, Reply } from "../ir.ts";
import { type JsonObject, stringOf } from "../json-members.ts";
import { broken } from "../provider-failure.ts";
import { isObject, parseExact } from "../../wire/json.ts";
import { handBack } from "./carry.ts";
import { decodeBlock } from "./decode-blocks.ts";
import { failureFrom } from "./failure.ts";
import { readFinish } from "./finish.ts";
import { extrasOf, isMembers, objectOf, restOf } from "./members.ts";
import { readUsage } from "./usage.ts";

const known: ReadonlySet<string> = new Set(["id", "type", "role", "model", "content", "stop_reason", "stop_sequence"]);

/** Its usage is kept as it was said too: Anthropic's own clients are told it word for word. */
export const messageExtras = (message: JsonObject): JsonObject => restOf(message, known);

const blocksOf = (message: JsonObject, origin: string): Block[] => {
  const content = message["content"];
  if (!Array.isArray(content)) return [];
  const blocks: Block[] = [];
  const place = { at: "", origin };
  for (const value of content) {
    const block = decodeBlock(value, place);
    if (!("problem" in block)) blocks.push(block);
  }
  return handBack(blocks);
};

/** Without a word it ended as far as anybody can tell. */
export const unsaidFinish = (hasCalls: boolean): Finish => ({ reason: hasCalls ? "tool-calls" : "stop", raw: "" });

export const decodeReply = (body: Buffer, { origin }: TargetModel): Reply | ProviderFailure => {
  const text = body.toString("utf8");
  const message = parseExact(text);
  if (!isMembers(message)) return broken("invalid_json", "The provider's answer is not a JSON object.");
  if (message["type"] === "error" || (isObject(message["error"]) && message["content"] === undefined)) return failureFrom(0, text, message);
  if (!Array.isArray(message["content"])) return broken("no_content", "The provider's answer has no content.");
  const usage = objectOf(message["usage"]);
  const blocks = blocksOf(message, origin);
  const finish = readFinish(message) ?? unsaidFinish(blocks.some(({ kind }) => kind === "tool-call"));
  const reply: Draft<Reply> = {
    id: stringOf(message["id"]),
    model: stringOf(message["model"]),
    createdAt: 0,
    choices: [{ index: 0, blocks, finish }],
    usage: readUsage(usage),
    serviceTier: stringOf(usage["service_tier"]),
  };
  const { extras } = extrasOf(messageExtras(message));
  if (extras !== undefined) reply.extras = extras;
  return reply;
};
