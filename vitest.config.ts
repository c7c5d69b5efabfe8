// How the tests run: a process for each core, and no test that hangs for long. Files share their process, because each closes what
// it opened; alone are those that measure memory, put another module in the place of one, or open thousands of sockets.
// Benches, and what needs a cluster, are programs of their own and not found here.
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const elsewhere = ["test/bench/**", "test/cluster/**"];
const alone = [
  "protocols/fuzz-all", "request/rebuild", "request/upload", "story/backpressure", "story/uploads",
  "story/errors", "providers/rows/rows",
  "story/upstreams-busy",
].map((file) => `test/${file}.test.ts`);

export default defineConfig({
  test: {
    pool: "forks",
    setupFiles: [fileURLToPath(new URL("test/patience.ts", import.meta.url))],
    // Left alone, vitest keeps a core for itself; on two cores that doubles the time.
    maxWorkers: Math.max(2, availableParallelism()),
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
