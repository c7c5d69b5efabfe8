// The gauges that describe the process itself: memory, CPU, build, the event loop's lag.
// Read at the scrape only; nothing here ticks.
import { memoryUsage, resourceUsage, uptime, versions } from "node:process";
import type { Clock } from "../clock.ts";
import type { Lag } from "./lag.ts";
import type { Metrics } from "./metrics.ts";

const MICROS_PER_SECOND = 1_000_000;

export const watchProcess = (metrics: Metrics, lag: Lag, build: { readonly clock: Clock; readonly build: string }): void => {
  const startSeconds = build.clock.now() / 1000 - uptime();
  const cpu = metrics.counterSlot("process_cpu_seconds_total");
  metrics.watch("process_resident_memory_bytes", () => memoryUsage.rss());
  metrics.watch("process_start_time_seconds", () => startSeconds);
  metrics.watch("llmgw_heap_used_bytes", () => memoryUsage().heapUsed);
  metrics.watch("llmgw_heap_size_bytes", () => memoryUsage().heapTotal);
  metrics.watch("llmgw_external_memory_bytes", () => memoryUsage().external);
  metrics.watch("llmgw_event_loop_lag_seconds", () => lag.worstMs() / 1000);
  metrics.watch("llmgw_build_info", () => [{ values: [build.build, versions.node], value: 1 }]);
  metrics.beforeScrape(() => {
    const { userCPUTime, systemCPUTime } = resourceUsage();
    cpu.value = (userCPUTime + systemCPUTime) / MICROS_PER_SECOND;
  });
};
