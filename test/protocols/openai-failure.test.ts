// Failures of the gateway in OpenAI's shape: as a body, and inside a stream that was cut at any byte.
import OpenAI, { APIError } from "openai";
import { describe, expect, test, vi } from "vitest";
import { failure } from "../../dataplane/errors.ts";
import type { PassThrough } from "../../dataplane/protocols/pass-through.ts";
import { passThroughs } from "../../dataplane/protocols/index.ts";
import { readEvents } from "../../dataplane/wire/sse-events.ts";
import { fixture } from "./watching.ts";

const truncated = failure("UPSTREAM_TRUNCATED");
const EVENT_BYTES_MAX = 8_388_608;

vi.setConfig({ testTimeout: 60_000 });

const breakOff = (protocol: PassThrough, before: Buffer): Buffer => {
  const watch = protocol.openStream(EVENT_BYTES_MAX);
  const passed = before.subarray(0, watch.push(before));
  watch.end();
  return Buffer.concat([passed, protocol.encodeStreamFailure(truncated, watch)]);
};

describe("a failure as a body", () => {
  test.each([
    [failure("REQUEST_MODEL_INVALID", {}, "model"), "invalid_request_error", "model"],
    [failure("AUTH_INVALID"), "authentication_error", null],
    [failure("ROUTE_FORBIDDEN", { model: "m" }), "permission_error", null],
    [failure("ROUTE_MODEL_NOT_FOUND", { model: "m", hint: "" }), "not_found_error", null],
    [failure("ACCEPT_BODY_TOO_LARGE"), "invalid_request_error", null],
    [{ ...failure("INTERNAL"), status: 429 }, "rate_limit_error", null],
    [failure("TIMEOUT_TOTAL", { seconds: 1 }), "timeout", null],
    [failure("UPSTREAM_RESET"), "server_error", null],
    [failure("ADMIT_OVERLOADED", { reason: "r" }), "server_error", null],
  ] as const)("has the type of its status and the code of the catalogue: %o", (reason, type, param) => {
    for (const protocol of Object.values(passThroughs).filter(({ name }) => !others.has(name))) {
      expect(JSON.parse(protocol.encodeFailure(reason))).toEqual({ error: { message: reason.message, type, param, code: reason.code } });
    }
  });
});

/** Families with shapes of their own. */
const others: ReadonlySet<string> = new Set(["anthropic-messages", "gemini", "bedrock-converse"]);

const streams: [string, PassThrough, string][] = [
  ["chat", passThroughs["openai-chat"], "openai-chat/lookalikes.sse"],
  ["chat with CRLF", passThroughs["openai-chat"], "openai-chat/usage-each-chunk-crlf.sse"],
  ["chat with odd framing", passThroughs["openai-chat"], "openai-chat/odd-framing.sse"],
  ["completions", passThroughs["openai-completions"], "openai-completions/usage-last.sse"],
  ["responses", passThroughs["openai-responses"], "openai-responses/completed.sse"],
  ["responses without names", passThroughs["openai-responses"], "openai-responses/data-only-with-done.sse"],
  ["images", passThroughs.images, "openai-plain/image.sse"],
  ["speech", passThroughs.audio, "openai-plain/speech.sse"],
];

/** Where the stream would be complete: from there on it is not broken off. */
const endOf = (bytes: Buffer): number => {
  const text = bytes.toString("latin1");
  const terminator = Math.max(text.lastIndexOf("[DONE]"), text.lastIndexOf(".completed"), text.lastIndexOf(".done"), text.lastIndexOf('"stop"'));
  return Math.min(terminator, text.lastIndexOf("data"));
};

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe("a failure inside a stream", () => {
  test.each(streams)("is the last event, wherever the stream was cut, and every event is whole JSON: %s", (_, protocol, path) => {
    const bytes = fixture(path);
    const wrong: string[] = [];
    // Most events are those of the cut before, and are read once.
    const whole = new Set<string>();
    // Of a stream with pictures, where most bytes are alike, each 13th.
    for (let cut = 0; cut <= endOf(bytes); cut += bytes.length > 6000 ? 13 : 1) {
      const events = readEvents(breakOff(protocol, bytes.subarray(0, cut)));
      if (events.at(-1)?.data.includes('"UPSTREAM_TRUNCATED"') !== true) wrong.push(`cut at ${cut}: ends with ${events.at(-1)?.data}`);
      for (const { data } of events) if (!whole.has(data) && isJson(data)) whole.add(data);
      wrong.push(...events.filter(({ data }) => !whole.has(data)).map(({ data }) => `cut at ${cut}: ${data.slice(0, 300)}`));
    }
    expect(whole.size).toBeGreaterThan(1);
    expect(wrong).toEqual([]);
  });

  test.each(streams)("adds no success terminator: %s", (_, protocol, path) => {
    const bytes = fixture(path);
    const added = new Set<string>();
    for (let cut = 0; cut <= endOf(bytes); cut += 3) added.add(breakOff(protocol, bytes.subarray(0, cut)).subarray(cut).toString());
    expect(added.size).toBeGreaterThan(0);
    expect([...added].filter((text) => /\[DONE\]|response\.completed|\.done"/.test(text))).toEqual([]);
  });

  test("is one clean event between events", () => {
    const error = '{"error":{"message":"The provider\'s answer broke off before its end. What arrived so far is incomplete.","type":"server_error","param":null,"code":"UPSTREAM_TRUNCATED"}}';
    const before = 'data: {"a":1}\n\n';
    expect(breakOff(passThroughs["openai-chat"], Buffer.from(before)).toString()).toBe(`${before}data: ${error}\n\n`);
    expect(breakOff(passThroughs["openai-chat"], Buffer.alloc(0)).toString()).toBe(`data: ${error}\n\n`);
  });

  test("closes an event that was too long without asking what was passed of it", () => {
    const watch = passThroughs["openai-chat"].openStream(4096);
    watch.push(Buffer.from(`data: {"x":"${"y".repeat(5000)}`));
    watch.end();
    expect(watch.isOversize).toBe(true);
    expect(passThroughs["openai-chat"].encodeStreamFailure(failure("UPSTREAM_EVENT_TOO_LARGE", { bytesMax: 4096 }), watch).toString()).toMatch(/^\n\ndata: \{"error"/);
  });

  test("keeps the id of the response and goes on counting", () => {
    const text = fixture("openai-responses/completed.sse").toString();
    const events = readEvents(breakOff(passThroughs["openai-responses"], Buffer.from(text.slice(0, text.indexOf("event: response.content_part.added")))));
    const [error, failed] = events.slice(-2).map(({ name, data }) => ({ name, ...(JSON.parse(data) as object) }));
    expect(error).toEqual({ name: "error", type: "error", code: "UPSTREAM_TRUNCATED", message: truncated.message, param: null, sequence_number: 3 });
    expect(failed).toMatchObject({
      name: "response.failed", type: "response.failed", sequence_number: 4,
      response: { id: "resp_68c97b94a480", status: "failed", model: "gpt-5-2025-08-07", created_at: 1_758_034_836, error: { code: "UPSTREAM_TRUNCATED" } },
    });
  });

  test("has no event names where the stream has none", () => {
    const text = fixture("openai-responses/data-only-with-done.sse").toString();
    expect(breakOff(passThroughs["openai-responses"], Buffer.from(text.slice(0, 900))).toString()).not.toContain("event:");
  });
});

const client = (bytes: Buffer) =>
  new OpenAI({ apiKey: "none", baseURL: "http://none.invalid", maxRetries: 0, fetch: async () => new Response(new Uint8Array(bytes), { headers: { "content-type": "text/event-stream" } }) });

const thrownBy = async (events: AsyncIterable<unknown>): Promise<unknown> => {
  try {
    for await (const event of events) void event;
  } catch (error) {
    return error;
  }
  return undefined;
};

describe("OpenAI's own library throws the failure itself, wherever the stream was cut:", () => {
  test("chat", async () => {
    const bytes = fixture("openai-chat/lookalikes.sse");
    for (let cut = 0; cut < endOf(bytes); cut += 7) {
      const stream = await client(breakOff(passThroughs["openai-chat"], bytes.subarray(0, cut))).chat.completions.create({ model: "m", messages: [], stream: true });
      expect(await thrownBy(stream), `cut at ${cut}`).toMatchObject({ constructor: APIError, code: "UPSTREAM_TRUNCATED" });
    }
  });

  test("responses", async () => {
    const bytes = fixture("openai-responses/completed.sse");
    for (let cut = 0; cut < endOf(bytes); cut += 11) {
      const stream = await client(breakOff(passThroughs["openai-responses"], bytes.subarray(0, cut))).responses.create({ model: "m", input: "i", stream: true });
      expect(await thrownBy(stream), `cut at ${cut}`).toMatchObject({ constructor: APIError, code: "UPSTREAM_TRUNCATED" });
    }
  });
});
