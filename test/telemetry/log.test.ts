// The log: what a line says, that it is JSON whatever a client wrote, when lines leave, and that no loss is silent.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Log } from "../../dataplane/telemetry/log.ts";
import type { RequestRecord } from "../../dataplane/telemetry/record.ts";
import { fakeClock } from "../doubles/clock.ts";
import { requestRecord } from "./record.ts";
import { fakeSink } from "./sink.ts";

const setup = () => {
  const clock = fakeClock();
  const sink = fakeSink();
  const dropped: number[] = [];
  const log = new Log({ clock, sink, onDropped: (lines) => dropped.push(lines) });
  const parsed = (): Record<string, unknown>[] => sink.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const droppedLines = (): number => dropped.reduce((sum, lines) => sum + lines, 0);
  return { clock, sink, log, parsed, droppedLines };
};

const lineOf = (record: RequestRecord, traceId = ""): Record<string, unknown> => {
  const { log, parsed } = setup();
  log.request(record, traceId);
  log.flushNow();
  void log.flush();
  return parsed()[0] ?? {};
};

describe("the line of a request", () => {
  test("says everything that is known of it", () => {
    expect(lineOf(requestRecord({ isStreaming: true }), "4bf92f3577b34da6a3ce929d0e0e4736")).toEqual({
      time: "2023-11-14T22:13:20.500Z",
      id: "r-1",
      trace_id: "4bf92f3577b34da6a3ce929d0e0e4736",
      level: "info",
      event: "request",
      method: "POST",
      path: "/v1/chat/completions",
      operation: "chat",
      caller: "team-a/app",
      team: "search",
      route: "team-a/chat",
      target: "main",
      provider: "team-a/openai",
      model: "support-chat",
      model_sent: "gpt-5.5-mini",
      status: 200,
      upstream_status: 200,
      error: "",
      finish_reason: "stop",
      streaming: true,
      aborted: false,
      usage_estimated: false,
      attempts: 1,
      before_upstream_ms: 0.2,
      first_byte_ms: 400,
      duration_ms: 500.125,
      bytes_in: 1024,
      bytes_out: 2048,
      input_tokens: 20,
      output_tokens: 11,
      cached_input_tokens: 5,
      reasoning_tokens: 2,
    });
  });

  test("has null for tokens that nobody counted and for times that never came", () => {
    const nothing = requestRecord({ inputTokens: -1, outputTokens: -1, cachedInputTokens: -1, reasoningTokens: -1, upstreamStartTick: 0, firstByteTick: 0 });
    expect(lineOf(nothing)).toMatchObject({
      input_tokens: null,
      output_tokens: null,
      cached_input_tokens: null,
      reasoning_tokens: null,
      before_upstream_ms: null,
      first_byte_ms: null,
    });
  });

  test.each([
    [200, "info"],
    [404, "warn"],
    [502, "error"],
  ])("of status %i has level %s", (status, level) => {
    expect(lineOf(requestRecord({ status })).level).toBe(level);
  });

  test("keeps apart requests that differ only in one name, however often they come", () => {
    const { log, parsed } = setup();
    for (const callerName of ["a/x", "a/y", "a/x"]) log.request(requestRecord({ callerName }), "");
    for (const isAborted of [true, false]) log.request(requestRecord({ isAborted }), "");
    log.flushNow();
    void log.flush();
    expect(parsed().map((line) => line.caller)).toEqual(["a/x", "a/y", "a/x", "team-a/app", "team-a/app"]);
    expect(parsed().map((line) => line.aborted)).toEqual([false, false, false, true, false]);
  });

  // Each of these may change with an edit while the others stay.
  test.each([
    ["method", { method: "PUT" }], ["path", { path: "/v1/other" }], ["caller", { callerName: "team-a/other" }], ["team", { team: "other" }],
    ["route", { routeName: "team-a/other" }], ["target", { targetName: "other" }], ["provider", { providerName: "team-a/other" }],
    ["model", { modelAsked: "other" }], ["model_sent", { modelSent: "other" }], ["status", { status: 201 }], ["level", { status: 500 }],
    ["upstream_status", { upstreamStatus: 201 }], ["error", { errorCode: "OTHER" }], ["finish_reason", { finishReason: "other" }],
    ["streaming", { isStreaming: true }], ["usage_estimated", { isUsageEstimated: true }],
  ] as const)("is another one when only its %s is another", (member, changes) => {
    const [usual, other] = [lineOf(requestRecord()), lineOf(requestRecord(changes))];
    expect(other[member]).not.toBe(usual[member]);
    expect(other[member]).toBe(Object.values(changes)[0] === 500 ? "error" : Object.values(changes)[0]);
  });

  test("is one line of JSON whatever stands in the names that a client chose", () => {
    const text = fc.string({ unit: "binary", maxLength: 400 });
    fc.assert(
      fc.property(text, text, text, (id, path, modelAsked) => {
        const line = lineOf(requestRecord({ id, path, modelAsked }));
        expect(line.status).toBe(200);
        // What UTF-8 cannot carry (half a surrogate pair) may change, the rest must not.
        if (path.isWellFormed() && path.length <= 256) expect(line.path).toBe(path);
        if (id.isWellFormed() && id.length <= 128) expect(line.id).toBe(id);
      }),
    );
  });

  test("writes every number as JavaScript would", () => {
    const amount = fc.oneof(fc.nat(), fc.nat({ max: 2 ** 52 }), fc.constantFrom(0, 9, 10, 99, 100, 2 ** 31 - 1, 2 ** 31, Number.MAX_SAFE_INTEGER));
    fc.assert(
      fc.property(amount, fc.integer({ min: 0, max: 10_000_000 }), (bytesIn, micros) => {
        const line = lineOf(requestRecord({ bytesIn, startTick: 0, endTick: micros / 1000 }));
        expect(line.bytes_in).toBe(bytesIn);
        expect(line.duration_ms).toBe(micros / 1000);
      }),
    );
  });

  test("is cut where a name is longer than anybody needs", () => {
    expect(String(lineOf(requestRecord({ modelAsked: "m".repeat(5000) })).model)).toHaveLength(256);
  });
});

describe("when lines leave", () => {
  test("one line waits for others for 50 ms and no longer", () => {
    const { clock, log, sink } = setup();
    log.request(requestRecord(), "");
    clock.advance(49);
    expect(sink.lines).toHaveLength(0);
    clock.advance(1);
    expect(sink.lines).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  test("a full batch of 64 KiB does not wait", () => {
    const { log, sink } = setup();
    for (let count = 0; count < 200; count += 1) log.request(requestRecord(), "");
    expect(sink.writes).toHaveLength(1);
    expect(sink.writes[0]).toBeGreaterThan(60_000);
    expect(sink.writes[0]).toBeLessThanOrEqual(65_536);
  });

  test("order is kept across batches", async () => {
    const { log, parsed } = setup();
    for (let count = 0; count < 1000; count += 1) log.request(requestRecord({ attempts: count }), "");
    await log.flush();
    expect(parsed().map((line) => line.attempts)).toEqual(Array.from({ length: 1000 }, (_, count) => count));
  });

  test("a blocked reader costs memory up to a limit, then lines, and each lost line is counted", async () => {
    const { clock, log, sink, droppedLines } = setup();
    sink.isBlocked = true;
    const total = 20_000;
    for (let count = 0; count < total; count += 1) log.request(requestRecord(), "");
    expect(droppedLines()).toBeGreaterThan(0);
    sink.isBlocked = false;
    sink.take();
    clock.advance(50);
    await log.flush();
    expect(sink.lines.length + droppedLines()).toBe(total);
    const held = sink.writes.reduce((sum, bytes) => sum + bytes, 0);
    expect(held).toBeLessThan(66 * 65_536);
  });

  test("a reader that is gone costs the lines of its batch, and they are counted", async () => {
    const { clock, log, sink, droppedLines } = setup();
    sink.isBlocked = true;
    log.info("first");
    clock.advance(50);
    sink.isBlocked = false;
    sink.take(new Error("EPIPE"));
    log.info("second");
    await log.flush();
    expect(droppedLines()).toBe(1);
    expect(sink.lines).toHaveLength(1);
  });

  test("flush resolves only when everything is out", async () => {
    const { log, sink } = setup();
    sink.isBlocked = true;
    log.info("one");
    let isDone = false;
    const done = log.flush().then(() => {
      isDone = true;
    });
    await Promise.resolve();
    expect(isDone).toBe(false);
    sink.take();
    await done;
    expect(sink.lines).toHaveLength(1);
  });

  test("at the exit everything that nobody took yet is written at once", () => {
    const { log, sink } = setup();
    sink.isBlocked = true;
    for (let count = 0; count < 500; count += 1) log.request(requestRecord(), "");
    log.flushNow();
    sink.take();
    expect(sink.lines).toHaveLength(500);
  });

  test("at the exit what cannot be written is counted", () => {
    const { log, sink, droppedLines } = setup();
    sink.isBlocked = true;
    log.info("being written");
    void log.flush();
    log.info("waiting");
    sink.canWriteNow = false;
    log.flushNow();
    expect(droppedLines()).toBe(1);
  });

  test("a full non-blocking pipe is asked again every 10 ms", () => {
    const { clock, log, sink } = setup();
    sink.isFull = true;
    log.info("patient");
    clock.advance(200);
    expect(sink.lines).toHaveLength(0);
    sink.isFull = false;
    clock.advance(10);
    expect(sink.lines).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  test("close does not wait for a timer: what a full pipe kept back is written at once, in order", async () => {
    const { clock, log, parsed, sink } = setup();
    sink.isFull = true;
    for (let count = 0; count < 300; count += 1) log.request(requestRecord({ attempts: count }), "");
    await log.close();
    expect(parsed().map((line) => line.attempts)).toEqual(Array.from({ length: 300 }, (_, count) => count));
    expect(clock.pending).toBe(0);
  });

  test("close gives up on a pipe that stays full, and counts the lines", async () => {
    const { log, sink, droppedLines } = setup();
    sink.isFull = true;
    sink.canWriteNow = false;
    for (let count = 0; count < 300; count += 1) log.request(requestRecord(), "");
    await log.close();
    expect(droppedLines()).toBe(300);
  });
});
