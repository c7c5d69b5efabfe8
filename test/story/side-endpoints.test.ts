// Embeddings, rankings and counts of tokens across providers: official SDKs in front of the gateway, and behind it doubles of
// providers that speak other protocols.
import Anthropic from "@anthropic-ai/sdk";
import { BedrockRuntimeClient, CountTokensCommand } from "@aws-sdk/client-bedrock-runtime";
import { GoogleGenAI } from "@google/genai";
import OpenAI from "openai";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ProtocolName, Provider as ProviderSettings, Route } from "../../dataplane/snapshot/schema.ts";
import { KEY, startGateway, type GatewayDouble, type Parts } from "../doubles/gateway.ts";
import { json } from "../doubles/provider-replies.ts";
import { startProvider, type Provider, type Script } from "../doubles/provider.ts";
import { bodyOf, sideProvider, vectorOf } from "./side-providers.ts";

const ALIAS = "our-model";

interface Stage {
  readonly gateway: GatewayDouble;
  readonly provider: Provider;
}

interface Casting extends Partial<ProviderSettings> {
  readonly model?: string;
  readonly onLoss?: Route["onLoss"];
  readonly script?: Script;
  readonly targets?: Parts["targets"];
}

const basePaths: Readonly<Record<string, string>> = { "openai": "/v1", "openai-compatible": "/v1", "anthropic": "/v1", "siliconflow": "/v1" };

const stage = async ({ model = "theirs", onLoss, script = sideProvider, targets, ...differences }: Casting): Promise<Stage> => {
  const provider = await startProvider(script);
  const gateway = await startGateway({
    // Rows that know no other path have the address's own.
    providers: { one: `${provider.url}${basePaths[differences.type ?? ""] ?? ""}` },
    provider: differences,
    targets: targets ?? [{ name: "one", provider: "test/one", model, weight: 1, priority: 0 }],
    routes: { side: { models: [{ match: "exact", name: ALIAS }], ...(onLoss === undefined ? {} : { onLoss }) } },
  });
  onTestFinished(async () => {
    await gateway.close();
    await provider.close();
  });
  return { gateway, provider };
};

const openai = ({ gateway }: Stage): OpenAI => new OpenAI({ apiKey: KEY, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
const google = ({ gateway }: Stage): GoogleGenAI => new GoogleGenAI({ apiKey: KEY, httpOptions: { baseUrl: gateway.url } });
const anthropic = ({ gateway }: Stage): Anthropic => new Anthropic({ apiKey: KEY, baseURL: gateway.url, maxRetries: 0 });
/** Its own way to send speaks HTTP/2 only. */
const sendPlainly = (url: string) => ({
  handle: async ({ method, path, headers, body }: { method: string; path: string; headers: Record<string, string>; body: string }) => {
    const { status, headers: given, body: stream } = await fetch(url + path, { method, headers, body });
    return { response: { statusCode: status, headers: Object.fromEntries(given), body: stream } };
  },
});

const bedrock = ({ gateway }: Stage): BedrockRuntimeClient =>
  new BedrockRuntimeClient({ region: "eu-north-1", endpoint: gateway.url, token: { token: KEY }, authSchemePreference: ["httpBearerAuth"], maxAttempts: 1, requestHandler: sendPlainly(gateway.url) as never });

const ask = (gateway: GatewayDouble, path: string, body: object): Promise<Response> =>
  fetch(gateway.url + path, { method: "POST", headers: { "authorization": `Bearer ${KEY}`, "content-type": "application/json" }, body: JSON.stringify(body) });

/** Providers of vectors that do not speak OpenAI's form. */
const vendors: readonly [string, string, ProtocolName, string][] = [
  ["Gemini", "gemini", "gemini", "gemini-embedding-001"],
  ["Cohere", "cohere", "cohere", "embed-v4.0"],
  ["Cohere at Bedrock", "bedrock", "bedrock-converse", "us.cohere.embed-v4:0"],
  ["DashScope", "dashscope", "dashscope", "text-embedding-v4"],
  ["Ollama", "ollama", "ollama", "nomic-embed-text"],
];

const TEXTS = ["green apples", "stone"];

describe("OpenAI's SDK gets vectors", () => {
  it.each(vendors)("of %s, in both encodings", async (_, type, protocol, model) => {
    const story = await stage({ type, protocols: [protocol], model });
    const plain = await openai(story).embeddings.create({ model: ALIAS, input: TEXTS, encoding_format: "float" });
    const packed = await openai(story).embeddings.create({ model: ALIAS, input: TEXTS });
    expect(plain.data.map(({ embedding }) => embedding)).toEqual(TEXTS.map(vectorOf));
    expect(packed).toEqual(plain);
    expect([plain.object, plain.model, plain.data.map(({ index }) => index)]).toEqual(["list", ALIAS, [0, 1]]);
    expect(plain.usage.prompt_tokens).toBeGreaterThan(0);
    const [line] = await story.gateway.settled(2);
    expect(line).toMatchObject({ operation: "embeddings", status: 200, model_sent: model, input_tokens: plain.usage.prompt_tokens, output_tokens: 0 });
  });

  it("of Titan, one text at a time, and is told so when there are more", async () => {
    const story = await stage({ type: "bedrock", protocols: ["bedrock-converse"], model: "amazon.titan-embed-text-v2:0" });
    const one = await openai(story).embeddings.create({ model: ALIAS, input: "green apples" });
    expect([one.data[0]?.embedding, one.usage.prompt_tokens]).toEqual([vectorOf("green apples"), 2]);
    const refused = await openai(story).embeddings.create({ model: ALIAS, input: TEXTS }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ status: 422, code: "REQUEST_NOT_ANSWERABLE", param: "input", message: expect.stringContaining("at most 1 input in one request, and these are 2") });
    expect(story.provider.requests).toHaveLength(1);
  });

  it("with an estimate in place of a count that nobody made, and marked as one", async () => {
    const story = await stage({ type: "gemini", protocols: ["gemini"] });
    const { data, response } = await openai(story).embeddings.create({ model: ALIAS, input: "sixteen letters." }).withResponse();
    expect([data.usage.prompt_tokens, response.headers.get("x-llmgw-estimated")]).toEqual([4, "true"]);
    expect((await story.gateway.settled(1))[0]).toMatchObject({ input_tokens: 4, usage_estimated: true });
  });

  it("with what was lost on the way named in the head", async () => {
    const story = await stage({ type: "ollama", protocols: ["ollama"] });
    const response = await ask(story.gateway, "/v1/embeddings", { model: ALIAS, input: "x", user: "u-1", input_type: "search_query" });
    expect(response.headers.get("x-llmgw-losses")).toBe("input_type;reason=unsupported;severity=minor, user;reason=unsupported;severity=minor");
    expect(response.headers.get("x-llmgw-estimated")).toBeNull();
  });
});

describe("a length of vectors that a model does not give", () => {
  const three = { model: ALIAS, input: "x", dimensions: 3 };

  it("is refused before it is asked for, unless the route lets it pass", async () => {
    const strict = await stage({ type: "cohere", protocols: ["cohere"], model: "embed-english-v3.0" });
    const refused = await ask(strict.gateway, "/v1/embeddings", three);
    expect([refused.status, await refused.json()]).toMatchObject([422, { error: { code: "REQUEST_NOT_EXPRESSIBLE", param: "dimensions" } }]);
    expect(strict.provider.requests).toHaveLength(0);
    const lenient = await stage({ type: "cohere", protocols: ["cohere"], model: "embed-english-v3.0", onLoss: "allow" });
    const allowed = await ask(lenient.gateway, "/v1/embeddings", three);
    expect([allowed.status, allowed.headers.get("x-llmgw-losses")]).toEqual([200, "dimensions;reason=unsupported;severity=major"]);
  });

  it("is no answer when the provider passes over it, unless the route lets it pass", async () => {
    const strict = await stage({ type: "ollama", protocols: ["ollama"] });
    const refused = await ask(strict.gateway, "/v1/embeddings", three);
    expect([refused.status, await refused.json()]).toMatchObject([502, { error: { code: "UPSTREAM_INVALID", message: expect.stringContaining('passed over "dimensions"') } }]);
    const lenient = await stage({ type: "ollama", protocols: ["ollama"], onLoss: "allow" });
    const allowed = await ask(lenient.gateway, "/v1/embeddings", three);
    expect([allowed.status, allowed.headers.get("x-llmgw-losses")]).toEqual([200, "dimensions;reason=unsupported;severity=major"]);
  });
});

describe("Google's SDK gets vectors", () => {
  it.each([["OpenAI's form", "openai-compatible", "embeddings", "text-embedding-3-small"] as const, ...vendors.slice(1)])("of %s", async (_, type, protocol, model) => {
    const story = await stage({ type, protocols: [protocol], model });
    const answer = await google(story).models.embedContent({ model: ALIAS, contents: TEXTS });
    expect(answer.embeddings?.map(({ values }) => values)).toEqual(TEXTS.map(vectorOf));
    expect((await story.gateway.settled(1))[0]).toMatchObject({ operation: "embeddings", status: 200, model_sent: model, input_tokens: 3 });
  });

  it("of another model of Google's, which is named in the body as it is in the path", async () => {
    const story = await stage({ type: "gemini", protocols: ["gemini"], model: "gemini-embedding-001" });
    const answer = await google(story).models.embedContent({ model: ALIAS, contents: TEXTS, config: { taskType: "RETRIEVAL_QUERY" } });
    expect(answer.embeddings?.map(({ values }) => values)).toEqual(TEXTS.map(vectorOf));
    expect(bodyOf(story.provider.requests[0])["requests"]).toMatchObject(TEXTS.map(() => ({ model: "models/gemini-embedding-001", taskType: "RETRIEVAL_QUERY" })));
  });

  it("one by one, in the form of one", async () => {
    const story = await stage({ type: "cohere", protocols: ["cohere"] });
    const response = await ask(story.gateway, `/v1beta/models/${ALIAS}:embedContent`, { content: { parts: [{ text: "stone" }] }, taskType: "RETRIEVAL_QUERY" });
    expect(await response.json()).toEqual({ embedding: { values: vectorOf("stone") }, usageMetadata: { promptTokenCount: 1, totalTokenCount: 1 } });
    expect(bodyOf(story.provider.requests[0])).toMatchObject({ input_type: "search_query", truncate: "END" });
  });
});

describe("a refusal of a provider of vectors", () => {
  it("reaches the client in its own shape, with what the provider said", async () => {
    const script = json({ message: "invalid request: too many tokens" }, { status: 400 });
    const story = await stage({ type: "cohere", protocols: ["cohere"], script });
    await expect(openai(story).embeddings.create({ model: ALIAS, input: "x" })).rejects.toMatchObject({ status: 400, message: expect.stringContaining("too many tokens") });
    await expect(google(story).models.embedContent({ model: ALIAS, contents: "x" })).rejects.toMatchObject({ status: 400, message: expect.stringContaining("too many tokens") });
  });

  it("in the clothes of a success is one all the same", async () => {
    const story = await stage({ type: "dashscope", protocols: ["dashscope"], script: json({ code: "InvalidParameter", message: "batch size is invalid", request_id: "1" }) });
    await expect(openai(story).embeddings.create({ model: ALIAS, input: "x" })).rejects.toMatchObject({ message: expect.stringContaining("batch size is invalid") });
    expect((await story.gateway.settled(1))[0]).toMatchObject({ error: "UPSTREAM_STREAM_ERROR" });
  });

  it("and what is no answer are left for another target", async () => {
    const story = await stage({
      type: "cohere", protocols: ["cohere"], script: [json({ embeddings: { float: [] } }), json("<html>", { status: 200, headers: { "content-type": "application/json" } }), sideProvider],
      targets: ["a", "b", "c"].map((name, priority) => ({ name, provider: "test/one", model: "embed-v4.0", weight: 1, priority })),
    });
    const { data, response } = await openai(story).embeddings.create({ model: ALIAS, input: "x" }).withResponse();
    expect([data.data.length, response.headers.get("x-llmgw-target"), response.headers.get("x-llmgw-attempts")]).toEqual([1, "c", "3"]);
  });

  it("that would come of how the gateway must ask leaves it to a target that can be asked", async () => {
    const story = await stage({
      type: "bedrock", protocols: ["bedrock-converse"],
      targets: ["amazon.titan-embed-text-v2:0", "cohere.embed-v4:0"].map((model, priority) => ({ name: model, provider: "test/one", model, weight: 1, priority })),
    });
    const answer = await openai(story).embeddings.create({ model: ALIAS, input: TEXTS });
    expect(answer.data).toHaveLength(2);
  });
});

describe("documents are ranked", () => {
  const body = { model: ALIAS, query: "what is long?", documents: ["short", "of some length", { text: "longest of all of them" }], top_n: 2, return_documents: true };

  it.each<[string, string, ProtocolName, string]>([
    ["Cohere", "cohere", "cohere", "rerank-v4.0-pro"],
    ["Cohere at Bedrock", "bedrock", "bedrock-converse", "cohere.rerank-v3-5:0"],
    ["Amazon at Bedrock", "bedrock", "bedrock-converse", "amazon.rerank-v1:0"],
    ["DashScope", "dashscope", "dashscope", "gte-rerank-v2"],
  ])("by %s, asked at either path", async (_, type, protocol, model) => {
    const story = await stage({ type, protocols: [protocol], model });
    for (const path of ["/v1/rerank", "/v2/rerank"]) {
      expect(await (await ask(story.gateway, path, body)).json()).toMatchObject({
        model: ALIAS,
        results: [{ index: 2, relevance_score: 0.22, document: { text: "longest of all of them" } }, { index: 1, relevance_score: 0.14, document: { text: "of some length" } }],
      });
    }
    expect((await story.gateway.settled(2))[0]).toMatchObject({ operation: "rerank", status: 200, model_sent: model });
  });

  it("by whoever speaks the same, with the same bytes", async () => {
    const story = await stage({ type: "siliconflow", protocols: ["rerank"] });
    const response = await ask(story.gateway, "/v2/rerank", body);
    expect(response.status).toBe(200);
    expect(story.provider.requests[0]?.body.toString()).toBe(JSON.stringify({ ...body, model: "theirs" }));
    expect(story.provider.requests[0]?.target).toBe("/v1/rerank");
  });
});

describe("tokens are counted", () => {
  const question = "How many words are in this sentence?";
  const counts = {
    "the Anthropic SDK": async (story: Stage) => (await anthropic(story).messages.countTokens({ model: ALIAS, system: "Be brief.", messages: [{ role: "user", content: question }] })).input_tokens,
    "Google's SDK": async (story: Stage) => (await google(story).models.countTokens({ model: ALIAS, contents: question })).totalTokens,
    "OpenAI's SDK": async (story: Stage) => (await openai(story).responses.inputTokens.count({ model: ALIAS, input: question })).input_tokens,
    "Amazon's SDK": async (story: Stage) =>
      (await bedrock(story).send(new CountTokensCommand({ modelId: ALIAS, input: { converse: { messages: [{ role: "user", content: [{ text: question }] }] } } }))).inputTokens,
  } as const;
  const clients = Object.keys(counts) as (keyof typeof counts)[];

  it.each<[string, string, ProtocolName, string, number]>([
    ["Anthropic", "anthropic", "anthropic-messages", "claude-opus-4-6", 101],
    ["Gemini", "gemini", "gemini", "gemini-3-pro", 201],
    ["OpenAI", "openai", "openai-responses", "gpt-5.5", 301],
    ["Bedrock", "bedrock", "bedrock-converse", "us.anthropic.claude-opus-4-6-v1", 401],
    ["Claude as Bedrock invokes it", "bedrock", "anthropic-messages", "us.anthropic.claude-opus-4-6-v1", 501],
  ])("by %s for every client's SDK", async (_, type, protocol, model, tokens) => {
    const story = await stage({ type, protocols: [protocol], model });
    const own: Partial<Record<ProtocolName, string>> = { "gemini": "Google's SDK", "openai-responses": "OpenAI's SDK" };
    const asking = clients.filter((client) => client !== own[protocol]);
    // Of a system prompt that is a message the double counts one more.
    for (const client of asking) expect([tokens, tokens + 1], client).toContain(await counts[client](story));
    const lines = await story.gateway.settled(asking.length);
    expect(lines).toMatchObject(asking.map(() => ({ operation: "count_tokens", status: 200, upstream_status: 200, input_tokens: null })));
  });

  it.each<[string, string, ProtocolName, string]>([
    ["OpenAI's Chat", "openai-compatible", "openai-chat", "any"],
    ["Cohere", "cohere", "cohere", "command-a"],
    ["DashScope", "dashscope", "dashscope", "qwen-max"],
    ["Ollama", "ollama", "ollama", "qwen3"],
    ["models of Bedrock's that are not counted", "bedrock", "bedrock-converse", "meta.llama3-70b-instruct-v1:0"],
  ])("by the gateway itself for %s", async (_, type, protocol, model) => {
    const story = await stage({ type, protocols: [protocol], model });
    const asking = clients.filter((client) => client !== "Amazon's SDK" || protocol !== "bedrock-converse");
    for (const client of asking) {
      const tokens = await counts[client](story);
      expect(tokens, client).toBeGreaterThanOrEqual(9);
      expect(tokens, client).toBeLessThanOrEqual(30);
    }
    expect(story.provider.requests).toHaveLength(0);
    expect(await story.gateway.settled(asking.length)).toMatchObject(asking.map(() => ({ operation: "count_tokens", status: 200, upstream_status: 0, error: "" })));
  });

  it("with a word in the head where it is an estimate", async () => {
    const body = { model: ALIAS, messages: [{ role: "user", content: question }] };
    const estimated = await ask((await stage({ type: "openai-compatible", protocols: ["openai-chat"] })).gateway, "/v1/messages/count_tokens", body);
    expect([estimated.status, estimated.headers.get("x-llmgw-estimated"), estimated.headers.get("x-llmgw-target")]).toEqual([200, "true", "one"]);
    const counted = await ask((await stage({ type: "anthropic", protocols: ["anthropic-messages"] })).gateway, "/v1/messages/count_tokens", body);
    expect([counted.status, counted.headers.get("x-llmgw-estimated")]).toEqual([200, null]);
  });

  const refusing = (status: number, body: unknown): Script => json(body, { status });

  it.each<[string, string, ProtocolName, number, unknown]>([
    ["404", "vllm", "anthropic-messages", 404, { detail: "Not Found" }],
    ["405", "litellm", "openai-responses", 405, { detail: "Method Not Allowed" }],
    ["501", "sglang", "anthropic-messages", 501, { error: { message: "The model does not support Messages API" } }],
    ["404 to what was translated", "vllm", "openai-chat", 404, { detail: "Not Found" }],
    ["word that it is not supported", "portkey", "anthropic-messages", 500, { status: "failure", message: "messagesCountTokens is not supported by openai" }],
    ["404 of a web page", "anthropic-compatible", "anthropic-messages", 404, "<html>not here</html>"],
  ])("by the gateway itself, and once, where a server's age is not known and it answers with a %s", async (_, type, protocol, status, body) => {
    const story = await stage({ type, protocols: [protocol], script: refusing(status, body) });
    const asking = clients.filter((client) => client !== "Amazon's SDK");
    for (const client of asking) {
      const tokens = await counts[client](story);
      expect(tokens, client).toBeGreaterThanOrEqual(9);
      expect(tokens, client).toBeLessThanOrEqual(30);
    }
    expect(story.provider.requests).toHaveLength(asking.length);
    expect(await story.gateway.settled(asking.length)).toMatchObject(asking.map(() => ({ operation: "count_tokens", status: 200, upstream_status: status, error: "", input_tokens: null })));
    const marked = await ask(story.gateway, "/v1/messages/count_tokens", { model: ALIAS, messages: [{ role: "user", content: question }] });
    expect([marked.status, marked.headers.get("x-llmgw-estimated"), marked.headers.get("x-llmgw-error"), marked.headers.get("x-llmgw-target")]).toEqual([200, "true", null, "one"]);
  });

  it.each<[string, string, ProtocolName, number, unknown, number]>([
    ["of a model that is not there", "vllm", "anthropic-messages", 404, { type: "error", error: { type: "not_found_error", message: "The model `theirs` does not exist." } }, 404],
    ["of a model that is not there, translated", "vllm", "openai-chat", 404, { error: { message: "The model `theirs` does not exist.", code: 404 } }, 404],
    ["of what it read", "vllm", "anthropic-messages", 400, { type: "error", error: { type: "invalid_request_error", message: "messages: too short" } }, 400],
    ["of a key", "vllm", "anthropic-messages", 401, { error: "Unauthorized" }, 502],
    ["of a key that may not count", "portkey", "anthropic-messages", 403, { status: "failure", message: "count_tokens is not available to this key" }, 502],
    ["of a vendor who is known to count", "anthropic", "anthropic-messages", 404, { type: "error", error: { type: "not_found_error", message: "Not found" } }, 404],
  ])("by nobody after a refusal %s", async (_, type, protocol, status, body, told) => {
    const story = await stage({ type, protocols: [protocol], script: refusing(status, body) });
    const answer = await ask(story.gateway, "/v1/messages/count_tokens", { model: ALIAS, messages: [{ role: "user", content: question }] });
    expect([answer.status, answer.headers.get("x-llmgw-estimated")]).toEqual([told, null]);
    expect(await answer.json()).toMatchObject({ type: "error" });
  });

  it("with nothing told as lost where nothing was left out of the estimate", async () => {
    const story = await stage({ type: "vllm", protocols: ["openai-chat"], script: refusing(404, { detail: "Not Found" }) });
    const answer = await ask(story.gateway, "/v1/messages/count_tokens", { model: ALIAS, messages: [{ role: "user", content: [{ type: "text", text: question, cache_control: { type: "ephemeral" } }] }] });
    expect([answer.status, answer.headers.get("x-llmgw-estimated"), answer.headers.get("x-llmgw-losses")]).toEqual([200, "true", null]);
  });

  it("and what is nested too deeply to be read is refused", async () => {
    const story = await stage({ type: "vllm", protocols: ["anthropic-messages"], script: refusing(404, { detail: "Not Found" }) });
    const deep = `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`;
    const body = `{"model":"${ALIAS}","messages":[{"role":"user","content":"hi"}],"tools":[{"name":"f","input_schema":{"type":"object","properties":${deep}}}]}`;
    const answer = await fetch(`${story.gateway.url}/v1/messages/count_tokens`, { method: "POST", headers: { "authorization": `Bearer ${KEY}`, "content-type": "application/json" }, body });
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining("nested too deeply")]);
  });

  it("and an estimate for what is no conversation is refused, whoever should have counted", async () => {
    const story = await stage({ type: "vllm", protocols: ["anthropic-messages"], script: refusing(404, { detail: "Not Found" }) });
    const answer = await ask(story.gateway, "/v1/messages/count_tokens", { model: ALIAS, messages: "hello" });
    expect([answer.status, await answer.json()]).toMatchObject([400, { type: "error", error: { type: "invalid_request_error" } }]);
  });

  it("only of what is a conversation", async () => {
    const story = await stage({ type: "openai-compatible", protocols: ["openai-chat"] });
    const wrong = await ask(story.gateway, "/v1/messages/count_tokens", { model: ALIAS, messages: "hello" });
    expect([wrong.status, await wrong.json()]).toMatchObject([400, { type: "error", error: { type: "invalid_request_error" } }]);
    const strange = await ask(story.gateway, `/model/${ALIAS}/count-tokens`, { input: { invokeModel: { body: "e30=" } } });
    expect([strange.status, JSON.stringify(await strange.json())]).toEqual([400, expect.stringContaining("input.converse")]);
  });
});
