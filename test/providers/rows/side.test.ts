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
    ...["xai", "groq", "openrouter", "fireworks", "vllm", "openai-compatible", "azure-openai", "portkey", "dmxapi", "aihubmix", "one-api", "dashscope", "ollama"].map((type) => [type, "openai-responses"] as const),
    ...["siliconflow", "fireworks", "dashscope", "deepseek", "openrouter", "portkey", "dmxapi", "aihubmix", "one-api", "ollama"].map((type) => [type, "anthropic-messages"] as const),
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

  it.each([["vllm", "anthropic-messages"], ["llama-cpp", "anthropic-messages"], ["litellm", "openai-responses"], ["litellm", "anthropic-messages"], ["azure-openai", "anthropic-messages"]] as const)(
    "of %s are counted there, where it is asked in %s",
    async (type, protocol) => {
      const story = await at(type, "/v1", json({ object: "response.input_tokens", input_tokens: 7 }), "theirs", { protocols: [protocol] });
      const { path, body } = counts[protocol];
      const answer = await story.ask({ path, body: JSON.stringify(body) });
      expect([answer.json, answer.header("x-llmgw-estimated")]).toEqual([{ object: "response.input_tokens", input_tokens: 7 }, undefined]);
    },
  );
});
