// Traces: W3C context in and out without an SDK, and spans with gen_ai attributes where a collector is set.
import { describe, expect, test } from "vitest";
import { startTelemetry, type Telemetry } from "../../dataplane/telemetry/index.ts";
import { NO_TRACE, parseTraceparent, Tracing } from "../../dataplane/telemetry/trace.ts";
import { fakeClock } from "../doubles/clock.ts";
import { startOtlpCollector, type OtlpCollector } from "../doubles/otlp-collector.ts";
import { requestRecord } from "./record.ts";
import { fakeSink } from "./sink.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";
const SAMPLED = `00-${TRACE}-${SPAN}-01`;
const NOT_SAMPLED = `00-${TRACE}-${SPAN}-00`;

describe("a traceparent header", () => {
  test.each([SAMPLED, NOT_SAMPLED, `00-${TRACE}-${SPAN}-03`, `cc-${TRACE}-${SPAN}-01`, `cc-${TRACE}-${SPAN}-01-what-the-future-brings`])("%s is read", (header) => {
    expect(parseTraceparent(header)).toMatchObject({ traceId: TRACE, spanId: SPAN });
  });

  test.each([
    "",
    "nonsense",
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${TRACE}-${SPAN}-1`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${"0".repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    `${SAMPLED},${SAMPLED}`,
    ` ${SAMPLED}`,
  ])("%s is ignored", (header) => {
    expect(parseTraceparent(header)).toBeNull();
  });
});

describe("without a tracer", () => {
  const tracing = new Tracing(null);

  test("a trace is passed on with a new span id, its flags and its state", () => {
    const travelled = tracing.begin(SAMPLED, "vendor=a,other=b");
    expect(travelled.traceparent).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
    expect(travelled.traceparent).not.toContain(SPAN);
    expect(travelled).toMatchObject({ traceId: TRACE, tracestate: "vendor=a,other=b", span: null });
  });

  test("each request has a span id of its own", () => {
    const many = Array.from({ length: 2000 }, () => tracing.begin(SAMPLED, undefined).traceparent);
    expect(new Set(many).size).toBe(2000);
  });

  test("nothing in, nothing out", () => {
    expect(tracing.begin(undefined, undefined)).toBe(NO_TRACE);
    expect(NO_TRACE.traceparent).toBe("");
  });

  test("an invalid traceparent takes its tracestate with it", () => {
    expect(tracing.begin("nonsense", "vendor=a")).toMatchObject({ traceparent: "", tracestate: "" });
  });

  test.each([["too long", "v=".padEnd(513, "x")], ["not ASCII", "v=ü"]])("a tracestate that is %s is left behind", (_, state) => {
    expect(tracing.begin(SAMPLED, state).tracestate).toBe("");
  });
});

const withCollector = async (ratio: number, run: (telemetry: Telemetry, collector: OtlpCollector) => Promise<void>): Promise<void> => {
  const collector = await startOtlpCollector();
  const traces = { endpoint: collector.endpoint, ratio, resource: { "service.name": "gateway-under-test" } };
  const telemetry = await startTelemetry({ clock: fakeClock(), sink: fakeSink(), build: "1.2.3", traces });
  try {
    await run(telemetry, collector);
  } finally {
    await telemetry.close();
    await collector.close();
  }
};

describe("with a collector", () => {
  test("a request is a span with gen_ai attributes, child of the caller's span, parent of the provider's", async () => {
    await withCollector(1, async (telemetry, collector) => {
      const travelled = telemetry.trace.begin(SAMPLED, "vendor=a");
      telemetry.record(requestRecord({ isStreaming: true }), travelled);
      await telemetry.flush();
      expect(collector.paths).toEqual(["/v1/traces"]);
      const [span] = collector.spans;
      expect(span).toMatchObject({ name: "chat support-chat", kind: 2, traceId: TRACE, parentSpanId: SPAN, statusCode: 0 });
      expect(travelled.traceparent).toBe(`00-${TRACE}-${span?.spanId}-01`);
      expect(travelled.tracestate).toBe("vendor=a");
      expect(span?.resource).toEqual({ "service.name": "gateway-under-test" });
      expect(span?.attributes).toMatchObject({
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "support-chat",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 20,
        "gen_ai.usage.output_tokens": 11,
        "http.response.status_code": 200,
        "llmgw.route": "team-a/chat",
        "llmgw.request.id": "r-1",
      });
    });
  });

  test("a trace begins here when the caller brought none", async () => {
    await withCollector(1, async (telemetry, collector) => {
      const travelled = telemetry.trace.begin(undefined, undefined);
      telemetry.record(requestRecord(), travelled);
      await telemetry.flush();
      expect(collector.spans[0]).toMatchObject({ traceId: travelled.traceId, parentSpanId: undefined });
      expect(travelled.traceId).toMatch(/^[0-9a-f]{32}$/);
    });
  });

  test("the log line names the trace", async () => {
    const sink = fakeSink();
    const telemetry = await startTelemetry({ clock: fakeClock(), sink, build: "1.2.3" });
    telemetry.record(requestRecord(), telemetry.trace.begin(SAMPLED, undefined));
    await telemetry.close();
    expect(JSON.parse(sink.lines[0] ?? "")).toMatchObject({ trace_id: TRACE });
  });

  test.each([
    ["the provider was not reached", { status: 502, errorCode: "UPSTREAM_CONNECT" }, 2, "UPSTREAM_CONNECT"],
    ["the stream broke off after its head", { status: 200, errorCode: "UPSTREAM_TRUNCATED" }, 2, "UPSTREAM_TRUNCATED"],
    ["the caller was refused", { status: 401, errorCode: "AUTH_INVALID" }, 0, "AUTH_INVALID"],
  ])("when %s the span says so", async (_, changes, statusCode, errorType) => {
    await withCollector(1, async (telemetry, collector) => {
      telemetry.record(requestRecord(changes), telemetry.trace.begin(undefined, undefined));
      await telemetry.flush();
      expect(collector.spans[0]?.statusCode).toBe(statusCode);
      expect(collector.spans[0]?.attributes["error.type"]).toBe(errorType);
    });
  });

  test("the caller's decision holds: recorded at ratio 0, not recorded at ratio 1", async () => {
    await withCollector(0, async (telemetry, collector) => {
      telemetry.record(requestRecord(), telemetry.trace.begin(SAMPLED, undefined));
      telemetry.record(requestRecord(), telemetry.trace.begin(undefined, undefined));
      await telemetry.flush();
      expect(collector.spans).toHaveLength(1);
    });
    await withCollector(1, async (telemetry, collector) => {
      const travelled = telemetry.trace.begin(NOT_SAMPLED, undefined);
      expect(travelled.traceparent).toMatch(/-00$/);
      telemetry.record(requestRecord(), travelled);
      await telemetry.flush();
      expect(collector.spans).toHaveLength(0);
    });
  });

  test("nothing of content or keys is in a span", async () => {
    await withCollector(1, async (telemetry, collector) => {
      telemetry.record(requestRecord(), telemetry.trace.begin(undefined, undefined));
      await telemetry.flush();
      const names = Object.keys(collector.spans[0]?.attributes ?? {});
      expect(names.filter((name) => /message|content|prompt|instruction|key|authorization/i.test(name))).toEqual([]);
    });
  });

  test("close sends what is left, and a collector that is gone harms nobody", async () => {
    const collector = await startOtlpCollector();
    const traces = { endpoint: `${collector.endpoint}/`, ratio: 1, resource: {} };
    const telemetry = await startTelemetry({ clock: fakeClock(), sink: fakeSink(), build: "1.2.3", traces });
    telemetry.record(requestRecord(), telemetry.trace.begin(undefined, undefined));
    await telemetry.close();
    expect(collector.spans).toHaveLength(1);
    await collector.close();
    expect(() => telemetry.record(requestRecord(), telemetry.trace.begin(undefined, undefined))).not.toThrow();
  });
});
