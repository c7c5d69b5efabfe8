// Errors on demand: the model's name says which, and each protocol words it as its vendor does.
import { describe, expect, it } from "vitest";
import { runningDemo } from "./demo.ts";

const demo = runningDemo();
const hi = [{ role: "user", content: "Say hi" }];
const version = { "anthropic-version": "2023-06-01" };

interface Surface {
  readonly ask: (model: string, isStreaming: boolean) => Promise<Response>;
  /** What stands in a refusal for haste. */
  readonly haste: object;
  /** What stands in the stream in place of its end. */
  readonly inside: RegExp;
  readonly end: RegExp;
}

const generation = "/api/v1/services/aigc/text-generation/generation";
const surfaces: Record<string, Surface> = {
  chat: { ask: (model, stream) => demo.post("/v1/chat/completions", { model, stream, messages: hi }), haste: { error: { type: "requests", code: "rate_limit_exceeded" } }, inside: /\n\ndata: \{"error":\{"message":"The engine is currently overloaded[^\n]+\n\n$/, end: /\[DONE\]/ },
  responses: { ask: (model, stream) => demo.post("/v1/responses", { model, stream, input: "Say hi" }), haste: { error: { code: "rate_limit_exceeded" } }, inside: /event: error\ndata: .*"sequence_number":7\}\n\nevent: response\.failed\n.*"sequence_number":8\}\n\n$/, end: /response\.completed/ },
  anthropic: { ask: (model, stream) => demo.post("/v1/messages", { model, stream, max_tokens: 50, messages: hi }, version), haste: { type: "error", error: { type: "rate_limit_error" } }, inside: /event: error\ndata: \{"type":"error","error":\{"type":"overloaded_error"[^\n]+\n\n$/, end: /message_stop/ },
  gemini: { ask: (model, stream) => demo.post(`/v1beta/models/${model}:${stream ? "streamGenerateContent?alt=sse" : "generateContent"}`, { contents: [{ role: "user", parts: [{ text: "Say hi" }] }] }), haste: { error: { code: 429, status: "RESOURCE_EXHAUSTED", details: [{ retryDelay: "7s" }] } }, inside: /\r\ndata: \{"error":\{"code":503,.*"status":"UNAVAILABLE"\}\}\r\n\r\n$/, end: /finishReason/ },
  bedrock: { ask: (model, stream) => demo.post(`/model/${model}/${stream ? "converse-stream" : "converse"}`, { messages: [{ role: "user", content: [{ text: "Say hi" }] }] }), haste: { message: expect.stringContaining("Too many requests") }, inside: /:exception-type.{3}serviceUnavailableException/s, end: /messageStop/ },
  cohere: { ask: (model, stream) => demo.post("/v2/chat", { model, stream, messages: hi }), haste: { message: expect.stringContaining("limited to 20 API calls") }, inside: /event: message-end\ndata: .*"finish_reason":"ERROR"/, end: /COMPLETE/ },
  dashscope: { ask: (model, stream) => demo.post(generation, { model, input: { messages: hi } }, stream ? { "x-dashscope-sse": "enable" } : {}), haste: { code: "Throttling.RateQuota" }, inside: /event:error\n:HTTP_STATUS\/503\ndata:\{"code":"ModelUnavailable"/, end: /"finish_reason":"stop"/ },
  ollama: { ask: (model, stream) => demo.post("/api/chat", { model, stream, messages: hi }), haste: { error: "too many requests" }, inside: /\n\{"error":"server busy[^\n]+\n$/, end: /"done":true/ },
};

describe.each(Object.entries(surfaces))("errors asked of %s", (name, { ask, haste, inside, end }) => {
  it.each([400, 401, 403, 404, 408, 413, 422, 429, 500, 502, 503, 529])("have the status %i and words", async (status) => {
    const response = await ask(`demo-error-${status}`, false);
    expect(response.status).toBe(status);
    expect((await response.text()).length).toBeGreaterThan(20);
  });

  it("have the vendor's shape, also for a stream and under the name of a protocol", async () => {
    for (const isStreaming of [false, true]) {
      const response = await ask(`demo-${name}-error-429`, isStreaming);
      expect(response.status).toBe(429);
      expect(JSON.parse(await response.text())).toMatchObject(haste);
    }
  });

  it("say when to come back in the form that is asked for", async () => {
    const headers = async (variant: string) => (await ask(`demo-error-429-${variant}`, false)).headers;
    expect((await headers("seconds")).get("retry-after")).toBe("7");
    expect((await headers("date")).get("retry-after")).toBe("Thu, 01 Jan 2026 00:00:07 GMT");
    expect((await headers("milliseconds")).get("retry-after-ms")).toBe("7000");
    expect([(await headers("none")).get("retry-after"), (await headers("none")).get("retry-after-ms")]).toEqual([null, null]);
  });

  it("may be a proxy's page, a word, or nothing", async () => {
    const page = await ask("demo-error-502-html", false);
    expect([page.status, page.headers.get("content-type"), (await page.text()).slice(0, 6)]).toEqual([502, "text/html", "<html>"]);
    expect(await (await ask("demo-error-503-text", true)).text()).toBe("upstream connect error");
    expect(await (await ask("demo-error-500-empty", false)).text()).toBe("");
  });

  it("stand inside a success, of the kind that is asked for", async () => {
    const response = await ask("demo-error-200-429", false);
    const anonymous = (text: string) => JSON.parse(text.replaceAll(/req_\w+/g, "req_"));
    expect(response.status).toBe(200);
    expect(anonymous(await response.text())).toEqual(anonymous(await (await ask("demo-error-429", false)).text()));
  });

  it("come after some words of a stream, before any, or as nothing but its end", async () => {
    const [later, first, cut] = await Promise.all(["demo-error-200", "demo-error-200-first", "demo-error-200-cut"].map(async (model) => (await ask(model, true)).text()));
    expect(later).toMatch(inside);
    expect(later).toContain("said:");
    expect(first).not.toContain("said:");
    expect(cut).toContain("said:");
    for (const text of [later, first, cut]) expect(text).not.toMatch(end);
  });
});

it("names of other statuses and variants are names of no model", async () => {
  for (const model of ["demo-error-302", "demo-error-99", "demo-error-429-"]) expect((await surfaces["chat"]!.ask(model, false)).status).toBe(404);
});
