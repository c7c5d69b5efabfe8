// The dashboard of those who are asked: how often each provider is tried, fails, is left for another one, and how fast it is.
import type { Panel } from "./panels.ts";
import type { Plan, Row } from "./layout.ts";
import { attempts, increase, path, place, PROVIDER_FAILED, quantile, rate, share, sumBy } from "./queries.ts";
import { gateway, namespace, provider, route } from "./variables.ts";

const NO_REQUESTS = "No requests to a provider in this range";
const NO_LATENCY = "No requests in this range, or the chart's recording rules are not loaded";
const LEGEND = "{{provider}}";
const MODEL = "gen_ai_request_model";

const tried = attempts(path);
const failing = attempts(`${path},${PROVIDER_FAILED}`);
const reached = `${path},provider!=""`;
const inRange = (narrowed: string): string => `(${increase("llmgw_requests_total", `${narrowed},provider!=""`)} or ${increase("llmgw_failovers_total", narrowed)})`;

const number = (title: string, says: string, unit: Panel["unit"], ask: string, more: Partial<Panel> = {}): Panel =>
  ({ title, says, draw: "number", unit, width: 6, queries: [{ ask, legend: title }], empty: "none", ...more });

const now: Row = {
  title: "Now",
  panels: [
    number("Attempts now", "Tries at providers, those that others followed included.", "requests", sumBy("", tried)),
    number("Failed attempts", "Share of attempts that failed at the provider or on the way to it.", "share", share("", failing, tried), { limits: [0.01, 0.2] }),
    number("Providers that fail", "Providers of which at least a fifth of the attempts fail.", "count", `count(${share("provider", failing, tried)} >= 0.2) or vector(0)`, { limits: [1, 2] }),
    number("Rescued requests", "Requests that were answered after an attempt had failed.", "requests", `(${sumBy("", rate("llmgw_failovers_total", path))} or vector(0))`),
  ],
};

const each: Row = {
  title: "Each provider",
  panels: [
    {
      title: "Providers in this range", says: "Attempts, the share of them that failed, attempts that others had to follow, output tokens, and time to the first token.",
      draw: "table", unit: "count", width: 24, empty: NO_REQUESTS, rowsOf: "provider",
      queries: [
        { ask: `round(${sumBy("provider", inRange(path))})`, legend: "Attempts", unit: "count" },
        { ask: share("provider", inRange(`${path},${PROVIDER_FAILED}`), inRange(path)), legend: "Failed", unit: "share" },
        { ask: `round(${sumBy("provider", increase("llmgw_failovers_total", path))} or 0 * ${sumBy("provider", inRange(path))})`, legend: "Left for another", unit: "count" },
        { ask: `round(${sumBy("provider", increase("gen_ai_client_token_usage_sum", `${reached},gen_ai_token_type="output"`))})`, legend: "Output tokens", unit: "count" },
        { ask: quantile(0.95, "provider", "llmgw:first_token_seconds_bucket:rate5m", reached), legend: "First token, p95", unit: "seconds" },
      ],
    },
  ],
};

const failures: Row = {
  title: "Failures",
  panels: [
    { title: "Attempts", says: "Tries at each provider, those that others followed included.", draw: "areas", unit: "requests", width: 8, empty: NO_REQUESTS, queries: [{ ask: sumBy("provider", tried), legend: LEGEND }] },
    { title: "Failed share", says: "Share of each provider's attempts that failed at it or on the way to it.", draw: "lines", unit: "share", width: 8, empty: NO_REQUESTS, limits: [0.05, 0.2], queries: [{ ask: share("provider", failing, tried), legend: LEGEND }] },
    { title: "Failures by code", says: "What went wrong, by this gateway's own code.", draw: "areas", unit: "requests", width: 8, empty: "No failures in this range", queries: [{ ask: sumBy("provider, code", failing), legend: "{{provider}} {{code}}" }] },
    { title: "Left for another", says: "Attempts that failed and were followed by one at another place. The caller did not notice.", draw: "areas", unit: "requests", width: 8, empty: "No request was moved in this range",
      queries: [{ ask: sumBy("provider, code", rate("llmgw_failovers_total", path)), legend: "{{provider}} {{code}}" }] },
    { title: "Status of the last attempt", says: "HTTP status that providers answered with.", draw: "areas", unit: "requests", width: 8, empty: NO_REQUESTS,
      queries: [{ ask: sumBy("provider, status", rate("llmgw_upstream_responses_total", `${place},provider=~"$provider"`)), legend: "{{provider}} {{status}}" }] },
    { title: "Rate limited", says: "Attempts that the provider refused with 429.", draw: "lines", unit: "requests", width: 8, empty: "No provider refused with 429 in this range", queries: [{ ask: sumBy("provider", attempts(`${path},code="UPSTREAM_RATE_LIMITED"`)), legend: LEGEND }] },
  ],
};

const speed: Row = {
  title: "Speed and use",
  panels: [
    { title: "First token, p95", says: "Time from a request's arrival to the first byte of a streamed answer.", draw: "lines", unit: "seconds", width: 8, empty: NO_LATENCY, queries: [{ ask: quantile(0.95, "provider", "llmgw:first_token_seconds_bucket:rate5m", reached), legend: LEGEND }] },
    { title: "Per output token, p95", says: "Time for each token after the first one, of streams that came to their end.", draw: "lines", unit: "seconds", width: 8, empty: NO_LATENCY, queries: [{ ask: quantile(0.95, "provider", "llmgw:output_token_seconds_bucket:rate5m", reached), legend: LEGEND }] },
    { title: "Duration, p95", says: "Time from arrival to the end of requests that succeeded.", draw: "lines", unit: "seconds", width: 8, empty: NO_LATENCY, queries: [{ ask: quantile(0.95, "provider", "llmgw:request_duration_seconds_bucket:rate5m", reached), legend: LEGEND }] },
    { title: "Requests by provider and model", says: "By the model's name in the route that matched.", draw: "areas", unit: "requests", width: 8, empty: NO_REQUESTS,
      queries: [{ ask: sumBy(`provider, ${MODEL}`, rate("gen_ai_client_operation_duration_seconds_count", reached)), legend: `{{provider}} {{${MODEL}}}` }] },
    { title: "Input tokens", says: "As the provider counted them, or as estimated.", draw: "areas", unit: "tokens", width: 8, empty: NO_REQUESTS, queries: [{ ask: sumBy("provider", rate("gen_ai_client_token_usage_sum", `${reached},gen_ai_token_type="input"`)), legend: LEGEND }] },
    { title: "Output tokens", says: "As the provider counted them, or as estimated.", draw: "areas", unit: "tokens", width: 8, empty: NO_REQUESTS, queries: [{ ask: sumBy("provider", rate("gen_ai_client_token_usage_sum", `${reached},gen_ai_token_type="output"`)), legend: LEGEND }] },
  ],
};

export const providersDashboard: Plan = {
  uid: "llm-gateway-providers",
  title: "LLM Gateway / Providers",
  says: "Those who are asked: how often each provider is tried, fails, is left for another one, and how fast it is.",
  variables: [namespace, gateway, route, provider],
  rows: [now, each, failures, speed],
};
