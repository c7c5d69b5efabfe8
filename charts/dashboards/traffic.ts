// The dashboard of what callers see: requests, failures, latency and tokens, by route, model and team.
import type { Panel, Query } from "./panels.ts";
import type { Plan, Row } from "./layout.ts";
import { attempts, called, FAILED, path, place, quantile, quantileOf, rate, requests, share, sumBy, tokens } from "./queries.ts";
import { gateway, namespace, provider, route, team } from "./variables.ts";

const NO_REQUESTS = "No requests in this range";
const NO_LATENCY = "No requests in this range, or the chart's recording rules are not loaded";
const NO_STREAMS = "No streamed requests in this range, or the chart's recording rules are not loaded";
const MODEL = "gen_ai_request_model";

/** What is counted by route alone. */
const onRoute = `${place},route=~"$route"`;
const counted = rate("llmgw_requests_total", requests);
const failed = rate("llmgw_requests_total", `${requests},${FAILED}`);
const durations = "gen_ai_client_operation_duration_seconds";
const usage = (type: string, part: string): string => rate(`gen_ai_client_token_usage_${part}`, `${path},gen_ai_token_type="${type}"`);
const quantiles = (shares: readonly number[], recorded: string): Query[] => shares.map((one) => ({ ask: quantile(one, "", recorded), legend: `p${one * 100}` }));

const number = (title: string, says: string, unit: Panel["unit"], ask: string, more: Partial<Panel> = {}): Panel =>
  ({ title, says, draw: "number", unit, width: 4, queries: [{ ask, legend: title }], empty: "none", ...more });

const now: Row = {
  title: "Now",
  panels: [
    number("Requests", "Requests that were answered or given up.", "requests", sumBy("", counted)),
    number("Failed", "Share of requests that failed through no fault of the caller's: the provider, a timeout, or this gateway.", "share", share("", failed, counted), { limits: [0.01, 0.05] }),
    number("First token, p95", "Time from a request's arrival to the first byte of a streamed answer.", "seconds", quantile(0.95, "", "llmgw:first_token_seconds_bucket:rate5m")),
    number("Duration, p95", "Time from arrival to the end of requests that succeeded.", "seconds", quantile(0.95, "", "llmgw:request_duration_seconds_bucket:rate5m")),
    number("Output tokens", "Tokens that models wrote, per second.", "tokens", sumBy("", rate("llmgw_tokens_total", `${tokens},type="output"`))),
    number("Open requests", "Requests that are being served at this moment.", "count", sumBy("", `llmgw_open_requests{${place}}`)),
  ],
};

const traffic: Row = {
  title: "Requests",
  panels: [
    { title: "Requests by route", says: "Requests that came to no route, such as those without a valid key, are one series of their own.", draw: "areas", unit: "requests", width: 8, empty: NO_REQUESTS,
      queries: [{ ask: called("route", "(no route)", sumBy("route", counted)), legend: "{{route}}" }] },
    { title: "Requests by model", says: "By the model's name in the route that matched.", draw: "areas", unit: "requests", width: 8, empty: NO_REQUESTS,
      queries: [{ ask: called(MODEL, "(no model)", sumBy(MODEL, rate(`${durations}_count`, path))), legend: `{{${MODEL}}}` }] },
    { title: "Requests by team", says: "By the team that the caller's key belongs to.", draw: "areas", unit: "requests", width: 8, empty: NO_REQUESTS,
      queries: [{ ask: called("team", "(no team)", sumBy("team", counted)), legend: "{{team}}" }] },
    { title: "Failed share by route", says: "Share of each route's requests that failed through no fault of the caller's.", draw: "lines", unit: "share", width: 8, empty: NO_REQUESTS, limits: [0.01, 0.05],
      queries: [{ ask: called("route", "(no route)", share("route", failed, counted)), legend: "{{route}}" }] },
    { title: "Errors by code", says: "Everything that this gateway refused or could not do, by its own code; what each means is in the reference of the data plane.", draw: "areas", unit: "requests", width: 8, empty: "No errors in this range",
      queries: [{ ask: sumBy("code", rate("llmgw_requests_total", `${requests},code!=""`)), legend: "{{code}}" }] },
    { title: "Requests by status", says: "HTTP status that the caller got; 0 is a caller who left before there was one.", draw: "areas", unit: "requests", width: 8, empty: NO_REQUESTS,
      queries: [{ ask: sumBy("status", counted), legend: "{{status}}" }] },
  ],
};

const latency: Row = {
  title: "Latency",
  panels: [
    { title: "First token", says: "Time from arrival to the first byte of a streamed answer. The buckets end at 10 s: a line there means 10 s or more.", draw: "lines", unit: "seconds", width: 8, empty: NO_STREAMS, queries: quantiles([0.5, 0.95, 0.99], "llmgw:first_token_seconds_bucket:rate5m") },
    { title: "First token, p95, by route and model", says: "The slow ones of each route and model.", draw: "lines", unit: "seconds", width: 8, empty: NO_STREAMS,
      queries: [{ ask: quantile(0.95, `route, ${MODEL}`, "llmgw:first_token_seconds_bucket:rate5m"), legend: `{{route}} {{${MODEL}}}` }] },
    { title: "Per output token, p95, by route and model", says: "Time for each token after the first one, of streams that came to their end.", draw: "lines", unit: "seconds", width: 8, empty: NO_STREAMS,
      queries: [{ ask: quantile(0.95, `route, ${MODEL}`, "llmgw:output_token_seconds_bucket:rate5m"), legend: `{{route}} {{${MODEL}}}` }] },
    { title: "Duration", says: "Time from arrival to the end of requests that succeeded.", draw: "lines", unit: "seconds", width: 8, empty: NO_LATENCY, queries: quantiles([0.5, 0.95, 0.99], "llmgw:request_duration_seconds_bucket:rate5m") },
    { title: "Duration, p95, by route and model", says: "The slow ones of each route and model; requests that succeeded.", draw: "lines", unit: "seconds", width: 8, empty: NO_LATENCY,
      queries: [{ ask: quantile(0.95, `route, ${MODEL}`, "llmgw:request_duration_seconds_bucket:rate5m"), legend: `{{route}} {{${MODEL}}}` }] },
    { title: "Before the provider is asked", says: "Time from arrival to the start of the last attempt: what this gateway adds in front, and attempts that failed before.", draw: "lines", unit: "seconds", width: 8, empty: NO_REQUESTS,
      queries: [0.5, 0.99].map((one) => ({ ask: quantileOf(one, "", "llmgw_before_upstream_seconds", onRoute), legend: `p${one * 100}` })) },
  ],
};

const tokenRow: Row = {
  title: "Tokens",
  panels: [
    { title: "Tokens by type", says: "Cached input is part of input, reasoning is part of output.", draw: "lines", unit: "tokens", width: 8, empty: NO_REQUESTS, queries: [{ ask: sumBy("type", rate("llmgw_tokens_total", tokens)), legend: "{{type}}" }] },
    { title: "Tokens by route", says: "Input and output together.", draw: "areas", unit: "tokens", width: 8, empty: NO_REQUESTS,
      queries: [{ ask: called("route", "(no route)", sumBy("route", rate("llmgw_tokens_total", `${tokens},type=~"input|output"`))), legend: "{{route}}" }] },
    { title: "Tokens by team", says: "Input and output together.", draw: "areas", unit: "tokens", width: 8, empty: NO_REQUESTS,
      queries: [{ ask: called("team", "(no team)", sumBy("team", rate("llmgw_tokens_total", `${tokens},type=~"input|output"`))), legend: "{{team}}" }] },
    { title: "Output tokens by model", says: "By the model's name in the route that matched.", draw: "areas", unit: "tokens", width: 8, empty: NO_REQUESTS, queries: [{ ask: called(MODEL, "(no model)", sumBy(MODEL, usage("output", "sum"))), legend: `{{${MODEL}}}` }] },
    { title: "Tokens of one request", says: "The mean of input and of output.", draw: "lines", unit: "count", width: 8, empty: NO_REQUESTS,
      queries: ["input", "output"].map((type) => ({ ask: `${sumBy("", usage(type, "sum"))} / ${sumBy("", usage(type, "count"))} >= 0`, legend: type })) },
    { title: "Estimated usage", says: "Share of requests whose tokens were estimated because the provider sent no usage.", draw: "lines", unit: "share", width: 8, empty: NO_REQUESTS, limits: [0.05, 0.2],
      queries: [{ ask: called("route", "(no route)", share("route", rate("llmgw_usage_estimated_total", onRoute), rate("llmgw_requests_total", onRoute))), legend: "{{route}}" }] },
  ],
};

const callers: Row = {
  title: "Callers and retries",
  panels: [
    { title: "Callers who left", says: "Requests whose caller left before the end.", draw: "lines", unit: "requests", width: 8, empty: NO_REQUESTS,
      queries: [{ ask: called("route", "(no route)", sumBy("route", rate("llmgw_aborted_requests_total", onRoute))), legend: "{{route}}" }] },
    { title: "Attempts for one request", says: "The mean number of providers asked. One is as it should be.", draw: "lines", unit: "count", width: 8, empty: NO_REQUESTS,
      queries: [{ ask: `${sumBy("route", attempts(path))} / ${sumBy("route", rate("llmgw_requests_total", `${path},provider!=""`))} >= 0`, legend: "{{route}}" }] },
    { title: "Size of bodies, p95", says: "Of requests and of answers.", draw: "lines", unit: "bytes", width: 8, empty: NO_REQUESTS,
      queries: [
        { ask: quantileOf(0.95, "", "llmgw_request_bytes", onRoute), legend: "request" },
        { ask: quantileOf(0.95, "", "llmgw_response_bytes", onRoute), legend: "answer" },
      ] },
  ],
};

export const trafficDashboard: Plan = {
  uid: "llm-gateway-traffic",
  title: "LLM Gateway / Traffic",
  says: "What callers see: requests, failures, latency and tokens, by route, model and team.",
  variables: [namespace, gateway, route, provider, team],
  rows: [now, traffic, latency, tokenRow, callers],
};
