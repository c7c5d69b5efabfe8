// A collector that speaks OTLP over HTTP with JSON: keeps the spans that it is sent.
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

export interface ReceivedSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly statusCode: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
}

export interface OtlpCollector {
  readonly endpoint: string;
  readonly paths: string[];
  readonly spans: ReceivedSpan[];
  close(): Promise<void>;
}

interface Attribute {
  key: string;
  value: { stringValue?: string; intValue?: number; doubleValue?: number; boolValue?: boolean; arrayValue?: { values: Attribute["value"][] } };
}
interface SentSpan {
  name: string;
  kind: number;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  status?: { code?: number };
  attributes?: Attribute[];
}
interface Sent {
  resourceSpans: { resource: { attributes: Attribute[] }; scopeSpans: { spans: SentSpan[] }[] }[];
}

const valueOf = (value: Attribute["value"]): unknown =>
  value.arrayValue === undefined ? (value.stringValue ?? value.intValue ?? value.doubleValue ?? value.boolValue) : value.arrayValue.values.map(valueOf);

const recordOf = (attributes: readonly Attribute[]): Record<string, unknown> => Object.fromEntries(attributes.map(({ key, value }) => [key, valueOf(value)]));

const spansOf = (sent: Sent): ReceivedSpan[] =>
  sent.resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        name: span.name,
        kind: span.kind,
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId,
        statusCode: span.status?.code ?? 0,
        attributes: recordOf(span.attributes ?? []),
        resource: recordOf(resource.attributes),
      })),
    ),
  );

const isJson = (headers: IncomingHttpHeaders): boolean => headers["content-type"] === "application/json";

export const startOtlpCollector = async (): Promise<OtlpCollector> => {
  const paths: string[] = [];
  const spans: ReceivedSpan[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      paths.push(request.url ?? "");
      if (isJson(request.headers)) spans.push(...spansOf(JSON.parse(Buffer.concat(chunks).toString("utf8")) as Sent));
      response.setHeader("content-type", "application/json").end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, paths, spans, close };
};
