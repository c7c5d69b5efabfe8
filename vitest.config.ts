// How the tests run: a process for each core, each test file alone in one, and no test that hangs for long.
// Benches, and what needs a cluster, are programs of their own and not found here.
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/bench/**", "test/cluster/**"],
    pool: "forks",
    // Left alone, vitest keeps a core for itself; on two cores that doubles the time.
    maxWorkers: Math.max(2, availableParallelism()),
    testTimeout: 20_000,
    hookTimeout: 20_000,
    teardownTimeout: 5_000,
    // A test that leaves a rejected promise behind has not closed what it opened.
    dangerouslyIgnoreUnhandledErrors: false,
    allowOnly: false,
  },
});
