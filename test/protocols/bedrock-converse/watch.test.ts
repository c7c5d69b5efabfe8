// Converse passing through untouched: what is seen of it, and what a client is told when it goes wrong.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import fc from "fast-check";
import { failure, type Failure } from "../../../dataplane/errors.ts";
import { bedrockConverse } from "../../../dataplane/protocols/bedrock-converse/index.ts";
import { words } from "../../../dataplane/wire/aws-event-headers.ts";
import { encodeFrame } from "../../../dataplane/wire/aws-event-stream.ts";
import { firstDifference, watchPieces } from "../watching.ts";
import { blockStop, Endpoint, EVENT_BYTES_MAX, exceptionOf, framesIn, METADATA, type Members, START, STOP, STREAM_TYPE, streamOf, textDelta } from "./driving.ts";

const seed = Number(process.env["SEED"] ?? 20_261_121);
const open = (limit = EVENT_BYTES_MAX) => bedrockConverse.openStream(limit);
const watched = (bytes: Buffer) => {
  const outcome = watchPieces(open, [bytes]);
  expect(firstDifference(open, bytes, "Everywhere")).toBeNull();
  return outcome;
};
const whole = streamOf(START, textDelta("Hi"), blockStop(), STOP, METADATA);
const half = (bytes: Buffer): Buffer => bytes.subarray(0, -3);
const broken = Buffer.from(whole);
broken[whole.length - 1] = (whole[whole.length - 1] as number) ^ 1;

describe("a stream that passes", () => {
  test.each<[string, Buffer, object]>([
    ["is finished by its counts", whole, { isFinished: true, hasTerminator: true, error: null, isBetweenEvents: true, hasEvent: true }],
    ["is finished by its reason, when it ends there", streamOf(START, textDelta("Hi"), blockStop(), STOP), { isFinished: true, hasTerminator: false, error: null }],
    ["is cut off before its reason", streamOf(START, textDelta("Hi"), blockStop()), { isFinished: false, hasTerminator: false, isBetweenEvents: true }],
    ["is cut off in a frame", half(whole), { isFinished: false, hasTerminator: false, isBetweenEvents: false }],
    ["is cut off although its counts came before its reason", streamOf(START, METADATA), { isFinished: false, hasTerminator: false }],
    ["is nothing", Buffer.alloc(0), { isFinished: false, hasEvent: false, isBetweenEvents: true }],
    ["is broken", broken, { isFinished: false, error: { code: "broken_frame", kind: "internal" }, isBetweenEvents: false }],
    ["is another framing", Buffer.from('data: {"choices":[]}\n\ndata: [DONE]\n\n'), { isFinished: false, error: { code: "broken_frame" }, hasEvent: false }],
    ["reports an error", Buffer.concat([streamOf(START), exceptionOf("throttlingException", { message: "Slow down" })]), { isFinished: false, error: { kind: "rate-limited", message: "Slow down", type: "ThrottlingException" }, isBetweenEvents: true }],
    ["reports an error behind its end", Buffer.concat([whole, exceptionOf("internalServerException", { message: "Oops" })]), { isFinished: false, error: { kind: "internal" } }],
    ["reports an error without a type", encodeFrame(words({ ":message-type": "error", ":error-code": "InternalFailure", ":error-message": "Oops" }), ""), { isFinished: false, error: { kind: "internal", message: "Oops" } }],
  ])("%s", (_, bytes, expected) => {
    expect(watched(bytes)).toMatchObject(expected);
  });

  test("is passed whole, and up to the byte that broke it", () => {
    expect(watched(whole).passed).toBe(whole.toString("latin1"));
    const behind = Buffer.concat([broken, streamOf(START)]);
    expect(watched(behind).passed).toBe(broken.toString("latin1"));
  });

  test("with a frame that is too long is stopped before it", () => {
    const bytes = streamOf(START, textDelta("x".repeat(500)));
    expect(watchPieces(() => open(300), [bytes])).toMatchObject({ isOversize: true, isFinished: false, isBetweenEvents: false });
    expect(firstDifference(() => open(300), bytes, "Everywhere")).toBeNull();
  });

  test("tells its counts and its reason", () => {
    const usage = { inputTokens: 10, outputTokens: 20, totalTokens: 35, cacheReadInputTokens: 5 };
    const bytes = streamOf(START, textDelta("Hi"), blockStop(), ["messageStop", { stopReason: "max_tokens" }], ["metadata", { usage, trace: { promptRouter: { invokedModelId: "m" } } }]);
    expect(watched(bytes).summary).toMatchObject({ inputTokens: 15, outputTokens: 20, cachedInputTokens: 5, finishReason: "max_tokens", model: "m", outputTokensEstimate: 0 });
  });

  test("without counts is estimated by what it wrote, whatever padding is around it", () => {
    const text = "word ".repeat(8);
    const deltas = Array.from({ length: 100 }, (_, index) => ["contentBlockDelta", { contentBlockIndex: 0, delta: { text }, p: "abcdefghijklmnopqrstuvwxyz".slice(0, (index * 11) % 26) }] as const);
    const { summary } = watchPieces(open, [streamOf(START, ...deltas, blockStop(), STOP)]);
    expect(summary.outputTokens).toBe(-1);
    expect(summary.outputTokensEstimate).toBeGreaterThan(900);
    expect(summary.outputTokensEstimate).toBeLessThan(1100);
  });

  test("is the same to the watch whatever the bytes are", () => {
    const damaged = fc.tuple(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat(whole.length)).map(([changes, length]) => {
      const copy = Buffer.from(whole.subarray(0, length));
      for (const [at, byte] of changes) if (copy.length > 0) copy[at % copy.length] = byte;
      return copy;
    });
    fc.assert(
      fc.property(damaged, fc.array(fc.nat(), { maxLength: 5 }), fc.constantFrom(60, EVENT_BYTES_MAX), (bytes, cuts, limit) => {
        const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((left, right) => left - right), bytes.length];
        const outcome = watchPieces(() => open(limit), [bytes]);
        expect(watchPieces(() => open(limit), places.slice(1).map((place, index) => bytes.subarray(places[index], place)))).toEqual(outcome);
        expect(bytes.toString("latin1").startsWith(outcome.passed)).toBe(true);
      }),
      { seed, numRuns: 500 },
    );
  });

  test("is a stream by its type only", () => {
    expect([STREAM_TYPE, "text/event-stream", "application/json"].map((type) => bedrockConverse.isStream(type, true))).toEqual([true, false, false]);
  });
});

describe("a whole answer", () => {
  const answer = { output: { message: { role: "assistant", content: [{ text: "Hello" }, { toolUse: { toolUseId: "t", name: "f", input: { a: 1 } } }] } }, stopReason: "tool_use", usage: { inputTokens: 3, outputTokens: 4, totalTokens: 7 }, metrics: { latencyMs: 9 }, serviceTier: { type: "flex" } };

  test("is read", () => {
    expect(bedrockConverse.readReply(Buffer.from(JSON.stringify(answer)))).toMatchObject({ isWhole: true, error: null, summary: { inputTokens: 3, outputTokens: 4, finishReason: "tool_use" } });
    expect(bedrockConverse.readReply(Buffer.from('{"inputTokens":17}'))).toMatchObject({ isWhole: true, error: null, summary: { inputTokens: 17, outputTokens: -1 } });
    expect(bedrockConverse.readReply(Buffer.from(JSON.stringify({ ...answer, usage: {} })))).toMatchObject({ summary: { outputTokens: -1, outputTokensEstimate: 3 } });
    expect(bedrockConverse.readReply(Buffer.from('{"output":'))).toMatchObject({ isWhole: false });
    expect(bedrockConverse.readReply(Buffer.from('{"message":"Slow down","__type":"ThrottlingException"}'))).toMatchObject({ error: { kind: "rate-limited", message: "Slow down" } });
  });

  test("can be told as a stream, and a stream as one", () => {
    const stream = bedrockConverse.replyToStream(Buffer.from(JSON.stringify(answer))) as Buffer;
    expect(framesIn(stream).map(([name]) => name)).toEqual(["messageStart", "contentBlockDelta", "contentBlockStop", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"]);
    expect(JSON.parse(String(bedrockConverse.streamToReply(stream)))).toEqual(answer);
    expect(bedrockConverse.streamType).toBe(STREAM_TYPE);
    expect(bedrockConverse.replyToStream(Buffer.from('{"message":"no"}'))).toBeNull();
    expect(bedrockConverse.streamToReply(half(whole))).toBeNull();
    expect(bedrockConverse.streamToReply(Buffer.concat([streamOf(START), exceptionOf("throttlingException", {})]))).toBeNull();
  });
});

describe("a failure of ours", () => {
  const endpoint = new Endpoint();
  beforeAll(() => endpoint.open());
  afterAll(() => endpoint.close());

  const flat = (headers: readonly string[]): Record<string, string> => Object.fromEntries(headers.flatMap((name, index) => (index % 2 === 0 ? [[name, headers[index + 1] ?? ""]] : [])));

  test.each<[string, Failure, string, number]>([
    ["a key that is not known", failure("AUTH_INVALID"), "AccessDeniedException", 401],
    ["a body that cannot be understood", failure("REQUEST_INVALID", { problem: "x" }), "ValidationException", 400],
    ["a model that nobody serves", failure("ROUTE_MODEL_NOT_FOUND", { model: "m", hint: "" }), "ResourceNotFoundException", 404],
    ["a limit", failure("UPSTREAM_RATE_LIMITED", { upstreamStatus: 429 }), "ThrottlingException", 429],
    ["no room", failure("ADMIT_OVERLOADED", { reason: "x" }), "ServiceUnavailableException", 503],
    ["a provider that does not answer in time", failure("TIMEOUT_HEADERS", { seconds: 1 }), "ModelTimeoutException", 504],
    ["the gateway's own credential", { ...failure("UPSTREAM_CREDENTIAL", { upstreamStatus: 403 }), kind: "forbidden" }, "InternalServerException", 502],
    ["a prompt that is too long", { ...failure("UPSTREAM_REJECTED", { upstreamStatus: 400 }), kind: "context-too-long" }, "ValidationException", 400],
    ["no money", { ...failure("UPSTREAM_REJECTED", { upstreamStatus: 402 }), status: 402, kind: "payment" }, "ServiceQuotaExceededException", 402],
    ["a mistake", failure("INTERNAL"), "InternalServerException", 500],
  ])("is thrown by Amazon's library under its name: %s", async (_, reason, name, status) => {
    const body = bedrockConverse.encodeFailure(reason);
    const headers = flat(bedrockConverse.failureHeaders?.(reason) ?? []);
    const thrown = { name, message: reason.message, $metadata: { httpStatusCode: status } };
    await expect(endpoint.converse({ status, headers: { "content-type": "application/json", ...headers }, body: Buffer.from(body) })).rejects.toMatchObject(thrown);
    await expect(endpoint.events({ status, headers: { "content-type": "application/json" }, body: Buffer.from(body) })).rejects.toMatchObject(thrown);
    expect(JSON.parse(body)).toMatchObject({ errorCode: reason.code } satisfies Members);
  });

  test.each<[string, Failure, string]>([
    ["a provider that broke off", failure("UPSTREAM_TRUNCATED"), "ModelStreamErrorException"],
    ["a provider that stood still", failure("TIMEOUT_IDLE", { seconds: 1 }), "ModelStreamErrorException"],
    ["a limit", failure("UPSTREAM_RATE_LIMITED", { upstreamStatus: 429 }), "ThrottlingException"],
    ["no room", failure("ADMIT_OVERLOADED", { reason: "x" }), "ServiceUnavailableException"],
    ["a request at fault", failure("UPSTREAM_REJECTED", { upstreamStatus: 400 }), "ValidationException"],
    ["a mistake", failure("INTERNAL"), "InternalServerException"],
  ])("is thrown in the middle of a stream: %s", async (_, reason, name) => {
    const watch = open();
    const begun = streamOf(START, textDelta("Hi"));
    watch.push(begun);
    watch.end();
    const bytes = Buffer.concat([begun, bedrockConverse.encodeStreamFailure(reason, watch)]);
    await expect(endpoint.stream(bytes)).rejects.toMatchObject({ name, message: reason.message });
  });

  test("cannot be told behind half a frame, where the connection has to break", async () => {
    const watch = open();
    const begun = half(streamOf(START, textDelta("Hi")));
    watch.push(begun);
    expect([watch.isBetweenEvents, bedrockConverse.encodeStreamFailure(failure("UPSTREAM_TRUNCATED"), watch).length]).toEqual([false, 0]);
    await expect(endpoint.events({ headers: { "content-type": STREAM_TYPE }, body: begun, isBroken: true })).rejects.toThrow(/Truncated|aborted|ECONNRESET|hang up/i);
  });
});
