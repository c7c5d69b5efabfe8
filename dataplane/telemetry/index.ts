// What the rest of the data plane sees of telemetry: one object that is told of each finished request and of the process.
// It never throws into a request and never waits for anybody.
import type { Clock } from "../clock.ts";
import { startExporting, type ExportSettings, type Exporting } from "./export.ts";
import { Lag } from "./lag.ts";
import { Log } from "./log.ts";
import { Metrics } from "./metrics.ts";
import { watchProcess } from "./process.ts";
import type { RequestRecord } from "./record.ts";
import type { Sink } from "./sink.ts";
import { registeredTracer, Tracing, type TraceContext } from "./trace.ts";

export type { RequestRecord } from "./record.ts";
export type { Sample } from "./metrics.ts";
export type { CounterSlot } from "./series.ts";
export type { Lag } from "./lag.ts";
export type { Log } from "./log.ts";
export type { Metrics } from "./metrics.ts";
export { fileSink, type Sink } from "./sink.ts";
export { NO_TRACE, type TraceContext, type Tracing } from "./trace.ts";
export { startAdmin, type Admin, type AdminParts } from "./admin.ts";

export interface Telemetry {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly trace: Tracing;
  readonly lag: Lag;
  /** Once per request, when it is over: one line, one metric update, one span end. Never throws. */
  record(record: RequestRecord, travelled: TraceContext): void;
  /** Resolves when lines and spans so far are out. */
  flush(): Promise<void>;
  /** For process.on("exit"): lines only, synchronously. */
  flushNow(): void;
  close(): Promise<void>;
}

export interface TelemetryParts {
  readonly clock: Clock;
  /** Where log lines go: fileSink(1, clock) in main. */
  readonly sink: Sink;
  /** The gateway's own version. */
  readonly build: string;
  /** Absent: spans go to whoever registered a tracer provider in this process, or nowhere. */
  readonly traces?: ExportSettings | undefined;
}

const NAME = "llm-gateway";

export const startTelemetry = async (parts: TelemetryParts): Promise<Telemetry> => {
  const exporting = parts.traces === undefined ? null : await startExporting(parts.traces, NAME, parts.build);
  const metrics = new Metrics();
  const dropped = metrics.counterSlot("llmgw_log_dropped_total");
  const log = new Log({
    clock: parts.clock,
    sink: parts.sink,
    onDropped: (lines) => {
      dropped.value += lines;
    },
  });
  const lag = new Lag(parts.clock);
  const trace = tracingOf(parts, exporting);
  watchProcess(metrics, lag, parts);
  return {
    log,
    metrics,
    trace,
    lag,
    record: (record, travelled) => {
      try {
        metrics.record(record);
        log.request(record, travelled.traceId);
        trace.end(travelled, record);
      } catch (error) {
        log.error("telemetry-failed", { id: record.id, error });
      }
    },
    flush: async () => {
      await Promise.all([log.flush(), exporting?.flush()]);
    },
    flushNow: () => log.flushNow(),
    close: async () => {
      lag.close();
      await Promise.allSettled([log.close(), exporting?.close()]);
    },
  };
};

const tracingOf = (parts: TelemetryParts, exporting: Exporting | null): Tracing => {
  const ratio = parts.traces?.ratio ?? 1;
  if (exporting !== null) return new Tracing(exporting.tracer, { isSampled: () => Math.random() < ratio });
  return new Tracing(registeredTracer(NAME, parts.build));
};
