// Step 9: what was used, also when nobody said. Runs exactly once per request, whatever happened, and never fails it.
// Cost, commit and refund of reservations will be decided here.
import type { Exchange } from "./exchange.ts";

/** Rough, and marked as such: four bytes of JSON text are about one token. */
const BYTES_PER_TOKEN = 4;

/** Where text is all that counts; of a picture or a recording the bytes say nothing. */
const estimable: ReadonlySet<string> = new Set(["chat", "text_completion", "embeddings", "rerank"]);

export const settle = (exchange: Exchange): void => {
  if (!estimable.has(exchange.operation) || !wasDelivered(exchange)) return;
  if (exchange.inputTokens < 0) {
    exchange.inputTokens = Math.ceil(exchange.bytesIn / BYTES_PER_TOKEN);
    exchange.isUsageEstimated = true;
  }
  if (exchange.outputTokens < 0) {
    exchange.outputTokens = exchange.outputTokensEstimate;
    exchange.isUsageEstimated = exchange.isUsageEstimated || exchange.outputTokensEstimate > 0;
  }
};

/** A provider took the request and began a good answer: what comes after that is billed, even if it broke off. */
const wasDelivered = ({ upstreamStatus, status, firstByteTick }: Exchange): boolean => isGood(upstreamStatus) && isGood(status) && firstByteTick > 0;

const isGood = (status: number): boolean => status >= 200 && status < 300;
