// What a client reads of each provider's vectors, in both of its encodings, and what is no answer.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { embeddingSide } from "../../../dataplane/protocols/embedding/index.ts";
import { pack, unpack } from "../../../dataplane/protocols/embedding/vectors.ts";
import type { JsonObject } from "../../../dataplane/protocols/json-members.ts";
import type { ProtocolName } from "../../../dataplane/snapshot/schema.ts";
import { openSide } from "../asking.ts";

const { answer, question } = openSide(embeddingSide);

const vectors = [[0.25, -0.5], [1, 0.125]];

/** Two vectors and seven tokens, as each provider says it, in an order of its own where it may. */
const documents: readonly [ProtocolName, string, JsonObject, Record<string, string>][] = [
  ["embeddings", "as numbers", { object: "list", model: "theirs", data: [{ index: 1, embedding: vectors[1] ?? [] }, { index: 0, embedding: vectors[0] ?? [] }], usage: { prompt_tokens: 7, total_tokens: 7 } }, {}],
  ["embeddings", "as base64", { data: vectors.map((vector) => ({ embedding: pack(vector) })), usage: { total_tokens: 7 } }, {}],
  ["gemini", "in a batch", { embeddings: vectors.map((values) => ({ values })), usageMetadata: { promptTokenCount: 7 } }, {}],
  ["gemini", "as predictions", { predictions: vectors.map((values, index) => ({ embeddings: { values, statistics: { token_count: 3 + index } } })) }, {}],
  ["cohere", "by type", { id: "1", embeddings: { float: vectors }, meta: { billed_units: { input_tokens: 7 } } }, {}],
  ["bedrock-converse", "as a bare list", { embeddings: vectors, response_type: "embeddings_floats" }, { "x-amzn-bedrock-input-token-count": "7" }],
  ["bedrock-converse", "by type", { embeddings: { float: vectors } }, { "x-amzn-bedrock-input-token-count": "7" }],
  ["dashscope", "by index", { output: { embeddings: [{ text_index: 1, embedding: vectors[1] ?? [] }, { text_index: 0, embedding: vectors[0] ?? [] }] }, usage: { total_tokens: 7 } }, {}],
  ["ollama", "in order", { model: "theirs", embeddings: vectors, prompt_eval_count: 7 }, {}],
];

describe("vectors of", () => {
  it.each(documents)("%s %s are read by a client of OpenAI's form", (provider, _, document, headers) => {
    const body = { model: "alias", input: ["a", "b"] };
    expect(answer("embeddings", provider, body, document, headers)).toEqual({
      object: "list", model: "alias", usage: { prompt_tokens: 7, total_tokens: 7 },
      data: vectors.map((embedding, index) => ({ object: "embedding", index, embedding })),
    });
    const packed = answer("embeddings", provider, { ...body, encoding_format: "base64" }, document, headers);
    expect(packed).toMatchObject({ data: [{ embedding: "AACAPgAAAL8=" }, { embedding: "AACAPwAAAD4=" }] });
  });

  it.each(documents)("%s %s are read by a client of Gemini's form", (provider, _, document, headers) => {
    const requests = ["a", "b"].map((text) => ({ content: { parts: [{ text }] } }));
    expect(answer("gemini", provider, { requests }, document, headers)).toEqual({ embeddings: vectors.map((values) => ({ values })), usageMetadata: { promptTokenCount: 7, totalTokenCount: 7 } });
  });

  it.each<[ProtocolName, string, JsonObject]>([
    ["gemini", "one content", { embedding: { values: [1, 2] } }],
    ["bedrock-converse", "Titan", { embedding: [1, 2], inputTextTokenCount: 7 }],
    ["bedrock-converse", "Titan by type", { embeddingsByType: { float: [1, 2] } }],
    ["bedrock-converse", "Nova", { embeddings: [{ embeddingType: "TEXT", embedding: [1, 2] }] }],
  ])("%s for %s are one vector to whoever asked for one", (provider, _, document) => {
    expect(answer("gemini", provider, { content: { parts: [{ text: "a" }] } }, document)).toMatchObject({ embedding: { values: [1, 2] } });
    expect(answer("embeddings", provider, { input: "a" }, document)).toMatchObject({ data: [{ embedding: [1, 2] }] });
  });

  it("a provider that counts nothing leave the count out where the client can do without", () => {
    expect(answer("gemini", "ollama", { content: { parts: [{ text: "a" }] } }, { embeddings: [[1]] })).toEqual({ embedding: { values: [1] } });
  });
});

describe("is no answer:", () => {
  it.each<[ProtocolName, JsonObject, string]>([
    ["embeddings", { data: [{ embedding: [1] }] }, "1 vectors for 2 inputs"],
    ["embeddings", { data: "none" }, "no vectors"],
    ["embeddings", { data: [{ embedding: [1] }, { embedding: ["x"] }] }, "something else"],
    ["embeddings", { data: [{ embedding: "AAA=" }, { embedding: [1] }] }, "something else"],
    ["gemini", {}, "no vectors"],
    ["gemini", { embeddings: [{}, { values: [1] }] }, "something else"],
    ["cohere", { embeddings: { int8: [[1]] } }, "no vectors"],
    ["bedrock-converse", { message: "no" }, "no vectors"],
    ["dashscope", { output: null }, "no vectors"],
    ["ollama", { embeddings: [[], []] }, "something else"],
  ])("%s %j", (provider, document, problem) => {
    expect(answer("embeddings", provider, { input: ["a", "b"] }, document)).toContain(problem);
  });
});

it("finds vectors of another length than was asked for", () => {
  const asked = question("embeddings", { input: ["a"], dimensions: 3 });
  const given = (length: number) => embeddingSide.lossesIn({ model: "", inputTokens: 1, vectors: [Array.from({ length }, () => 1)] }, asked);
  expect([given(3), given(4)]).toEqual([[], [{ path: "dimensions", reason: "unsupported", severity: "major" }]]);
});

describe("packed vectors", () => {
  it("are OpenAI's: 32-bit floats, the lowest byte first", () => {
    expect(pack([1, -2.5])).toBe(Buffer.from([0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0]).toString("base64"));
  });

  it("come back as the 32-bit floats that they are", () => {
    fc.assert(fc.property(fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 }), (vector) => {
      expect(unpack(pack(vector))).toEqual(vector);
    }));
  });
});

it("reads any document without a throw", () => {
  const providers = Object.keys(embeddingSide.providers) as (keyof typeof embeddingSide.providers)[];
  const clients = ["embeddings", "gemini"] as const;
  fc.assert(fc.property(fc.object({ key: fc.constantFrom("data", "embedding", "embeddings", "values", "usage", "output", "meta", "index", "predictions", "input", "content", "requests", "parts", "text") }), (value) => {
    const document = JSON.parse(JSON.stringify(value)) as JsonObject;
    const asked = question("embeddings", { input: ["a"] });
    for (const name of providers) expect(["string", "object"]).toContain(typeof embeddingSide.providers[name]?.decodeReply(document, asked, {}));
    for (const name of clients) expect(typeof embeddingSide.clients[name]?.decodeRequest(document, { model: "m", isStreaming: false, query: "", headers: {} })).toBe("object");
  }));
});
