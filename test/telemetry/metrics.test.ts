// Metrics: what one request adds, that labels stay bounded, and that Prometheus likes what it scrapes.
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { declared } from "../../dataplane/telemetry/declared.ts";
import { Lag } from "../../dataplane/telemetry/lag.ts";
import { Metrics } from "../../dataplane/telemetry/metrics.ts";
import { watchProcess } from "../../dataplane/telemetry/process.ts";
import { fakeClock } from "../doubles/clock.ts";
import { requestRecord } from "./record.ts";

const GEN_AI = 'gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="support-chat",route="team-a/chat",provider="team-a/openai"';

const scraped = async (metrics: Metrics): Promise<string[]> => (await metrics.text()).split("\n");

describe("one request", () => {
  test("is counted by what served it and how it ended", async () => {
    const metrics = new Metrics();
    metrics.record(requestRecord());
    metrics.record(requestRecord());
    metrics.record(requestRecord({ status: 504, errorCode: "TIMEOUT_TOTAL" }));
    const lines = await scraped(metrics);
    const labels = 'route="team-a/chat",target="main",provider="team-a/openai",team="search"';
    expect(lines).toContain(`llmgw_requests_total{${labels},status="200",code=""} 2`);
    expect(lines).toContain(`llmgw_requests_total{${labels},status="504",code="TIMEOUT_TOTAL"} 1`);
  });

  test("has its duration in the buckets of the gen_ai conventions", async () => {
    const metrics = new Metrics();
    metrics.record(requestRecord());
    const lines = await scraped(metrics);
    const name = "gen_ai_client_operation_duration_seconds";
    expect(lines).toContain(`${name}_bucket{${GEN_AI},error_type="",le="0.32"} 0`);
    expect(lines).toContain(`${name}_bucket{${GEN_AI},error_type="",le="0.64"} 1`);
    expect(lines).toContain(`${name}_bucket{${GEN_AI},error_type="",le="+Inf"} 1`);
    expect(lines).toContain(`${name}_sum{${GEN_AI},error_type=""} 0.500125`);
    expect(lines).toContain(`${name}_count{${GEN_AI},error_type=""} 1`);
  });

  test("has an error type: our code, or else the provider's status", async () => {
    const metrics = new Metrics();
    metrics.record(requestRecord({ status: 429 }));
    metrics.record(requestRecord({ status: 502, errorCode: "UPSTREAM_CONNECT" }));
    const text = await metrics.text();
    expect(text).toContain(`_count{${GEN_AI},error_type="429"} 1`);
    expect(text).toContain(`_count{${GEN_AI},error_type="UPSTREAM_CONNECT"} 1`);
  });

  test("has its tokens by type, in the histogram and in the sums", async () => {
    const metrics = new Metrics();
    metrics.record(requestRecord());
    const lines = await scraped(metrics);
    expect(lines).toContain(`gen_ai_client_token_usage_sum{${GEN_AI},gen_ai_token_type="input"} 20`);
    expect(lines).toContain(`gen_ai_client_token_usage_sum{${GEN_AI},gen_ai_token_type="output"} 11`);
    expect(lines).toContain('llmgw_tokens_total{route="team-a/chat",team="search",type="input"} 20');
    expect(lines).toContain('llmgw_tokens_total{route="team-a/chat",team="search",type="cached_input"} 5');
    expect(lines).toContain('llmgw_tokens_total{route="team-a/chat",team="search",type="reasoning"} 2');
  });

  test("without known tokens adds none", async () => {
    const metrics = new Metrics();
    metrics.record(requestRecord({ inputTokens: -1, outputTokens: -1, cachedInputTokens: -1, reasoningTokens: -1 }));
    const text = await metrics.text();
    expect(text).not.toMatch(/^gen_ai_client_token_usage_count/m);
    expect(text).not.toMatch(/^llmgw_tokens_total\{/m);
  });

  test("streamed: time to the first token and per token after it", async () => {
    const metrics = new Metrics();
    metrics.record(requestRecord({ isStreaming: true, startTick: 1000, firstByteTick: 1400, endTick: 2400, outputTokens: 11 }));
    const lines = await scraped(metrics);
    expect(lines).toContain(`gen_ai_server_time_to_first_token_seconds_sum{${GEN_AI}} 0.4`);
    expect(lines).toContain(`gen_ai_server_time_per_output_token_seconds_sum{${GEN_AI}} 0.1`);
  });

  test.each([
    ["not streamed", { isStreaming: false }],
    ["refused by the provider", { isStreaming: true, status: 429 }],
    ["broken off", { isStreaming: true, isAborted: true }],
    ["ended by an error", { isStreaming: true, errorCode: "UPSTREAM_TRUNCATED" }],
    ["of one token", { isStreaming: true, outputTokens: 1 }],
  ])("%s: no time per token", async (_, changes) => {
    const metrics = new Metrics();
    metrics.record(requestRecord(changes));
    expect(await metrics.text()).not.toMatch(/^gen_ai_server_time_per_output_token_seconds_count/m);
  });

  test("that came to no upstream leaves no trace of one", async () => {
    const metrics = new Metrics();
    metrics.record(requestRecord({ status: 401, upstreamStatus: 0, upstreamStartTick: 0, providerName: "", attempts: 0 }));
    const text = await metrics.text();
    expect(text).not.toMatch(/^llmgw_upstream_responses_total\{/m);
    expect(text).not.toMatch(/^llmgw_before_upstream_seconds_count/m);
  });

  test("that was aborted, or whose usage was estimated, is counted as such", async () => {
    const metrics = new Metrics();
    metrics.record(requestRecord({ isAborted: true, isUsageEstimated: true }));
    const lines = await scraped(metrics);
    expect(lines).toContain('llmgw_aborted_requests_total{route="team-a/chat"} 1');
    expect(lines).toContain('llmgw_usage_estimated_total{route="team-a/chat"} 1');
  });
});

describe("bounds", () => {
  test("the 201st team is other, and that is counted", async () => {
    const metrics = new Metrics();
    for (let index = 0; index < 250; index += 1) metrics.record(requestRecord({ team: `team-${index}` }));
    const lines = await scraped(metrics);
    const teams = lines.filter((line) => line.startsWith("llmgw_requests_total{"));
    expect(teams).toHaveLength(201);
    expect(teams.find((line) => line.includes('team="other"'))).toMatch(/ 50$/);
    expect(lines.find((line) => line.startsWith('llmgw_label_overflow_total{label="team"}'))).toBeDefined();
  });

  test("a metric has at most 2,000 series and one more for the rest, and no request is lost", async () => {
    const metrics = new Metrics();
    const total = 5000;
    for (let index = 0; index < total; index += 1) metrics.record(requestRecord({ team: `t${index % 100}`, targetName: `m${index % 90}`, status: 200 + (index % 7) }));
    const lines = (await scraped(metrics)).filter((line) => line.startsWith("llmgw_requests_total{"));
    expect(lines.length).toBeLessThanOrEqual(2001);
    const sum = lines.reduce((count, line) => count + Number(line.slice(line.lastIndexOf(" "))), 0);
    expect(sum).toBe(total);
  });

  test("what a client wrote is no label", async () => {
    const metrics = new Metrics();
    metrics.record(requestRecord({ modelAsked: "written-by-client", id: "written-by-client", path: "/written-by-client", callerName: "ns/some-caller" }));
    const text = await metrics.text();
    expect(text).not.toContain("written-by-client");
    expect(text).not.toContain("some-caller");
  });

  test("a label's value is escaped and cut", async () => {
    const metrics = new Metrics();
    metrics.record(requestRecord({ team: `a"b\\c\nd${"x".repeat(1000)}` }));
    const line = (await scraped(metrics)).find((text) => text.startsWith("llmgw_requests_total{"));
    expect(line).toContain('team="a\\"b\\\\c\\ndxxx');
    expect(line?.length).toBeLessThan(512);
  });
});

describe("the rest", () => {
  test("gauges are read at the scrape, the last watcher wins, labels in declared order", async () => {
    const metrics = new Metrics();
    let open = 3;
    metrics.watch("llmgw_open_requests", () => 99);
    metrics.watch("llmgw_open_requests", () => open);
    metrics.watch("llmgw_sockets", () => [
      { values: ["client"], value: 4 },
      { values: ["upstream"], value: 2 },
    ]);
    open = 7;
    const lines = await scraped(metrics);
    expect(lines).toContain("llmgw_open_requests 7");
    expect(lines).toContain('llmgw_sockets{side="client"} 4');
    expect(lines).toContain('llmgw_sockets{side="upstream"} 2');
  });

  test("a snapshot's former version disappears from the info metric", async () => {
    const metrics = new Metrics();
    let version = "one";
    metrics.watch("llmgw_snapshot_info", () => [{ values: [version], value: 1 }]);
    expect(await metrics.text()).toContain('llmgw_snapshot_info{version="one"} 1');
    version = "two";
    expect(await metrics.text()).not.toContain('version="one"');
  });

  test("a counter without labels is there from the start, at 0", async () => {
    const metrics = new Metrics();
    expect(await scraped(metrics)).toContain("llmgw_feed_reconnects_total 0");
    metrics.count("llmgw_feed_reconnects_total");
    expect(await scraped(metrics)).toContain("llmgw_feed_reconnects_total 1");
  });

  test("the process describes itself", async () => {
    const metrics = new Metrics();
    const clock = fakeClock();
    watchProcess(metrics, new Lag(clock), { clock, build: "1.2.3" });
    const text = await metrics.text();
    expect(text).toMatch(/^process_resident_memory_bytes [1-9]\d{6,}$/m);
    expect(text).toMatch(/^process_cpu_seconds_total 0*[\d.]+$/m);
    expect(text).toContain(`llmgw_build_info{version="1.2.3",node="${process.versions.node}"} 1`);
  });

  test("every declared metric has a sample once everything has happened", async () => {
    const metrics = new Metrics();
    const clock = fakeClock();
    watchProcess(metrics, new Lag(clock), { clock, build: "1.2.3" });
    fillAll(metrics);
    const text = await metrics.text();
    const missing = Object.keys(declared).filter((name) => !new RegExp(`^${name}(?:_count)?[ {]`, "m").test(text));
    expect(missing).toEqual([]);
  });
});

const promtool = spawnSync("promtool", ["--version"]);

describe.skipIf(promtool.error !== undefined)("promtool (skipped where it is not installed: Debian's package prometheus has it)", () => {
  test("check metrics finds nothing to say", async () => {
    const metrics = new Metrics();
    const clock = fakeClock();
    watchProcess(metrics, new Lag(clock), { clock, build: "1.2.3" });
    fillAll(metrics);
    const checked = spawnSync("promtool", ["check", "metrics"], { input: await metrics.text(), encoding: "utf8" });
    expect(checked.stdout + checked.stderr).toBe("");
    expect(checked.status).toBe(0);
  });

  test("check metrics does find fault with a bad page", () => {
    const checked = spawnSync("promtool", ["check", "metrics"], { input: "# TYPE requests counter\nrequests 1\n", encoding: "utf8" });
    expect(checked.status).not.toBe(0);
  });
});

const fillAll = (metrics: Metrics): void => {
  metrics.record(requestRecord({ isStreaming: true, isUsageEstimated: true }));
  metrics.record(requestRecord({ isAborted: true }));
  for (let index = 0; index < 201; index += 1) metrics.record(requestRecord({ team: `team-${index}` }));
  metrics.count("llmgw_losses_total", 1, "team-a/chat", "unsupported", "minor");
  metrics.count("llmgw_failovers_total", 1, "team-a/chat", "team-a/openai", "UPSTREAM_CONNECT");
  metrics.watch("llmgw_open_requests", () => 1);
  metrics.watch("llmgw_sockets", () => [{ values: ["client"], value: 1 }]);
  metrics.watch("llmgw_snapshot_info", () => [{ values: ["abc"], value: 1 }]);
  metrics.watch("llmgw_feed_connected", () => 1);
};
