// A whole answer written as an older completion: only its text has a place there, the rest is told as a loss.
import type { EncodedReply } from "../codec.ts";
import type { Block, Choice, Conversation, Loss, Reply } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { answerId, writeUsage } from "../openai-answer.ts";
import { echoOf, finishWord, ID_PREFIX, writeLogprobs } from "./names.ts";

/** What a model wrote beside its text. A call that is not told is an answer that is not told. */
export const lossOf = (kind: Block["kind"], choice: number): Loss => ({ path: `choices[${choice}].${kind}`, reason: "unsupported", severity: kind === "reasoning" || kind === "foreign" ? "minor" : "major" });

export const citationLoss = (choice: number): Loss => ({ path: `choices[${choice}].annotations`, reason: "unsupported", severity: "minor" });

const isCited = (block: Block): boolean => block.kind === "text" && (block.citations ?? []).length > 0;

const textOf = (block: Block): string => (block.kind === "text" || block.kind === "refusal" ? block.text : "");

const choiceOf = ({ index, blocks, finish }: Choice, echo: string, losses: Loss[]): JsonObject => {
  const logprobs = blocks.flatMap((block) => (block.kind === "text" ? (block.logprobs ?? []) : []));
  for (const { kind } of blocks) if (kind !== "text" && kind !== "refusal") losses.push(lossOf(kind, index));
  if (blocks.some(isCited)) losses.push(citationLoss(index));
  return {
    text: echo + blocks.map(textOf).join(""),
    index,
    logprobs: logprobs.length === 0 ? null : writeLogprobs(logprobs, echo.length),
    finish_reason: finishWord(finish),
  };
};

export const encodeReply = (reply: Reply, asked: Conversation): EncodedReply => {
  const losses: Loss[] = [];
  const usage = writeUsage(reply.usage);
  const echo = echoOf(asked);
  const body: JsonObject = {
    id: answerId(reply.id, ID_PREFIX),
    object: "text_completion",
    created: reply.createdAt,
    model: asked.model,
    choices: reply.choices.map((choice) => choiceOf(choice, echo, losses)),
    ...(usage === null ? {} : { usage }),
  };
  return { body: Buffer.from(JSON.stringify(body)), losses };
};
