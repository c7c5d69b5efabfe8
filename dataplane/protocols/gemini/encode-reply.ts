// A reply as one of Gemini's responses, for a client. The model is the one that the client asked for.
import type { EncodedReply } from "../codec.ts";
import type { Block, Choice, Conversation, Loss, Reply } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { writeBlock, writeFinish } from "./finish.ts";
import { Grounding } from "./grounding.ts";
import { writeLogprobs } from "./logprobs.ts";
import { PartWriter } from "./part-writer.ts";
import { writeUsage } from "./usage.ts";

const logprobsOf = (blocks: readonly Block[]): JsonObject => writeLogprobs(blocks.flatMap((block) => (block.kind === "text" ? (block.logprobs ?? []) : [])));

const encodeChoice = ({ index, blocks, finish }: Choice, asked: Conversation, losses: Loss[]): JsonObject => {
  const writer = new PartWriter(asked, losses);
  const grounding = new Grounding();
  const parts: JsonObject[] = [];
  for (const block of blocks) {
    const at = parts.length;
    parts.push(...writer.write(block));
    if (block.kind === "text") for (const citation of block.citations ?? []) grounding.add(citation, block.text, at);
  }
  parts.push(...writer.rest());
  return { content: { parts, role: "model" }, ...writeFinish(finish), index, ...grounding.written(), ...logprobsOf(blocks) };
};

/** Nothing was said because it was filtered: Gemini says so of the prompt. */
const isBlocked = ({ choices }: Reply): boolean => choices.length === 1 && choices[0]?.finish.reason === "filter" && choices[0].blocks.length === 0;

export const encodeReply = (reply: Reply, asked: Conversation): EncodedReply => {
  const losses: Loss[] = [];
  const [first] = reply.choices;
  const usage = writeUsage(reply.usage, reply.serviceTier);
  const response: JsonObject = {
    ...(first !== undefined && isBlocked(reply) ? { promptFeedback: writeBlock(first.finish) } : { candidates: reply.choices.map((choice) => encodeChoice(choice, asked, losses)) }),
    ...(usage === null ? {} : { usageMetadata: usage }),
    modelVersion: asked.model,
    responseId: reply.id,
  };
  return { body: Buffer.from(JSON.stringify(response)), losses };
};
