// What the forty runs and their errors share: the examples served, with nothing that would spare a failing provider, and a table.
import { afterAll, beforeAll } from "vitest";
import { systemClock } from "../../dataplane/clock.ts";
import type { World } from "../../operator/world.ts";
import { serveExamples, type Served } from "./served-examples.ts";

/** The routes "demo-PROTOCOL" of the examples. */
export const PROVIDERS = ["chat", "responses", "anthropic", "gemini", "bedrock", "cohere", "dashscope", "ollama"];

/** Hundreds of failures in a row are meant here: nothing is to be tried again, nothing to be left alone. */
const unguarded = (world: World): World => ({
  ...world,
  providers: Object.fromEntries(Object.entries(world.providers).map(([id, provider]) => {
    const breaker = { ...provider.spec.breaker, consecutiveFailures: 10_000, minimumRequests: 1_000_000 };
    return [id, { ...provider, spec: { ...provider.spec, breaker } }];
  })),
  routes: Object.fromEntries(Object.entries(world.routes).map(([id, route]) => [id, { ...route, spec: { ...route.spec, retry: { ...route.spec.retry, attempts: 0 } } }])),
});

/** Dates are told by the true clock; words are not paced. */
const unpaced = { now: () => systemClock.now(), sleep: async () => undefined };

export const servedExamples = (): Omit<Served, "close"> => {
  let served: Served | undefined;
  beforeAll(async () => {
    served = await serveExamples(unguarded, unpaced);
  });
  afterAll(async () => served?.close());
  return {
    get demoUrl() {
      return served?.demoUrl ?? "";
    },
    get url() {
      return served?.url ?? "";
    },
  };
};

export const printTable = (rows: readonly (readonly string[])[]): void => {
  const widths = rows[0]?.map((_cell, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0))) ?? [];
  process.stdout.write(`\n${rows.map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ").trimEnd()).join("\n")}\n\n`);
};
