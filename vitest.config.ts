// How the tests run: a process for each core and one more, and no test that hangs for long. Files share their process, because each closes what
// it opened; alone are those that measure memory, put another module in the place of one, or open thousands of sockets.
// What needs a cluster is a program of its own and not found here.
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const paths = (...files: readonly string[]): string[] => files.map((file) => `test/${file}.test.ts`);

const elsewhere = ["test/cluster/**"];
const alone = paths(
  "protocols/fuzz-all", "protocols/endless", "request/rebuild", "request/upload", "story/backpressure", "story/uploads",
  "story/errors", "providers/rows/rows",
  "story/upstreams-busy",
);

/** Those that take seconds, the longest first. */
const long = paths(
  "protocols/fuzz-all", "protocols/endless", "protocols/recorded-cuts", "dashboards/live", "operator/standalone/run", "story/forty", "story/python", "story/forty-errors",
  "protocols/cuts", "operator/cluster/faults", "operator/cli/stop", "charts/accepted", "providers/credentials/kinds", "operator/cluster/process", "protocols/openai-failure",
);

const rankOf = ({ moduleId }: TestSpecification): number => {
  const place = long.findIndex((path) => moduleId.endsWith(`/${path}`));
  return place < 0 ? long.length : place;
};

/** Where no earlier run has told how long files take, vitest goes by their size: a long one can come last, and a core waits for it. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    // Processes are shared within a project only, so that its files stay together.
    const projects = [...Map.groupBy(sorted, ({ project }) => project.name).values()];
    return projects.flatMap((own) => own.toSorted((one, other) => rankOf(one) - rankOf(other)));
  }
}

export default defineConfig({
  test: {
    pool: "forks",
    setupFiles: [new URL("test/patience.ts", import.meta.url), new URL("test/chance.ts", import.meta.url)].map((url) => fileURLToPath(url)),
    // Left alone, vitest keeps a core for itself; on two cores that doubles the time. One more than there are fills what others
    // wait for processes and sockets: measured, a seventh of the whole.
    maxWorkers: availableParallelism() + 1,
    // Those that say they may run side by side mostly wait. A file cannot say it for itself: the first of a process decides for all.
    maxConcurrency: 40,
    sequence: { sequencer: LongFirst },
    // For the processes that tests start: the second start of each takes half the time.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), "llmgw-test-state", "llm-gateway", "compile-cache") },
    // Only there to fail: a busy machine takes its time.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 5_000,
    // A test that leaves a rejected promise behind has not closed what it opened.
    dangerouslyIgnoreUnhandledErrors: false,
    allowOnly: false,
    projects: [
      { extends: true, test: { name: "alone", include: alone, exclude: elsewhere } },
      { extends: true, test: { name: "together", include: ["test/**/*.test.ts"], exclude: [...elsewhere, ...alone], isolate: false } },
    ],
  },
});
