// Rankings: what each provider is sent for the clients' one form, what the client reads of its answer, and what is refused.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rerankSide } from "../../../dataplane/protocols/rerank/index.ts";
import type { JsonObject } from "../../../dataplane/protocols/json-members.ts";
import type { ProtocolName } from "../../../dataplane/snapshot/schema.ts";
import { openSide, targetOf } from "../asking.ts";

const { ask, answer, question, read } = openSide(rerankSide);

const body = { model: "alias", query: "colours", documents: ["red", { text: "green", id: 7 }, "stone"], top_n: 2 };
const texts = ["red", "green", "stone"];

describe("a ranking is asked", () => {
  it.each<[string, ProtocolName, string, string, JsonObject]>([
    ["of Cohere", "cohere", "rerank-v4.0-pro", "/rerank", { model: "rerank-v4.0-pro", query: "colours", documents: texts, top_n: 2 }],
    ["of Cohere's model at Bedrock", "bedrock-converse", "cohere.rerank-v3-5:0", "/model/cohere.rerank-v3-5%3A0/invoke", { query: "colours", documents: texts, top_n: 2, api_version: 2 }],
    ["of Amazon's model at Bedrock", "bedrock-converse", "amazon.rerank-v1:0", "/model/amazon.rerank-v1%3A0/invoke", { query: "colours", documents: texts, top_n: 2 }],
    ["of DashScope", "dashscope", "gte-rerank-v2", "/services/rerank/text-rerank/text-rerank", { model: "gte-rerank-v2", input: { query: "colours", documents: texts }, parameters: { return_documents: false, top_n: 2 } }],
  ])("%s", (_, protocol, model, path, sent) => {
    expect(ask("rerank", protocol, body, targetOf(model))).toEqual({ problem: "", parameter: "", path, body: sent, losses: [] });
  });

  it("for all documents where no number is said, also of those who give fewer by themselves", () => {
    const { top_n: _, ...all } = body;
    expect(ask("rerank", "cohere", all).body).not.toHaveProperty("top_n");
    expect(ask("rerank", "bedrock-converse", all, targetOf("amazon.rerank-v1:0")).body).toMatchObject({ top_n: 3 });
  });

  it("with a bound on the length of documents, or with that told as lost", () => {
    const bounded = { ...body, max_tokens_per_doc: 512 };
    expect(ask("rerank", "cohere", bounded)).toMatchObject({ body: { max_tokens_per_doc: 512 }, losses: [] });
    expect(ask("rerank", "dashscope", bounded).losses).toEqual(["tokensPerDocument unsupported minor"]);
  });

  it("with documents of several members as lines, and told so", () => {
    const shelves = { query: "q", documents: [{ title: "Red", pages: 3 }, "plain"], rank_fields: ["title"] };
    expect(ask("rerank", "cohere", shelves)).toMatchObject({ body: { documents: ["title: Red", "plain"] }, losses: ["documents[0] approximated minor"] });
    expect(ask("rerank", "cohere", { query: "q", documents: [{ title: "Red", pages: 3 }] }).body["documents"]).toEqual(["title: Red\npages: 3"]);
  });

  it("of DashScope for no more documents than it takes", () => {
    const many = { query: "q", documents: Array.from({ length: 501 }, () => "x") };
    expect(ask("rerank", "dashscope", many, targetOf("qwen3-rerank"))).toMatchObject({ problem: expect.stringContaining("at most 500 documents in one request, and these are 501"), parameter: "documents" });
    expect(ask("rerank", "cohere", many).problem).toBe("");
  });

  it("of no model of Bedrock's whose form nobody knows", () => {
    expect(ask("rerank", "bedrock-converse", body, targetOf("amazon.nova-lite-v1:0"))).toMatchObject({ problem: expect.stringContaining("amazon.nova-lite"), parameter: "model" });
  });

  it("and what has no name here is told as lost", () => {
    expect(question("rerank", { ...body, priority: 3, truncation: true, user: null }).others).toEqual(["priority", "truncation"]);
  });
});

const results = [{ index: 2, relevance_score: 0.25 }, { index: 1, relevance_score: 0.75 }, { index: 0, relevance_score: 0.5 }];

describe("ranks come back best first and no more than were asked for", () => {
  it.each<[string, ProtocolName, JsonObject, Record<string, string>, JsonObject]>([
    ["from Cohere", "cohere", { id: "r-1", results, meta: { billed_units: { search_units: 1 } } }, {}, { id: "r-1", meta: { billed_units: { search_units: 1 } } }],
    ["from Bedrock", "bedrock-converse", { results }, { "x-amzn-bedrock-input-token-count": "9" }, { usage: { prompt_tokens: 9, total_tokens: 9 }, meta: { tokens: { input_tokens: 9 } } }],
    ["from DashScope", "dashscope", { output: { results }, usage: { total_tokens: 9 }, request_id: "d-1" }, {}, { id: "d-1", usage: { prompt_tokens: 9, total_tokens: 9 }, meta: { tokens: { input_tokens: 9 } } }],
  ])("%s", (_, provider, document, headers, beside) => {
    expect(answer("rerank", provider, body, document, headers)).toEqual({
      object: "list", model: "alias", ...beside, results: [{ index: 1, relevance_score: 0.75 }, { index: 0, relevance_score: 0.5 }],
    });
  });

  it("with the documents as the client sent them, where it wants them", () => {
    expect(answer("rerank", "cohere", { ...body, return_documents: true }, { results })).toMatchObject({
      results: [{ index: 1, document: { text: "green", id: 7 } }, { index: 0, document: { text: "red" } }],
    });
  });

  it.each<[ProtocolName, JsonObject]>([
    ["cohere", {}],
    ["cohere", { results: [{ index: 3, relevance_score: 1 }] }],
    ["cohere", { results: [{ index: 0 }] }],
    ["dashscope", { output: "none" }],
  ])("and nothing else is taken for ranks: %s %j", (provider, document) => {
    expect(answer("rerank", provider, body, document)).toMatch(/^it holds/);
  });
});

describe("a body that is no request is told what would be one", () => {
  it.each<[JsonObject, string]>([
    [{ documents: ["a"] }, "query"],
    [{ query: "", documents: ["a"] }, "query"],
    [{ query: "q" }, "documents"],
    [{ query: "q", documents: [] }, "documents"],
    [{ query: "q", documents: ["a", { image: "https://example.com/a.png" }] }, "documents[1]"],
    [{ query: "q", documents: [3] }, "documents[0]"],
    [{ query: "q", documents: ["a"], top_n: 0 }, "top_n"],
    [{ query: "q", documents: ["a"], max_tokens_per_doc: "x" }, "max_tokens_per_doc"],
  ])("%j", (wrong, parameter) => {
    expect(read("rerank", wrong)).toEqual({ problem: expect.stringMatching(/^"/), parameter });
  });
});

it("reads any document without a throw", () => {
  const asked = question("rerank", body);
  fc.assert(fc.property(fc.object({ key: fc.constantFrom("results", "index", "relevance_score", "output", "meta", "usage", "query", "documents", "text", "top_n") }), (value) => {
    const document = JSON.parse(JSON.stringify(value)) as JsonObject;
    for (const provider of Object.values(rerankSide.providers)) expect(["string", "object"]).toContain(typeof provider.decodeReply(document, asked, {}));
    expect(typeof read("rerank", document)).toBe("object");
  }));
});
