// The dashboard of the gateway itself: whether configuration reaches the data planes, and how operator and data planes fare.
import type { Panel, Query } from "./panels.ts";
import type { Plan, Row } from "./layout.ts";
import { ofProcesses, operator, place, quantileOf, rate, sumBy } from "./queries.ts";
import { gateway, operatorNamespace } from "./variables.ts";

const NO_OPERATOR = "No operator was scraped in this range";
const NO_PUSH = "Nothing was pushed in this range";
const NO_DATA_PLANE = "No data plane was scraped in this range";

const isOperator = "llmgw_operator_ready";
const isDataPlane = "llmgw_open_requests";
const quantiles = (metric: string, narrowed: string): Query[] => [0.5, 0.99].map((one) => ({ ask: quantileOf(one, "", metric, narrowed), legend: `p${one * 100}` }));
const eachPod = (metric: string): Query[] => [{ ask: `${metric}{${place}}`, legend: "{{pod}}" }];
const planes = (what: string): string => `max by (gateway) (llmgw_operator_dataplanes_${what}{${place}})`;

const number = (title: string, says: string, unit: Panel["unit"], ask: string, more: Partial<Panel> = {}): Panel =>
  ({ title, says, draw: "number", unit, width: 4, queries: [{ ask, legend: title }], empty: "none", ...more });

const now: Row = {
  title: "Now",
  panels: [
    number("Leaders", "Operators that lead. It must be one.", "count", `sum(llmgw_operator_leader{${operator}})`, { expected: 1 }),
    number("Serving", "Pods of data planes that get traffic.", "count", `sum(${planes("serving")})`),
    number("Out of date", "Pods that get traffic and do not run the newest configuration.", "count", `clamp_min(sum(${planes("serving")}) - sum(${planes("current")}), 0)`, { limits: [1, 2] }),
    number("Refusing", "Data planes that refused a configuration and have not got over it.", "count", `sum(${planes("rejecting")})`, { limits: [1, 2] }),
    number("Certificate ends in", "Of the certificate that data planes are shown. It is renewed when a third of its life is left.", "seconds", `min(llmgw_operator_certificate_end_timestamp_seconds{${operator}} > 0) - time()`, { limits: [604_800, 259_200] }),
    number("Objects with problems", "Objects that have errors against them; their conditions say which.", "count", `sum(max by (kind, condition) (llmgw_operator_objects_with_problems{${operator}})) or vector(0)`, { limits: [1, 10] }),
  ],
};

const configuration: Row = {
  title: "Configuration",
  panels: [
    { title: "Data planes", says: "Those that get traffic, those with a stream to the operator, and those that run the newest version.", draw: "lines", unit: "count", width: 8, empty: NO_OPERATOR,
      queries: ["serving", "connected", "current", "rejecting"].map((what) => ({ ask: planes(what), legend: `{{gateway}} ${what}` })) },
    { title: "From a change to its push", says: "Time from the first news of a change until it was handed to the data planes' streams.", draw: "lines", unit: "seconds", width: 8, empty: NO_PUSH, queries: quantiles("llmgw_operator_change_to_publish_seconds", operator) },
    { title: "From a push to its answer", says: "Time until a data plane says that it runs the version, or refuses it.", draw: "lines", unit: "seconds", width: 8, empty: NO_PUSH, queries: quantiles("llmgw_operator_push_answer_seconds", place) },
    { title: "Answers to pushes", says: "ack: in force. nack: refused, and the one before stays in force.", draw: "areas", unit: "events", width: 8, empty: NO_PUSH, queries: [{ ask: sumBy("gateway, answer", rate("llmgw_operator_push_answers_total", place)), legend: "{{gateway}} {{answer}}" }] },
    { title: "Versions in force", says: "How many data planes run each version. More than one for long means that some are behind.", draw: "areas", unit: "count", width: 8, empty: NO_DATA_PLANE,
      queries: [{ ask: `count by (gateway, version) (label_replace(llmgw_snapshot_info{${place}}, "version", "$1", "version", "(?:[a-z0-9]+:)?(.{8}).*"))`, legend: "{{gateway}} {{version}}" }] },
    { title: "Bytes pushed", says: "Configuration that was sent to data planes.", draw: "lines", unit: "bytesPerSecond", width: 8, empty: NO_PUSH, queries: [{ ask: sumBy("gateway", rate("llmgw_operator_push_bytes_total", place)), legend: "{{gateway}}" }] },
  ],
};

const operatorRow: Row = {
  title: "Operator",
  panels: [
    { title: "Passes over the world", says: "done: compiled. failed: could not be compiled. held: most objects vanished at once, and somebody looks again.", draw: "areas", unit: "events", width: 8, empty: NO_OPERATOR, queries: [{ ask: sumBy("result", rate("llmgw_operator_reconciles_total", operator)), legend: "{{result}}" }] },
    { title: "Time to compile", says: "The whole world, once.", draw: "lines", unit: "seconds", width: 8, empty: "Nothing was compiled in this range", queries: quantiles("llmgw_operator_compile_seconds", operator) },
    { title: "Watches", says: "Events, relists, and each kind of trouble, of each resource.", draw: "lines", unit: "events", width: 8, empty: NO_OPERATOR, queries: [{ ask: sumBy("resource, what", rate("llmgw_operator_watch_total", operator)), legend: "{{resource}} {{what}}" }] },
    { title: "Objects known", says: "By resource.", draw: "lines", unit: "count", width: 8, empty: NO_OPERATOR, queries: [{ ask: `max by (resource) (llmgw_operator_objects{${operator}})`, legend: "{{resource}}" }] },
    { title: "Incomplete copies", says: "Resources whose copy is not complete: the operator cannot read them, and compiles nothing new.", draw: "lines", unit: "count", width: 8, empty: NO_OPERATOR,
      queries: [{ ask: `1 - min by (resource) (llmgw_operator_watch_synced{${operator}})`, legend: "{{resource}}" }] },
    { title: "Problems of objects", says: "Objects that have errors against them, by kind and condition.", draw: "areas", unit: "count", width: 8, empty: "No object has a problem", queries: [{ ask: `max by (kind, condition) (llmgw_operator_objects_with_problems{${operator}})`, legend: "{{kind}} {{condition}}" }] },
    { title: "Requests to the API server", says: "Code 0 is no answer.", draw: "areas", unit: "requests", width: 8, empty: NO_OPERATOR, queries: [{ ask: sumBy("verb, code", rate("llmgw_operator_api_requests_total", operator)), legend: "{{verb}} {{code}}" }] },
    { title: "Answers of the API server, p99", says: "Time to the head of its answer.", draw: "lines", unit: "seconds", width: 8, empty: NO_OPERATOR, queries: [{ ask: quantileOf(0.99, "verb", "llmgw_operator_api_request_seconds", operator), legend: "{{verb}}" }] },
    { title: "Status and events", says: "Writes by their outcome, and those that wait.", draw: "lines", unit: "count", width: 8, empty: NO_OPERATOR,
      queries: [
        { ask: sumBy("outcome", rate("llmgw_operator_status_writes_total", operator)), legend: "status {{outcome}} per second" },
        { ask: sumBy("outcome", rate("llmgw_operator_events_total", operator)), legend: "event {{outcome}} per second" },
        { ask: `sum(llmgw_operator_status_waiting{${operator}})`, legend: "status waiting" },
      ] },
    { title: "Streams turned away", says: "Streams of data planes that were refused or ended by the operator, by reason.", draw: "areas", unit: "events", width: 8, empty: "No stream was turned away in this range", queries: [{ ask: sumBy("reason", rate("llmgw_operator_streams_refused_total", operator)), legend: "{{reason}}" }] },
    { title: "Memory of operators", says: "Resident memory of each process.", draw: "lines", unit: "bytes", width: 8, empty: NO_OPERATOR, queries: [{ ask: ofProcesses(isOperator, `process_resident_memory_bytes{${operator}}`), legend: "{{pod}}" }] },
    { title: "Processors of operators", says: "Processors' time per second of each process.", draw: "lines", unit: "processors", width: 8, empty: NO_OPERATOR, queries: [{ ask: ofProcesses(isOperator, rate("process_cpu_seconds_total", operator)), legend: "{{pod}}" }] },
  ],
};

const dataPlanes: Row = {
  title: "Data planes",
  panels: [
    { title: "Open requests of the limit", says: "Requests that are being served, of those that may be served at a time. Beyond the limit requests are refused.", draw: "lines", unit: "share", width: 8, empty: NO_DATA_PLANE, limits: [0.5, 0.8], queries: [{ ask: `llmgw_open_requests{${place}} / llmgw_open_requests_max{${place}}`, legend: "{{pod}}" }] },
    { title: "Event loop lag", says: "The longest that a process was late in the last 15 seconds.", draw: "lines", unit: "seconds", width: 8, empty: NO_DATA_PLANE, limits: [0.1, 0.25], queries: eachPod("llmgw_event_loop_lag_seconds") },
    { title: "Processors", says: "Processors' time per second of each process. One process uses hardly more than one.", draw: "lines", unit: "processors", width: 8, empty: NO_DATA_PLANE, queries: [{ ask: ofProcesses(isDataPlane, rate("process_cpu_seconds_total", place)), legend: "{{pod}}" }] },
    { title: "Resident memory", says: "Of each process.", draw: "lines", unit: "bytes", width: 8, empty: NO_DATA_PLANE, queries: [{ ask: ofProcesses(isDataPlane, `process_resident_memory_bytes{${place}}`), legend: "{{pod}}" }] },
    { title: "Heap and buffers", says: "Used JavaScript heap, and memory of buffers outside it.", draw: "lines", unit: "bytes", width: 8, empty: NO_DATA_PLANE,
      queries: [{ ask: `llmgw_heap_used_bytes{${place}}`, legend: "{{pod}} heap" }, { ask: `llmgw_external_memory_bytes{${place}}`, legend: "{{pod}} buffers" }] },
    { title: "Without an operator", says: "Data planes whose stream to the operator is broken. They serve what they have.", draw: "lines", unit: "count", width: 8, empty: NO_DATA_PLANE, limits: [1, 2],
      queries: [{ ask: `sum by (gateway) (1 - llmgw_feed_connected{${place}})`, legend: "{{gateway}}" }] },
    { title: "Snapshots", says: "Versions that were put in force or refused, and streams to the operator that were made again.", draw: "lines", unit: "events", width: 8, empty: NO_DATA_PLANE,
      queries: [
        { ask: sumBy("", rate("llmgw_snapshots_applied_total", place)), legend: "applied" },
        { ask: sumBy("", rate("llmgw_snapshots_refused_total", place)), legend: "refused" },
        { ask: sumBy("", rate("llmgw_feed_reconnects_total", place)), legend: "reconnected" },
      ] },
    { title: "Telemetry that was cut", says: "Log lines that nobody took in time, and label values that were counted as other.", draw: "lines", unit: "events", width: 8, empty: NO_DATA_PLANE,
      queries: [{ ask: sumBy("", rate("llmgw_log_dropped_total", place)), legend: "log lines" }, { ask: sumBy("label", rate("llmgw_label_overflow_total", place)), legend: "label {{label}}" }] },
    { title: "Builds", says: "Data planes by the build that they run.", draw: "areas", unit: "count", width: 8, empty: NO_DATA_PLANE, queries: [{ ask: `count by (version, node) (llmgw_build_info{${place}})`, legend: "{{version}} on Node {{node}}" }] },
  ],
};

export const fleetDashboard: Plan = {
  uid: "llm-gateway-fleet",
  title: "LLM Gateway / Operator and data planes",
  says: "The gateway itself: whether configuration reaches the data planes, and how operator and data planes fare.",
  variables: [operatorNamespace, gateway],
  rows: [now, configuration, operatorRow, dataPlanes],
};
