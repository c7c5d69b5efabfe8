// What the operator counts and measures, in Prometheus' words. Labels are kinds, gateways, verbs and outcomes: never names that people choose.
// Gauges are read when somebody scrapes.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What is read at a scrape. */
export interface Readings {
  readonly isLeading: () => boolean;
  readonly isReady: () => boolean;
  readonly objects: () => readonly { readonly resource: string; readonly objects: number; readonly isSynced: boolean }[];
  readonly conditions: () => readonly { readonly kind: string; readonly condition: string; readonly objects: number }[];
  readonly dataPlanes: () => readonly { readonly gateway: string; readonly connected: number; readonly current: number; readonly rejecting: number; readonly serving: number }[];
  readonly statusWaiting: () => number;
  /** Of the certificate that is shown, milliseconds since 1970; 0 while none is. */
  readonly certificateEndsAt: () => number;
}

const NO_READINGS: Readings = { isLeading: () => false, isReady: () => false, objects: () => [], conditions: () => [], dataPlanes: () => [], statusWaiting: () => 0, certificateEndsAt: () => 0 };

export class OperatorMetrics {
  readonly #registry = new Registry();
  #readings = NO_READINGS;

  readonly reconciles = this.#counter("llmgw_operator_reconciles_total", "Passes over the world, by how they ended: done, failed, or held because most objects vanished at once.", ["result"]);
  readonly compileSeconds = this.#histogram("llmgw_operator_compile_seconds", "Time to compile the whole world.", []);
  readonly publishSeconds = this.#histogram("llmgw_operator_change_to_publish_seconds", "Time from the first news of a change until it was handed to the data planes' streams.", []);
  readonly publications = this.#counter("llmgw_operator_publications_total", "New versions that were published, by gateway.", ["gateway"]);
  readonly pushes = this.#counter("llmgw_operator_pushes_total", "Frames of configuration sent to data planes, by gateway and whether whole or a delta.", ["gateway", "form"]);
  readonly pushBytes = this.#counter("llmgw_operator_push_bytes_total", "Bytes of those frames.", ["gateway"]);
  readonly answers = this.#counter("llmgw_operator_push_answers_total", "Answers of data planes to a push: ack or nack.", ["gateway", "answer"]);
  readonly answerSeconds = this.#histogram("llmgw_operator_push_answer_seconds", "Time from a push to its answer.", ["gateway"]);
  readonly streamsRefused = this.#counter("llmgw_operator_streams_refused_total", "Streams of data planes that were turned away or ended by us, by reason.", ["reason"]);
  readonly watch = this.#counter("llmgw_operator_watch_total", "What happened to the watches of a resource: events, relists, and each kind of trouble.", ["resource", "what"]);
  readonly requests = this.#counter("llmgw_operator_api_requests_total", "Requests to the API server; code 0 is no answer.", ["verb", "resource", "code"]);
  readonly requestSeconds = this.#histogram("llmgw_operator_api_request_seconds", "Time to the head of the API server's answer.", ["verb"]);
  readonly injections = this.#counter("llmgw_operator_injections_total", "Pods that the API server asked about, by outcome: injected, untouched (asks for nothing, or has it), refused, failed, or a question that was malformed.", ["outcome"]);
  readonly statusWrites = this.#counter("llmgw_operator_status_writes_total", "Writes of the status of objects, by outcome.", ["outcome"]);
  readonly events = this.#counter("llmgw_operator_events_total", "Events for people, by outcome.", ["outcome"]);

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
    // From 0 on, or the first of them would be no increase.
    for (const result of ["done", "failed", "held"]) this.reconciles.inc({ result }, 0);
    this.#gauge("llmgw_operator_leader", "1 while this operator leads.", [], () => [[{}, this.#readings.isLeading() ? 1 : 0]]);
    this.#gauge("llmgw_operator_ready", "1 once every copy of the cluster's objects is complete and the first world is compiled.", [], () => [[{}, this.#readings.isReady() ? 1 : 0]]);
    this.#gauge("llmgw_operator_objects", "Objects that are known, by resource.", ["resource"], () => sums(this.#readings.objects(), ({ resource, objects }) => [resource, objects]));
    this.#gauge("llmgw_operator_watch_synced", "1 when the copy of a resource is complete.", ["resource"], () => this.#readings.objects().map(({ resource, isSynced }) => [{ resource }, isSynced ? 1 : 0]));
    this.#gauge("llmgw_operator_objects_with_problems", "Objects that have errors against them, by kind and condition.", ["kind", "condition"], () =>
      this.#readings.conditions().map(({ kind, condition, objects }) => [{ kind, condition }, objects]));
    this.#dataPlaneGauges();
    this.#gauge("llmgw_operator_certificate_end_timestamp_seconds", "When the certificate ends that data planes are shown, in seconds since 1970; 0 where none is.", [], () => [[{}, this.#readings.certificateEndsAt() / 1000]]);
    this.#gauge("llmgw_operator_status_waiting", "Writes of status that wait or are under way.", [], () => [[{}, this.#readings.statusWaiting()]]);
  }

  read(readings: Readings): void {
    this.#readings = readings;
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #dataPlaneGauges(): void {
    const of = (what: "connected" | "current" | "rejecting" | "serving") => (): Reading[] => this.#readings.dataPlanes().map((one) => [{ gateway: one.gateway }, one[what]]);
    this.#gauge("llmgw_operator_dataplanes_connected", "Data planes with a stream to this operator.", ["gateway"], of("connected"));
    this.#gauge("llmgw_operator_dataplanes_current", "Data planes that run the newest version.", ["gateway"], of("current"));
    this.#gauge("llmgw_operator_dataplanes_rejecting", "Data planes that refused a version and have not got over it.", ["gateway"], of("rejecting"));
    this.#gauge("llmgw_operator_dataplanes_serving", "Pods of data planes that exist and get traffic.", ["gateway"], of("serving"));
  }

  #counter<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  #histogram<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Histogram<Label> {
    return new Histogram({ name, help, labelNames, buckets: SECONDS, registers: [this.#registry] });
  }

  #gauge(name: string, help: string, labelNames: readonly string[], read: () => readonly Reading[]): void {
    new Gauge({
      name, help, labelNames, registers: [this.#registry],
      collect() {
        this.reset();
        for (const [labels, amount] of read()) this.set(labels, amount);
      },
    });
  }
}

type Reading = readonly [labels: Record<string, string>, amount: number];

/** Several copies of one resource, by namespace, are one number. */
const sums = <Row>(rows: readonly Row[], read: (row: Row) => [resource: string, amount: number]): Reading[] => {
  const byResource = new Map<string, number>();
  for (const row of rows) {
    const [resource, amount] = read(row);
    byResource.set(resource, (byResource.get(resource) ?? 0) + amount);
  }
  return [...byResource].map(([resource, amount]) => [{ resource }, amount]);
};
