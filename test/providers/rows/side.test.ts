// What vendors want otherwise beside conversations: vectors, rankings and counts of tokens, seen on the wire.
import { describe, expect, it } from "vitest";
import type { ProtocolName, Provider as ProviderPart } from "../../../dataplane/snapshot/schema.ts";
import { json } from "../../doubles/provider-replies.ts";
import type { Script } from "../../doubles/provider.ts";
import { stage, type Stage } from "../../story/caller.ts";

const MODEL = "support-chat";

const at = (type: string, basePath: string, script: Script, model: string, more: Partial<ProviderPart> = {}): Promise<Stage> =>
  stage(script, { basePath, provider: { type, ...more }, targets: [{ name: "one", provider: "test/one", model, weight: 1, priority: 0 }] });

const targetOf = (story: Stage): string | undefined => story.provider.requests[0]?.target;
const bodyOf = (story: Stage): unknown => JSON.parse(story.provider.requests[0]?.body.toString() ?? "null");

const ranked = { id: "r-1", results: [{ index: 1, relevance_score: 0.9 }] };
const question = { model: MODEL, query: "colours", documents: ["red", { text: "blue" }], top_n: 1 };

describe("Cohere, as its row stands", () => {
  it("is asked for vectors by its own embed, which says what they are for", async () => {
    const story = await at("cohere", "/v2", json({ id: "e", embeddings: { float: [[1, 2]] }, meta: { billed_units: { input_tokens: 3 } } }), "embed-v4.0");
    const answer = await story.ask({ path: "/v1/embeddings", body: JSON.stringify({ model: MODEL, input: "x", dimensions: 2, input_type: "search_query" }) });
    expect(targetOf(story)).toBe("/v2/embed");
    expect(bodyOf(story)).toMatchObject({ model: "embed-v4.0", texts: ["x"], input_type: "search_query", output_dimension: 2 });
    expect(answer.json).toMatchObject({ object: "list", data: [{ embedding: [1, 2] }], usage: { prompt_tokens: 3 } });
  });

  it("is asked for a ranking by its own second version, which takes texts and gives none back", async () => {
    const story = await at("cohere", "/v2", json(ranked), "rerank-v4.0-pro");
    const answer = await story.ask({ path: "/v1/rerank", body: JSON.stringify({ ...question, return_documents: true }) });
    expect(targetOf(story)).toBe("/v2/rerank");
    expect(bodyOf(story)).toEqual({ model: "rerank-v4.0-pro", query: "colours", documents: ["red", "blue"], top_n: 1 });
    expect(answer.json).toMatchObject({ results: [{ index: 1, relevance_score: 0.9, document: { text: "blue" } }] });
  });
});

describe("Mistral's embeddings", () => {
  const vectors = json({ object: "list", data: [{ object: "embedding", index: 0, embedding: [1, 2] }], usage: { prompt_tokens: 1, total_tokens: 1 } });
  const model = "codestral-embed";

  it("call a length otherwise and refuse to hear of users, also where nothing is translated", async () => {
    const story = await at("mistral", "/v1", vectors, model);
    const answer = await story.ask({ path: "/v1/embeddings", body: JSON.stringify({ model: MODEL, input: ["x"], dimensions: 2, user: "u-1" }) });
    expect(bodyOf(story)).toEqual({ model, input: ["x"], output_dimension: 2 });
    expect(answer.header("x-llmgw-losses")).toBe("user;reason=unsupported;severity=minor");
  });

  it("are asked by Google's clients in the same words", async () => {
    const story = await at("mistral", "/v1", vectors, model);
    const answer = await story.ask({ path: `/v1beta/models/${MODEL}:embedContent`, body: JSON.stringify({ content: { parts: [{ text: "x" }] }, outputDimensionality: 2 }) });
    expect(bodyOf(story)).toEqual({ model, input: ["x"], encoding_format: "float", output_dimension: 2 });
    expect(answer.json).toMatchObject({ embedding: { values: [1, 2] } });
  });
});

describe("DashScope's rankings", () => {
  it("of qwen3-rerank stand behind its compatible surface", async () => {
    const story = await at("dashscope", "", json({ object: "list", model: "qwen3-rerank", ...ranked, usage: { total_tokens: 5 } }), "qwen3-rerank");
    const asked = { ...question, documents: ["red", "blue"], instruct: "Find colours." };
    const answer = await story.ask({ path: "/v1/rerank", body: JSON.stringify(asked) });
    expect(targetOf(story)).toBe("/compatible-api/v1/reranks");
    expect(bodyOf(story)).toEqual({ ...asked, model: "qwen3-rerank" });
    expect(answer.json).toMatchObject({ results: ranked.results });
  });

  it.each(["gte-rerank-v2", "qwen3-vl-rerank"])("of %s stand behind its own", async (model) => {
    const story = await at("dashscope", "", json({ output: { results: ranked.results }, usage: { total_tokens: 5 }, request_id: "r-1" }), model);
    const answer = await story.ask({ path: "/v2/rerank", body: JSON.stringify(question) });
    expect(targetOf(story)).toBe("/api/v1/services/rerank/text-rerank/text-rerank");
    expect(answer.json).toMatchObject({ results: ranked.results });
  });
});

describe("tokens", () => {
  const counts = {
    "openai-responses": { path: "/v1/responses/input_tokens", body: { model: MODEL, input: "How many are these?" } },
    "anthropic-messages": { path: "/v1/messages/count_tokens", body: { model: MODEL, messages: [{ role: "user", content: "How many are these?" }] } },
    "gemini": { path: `/v1beta/models/${MODEL}:countTokens`, body: { contents: [{ role: "user", parts: [{ text: "How many are these?" }] }] } },
  } as const;
  const spokenBy: readonly (readonly [string, keyof typeof counts])[] = [
    ...["xai", "groq", "openrouter", "fireworks", "vllm", "sglang", "openai-compatible", "azure-openai", "portkey", "dmxapi", "aihubmix", "one-api", "dashscope", "ollama"].map((type) => [type, "openai-responses"] as const),
    ...["siliconflow", "fireworks", "dashscope", "deepseek", "openrouter", "dmxapi", "aihubmix", "one-api", "ollama"].map((type) => [type, "anthropic-messages"] as const),
    // What does not know the question may take it for one that is to be answered, and bill that.
    ...["dmxapi", "aihubmix", "one-api"].map((type) => [type, "gemini"] as const),
  ];

  it.each(spokenBy)("of %s are counted by the gateway, where it is asked in %s: nobody counts there", async (type, protocol) => {
    const story = await at(type, "/v1", json({ error: { message: "not found" } }, { status: 404 }), "theirs", { protocols: [protocol] as ProtocolName[] });
    const { path, body } = counts[protocol];
    const answer = await story.ask({ path, body: JSON.stringify(body) });
    expect([answer.status, answer.header("x-llmgw-estimated")]).toEqual([200, "true"]);
    expect(story.provider.requests).toHaveLength(0);
  });

  const counting = [
    ["vllm", "anthropic-messages"], ["sglang", "anthropic-messages"], ["llama-cpp", "anthropic-messages"], ["llama-cpp", "openai-responses"], ["litellm", "openai-responses"],
    ["litellm", "anthropic-messages"], ["litellm", "gemini"], ["portkey", "anthropic-messages"], ["anthropic-compatible", "anthropic-messages"],
    // The row knows nothing of it: the provider's owner says that it is spoken.
    ["tokenmix", "anthropic-messages"], ["treerouter", "openai-responses"], ["openai-compatible", "gemini"],
  ] as const;

  it.each([...counting, ["azure-openai", "anthropic-messages"], ["llm-gateway", "anthropic-messages"], ["llm-gateway", "openai-responses"]] as const)("of %s are counted there, where it is asked in %s", async (type, protocol) => {
    const counted = protocol === "gemini" ? { totalTokens: 7 } : { object: "response.input_tokens", input_tokens: 7 };
    const story = await at(type, "/v1", json(counted), "theirs", { protocols: [protocol] });
    const { path, body } = counts[protocol];
    const answer = await story.ask({ path, body: JSON.stringify(body) });
    expect([answer.json, answer.header("x-llmgw-estimated")]).toEqual([counted, undefined]);
  });

  it.each(counting)("of %s are counted by the gateway, where one that is asked in %s is too old to count", async (type, protocol) => {
    const story = await at(type, "/v1", json({ detail: "Not Found" }, { status: 404 }), "theirs", { protocols: [protocol] });
    const { path, body } = counts[protocol];
    const answer = await story.ask({ path, body: JSON.stringify(body) });
    expect([answer.status, answer.header("x-llmgw-estimated"), story.provider.requests.length]).toEqual([200, "true", 1]);
  });

  it("of vLLM are counted by its tokenizer, which stands beside its protocols, where it is asked in Chat", async () => {
    const story = await at("vllm", "/models/one/v1", json({ count: 7, max_model_len: 8192, tokens: [1, 2, 3, 4, 5, 6, 7] }), "theirs");
    const { path, body } = counts["anthropic-messages"];
    const answer = await story.ask({ path, body: JSON.stringify({ ...body, tools: [{ name: "get", input_schema: { type: "object" } }], tool_choice: { type: "auto" }, thinking: { type: "disabled" } }) });
    expect([answer.json, answer.header("x-llmgw-estimated")]).toEqual([{ input_tokens: 7 }, undefined]);
    expect(targetOf(story)).toBe("/models/one/tokenize");
    expect(bodyOf(story)).toEqual({ model: "theirs", messages: [{ role: "user", content: "How many are these?" }], tools: [expect.objectContaining({ type: "function" })] });
  });

  it("of Gemini at Vertex AI are counted from the members of a request, and at Google AI from a whole one", async () => {
    for (const [type, base] of [["vertex-ai", "/v1/publishers/google"], ["gemini", "/v1beta"]] as const) {
      const story = await at(type, base, json({ totalTokens: 7 }), "gemini-3-pro");
      const { path, body } = counts["anthropic-messages"];
      expect((await story.ask({ path, body: JSON.stringify(body) })).json).toEqual({ input_tokens: 7 });
      expect(targetOf(story)).toBe(`${base}/models/gemini-3-pro:countTokens`);
      const contents = [{ role: "user", parts: [{ text: "How many are these?" }] }];
      expect(bodyOf(story)).toMatchObject(type === "vertex-ai" ? { contents } : { generateContentRequest: { model: "models/gemini-3-pro", contents } });
    }
  });

  it("of llama.cpp are counted by a route of its own, where it is asked in Chat", async () => {
    const story = await at("llama-cpp", "/v1", json({ object: "response.input_tokens", input_tokens: 7 }), "theirs");
    const { path, body } = counts["openai-responses"];
    const answer = await story.ask({ path, body: JSON.stringify({ ...body, max_output_tokens: 5 }) });
    expect([answer.json, answer.header("x-llmgw-estimated")]).toEqual([{ object: "response.input_tokens", input_tokens: 7 }, undefined]);
    expect(targetOf(story)).toBe("/v1/chat/completions/input_tokens");
    expect(bodyOf(story)).toEqual({ model: "theirs", messages: [{ role: "user", content: "How many are these?" }] });
  });

  it.each(["vllm", "llama-cpp"])("of an old %s are counted by the gateway, where it is asked in Chat", async (type) => {
    const story = await at(type, "/v1", json({ detail: "Method Not Allowed" }, { status: 405 }), "theirs");
    const { path, body } = counts["anthropic-messages"];
    const answer = await story.ask({ path, body: JSON.stringify(body) });
    expect([answer.status, answer.header("x-llmgw-estimated"), story.provider.requests.length]).toEqual([200, "true", 1]);
  });
});
