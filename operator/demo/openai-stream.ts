// The streams of OpenAI's older endpoints: data lines, and an error among them where the model's name asks for one.

import { faultOf, broken } from "./faults.ts";
import type { Reply } from "./exchange.ts";
import { dataLine, sse } from "./exchange.ts";
import { openaiShape } from "./openai-failure.ts";
import { failureBody } from "./shape.ts";

export function openaiStream(model: string, chunks: AsyncIterable<string>): Reply {
  if (faultOf(model) === undefined) return sse(chunks);
  return sse(broken(model, chunks, (failure) => dataLine(failureBody(openaiShape, failure, ""))));
}
