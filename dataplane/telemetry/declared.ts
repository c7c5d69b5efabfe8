// Every metric of the data plane: name, kind, help, labels, bounds. The documentation's table is made from this.
// It counts nothing; a metric that is not here does not exist.

export interface Declaration {
  readonly kind: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets, ascending, without +Inf. */
  readonly bounds?: readonly number[];
}

// The bounds that OpenTelemetry's gen_ai conventions ask for.
const OPERATION_SECONDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92] as const;
const TOKENS = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864] as const;
const FIRST_TOKEN_SECONDS = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] as const;
const PER_TOKEN_SECONDS = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5] as const;

const OVERHEAD_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5] as const;
const BYTES = [256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864, 268435456] as const;
const ATTEMPTS = [0, 1, 2, 3, 4, 6, 8, 16] as const;

// The words of the conventions, and ours for the same request: which route, and which of several providers of one kind.
const GEN_AI = ["gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "route", "provider"] as const;

export const declared = {
  gen_ai_client_operation_duration_seconds: {
    kind: "histogram",
    help: "Time from the request's arrival to its end, as the caller sees it. gen_ai_request_model is the name in the route that matched.",
    labels: [...GEN_AI, "error_type"],
    bounds: OPERATION_SECONDS,
  },
  gen_ai_client_token_usage: {
    kind: "histogram",
    help: "Tokens per request by type (input or output), as the provider counted them or as estimated.",
    labels: [...GEN_AI, "gen_ai_token_type"],
    bounds: TOKENS,
  },
  gen_ai_server_time_to_first_token_seconds: {
    kind: "histogram",
    help: "Time from the request's arrival to the first byte of a streamed answer.",
    labels: GEN_AI,
    bounds: FIRST_TOKEN_SECONDS,
  },
  gen_ai_server_time_per_output_token_seconds: {
    kind: "histogram",
    help: "Time per output token after the first one, of streamed answers that came to their end.",
    labels: GEN_AI,
    bounds: PER_TOKEN_SECONDS,
  },
  llmgw_requests_total: {
    kind: "counter",
    help: "Requests that are over, by what served them and how they ended. code is the gateway's own error code, empty when it raised none.",
    labels: ["route", "target", "provider", "team", "status", "code"],
  },
  llmgw_failovers_total: {
    kind: "counter",
    help: "Attempts that failed and were followed by another one. provider and code are those of the attempt that failed.",
    labels: ["route", "provider", "code"],
  },
  llmgw_request_attempts: { kind: "histogram", help: "Attempts at targets per request; 0 when none was reached.", labels: ["route"], bounds: ATTEMPTS },
  llmgw_request_bytes: { kind: "histogram", help: "Size of request bodies.", labels: ["route"], bounds: BYTES },
  llmgw_response_bytes: { kind: "histogram", help: "Size of response bodies.", labels: ["route"], bounds: BYTES },
  llmgw_before_upstream_seconds: {
    kind: "histogram",
    help: "Time from the request's arrival to the start of its last attempt: what the gateway itself adds in front, and earlier attempts.",
    labels: ["route"],
    bounds: OVERHEAD_SECONDS,
  },
  llmgw_upstream_responses_total: { kind: "counter", help: "HTTP status of the last attempt of each request that reached a provider.", labels: ["provider", "status"] },
  llmgw_tokens_total: { kind: "counter", help: "Tokens by type: input, output, cached_input and cache_write_input (parts of input), reasoning (part of output).", labels: ["route", "team", "type"] },
  llmgw_losses_total: { kind: "counter", help: "Parts of requests and answers that the other side's protocol cannot carry, by reason and severity.", labels: ["route", "reason", "severity"] },
  llmgw_usage_estimated_total: { kind: "counter", help: "Requests whose tokens were estimated because the provider sent no usage.", labels: ["route"] },
  llmgw_aborted_requests_total: { kind: "counter", help: "Requests whose caller left before the end.", labels: ["route"] },
  llmgw_open_requests: { kind: "gauge", help: "Requests that are being served now.", labels: [] },
  llmgw_open_requests_max: { kind: "gauge", help: "Requests that may be served at a time; more are refused.", labels: [] },
  llmgw_sockets: { kind: "gauge", help: "Open sockets by side: client or upstream.", labels: ["side"] },
  llmgw_listener_certificate_end_timestamp_seconds: { kind: "gauge", help: "When the certificate ends that clients are shown, in seconds since 1970. None where the listener speaks plain HTTP.", labels: [] },
  llmgw_listener_certificates_refused_total: { kind: "counter", help: "Certificates in the listener's files that could not be served; the former one is served on.", labels: [] },
  llmgw_listener_handshakes_failed_total: { kind: "counter", help: "TLS handshakes of clients that failed: they speak something else, or do not trust the certificate.", labels: [] },
  llmgw_event_loop_lag_seconds: { kind: "gauge", help: "The longest that the event loop was late in the last 15 seconds.", labels: [] },
  llmgw_heap_used_bytes: { kind: "gauge", help: "Used part of the JavaScript heap.", labels: [] },
  llmgw_heap_size_bytes: { kind: "gauge", help: "Size of the JavaScript heap.", labels: [] },
  llmgw_external_memory_bytes: { kind: "gauge", help: "Memory of buffers outside the JavaScript heap.", labels: [] },
  process_resident_memory_bytes: { kind: "gauge", help: "Resident memory of the process.", labels: [] },
  process_cpu_seconds_total: { kind: "counter", help: "User and system CPU time of the process.", labels: [] },
  process_start_time_seconds: { kind: "gauge", help: "When the process started, seconds since 1970.", labels: [] },
  llmgw_snapshot_info: { kind: "gauge", help: "1 for the version of the snapshot in force.", labels: ["version"] },
  llmgw_snapshots_applied_total: { kind: "counter", help: "Snapshots that were put in force.", labels: [] },
  llmgw_snapshots_refused_total: { kind: "counter", help: "Snapshots that were refused; the last good one stays in force.", labels: [] },
  llmgw_feed_connected: { kind: "gauge", help: "1 while the operator is connected.", labels: [] },
  llmgw_feed_reconnects_total: { kind: "counter", help: "Times that the connection to the operator was made again.", labels: [] },
  llmgw_log_dropped_total: { kind: "counter", help: "Log lines that were dropped because nobody took them in time.", labels: [] },
  llmgw_label_overflow_total: { kind: "counter", help: "Label values that were counted as other because the label already had as many values as it may have.", labels: ["label"] },
  llmgw_build_info: { kind: "gauge", help: "1 for the running build.", labels: ["version", "node"] },
} as const satisfies Record<string, Declaration>;

type Declared = typeof declared;
type NamesOf<Kind> = { [Name in keyof Declared]: Declared[Name]["kind"] extends Kind ? Name : never }[keyof Declared];

export type MetricName = keyof Declared;
export type CounterName = NamesOf<"counter">;
export type GaugeName = NamesOf<"gauge">;
export type HistogramName = NamesOf<"histogram">;
