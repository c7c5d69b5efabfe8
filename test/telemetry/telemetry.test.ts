// Telemetry as a whole: one call per finished request, real files, and no failure of its own that a request could feel.
import { spawn } from "node:child_process";
import { mkdtempSync, openSync, closeSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { systemClock } from "../../dataplane/clock.ts";
import { fileSink, NO_TRACE, startTelemetry } from "../../dataplane/telemetry/index.ts";
import { fakeClock } from "../doubles/clock.ts";
import { requestRecord } from "./record.ts";
import { fakeSink } from "./sink.ts";

test("a finished request is one line and one metric update", async () => {
  const sink = fakeSink();
  const telemetry = await startTelemetry({ clock: fakeClock(), sink, build: "1.2.3" });
  telemetry.record(requestRecord(), NO_TRACE);
  await telemetry.flush();
  expect(sink.lines).toHaveLength(1);
  expect(await telemetry.metrics.text()).toMatch(/^llmgw_requests_total\{.*\} 1$/m);
  await telemetry.close();
});

test("lines that are dropped are counted in a metric", async () => {
  const sink = fakeSink();
  const clock = fakeClock();
  const telemetry = await startTelemetry({ clock, sink, build: "1.2.3" });
  sink.isBlocked = true;
  telemetry.log.info("lost");
  clock.advance(50);
  sink.take(new Error("EPIPE"));
  expect(await telemetry.metrics.text()).toContain("llmgw_log_dropped_total 1");
  await telemetry.close();
});

test("a failure inside telemetry is logged and does not reach the request", async () => {
  const sink = fakeSink();
  const telemetry = await startTelemetry({ clock: fakeClock(), sink, build: "1.2.3" });
  const broken = Object.defineProperty({ ...requestRecord() }, "routeName", {
    get: () => {
      throw new Error("no such field");
    },
  });
  expect(() => telemetry.record(broken, NO_TRACE)).not.toThrow();
  await telemetry.flush();
  expect(JSON.parse(sink.lines[0] ?? "")).toMatchObject({ level: "error", event: "telemetry-failed", id: "r-1" });
  await telemetry.close();
});

test("lines reach a file in order, those at the exit too", async () => {
  const folder = mkdtempSync(join(tmpdir(), "telemetry-"));
  const path = join(folder, "log");
  const descriptor = openSync(path, "w");
  const telemetry = await startTelemetry({ clock: systemClock, sink: fileSink(descriptor, systemClock), build: "1.2.3" });
  for (let count = 0; count < 1000; count += 1) telemetry.record(requestRecord({ attempts: count }), NO_TRACE);
  await telemetry.flush();
  telemetry.log.info("last words");
  telemetry.flushNow();
  await telemetry.close();
  closeSync(descriptor);
  const lines = readFileSync(path, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
  rmSync(folder, { recursive: true });
  expect(lines).toHaveLength(1001);
  expect(lines.slice(0, 1000).every((line, index) => line.attempts === index)).toBe(true);
  expect(lines.at(-1)).toMatchObject({ event: "last words" });
});

test("a pipe that nobody reads does not stop the process, and the lines come when somebody reads", async () => {
  const script = `
    import { systemClock } from ${JSON.stringify(join(import.meta.dirname, "../../dataplane/clock.ts"))};
    import { fileSink, startTelemetry } from ${JSON.stringify(join(import.meta.dirname, "../../dataplane/telemetry/index.ts"))};
    const telemetry = await startTelemetry({ clock: systemClock, sink: fileSink(1, systemClock), build: "1" });
    for (let count = 0; count < 5000; count += 1) telemetry.log.info("line", { count, padding: "x".repeat(200) });
    process.send("still running");
    await telemetry.close();
    process.exit();
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit", "ipc"] });
  await new Promise((resolve) => child.once("message", resolve));
  let text = "";
  child.stdout?.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
  await new Promise((resolve) => child.once("close", resolve));
  expect(text.trimEnd().split("\n")).toHaveLength(5000);
});
