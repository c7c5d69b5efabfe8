// Rankings across providers: who may be asked in a form that is not the clients'. Those who speak it get the bytes.
import type { Side } from "../side-codec.ts";
import { rankClient } from "./client.ts";
import { bedrockRank, cohereRank } from "./cohere.ts";
import { dashscopeRank } from "./dashscope.ts";
import type { RankAnswer, RankQuestion } from "./question.ts";

export const rerankSide: Side<RankQuestion, RankAnswer> = {
  clients: { rerank: rankClient },
  providers: { "cohere": cohereRank, "bedrock-converse": bedrockRank, "dashscope": dashscopeRank },
  lossesIn: () => [],
  lengthOf: ({ query, documents }) => documents.reduce((sum, { text }) => sum + text.length, query.length),
};
