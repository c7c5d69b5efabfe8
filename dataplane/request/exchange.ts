// The record that travels through the ten steps: one request's life, every field present from birth, one shape.
// Steps write on it; it decides nothing.
import type { PassThrough, Summary } from "../protocols/pass-through.ts";
import type { Endpoint } from "../protocols/endpoints.ts";
import type { Conversation, Loss } from "../protocols/ir.ts";
import { nobody } from "../identity/identity.ts";
import type { Caller } from "../snapshot/schema.ts";
import type { RequestRecord } from "../telemetry/record.ts";
import type { TraceContext } from "../telemetry/trace.ts";
import type { ClientReply, ClientRequest } from "./client.ts";
import type { Gateway } from "./gateway.ts";
import type { Destination } from "./destination.ts";
import type { RouteEntry, Router } from "./router.ts";
import type { TopLevel } from "../wire/json-top-level.ts";
import type { Upload } from "./upload.ts";

export interface Waiting {
  onClientLeft(): void;
}

export class Exchange implements RequestRecord {
  readonly gateway: Gateway;
  /** The router in force when the request came; null before the first snapshot. */
  readonly router: Router | null;
  readonly endpoint: Endpoint;
  readonly protocol: PassThrough;
  readonly request: ClientRequest;
  readonly response: ClientReply;

  // accept
  id = "";
  readonly operation: string;
  readonly method: string;
  path: string;
  /** With "?", without a key that stood in it; "" for none. */
  query = "";
  readonly startedAt: number;
  readonly startTick: number;
  isAborted = false;
  /** Whatever waits now, to be told when the client leaves. An object and no closure: closures in this place kept every
   * request alive through a garbage collection, which cost a third of the throughput (measured, V8 of Node 24). */
  waiting: Waiting | null = null;
  /** A JSON body, in the pieces in which it came. */
  body: readonly Buffer[] = NO_BODY;
  /** The system has taken all of it, and nobody will send it again. */
  isBodySent = false;
  /** What was found in a body, while it came or when it was there. */
  topLevel: TopLevel | null = null;
  contentType = "";
  /** How long the client said that the body is; -1 when it did not. */
  announcedBytes = -1;
  upload: Upload | null = null;
  /** What of the client's headers goes on to the provider, flat. */
  forwarded: string[] = [];
  bytesIn = 0;
  trace: TraceContext | null = null;

  // authenticate
  caller: Caller = nobody;
  callerName = "";
  team = "";

  // understand
  modelAsked = "";
  modelStart = -1;
  modelEnd = -1;
  isStreaming = false;
  isUsageWanted = false;
  /** Read only where two protocols meet, and let go when it has been written for one of the targets. */
  conversation: Conversation | null = null;
  /** What the target that answers cannot carry. */
  losses: readonly Loss[] = NO_LOSSES;

  // decide
  route: RouteEntry | null = null;
  routeName = "";
  modelMatched = "";
  plan: readonly Destination[] = NO_PLAN;

  // attempt
  attempts = 0;
  targetName = "";
  providerName = "";
  providerType = "";
  modelSent = "";
  upstreamStatus = 0;
  upstreamStartTick = 0;

  // stream
  status = 0;
  errorCode = "";
  firstByteTick = 0;
  bytesOut = 0;
  inputTokens = -1;
  outputTokens = -1;
  cachedInputTokens = -1;
  cacheWriteTokens = -1;
  reasoningTokens = -1;
  outputTokensEstimate = 0;
  finishReason = "";

  /** The numbers of tokens that the client reads are the gateway's own guess. */
  isAnswerEstimated = false;

  // settle, observe
  isUsageEstimated = false;
  endTick = 0;

  constructor(gateway: Gateway, endpoint: Endpoint, protocol: PassThrough, request: ClientRequest, response: ClientReply) {
    this.gateway = gateway;
    this.router = gateway.router;
    this.endpoint = endpoint;
    this.protocol = protocol;
    this.request = request;
    this.response = response;
    this.operation = endpoint.operation;
    this.method = request.method ?? "";
    this.path = request.url ?? "";
    this.startedAt = gateway.clock.now();
    this.startTick = gateway.clock.tick();
  }

  /** What an answer said of itself. */
  note(summary: Summary): void {
    this.finishReason = summary.finishReason;
    if (!this.endpoint.isMetered) return;
    this.inputTokens = summary.inputTokens;
    this.outputTokens = summary.outputTokens;
    this.cachedInputTokens = summary.cachedInputTokens;
    this.cacheWriteTokens = summary.cacheWriteTokens;
    this.reasoningTokens = summary.reasoningTokens;
    this.outputTokensEstimate = summary.outputTokensEstimate;
  }
}

const NO_BODY: readonly Buffer[] = [];
const NO_LOSSES: readonly Loss[] = [];
const NO_PLAN: readonly Destination[] = [];
