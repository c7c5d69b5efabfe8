// Counts what is over and shows what is: one update per request, gauges read at the scrape.
// Labels come from configuration only (route, target, provider, matched model, team), never from what a client wrote.
import { Registry } from "prom-client";
import { declared, type CounterName, type Declaration, type GaugeName, type HistogramName } from "./declared.ts";
import { exposeCounter, exposeGauge, exposeHistogram, type Sample } from "./exposition.ts";
import type { RequestRecord } from "./record.ts";
import { CounterSlot, Family, HistogramSlot, LabelValues } from "./series.ts";
import { Tree } from "./tree.ts";

export type { Sample } from "./exposition.ts";

/** What one kind of request is counted in: found once for each combination of labels, then only added to. */
interface Slots {
  readonly requests: CounterSlot;
  readonly duration: HistogramSlot;
  readonly firstToken: HistogramSlot;
  readonly perToken: HistogramSlot;
  readonly inputUsage: HistogramSlot;
  readonly outputUsage: HistogramSlot;
  readonly inputTokens: CounterSlot;
  readonly outputTokens: CounterSlot;
  readonly cachedTokens: CounterSlot;
  readonly cacheWriteTokens: CounterSlot;
  readonly reasoningTokens: CounterSlot;
  readonly attempts: HistogramSlot;
  readonly bytesIn: HistogramSlot;
  readonly bytesOut: HistogramSlot;
  readonly beforeUpstream: HistogramSlot;
  readonly upstream: CounterSlot;
  readonly estimated: CounterSlot;
  readonly aborted: CounterSlot;
}

/** How many kinds of requests are remembered with their slots. */
const KINDS_MAX = 4096;

const isOfKind = (kind: Declaration["kind"]) => ([, declaration]: [string, Declaration]): boolean => declaration.kind === kind;

export class Metrics {
  readonly #registry = new Registry();
  readonly #labels = new Map<string, LabelValues>();
  readonly #counters = new Map<string, Family<CounterSlot>>();
  readonly #histograms = new Map<string, Family<HistogramSlot>>();
  readonly #gauges = new Map<string, () => number | Iterable<Sample>>();
  readonly #beforeScrape: (() => void)[] = [];
  readonly #kinds = new Tree<Slots>(KINDS_MAX);

  constructor() {
    const all: [string, Declaration][] = Object.entries(declared);
    for (const [name, declaration] of all.filter(isOfKind("counter"))) this.#addCounter(name, declaration);
    for (const [name, declaration] of all.filter(isOfKind("histogram"))) this.#addHistogram(name, declaration);
    for (const [name, declaration] of all.filter(isOfKind("gauge"))) exposeGauge(this.#registry, name, declaration, () => this.#read(name));
  }

  /** Once per request, when it is over. */
  record(record: RequestRecord): void {
    const slots = this.#slotsOf(record);
    slots.requests.value += 1;
    slots.duration.observe((record.endTick - record.startTick) / 1000);
    slots.attempts.observe(record.attempts);
    slots.bytesIn.observe(record.bytesIn);
    slots.bytesOut.observe(record.bytesOut);
    if (record.upstreamStartTick > 0) slots.beforeUpstream.observe((record.upstreamStartTick - record.startTick) / 1000);
    if (record.upstreamStatus > 0) slots.upstream.value += 1;
    if (record.isUsageEstimated) slots.estimated.value += 1;
    if (record.isAborted) slots.aborted.value += 1;
    if (record.isStreaming && record.firstByteTick > 0) recordStream(record, slots);
    recordTokens(record, slots);
  }

  /** For what happens seldom. Label values in the order of the declaration. */
  count(name: CounterName, amount = 1, ...values: string[]): void {
    this.#counter(name, values).value += amount;
  }

  /** For what happens often: the slot may be kept and added to. */
  counterSlot(name: CounterName, ...values: string[]): CounterSlot {
    return this.#counter(name, values);
  }

  /** `read` is asked at each scrape, and a later call takes the place of an earlier one. */
  watch(name: GaugeName, read: () => number | Iterable<Sample>): void {
    this.#gauges.set(name, read);
  }

  /** Runs at the start of each scrape: for counters that somebody else keeps. */
  beforeScrape(run: () => void): void {
    this.#beforeScrape.push(run);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The text that Prometheus scrapes. */
  text(): Promise<string> {
    for (const run of this.#beforeScrape) run();
    return this.#registry.metrics();
  }

  #read(name: string): Iterable<Sample> {
    const read = this.#gauges.get(name)?.() ?? [];
    return typeof read === "number" ? [{ values: [], value: read }] : read;
  }

  // Order matters: the overflow counter is declared like any other, and its own label never overflows.
  #label(name: string): LabelValues {
    const known = this.#labels.get(name);
    if (known !== undefined) return known;
    const fresh = new LabelValues(() => this.count("llmgw_label_overflow_total", 1, name));
    this.#labels.set(name, fresh);
    return fresh;
  }

  #family<Slot>(name: string, declaration: Declaration, make: () => Slot): Family<Slot> {
    const labels = declaration.labels.map((label) => this.#label(label));
    return new Family(labels, make, () => this.count("llmgw_label_overflow_total", 1, name));
  }

  #addCounter(name: string, declaration: Declaration): void {
    const family = this.#family(name, declaration, () => new CounterSlot());
    if (declaration.labels.length === 0) family.slot([]);
    this.#counters.set(name, family);
    exposeCounter(this.#registry, name, declaration, family);
  }

  #addHistogram(name: string, declaration: Declaration): void {
    const family = this.#family(name, declaration, () => new HistogramSlot(declaration.bounds ?? []));
    this.#histograms.set(name, family);
    exposeHistogram(this.#registry, name, declaration, family);
  }

  #counter(name: CounterName, values: readonly string[]): CounterSlot {
    const family = this.#counters.get(name);
    if (family === undefined) throw new Error(`${name} is not a declared counter`);
    return family.slot(values);
  }

  #histogram(name: HistogramName, values: readonly string[]): HistogramSlot {
    const family = this.#histograms.get(name);
    if (family === undefined) throw new Error(`${name} is not a declared histogram`);
    return family.slot(values);
  }

  #slotsOf(record: RequestRecord): Slots {
    const branch = this.#kinds.root
      .step(record.routeName)
      .step(record.targetName)
      .step(record.providerName)
      .step(record.providerType)
      .step(record.modelMatched)
      .step(record.team)
      .step(record.operation)
      .step(record.status)
      .step(record.upstreamStatus)
      .step(record.errorCode);
    return branch.leaf ?? this.#kinds.grow(branch, this.#find(record));
  }

  #find(record: RequestRecord): Slots {
    const { routeName: route, targetName: target, providerName: provider, team } = record;
    const genAi = [record.operation, record.providerType, record.modelMatched, route, provider];
    const status = String(record.status);
    return {
      requests: this.#counter("llmgw_requests_total", [route, target, provider, team, status, record.errorCode]),
      duration: this.#histogram("gen_ai_client_operation_duration_seconds", [...genAi, errorTypeOf(record)]),
      firstToken: this.#histogram("gen_ai_server_time_to_first_token_seconds", genAi),
      perToken: this.#histogram("gen_ai_server_time_per_output_token_seconds", genAi),
      inputUsage: this.#histogram("gen_ai_client_token_usage", [...genAi, "input"]),
      outputUsage: this.#histogram("gen_ai_client_token_usage", [...genAi, "output"]),
      inputTokens: this.#counter("llmgw_tokens_total", [route, team, "input"]),
      outputTokens: this.#counter("llmgw_tokens_total", [route, team, "output"]),
      cachedTokens: this.#counter("llmgw_tokens_total", [route, team, "cached_input"]),
      cacheWriteTokens: this.#counter("llmgw_tokens_total", [route, team, "cache_write_input"]),
      reasoningTokens: this.#counter("llmgw_tokens_total", [route, team, "reasoning"]),
      attempts: this.#histogram("llmgw_request_attempts", [route]),
      bytesIn: this.#histogram("llmgw_request_bytes", [route]),
      bytesOut: this.#histogram("llmgw_response_bytes", [route]),
      beforeUpstream: this.#histogram("llmgw_before_upstream_seconds", [route]),
      upstream: this.#counter("llmgw_upstream_responses_total", [provider, String(record.upstreamStatus)]),
      estimated: this.#counter("llmgw_usage_estimated_total", [route]),
      aborted: this.#counter("llmgw_aborted_requests_total", [route]),
    };
  }
}

/** error.type of the gen_ai conventions: our own code, else the status that the provider refused with, else nothing. */
export const errorTypeOf = (record: RequestRecord): string => {
  if (record.errorCode !== "") return record.errorCode;
  return record.status >= 400 ? String(record.status) : "";
};

const recordStream = (record: RequestRecord, slots: Slots): void => {
  if (record.status >= 400) return;
  slots.firstToken.observe((record.firstByteTick - record.startTick) / 1000);
  if (record.errorCode !== "" || record.isAborted || record.outputTokens < 2) return;
  slots.perToken.observe((record.endTick - record.firstByteTick) / 1000 / (record.outputTokens - 1));
};

const recordTokens = (record: RequestRecord, slots: Slots): void => {
  if (record.inputTokens >= 0) {
    slots.inputUsage.observe(record.inputTokens);
    slots.inputTokens.value += record.inputTokens;
  }
  if (record.outputTokens >= 0) {
    slots.outputUsage.observe(record.outputTokens);
    slots.outputTokens.value += record.outputTokens;
  }
  if (record.cachedInputTokens > 0) slots.cachedTokens.value += record.cachedInputTokens;
  if (record.cacheWriteTokens > 0) slots.cacheWriteTokens.value += record.cacheWriteTokens;
  if (record.reasoningTokens > 0) slots.reasoningTokens.value += record.reasoningTokens;
};
