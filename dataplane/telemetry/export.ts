// The OpenTelemetry SDK and its OTLP exporter, loaded only where an endpoint is set: they cost 30 MB and 100 ms.
// It makes a tracer; what is recorded is trace.ts's matter.
import type { Tracer } from "@opentelemetry/api";
import type { TracerProviderOptions } from "@opentelemetry/sdk-trace";

type Resource = NonNullable<TracerProviderOptions["resource"]>;

export interface ExportSettings {
  /** OTEL_EXPORTER_OTLP_ENDPOINT: the base address of a collector that speaks OTLP over HTTP. */
  readonly endpoint: string;
  /** OTEL_TRACES_SAMPLER_ARG: the share of requests without a parent's decision that are recorded, 0 to 1. */
  readonly ratio: number;
  /** OTEL_SERVICE_NAME, and whatever else describes this process. */
  readonly resource: Readonly<Record<string, string>>;
}

export interface Exporting {
  readonly tracer: Tracer;
  flush(): Promise<void>;
  close(): Promise<void>;
}

export const startExporting = async (settings: ExportSettings, name: string, version: string): Promise<Exporting> => {
  const [{ AlwaysOnSampler, BatchSpanProcessor, TracerProvider }, { OTLPTraceExporter }] = await Promise.all([
    import("@opentelemetry/sdk-trace"),
    import("@opentelemetry/exporter-trace-otlp-http"),
  ]);
  const exporter = new OTLPTraceExporter({ url: `${settings.endpoint.replace(/\/+$/, "")}/v1/traces` });
  const processor = new BatchSpanProcessor({ exporter });
  // Every span that reaches the SDK is wanted: the decision is ours and was made before, where it costs a comparison.
  const provider = new TracerProvider({ sampler: new AlwaysOnSampler(), resource: resourceOf(settings.resource), spanProcessors: [processor] });
  return { tracer: provider.getTracer(name, version), flush: () => processor.forceFlush(), close: () => provider.shutdown() };
};

// The SDK's own factory sits in a package that would be one more dependency for these five lines.
const resourceOf = (attributes: Readonly<Record<string, string>>): Resource => ({
  attributes,
  merge: (other) => resourceOf({ ...attributes, ...stringsOf(other?.attributes ?? {}) }),
  getRawAttributes: () => Object.entries(attributes),
});

const stringsOf = (attributes: Resource["attributes"]): Record<string, string> =>
  Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, String(value)]));
