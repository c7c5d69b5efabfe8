// W3C trace context in and out, and one span per request where somebody listens.
// It speaks only @opentelemetry/api; the SDK and the exporter are export.ts's, and without them nothing is recorded.
import { isSpanContextValid, ProxyTracerProvider, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Context, type Span, type Tracer } from "@opentelemetry/api";
import { getRandomValues } from "node:crypto";
import { errorTypeOf } from "./metrics.ts";
import type { RequestRecord } from "./record.ts";

/** What travels with a request: W3C's words for it. */
export interface TraceContext {
  readonly traceId: string;
  /** Headers for the provider; "" when there is nothing to pass on. */
  readonly traceparent: string;
  readonly tracestate: string;
  /** Null where nobody records the trace here. */
  readonly span: Span | null;
}

export const NO_TRACE: TraceContext = { traceId: "", traceparent: "", tracestate: "", span: null };

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const TRACESTATE_LENGTH_MAX = 512;
const TRACESTATE = /^[\x20-\x7e\t]*$/;
const SAMPLED = 1;

interface Parent {
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
}

/** Null for what the W3C says must be ignored: wrong lengths, upper case, zero ids, version ff, version 00 with more parts. */
export const parseTraceparent = (header: string): Parent | null => {
  const found = TRACEPARENT.exec(header);
  if (found === null) return null;
  const [, version = "", traceId = "", spanId = "", flags = "", rest] = found;
  if (version === "ff" || (version === "00" && rest !== undefined)) return null;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) };
};

const POOL_BYTES = 4096;
const SPAN_ID_BYTES = 8;
const pool = Buffer.alloc(POOL_BYTES);
let poolOffset = POOL_BYTES;

const newSpanId = (): string => {
  if (poolOffset >= POOL_BYTES) {
    getRandomValues(pool);
    poolOffset = 0;
  }
  const spanId = pool.toString("hex", poolOffset, poolOffset + SPAN_ID_BYTES);
  poolOffset += SPAN_ID_BYTES;
  return spanId === "0000000000000000" ? newSpanId() : spanId;
};

const spell = (traceId: string, spanId: string, flags: number): string => `00-${traceId}-${spanId}-${(flags & 0xff).toString(16).padStart(2, "0")}`;

const cleanState = (tracestate: string | undefined): string =>
  tracestate !== undefined && tracestate.length <= TRACESTATE_LENGTH_MAX && TRACESTATE.test(tracestate) ? tracestate : "";

export interface Sampling {
  /** Whether a request without a parent's decision is recorded. Only asked where the tracer is ours. */
  isSampled(): boolean;
}

const everything: Sampling = { isSampled: () => true };

export class Tracing {
  readonly #tracer: Tracer | null;
  readonly #sampling: Sampling;

  /** Without `sampling` the tracer is somebody else's, and so is the decision. */
  constructor(tracer: Tracer | null, sampling: Sampling = everything) {
    this.#tracer = tracer;
    this.#sampling = sampling;
  }

  begin(traceparent: string | undefined, tracestate: string | undefined): TraceContext {
    if (traceparent === undefined && this.#tracer === null) return NO_TRACE;
    const parent = traceparent === undefined ? null : parseTraceparent(traceparent);
    const state = parent === null ? "" : cleanState(tracestate);
    if (this.#tracer !== null && this.#wants(parent)) return started(this.#tracer, parent, state);
    return parent === null ? NO_TRACE : passedOn(parent, state);
  }

  /** Never throws: a span is the least of what a request owes. */
  end(travelled: TraceContext, record: RequestRecord): void {
    const span = travelled.span;
    if (span === null) return;
    span.updateName(record.modelMatched === "" ? record.operation || record.method : `${record.operation} ${record.modelMatched}`);
    describe(span, record);
    span.end();
  }

  #wants(parent: Parent | null): boolean {
    if (this.#sampling === everything) return true;
    return parent === null ? this.#sampling.isSampled() : (parent.flags & SAMPLED) !== 0;
  }
}

const started = (tracer: Tracer, parent: Parent | null, state: string): TraceContext => {
  const span = tracer.startSpan("request", { kind: SpanKind.SERVER }, contextOf(parent));
  const { traceId, spanId, traceFlags } = span.spanContext();
  if (!isSpanContextValid(span.spanContext())) return parent === null ? NO_TRACE : passedOn(parent, state);
  return { traceId, traceparent: spell(traceId, spanId, traceFlags), tracestate: state, span };
};

const passedOn = (parent: Parent, state: string): TraceContext => ({
  traceId: parent.traceId,
  traceparent: spell(parent.traceId, newSpanId(), parent.flags),
  tracestate: state,
  span: null,
});

const contextOf = (parent: Parent | null): Context => {
  if (parent === null) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId: parent.traceId, spanId: parent.spanId, traceFlags: parent.flags, isRemote: true });
};

const describe = (span: Span, record: RequestRecord): void => {
  span.setAttributes({
    "gen_ai.operation.name": record.operation,
    "gen_ai.provider.name": record.providerType,
    "gen_ai.request.model": record.modelAsked.slice(0, 256),
    "http.request.method": record.method,
    "http.response.status_code": record.status,
    "url.path": record.path.slice(0, 256),
    "llmgw.request.id": record.id,
    "llmgw.route": record.routeName,
    "llmgw.target": record.targetName,
    "llmgw.provider": record.providerName,
    "llmgw.caller": record.callerName,
    "llmgw.attempts": record.attempts,
    "llmgw.streaming": record.isStreaming,
  });
  if (record.modelSent !== "") span.setAttribute("llmgw.model.sent", record.modelSent);
  if (record.finishReason !== "") span.setAttribute("gen_ai.response.finish_reasons", [record.finishReason]);
  if (record.inputTokens >= 0) span.setAttribute("gen_ai.usage.input_tokens", record.inputTokens);
  if (record.outputTokens >= 0) span.setAttribute("gen_ai.usage.output_tokens", record.outputTokens);
  if (record.cachedInputTokens >= 0) span.setAttribute("gen_ai.usage.cache_read.input_tokens", record.cachedInputTokens);
  if (record.firstByteTick > 0) span.setAttribute("llmgw.first_byte_ms", record.firstByteTick - record.startTick);
  const errorType = errorTypeOf(record);
  if (errorType === "") return;
  span.setAttribute("error.type", errorType);
  // A refusal of the client's own making is no error of the server's: the conventions leave its status unset.
  if (record.status >= 500 || record.errorCode.startsWith("UPSTREAM_") || record.errorCode.startsWith("TIMEOUT_")) span.setStatus({ code: SpanStatusCode.ERROR });
};

/** The tracer of whoever registered a provider before us (an agent preloaded into the process), or null. */
export const registeredTracer = (name: string, version: string): Tracer | null => {
  const provider = trace.getTracerProvider();
  if (provider instanceof ProxyTracerProvider && provider.getDelegateTracer(name, version) === undefined) return null;
  return provider.getTracer(name, version);
};
