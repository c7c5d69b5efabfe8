// What a vendor wants otherwise of its own protocol, and what depends on the model: seen on the wire, byte for byte.
import { describe, expect, it } from "vitest";
import type { Provider as ProviderPart } from "../../../dataplane/snapshot/schema.ts";
import { eventStream, json, reply } from "../../doubles/provider-replies.ts";
import type { Script } from "../../doubles/provider.ts";
import { CHAT, stage, type Stage } from "../../story/caller.ts";
import { openScene } from "../../story/streams-scene.ts";
import { answers, exceptionFrame, invokedMessages, TEXT } from "./answers.ts";

const whole = reply({ body: answers["openai-chat"].whole, headers: { "content-type": "application/json" } });
const message = json(answers["anthropic-messages"].whole);

const at = (type: string, basePath: string, script: Script, model: string | undefined, more: Partial<ProviderPart> = {}): Promise<Stage> =>
  stage(script, {
    basePath,
    provider: { type, ...more },
    targets: [{ name: "one", provider: "test/one", ...(model !== undefined && { model }), weight: 1, priority: 0 }],
    credentials: { "test/id": "AKIDEXAMPLE" },
    ...(model === undefined && { routes: { chat: { models: [{ match: "prefix", name: "" }] } } }),
  });

const sent = (story: Stage, index = 0): string => story.provider.requests[index]?.body.toString() ?? "";
const aws: ProviderPart["auth"] = { scheme: "aws", region: "eu-west-1", keyPair: { accessKeyId: "test/id", secretAccessKey: "test/key" } };

describe("a body of the vendor's own protocol", () => {
  const odd = (model: string): string => `{ "model" : "${model}", "messages":[{"role":"user","content":"h\\u0069"}],\n "temperature": 1.50 , "logit_bias": {"1": 2.0}, "seed":7, "unknown" : [ 1 ] }`;

  it("passes to the byte where the row says nothing, but for the model's name", async () => {
    const story = await at("openai", "/v1", whole, "gpt-4.1");
    await story.ask({ body: odd("support-chat") });
    expect(sent(story)).toBe(odd("gpt-4.1"));
  });

  it("loses what the vendor refuses and calls things as the vendor does, and nothing else moves", async () => {
    const story = await at("mistral", "/v1", whole, "mistral-large-latest");
    const answer = await story.ask({ body: odd("support-chat") });
    expect(sent(story)).toBe(odd("mistral-large-latest").replace(' , "logit_bias": {"1": 2.0}', "").replace('"seed"', '"random_seed"'));
    expect(answer.header("x-llmgw-losses")).toBe("logit_bias;reason=unsupported;severity=minor");
  });

  it("loses at Vertex AI what only Google AI takes", async () => {
    const google: ProviderPart["auth"] = { scheme: "api-key", keys: [{ name: "main", credential: "test/key", weight: 1 }] };
    const story = await at("vertex-ai", "/v1/publishers/google", json(answers["gemini"].whole), "gemini-3-pro", { auth: google });
    const answer = await story.ask({ path: "/v1beta/models/support-chat:generateContent", body: '{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"serviceTier":"flex","store":false,"labels":{"a":"b"}}' });
    expect(sent(story)).toBe('{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"labels":{"a":"b"}}');
    expect(answer.header("x-llmgw-losses")).toBe("serviceTier;reason=unsupported;severity=minor, store;reason=unsupported;severity=minor");
  });

  it("tells Vertex AI in a header of the tier that clients of others asked for", async () => {
    const google: ProviderPart["auth"] = { scheme: "api-key", keys: [{ name: "main", credential: "test/key", weight: 1 }] };
    const story = await at("vertex-ai", "/v1/publishers/google", json(answers["gemini"].whole), "gemini-3-pro", { auth: google });
    await story.ask({ body: CHAT.replace("}]}", '}],"service_tier":"flex"}') });
    expect(story.provider.requests[0]?.header("x-vertex-ai-llm-shared-request-type")).toBe("flex");
    expect(JSON.parse(sent(story))).not.toHaveProperty("serviceTier");
  });

  it("is untouched where none of it concerns the vendor", async () => {
    const story = await at("groq", "/openai/v1", whole, "llama");
    const answer = await story.ask({ body: CHAT });
    expect(sent(story)).toBe(CHAT.replace("support-chat", "llama"));
    expect(answer.header("x-llmgw-losses")).toBeUndefined();
  });

  it("asks a model that can only stream for a stream, and the client gets one answer", async () => {
    const story = await at("dashscope", "/compatible-mode/v1", eventStream(answers["openai-chat"].stream), "qwq-plus");
    const answer = await story.ask({ body: CHAT });
    expect(JSON.parse(sent(story))).toMatchObject({ model: "qwq-plus", stream: true, stream_options: { include_usage: true } });
    expect(answer.json).toMatchObject({ object: "chat.completion", choices: [{ message: { content: TEXT } }], usage: { total_tokens: 13 } });
    expect((await story.gateway.settled(1))[0]).toMatchObject({ input_tokens: 9, output_tokens: 4 });
  });
});

describe("betas of Messages", () => {
  const body = '{"model":"support-chat","max_tokens":5,"messages":[{"role":"user","content":"hi"}]}';
  const headers = { "anthropic-version": "2023-06-01", "anthropic-beta": "context-1m-2025-08-07, files-api-2025-04-14" };

  it("go to their maker as they are", async () => {
    const story = await at("anthropic", "/v1", message, "claude-haiku-4-5");
    await story.ask({ path: "/v1/messages", headers, body });
    expect(story.provider.requests[0]?.header("anthropic-beta")).toBe(headers["anthropic-beta"]);
  });

  it("go into the body at Bedrock, those that it knows, and the others are told", async () => {
    const story = await at("bedrock", "", message, "anthropic.claude-haiku-4-5-20251001-v1:0", { auth: aws });
    const answer = await story.ask({ path: "/v1/messages", headers, body });
    const [request] = story.provider.requests;
    expect(request?.header("anthropic-beta")).toBeUndefined();
    expect(sent(story)).toBe('{"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["context-1m-2025-08-07"],"max_tokens":5,"messages":[{"role":"user","content":"hi"}]}');
    expect(answer.header("x-llmgw-losses")).toContain("files-api-2025-04-14");
  });
});

describe("betas that a cloud knows by another name", () => {
  const body = '{"model":"support-chat","max_tokens":5,"messages":[{"role":"user","content":"hi"}]}';
  const headers = { "anthropic-version": "2023-06-01", "anthropic-beta": "advanced-tool-use-2025-11-20,tool-search-tool-2025-10-19,token-efficient-tools-2025-02-19,mid-conversation-tool-changes-2026-07-01,skills-2025-10-02" };

  it("are called so there, once, and only what it does not know is told", async () => {
    const story = await at("bedrock", "", message, "anthropic.claude-opus-4-6-v1", { auth: aws });
    const answer = await story.ask({ path: "/v1/messages", headers, body });
    expect(JSON.parse(sent(story))).toMatchObject({ anthropic_beta: ["tool-search-tool-2025-10-19", "token-efficient-tools-2025-02-19", "mid-conversation-tool-changes-2026-07-01"] });
    expect(answer.header("x-llmgw-losses")).toBe("anthropic-beta.skills-2025-10-02;reason=unsupported;severity=minor");
  });
});

describe("which protocol is spoken", () => {
  const ask = (story: Stage, model: string) => story.ask({ path: "/v1/messages", body: JSON.stringify({ model, max_tokens: 5, messages: [{ role: "user", content: "hi" }] }) });

  it("depends on the model that a client asks for, where the vendor has several", async () => {
    const story = await at("bedrock", "", [message, json(answers["bedrock-converse"].whole), message], undefined, { auth: aws });
    for (const model of ["eu.anthropic.claude-haiku-4-5-v1:0", "amazon.nova-lite-v1:0", "eu.anthropic.claude-haiku-4-5-v1:0"]) {
      const answer = await ask(story, model);
      expect([answer.status, (answer.json as { content: unknown[] }).content]).toMatchObject([200, [{ type: "text", text: TEXT }]]);
    }
    expect(story.provider.requests.map(({ target }) => target)).toEqual([
      "/model/eu.anthropic.claude-haiku-4-5-v1%3A0/invoke", "/model/amazon.nova-lite-v1%3A0/converse", "/model/eu.anthropic.claude-haiku-4-5-v1%3A0/invoke",
    ]);
  });

  it("depends on the provider's own name for the model", async () => {
    const story = await at("bedrock", "", json(answers["bedrock-converse"].whole), undefined, { auth: aws, models: { "claude": "amazon.nova-lite-v1:0" } });
    await ask(story, "claude");
    expect(story.provider.requests[0]?.target).toBe("/model/amazon.nova-lite-v1%3A0/converse");
  });
});

describe("an address with the version of its API", () => {
  it("gives way to a client that names another", async () => {
    const story = await at("azure-openai", "/openai?api-version=2024-10-21", [whole, whole], "gpt");
    await story.ask({ path: "/v1/chat/completions?api-version=2025-04-01-preview", body: CHAT });
    await story.ask({ path: "/v1/chat/completions?beta=true", body: CHAT });
    expect(story.provider.requests.map(({ target }) => target)).toEqual(["/openai/deployments/gpt/chat/completions?api-version=2025-04-01-preview", "/openai/deployments/gpt/chat/completions?beta=true&api-version=2024-10-21"]);
  });
});

describe("frames of a cloud around Messages", () => {
  const streamed = '{"model":"support-chat","max_tokens":5,"stream":true,"messages":[{"role":"user","content":"hi"}]}';
  const claude = "anthropic.claude-haiku-4-5-20251001-v1:0";
  const framed = (pieces: readonly (string | Buffer)[]) => eventStream(pieces, { headers: { "content-type": "application/vnd.amazon.eventstream" } });

  it("become the events that Anthropic itself sends, wherever they are cut", async () => {
    const bytes = Buffer.concat(invokedMessages.stream.map((piece) => Buffer.from(piece)));
    const pieces = Array.from({ length: Math.ceil(bytes.length / 100) }, (_, index) => bytes.subarray(index * 100, index * 100 + 100));
    const story = await at("bedrock", "", framed(pieces), claude, { auth: aws });
    const answer = await story.ask({ path: "/v1/messages", body: streamed });
    expect(answer.header("content-type")).toMatch(/^text\/event-stream/);
    expect(answer.text).toBe(answers["anthropic-messages"].stream.join(""));
    expect((await story.gateway.settled(1))[0]).toMatchObject({ input_tokens: 9, output_tokens: 4, finish_reason: "end_turn" });
  });

  it("that tell of a failure become an error of Anthropic's", async () => {
    const story = await at("bedrock", "", framed([...invokedMessages.stream.slice(0, 3), exceptionFrame("throttlingException", "too fast")]), claude, { auth: aws });
    const answer = await story.ask({ path: "/v1/messages", body: streamed });
    expect(answer.text).toContain('event: error\ndata: {"type":"error","error":{"type":"rate_limit_error","message":"too fast"}}');
    expect(answer.text).not.toContain("message_stop");
  });

  it("that break off or are broken are no success", async () => {
    const broken = Buffer.from(invokedMessages.stream[1] as Buffer);
    broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 1;
    for (const pieces of [invokedMessages.stream.slice(0, 4), [invokedMessages.stream[0] as Buffer, broken]]) {
      const story = await at("bedrock", "", framed(pieces), claude, { auth: aws });
      const answer = await story.ask({ path: "/v1/messages", body: streamed });
      expect(answer.text).toContain('"type":"error"');
      expect(answer.text).not.toContain("message_stop");
    }
  });
});

describe("a status that means another thing at a vendor", () => {
  it("leaves the key in use, and the words pass: a prompt that OpenRouter flagged", async () => {
    const flagged = '{"error":{"code":403,"message":"Your input was flagged","metadata":{"reasons":["violence"]}}}';
    const story = await at("openrouter", "/api/v1", [json(flagged, { status: 403 }), whole], "m");
    expect(await story.ask({ body: CHAT })).toMatchObject({ status: 403, text: flagged });
    expect((await story.ask({ body: CHAT })).status).toBe(200);
  });

  it("is one more reason to try another target, where an account is empty, and none where a prompt is at fault", async () => {
    const tried = async (type: string, status: number) => {
      const scene = await openScene({ one: json({ message: "no" }, { status }), two: whole }, { provider: { type } });
      const answer = await scene.ask(CHAT);
      await scene.over(1);
      return answer.status;
    };
    expect(await tried("siliconflow", 403)).toBe(200);
    expect(await tried("openai", 402)).toBe(200);
    expect(await tried("groq", 498)).toBe(200);
    expect(await tried("portkey", 412)).toBe(200);
    expect(await tried("portkey", 446)).toBe(446);
    expect(await tried("openrouter", 403)).toBe(403);
    expect(await tried("openai", 422)).toBe(422);
  });

  it("is not looked for in what speaks no conversation: a refusal of vectors passes", async () => {
    const refused = '{"error":{"message":"Incorrect API key provided, or not","type":"invalid_request_error"}}';
    const story = await at("openai", "/v1", json(refused, { status: 400 }), "text-embedding-3-small");
    const answer = await story.ask({ path: "/v1/embeddings", body: '{"model":"support-chat","input":"hi"}' });
    expect([answer.status, answer.text]).toEqual([400, refused]);
  });

  it("tells nobody of a key that was refused with a 400", async () => {
    const story = await at("xai", "/v1", json({ code: "Client specified an invalid argument", error: "Incorrect API key provided: sk-provider-key-abcdef" }, { status: 400 }), "grok-4");
    const answer = await story.ask({ body: CHAT });
    expect([answer.status, answer.error.code]).toEqual([502, "UPSTREAM_CREDENTIAL"]);
    expect(answer.text).not.toContain("sk-provider");
  });
});

it.each([["mistral", "/v1"], ["azure-openai", "/openai/v1"], ["gemini", "/v1beta"]])("tells nobody of a key that looks like no key, when %s quotes it", async (type, path) => {
  const secret = "0123456789abcdefghijklmnopqrstuv";
  const story = await stage(json({ error: { message: `the key ${secret} is not known` } }, { status: 401 }), {
    basePath: path, provider: { type }, credentials: { "test/key": secret }, targets: [{ name: "one", provider: "test/one", model: "m", weight: 1, priority: 0 }],
  });
  const answer = await story.ask({ body: CHAT });
  expect([answer.status, answer.error.code]).toEqual([502, "UPSTREAM_CREDENTIAL"]);
  expect(answer.error.message).toContain("the key [redacted] is not known");
  expect(answer.text).not.toContain(secret);
});

it("tells a vendor's limits and its name for the request under names that say whose they are", async () => {
  const headers = { "anthropic-ratelimit-requests-remaining": "3", "request-id": "req_9", "x-ratelimit-remaining-requests": "5", "set-cookie": "a=b" };
  const story = await at("anthropic", "/v1", json(answers["anthropic-messages"].whole, { headers }), "claude-haiku-4-5");
  const answer = await story.ask({ path: "/v1/messages", body: '{"model":"support-chat","max_tokens":5,"messages":[{"role":"user","content":"hi"}]}' });
  expect(answer.header("x-llmgw-upstream-anthropic-ratelimit-requests-remaining")).toBe("3");
  expect(answer.header("x-llmgw-upstream-request-id")).toBe("req_9");
  expect(answer.header("x-llmgw-upstream-ratelimit-remaining-requests")).toBeUndefined();
  expect(answer.header("set-cookie")).toBeUndefined();
});
