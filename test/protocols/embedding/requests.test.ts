// What a provider is sent for each client's form of a request for embeddings, and what it cannot be asked.
import { describe, expect, it } from "vitest";
import { embeddingSide } from "../../../dataplane/protocols/embedding/index.ts";
import type { JsonObject } from "../../../dataplane/protocols/json-members.ts";
import type { ProtocolName } from "../../../dataplane/snapshot/schema.ts";
import { openSide, targetOf } from "../asking.ts";

const { ask, question, read } = openSide(embeddingSide);
const texts = (count: number): string[] => Array.from({ length: count }, (_, index) => `text ${index}`);

describe("a request of OpenAI's form is told", () => {
  const body = { model: "alias", input: ["one", "two"], dimensions: 256, input_type: "search_query", user: "u-1" };
  it.each<[string, ProtocolName, string, string, JsonObject, string[]]>([
    ["to Gemini in a batch", "gemini", "gemini-embedding-001", "/models/gemini-embedding-001:batchEmbedContents", {
      requests: [
        { model: "models/gemini-embedding-001", content: { parts: [{ text: "one" }] }, taskType: "RETRIEVAL_QUERY", outputDimensionality: 256 },
        { model: "models/gemini-embedding-001", content: { parts: [{ text: "two" }] }, taskType: "RETRIEVAL_QUERY", outputDimensionality: 256 },
      ],
    }, ["userId unsupported minor"]],
    ["to Cohere", "cohere", "embed-v4.0", "/embed", {
      model: "embed-v4.0", input_type: "search_query", texts: ["one", "two"], embedding_types: ["float"], truncate: "NONE", output_dimension: 256,
    }, ["userId unsupported minor"]],
    ["to Cohere at Bedrock", "bedrock-converse", "us.cohere.embed-v4:0", "/model/us.cohere.embed-v4%3A0/invoke", {
      input_type: "search_query", texts: ["one", "two"], embedding_types: ["float"], truncate: "NONE", output_dimension: 256,
    }, ["userId unsupported minor"]],
    ["to DashScope", "dashscope", "text-embedding-v4", "/services/embeddings/text-embedding/text-embedding", {
      model: "text-embedding-v4", input: { texts: ["one", "two"] }, parameters: { text_type: "query", dimension: 256 },
    }, ["userId unsupported minor"]],
    ["to Ollama", "ollama", "nomic-embed-text", "/api/embed", { model: "nomic-embed-text", input: ["one", "two"], truncate: false, dimensions: 256 },
      ["purpose unsupported minor", "userId unsupported minor"]],
  ])("%s", (_, protocol, model, path, sent, losses) => {
    expect(ask("embeddings", protocol, body, targetOf(model))).toEqual({ problem: "", parameter: "", path, body: sent, losses });
  });

  it.each<[string, string, JsonObject, string[]]>([
    ["Titan's second text model", "amazon.titan-embed-text-v2:0", { inputText: "one", dimensions: 256 }, ["purpose unsupported minor", "userId unsupported minor"]],
    ["Titan's model for pictures", "amazon.titan-embed-image-v1", { inputText: "one", embeddingConfig: { outputEmbeddingLength: 256 } }, ["purpose unsupported minor", "userId unsupported minor"]],
    ["Nova", "amazon.nova-2-multimodal-embeddings-v1:0", {
      taskType: "SINGLE_EMBEDDING", singleEmbeddingParams: { embeddingPurpose: "TEXT_RETRIEVAL", embeddingDimension: 256, text: { truncationMode: "NONE", value: "one" } },
    }, ["userId unsupported minor"]],
    ["Titan's first text model, which has one length", "amazon.titan-embed-text-v1", { inputText: "one" }, ["purpose unsupported minor", "userId unsupported minor", "dimensions unsupported major"]],
  ])("at Bedrock to %s, one text at a time", (_, model, sent, losses) => {
    const asked = ask("embeddings", "bedrock-converse", { ...body, input: "one" }, targetOf(model));
    expect([asked.path, asked.body, asked.losses]).toEqual([`/model/${encodeURIComponent(model)}/invoke`, sent, losses]);
    expect(ask("embeddings", "bedrock-converse", body, targetOf(model))).toMatchObject({ problem: expect.stringContaining("at most 1 input in one request, and these are 2"), parameter: "inputs" });
  });

  it("to Vertex AI as instances of a prediction, or as one content where the model is of the later ones", () => {
    const vertex = { dialect: { sideForm: "vertex" } } as const;
    expect(ask("embeddings", "gemini", body, targetOf("text-embedding-005", vertex))).toMatchObject({
      path: "/models/text-embedding-005:predict",
      body: { instances: [{ content: "one", task_type: "RETRIEVAL_QUERY" }, { content: "two", task_type: "RETRIEVAL_QUERY" }], parameters: { outputDimensionality: 256, autoTruncate: false } },
    });
    expect(ask("embeddings", "gemini", { ...body, input: "one" }, targetOf("gemini-embedding-2", vertex))).toMatchObject({
      path: "/models/gemini-embedding-2:embedContent",
      body: { content: { parts: [{ text: "one" }] }, embedContentConfig: { taskType: "RETRIEVAL_QUERY", outputDimensionality: 256, autoTruncate: false } },
    });
    expect(ask("embeddings", "gemini", body, targetOf("gemini-embedding-001", vertex)).problem).toContain("at most 1 input");
  });
});

describe("a request of Gemini's form is told", () => {
  const single = { content: { parts: [{ text: "one" }, { text: " more" }] }, taskType: "RETRIEVAL_DOCUMENT", title: "About", outputDimensionality: 64 };
  const one = (text: string): JsonObject => ({ model: "models/alias", content: { parts: [{ text }] }, task_type: "CODE_RETRIEVAL_QUERY" });

  it("to OpenAI's form, as numbers, which every vendor gives", () => {
    expect(ask("gemini", "embeddings", single, targetOf("text-embedding-3-small"))).toEqual({
      problem: "", parameter: "", path: "/embeddings",
      body: { model: "text-embedding-3-small", input: ["one more"], encoding_format: "float", dimensions: 64 },
      losses: ["purpose unsupported minor", "title unsupported minor"],
    });
  });

  it("to a vendor of OpenAI's form in that vendor's words", () => {
    const dialect = { renames: { dimensions: "output_dimension" }, refuses: ["encoding_format"], adds: { extra: 1 } };
    expect(ask("gemini", "embeddings", single, targetOf("mistral-embed", { dialect })).body).toEqual({ model: "mistral-embed", input: ["one more"], output_dimension: 64, extra: 1 });
    expect(ask("gemini", "embeddings", single, targetOf("theirs", { dialect: { refuses: ["dimensions"] } })).losses).toContain("dimensions unsupported major");
  });

  it("to Cohere, with the nearest word for what the vectors are for, and cut where Google cuts", () => {
    expect(ask("gemini", "cohere", { requests: [one("a"), one("b")] }, targetOf("embed-multilingual-v3.0"))).toMatchObject({
      body: { texts: ["a", "b"], input_type: "search_query", truncate: "END" }, losses: ["purpose approximated minor"],
    });
    expect(ask("gemini", "cohere", single, targetOf("embed-multilingual-v3.0")).losses).toEqual(["dimensions unsupported major", "title unsupported minor"]);
  });

  it("to Ollama, cut where the client did not forbid it", () => {
    expect(ask("gemini", "ollama", single).body).toMatchObject({ truncate: true });
    expect(ask("gemini", "ollama", { ...single, autoTruncate: false }).body).toMatchObject({ truncate: false });
  });

  it("with what it does not name beside it, once", () => {
    expect(question("gemini", { ...single, embedContentConfig: { documentOcr: true }, taskType: "SOMETHING_NEW" }).others).toEqual(["taskType", "documentOcr"]);
  });

  it("only when its requests agree", () => {
    expect(read("gemini", { requests: [one("a"), { ...one("b"), outputDimensionality: 3 }] })).toMatchObject({ parameter: "requests[1]", problem: expect.stringContaining("must agree") });
  });
});

describe("what the vectors are for, in the words of any vendor", () => {
  it.each([
    ["input_type", "search_document", "search_document", "RETRIEVAL_DOCUMENT", "document"],
    ["input_type", "passage", "search_document", "RETRIEVAL_DOCUMENT", "document"],
    ["task", "retrieval.query", "search_query", "RETRIEVAL_QUERY", "query"],
    ["task_type", "CLUSTERING", "clustering", "CLUSTERING", "document"],
    ["taskType", "FACT_VERIFICATION", "search_query", "FACT_VERIFICATION", "query"],
    ["text_type", "query", "search_query", "RETRIEVAL_QUERY", "query"],
    ["input_type", "classification", "classification", "CLASSIFICATION", "document"],
    ["task", "text-matching", "search_document", "SEMANTIC_SIMILARITY", "document"],
  ])("%s: %s is %s, %s and %s", (member, word, cohere, google, dashscope) => {
    const body = { model: "alias", input: "x", [member]: word };
    expect(question("embeddings", body).others).toEqual([]);
    expect(ask("embeddings", "cohere", body).body["input_type"]).toBe(cohere);
    expect(ask("embeddings", "gemini", body).body["taskType"]).toBe(google);
    expect(ask("embeddings", "dashscope", body).body["parameters"]).toEqual({ text_type: dashscope });
  });

  it("is documents for Cohere, which wants a word, where nobody says", () => {
    expect(ask("embeddings", "cohere", { input: "x" })).toMatchObject({ body: { input_type: "search_document" }, losses: [] });
    expect(ask("embeddings", "dashscope", { input: "x" }).body["parameters"]).toEqual({});
  });

  it("is told as lost where nobody knows the word", () => {
    expect(question("embeddings", { input: "x", input_type: "mood", seed: 1 }).others).toEqual(["input_type", "seed"]);
  });
});

describe("what cannot be asked is refused with its cure", () => {
  it.each<[ProtocolName, string, number]>([
    ["cohere", "embed-v4.0", 96], ["bedrock-converse", "cohere.embed-english-v3", 96], ["gemini", "gemini-embedding-001", 100], ["dashscope", "text-embedding-v4", 10],
    ["dashscope", "text-embedding-v2", 25],
  ])("more inputs than %s takes for %s: %i", (protocol, model, most) => {
    expect(ask("embeddings", protocol, { input: texts(most) }, targetOf(model)).problem).toBe("");
    expect(ask("embeddings", protocol, { input: texts(most + 1) }, targetOf(model))).toMatchObject({
      problem: `it takes at most ${most} inputs in one request, and these are ${most + 1}. Send them in several requests.`, parameter: "inputs",
    });
  });

  it("more inputs than OpenAI takes", () => {
    const requests = texts(2049).map((text) => ({ content: { parts: [{ text }] } }));
    expect(ask("gemini", "embeddings", { requests }).problem).toContain("at most 2048");
  });

  it.each<ProtocolName>(["gemini", "cohere", "dashscope", "ollama"])("token ids by %s", (protocol) => {
    expect(ask("embeddings", protocol, { input: [[1, 2], [3]] })).toMatchObject({ problem: expect.stringContaining("Send it as text"), parameter: "input[0]" });
    expect(ask("embeddings", protocol, { input: [1, 2] })).toMatchObject({ problem: expect.stringContaining("token ids"), parameter: "input" });
  });

  it.each<ProtocolName>(["embeddings", "cohere"])("a picture by %s", (protocol) => {
    const body = { content: { parts: [{ text: "x" }, { inlineData: { mimeType: "image/png", data: "AA==" } }] } };
    expect(ask("gemini", protocol, body)).toMatchObject({ problem: expect.stringContaining("no text"), parameter: "content.parts[1]" });
  });

  it("a model of Bedrock's whose form nobody knows", () => {
    expect(ask("embeddings", "bedrock-converse", { input: "x" }, targetOf("twelvelabs.marengo-embed-2-7-v1:0"))).toMatchObject({ problem: expect.stringContaining("twelvelabs"), parameter: "model" });
  });

  it("a way of cutting that is not theirs to choose is told", () => {
    const body = { input: "x", truncate: "START" };
    expect(ask("embeddings", "cohere", body)).toMatchObject({ body: { truncate: "START" }, losses: [] });
    expect(ask("embeddings", "gemini", body).losses).toEqual(["truncate unsupported minor"]);
    expect(ask("embeddings", "dashscope", body).losses).toEqual(["truncate unsupported minor"]);
    expect(ask("embeddings", "ollama", body).losses).toEqual(["truncate approximated minor"]);
    expect(ask("embeddings", "bedrock-converse", body, targetOf("amazon.titan-embed-text-v2:0")).losses).toEqual(["truncate unsupported minor"]);
  });
});

describe("a body that is no request is told what would be one", () => {
  it.each<[ProtocolName, JsonObject, string]>([
    ["embeddings", {}, "input"],
    ["embeddings", { input: [] }, "input"],
    ["embeddings", { input: ["a", {}] }, "input[1]"],
    ["embeddings", { input: [["a"]] }, "input[0]"],
    ["embeddings", { input: "a", dimensions: 1.5 }, "dimensions"],
    ["embeddings", { input: "a", encoding_format: "int8" }, "encoding_format"],
    ["gemini", {}, "content.parts"],
    ["gemini", { content: { parts: [] } }, "content.parts"],
    ["gemini", { requests: [] }, "requests"],
    ["gemini", { requests: [3] }, "requests[0]"],
    ["gemini", { requests: [{ content: {} }] }, "requests[0].content.parts"],
    ["gemini", { content: { parts: [{ text: "a" }] }, outputDimensionality: "many" }, "outputDimensionality"],
  ])("%s %j", (client, body, parameter) => {
    expect(read(client, body)).toEqual({ problem: expect.stringMatching(/^"/), parameter });
  });
});
