// How the tests run: a process for each core, and no test that hangs for long. Tests of values share their process, because
// there is nothing that one could leave behind for the next; every other file has one to itself.
// Benches, and what needs a cluster, are programs of their own and not found here.
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const values = ["protocols", "wire", "snapshot", "policies", "identity", "house", "operator/compile"].map((folder) => `test/${folder}/**/*.test.ts`);
const elsewhere = ["test/bench/**", "test/cluster/**"];

export default defineConfig({
  test: {
    pool: "forks",
    // Left alone, vitest keeps a core for itself; on two cores that doubles the time.
    maxWorkers: Math.max(2, availableParallelism()),
    testTimeout: 20_000,
    hookTimeout: 20_000,
    teardownTimeout: 5_000,
    // A test that leaves a rejected promise behind has not closed what it opened.
    dangerouslyIgnoreUnhandledErrors: false,
    allowOnly: false,
    projects: [
      { extends: true, test: { name: "alone", include: ["test/**/*.test.ts"], exclude: [...elsewhere, ...values] } },
      { extends: true, test: { name: "values", include: values, exclude: elsewhere, isolate: false } },
    ],
  },
});
