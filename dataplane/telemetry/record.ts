// What is known of one request when it is over: the one shape that log line, metrics and span read.
// Fields only; whoever fills them in guarantees that no content and no key is among them.

export interface RequestRecord {
  readonly id: string;
  /** What was asked, in gen_ai words: chat, text_completion, embeddings, … or "" when the path is unknown. */
  readonly operation: string;
  readonly method: string;
  /** Path without query. */
  readonly path: string;
  /** "namespace/name" of the caller; "" for nobody. */
  readonly callerName: string;
  readonly team: string;
  /** "namespace/name" of route and provider; "" when none was reached. */
  readonly routeName: string;
  readonly targetName: string;
  readonly providerName: string;
  /** The catalogue row's name, for gen_ai.provider.name. */
  readonly providerType: string;
  /** What the client wrote; unbounded, so never a label. */
  readonly modelAsked: string;
  /** The name in the route that matched it: bounded by configuration, so fit for a label. */
  readonly modelMatched: string;
  /** What the provider was asked for. */
  readonly modelSent: string;
  readonly attempts: number;
  readonly status: number;
  /** A code of the catalogue in errors.ts, or "". */
  readonly errorCode: string;
  /** The upstream's HTTP status of the last attempt, 0 when there was none. */
  readonly upstreamStatus: number;
  readonly finishReason: string;
  readonly isStreaming: boolean;
  readonly isAborted: boolean;
  /** Wall clock, milliseconds. */
  readonly startedAt: number;
  /** Monotonic milliseconds; 0 when it never came to that. */
  readonly startTick: number;
  readonly upstreamStartTick: number;
  readonly firstByteTick: number;
  readonly endTick: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** -1: not known. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheWriteTokens: number;
  readonly reasoningTokens: number;
  readonly isUsageEstimated: boolean;
}
