// What makes sense in no protocol is refused where it is read, in the client's own words: tools of one name twice, and limits
// of the answer that are none. A limit that is only large is passed on as it is.
import { describe, expect, it } from "vitest";
import { isInvalid, type Asked } from "../../dataplane/protocols/codec.ts";
import { noDialect } from "../../dataplane/protocols/dialect.ts";
import { fit } from "../../dataplane/protocols/fit/index.ts";
import { clientCodecs } from "../../dataplane/protocols/index.ts";
import type { Conversation } from "../../dataplane/protocols/ir.ts";
import type { ProtocolName } from "../../dataplane/snapshot/schema.ts";
import { modelOf, providers, targetOf } from "./conformance/protocols.ts";

const asked: Asked = { model: "m", isStreaming: false, query: "", headers: {} };
const named = (name: string) => ({ name, parameters: { type: "object" } });
const chatTool = (name: string) => ({ type: "function", function: named(name) });
const spec = (name: string) => ({ toolSpec: { name, inputSchema: { json: { type: "object" } } } });
const custom = (name: string) => ({ type: "custom", custom: { name } });
const chat = { messages: [{ role: "user", content: "hi" }] };
const responses = { input: "hi" };
const messages = { max_tokens: 20, messages: [{ role: "user", content: "hi" }] };
const converse = { messages: [{ role: "user", content: [{ text: "hi" }] }] };
const gemini = { contents: [{ role: "user", parts: [{ text: "hi" }] }] };
const messagesTool = (name: string) => ({ name, input_schema: { type: "object" } });

const read = (from: ProtocolName, body: string) => {
  const client = clientCodecs[from];
  if (client === undefined) throw new Error(`no client speaks ${from}`);
  return { client, read: client.decodeRequest(Buffer.from(body), asked) };
};

describe("a tool of a name that another has", () => {
  const twice: readonly (readonly [ProtocolName, string, string, object])[] = [
    ["openai-chat", "tools[2]", "tools[0]", { ...chat, tools: [chatTool("a"), chatTool("b"), chatTool("a")] }],
    ["openai-chat", "tools[1]", "tools[0]", { ...chat, tools: [custom("a"), chatTool("a")] }],
    ["openai-chat", "functions[1]", "functions[0]", { ...chat, functions: [named("a"), named("a")] }],
    ["openai-chat", "functions[0]", "tools[0]", { ...chat, tools: [chatTool("a")], functions: [named("a")] }],
    ["openai-responses", "tools[1]", "tools[0]", { ...responses, tools: [{ type: "function", ...named("a") }, { type: "function", ...named("a") }] }],
    ["openai-responses", "tools[0].tools[1]", "tools[0].tools[0]", { ...responses, tools: [{ type: "namespace", name: "n", tools: [{ type: "function", ...named("a") }, { type: "function", ...named("a") }] }] }],
    ["anthropic-messages", "tools[1]", "tools[0]", { ...messages, tools: [messagesTool("a"), messagesTool("a")] }],
    ["bedrock-converse", "toolConfig.tools[2]", "toolConfig.tools[0]", { ...converse, toolConfig: { tools: [spec("a"), { cachePoint: { type: "default" } }, spec("a")] } }],
    ["gemini", "tools[1].functionDeclarations[0]", "tools[0].functionDeclarations[1]", { ...gemini, tools: [{ functionDeclarations: [named("a"), named("b")] }, { functionDeclarations: [named("b")] }] }],
  ];

  it.each(twice)("is refused by %s at %s, which has that of %s", (from, path, first, body) => {
    expect(read(from, JSON.stringify(body)).read).toEqual({ parameter: path, problem: `${path} has the name of ${first}. Give every tool a name of its own.` });
  });

  const different: readonly (readonly [ProtocolName, object])[] = [
    ["openai-chat", { ...chat, tools: [chatTool("a"), chatTool("A")] }],
    ["openai-responses", { ...responses, tools: [{ type: "mcp", server_label: "a" }, { type: "mcp", server_label: "b" }] }],
    ["openai-responses", { ...responses, tools: [{ type: "namespace", name: "n", tools: [{ type: "function", ...named("a") }] }, { type: "function", ...named("a") }] }],
    ["anthropic-messages", { ...messages, tools: [{ type: "web_search_20250305", name: "web_search" }, messagesTool("a")] }],
    ["gemini", { ...gemini, tools: [{ googleSearch: {} }, { googleSearch: {} }, { functionDeclarations: [named("a")] }] }],
  ];

  it.each(different)("is none where names differ, or are not the tools' own: %s %j", (from, body) => {
    expect(read(from, JSON.stringify(body)).read).not.toHaveProperty("problem");
  });
});

/** Where each protocol says how long an answer may be, and a body that says so. */
const limits: readonly (readonly [ProtocolName, string, (value: string) => string])[] = [
  ["openai-chat", "max_completion_tokens", (value) => JSON.stringify(chat).replace("{", `{"max_completion_tokens":${value},`)],
  ["openai-chat", "max_tokens", (value) => JSON.stringify(chat).replace("{", `{"max_tokens":${value},`)],
  ["openai-completions", "max_tokens", (value) => `{"prompt":"hi","max_tokens":${value}}`],
  ["openai-responses", "max_output_tokens", (value) => JSON.stringify(responses).replace("{", `{"max_output_tokens":${value},`)],
  ["anthropic-messages", "max_tokens", (value) => JSON.stringify({ ...messages, max_tokens: undefined }).replace("{", `{"max_tokens":${value},`)],
  ["gemini", "generationConfig.maxOutputTokens", (value) => JSON.stringify(gemini).replace("{", `{"generationConfig":{"maxOutputTokens":${value}},`)],
  ["bedrock-converse", "inferenceConfig.maxTokens", (value) => JSON.stringify(converse).replace("{", `{"inferenceConfig":{"maxTokens":${value}},`)],
];

const toEach = (conversation: Conversation, from: ProtocolName): [string, string, string[]][] => {
  const { client } = read(from, "{}");
  return providers.filter(({ name }) => name !== from).map((provider): [string, string, string[]] => {
    const target = targetOf(provider, false, modelOf(provider));
    const fitted = fit(conversation, target, provider.abilities(noDialect, target.model), client);
    const { body, losses } = provider.encodeRequest(fitted.conversation, target);
    return [provider.name, body.toString("utf8"), [...fitted.losses, ...losses].map(({ path }) => path)];
  });
};

describe("a limit of the answer", () => {
  it("is looked for at every client", () => {
    expect(new Set(limits.map(([from]) => from))).toEqual(new Set(Object.keys(clientCodecs)));
  });

  describe.each(limits)("of %s in %s", (from, path, bodyWith) => {
    it.each(["0", "-1", "-0", "0.5", "16.5", "1e-3", "-9007199254740993", "9007199254740993", "1e30", "1e999", "-1e999"])("of %s is refused by that name", (value) => {
      expect(read(from, bodyWith(value)).read).toEqual({ parameter: path, problem: expect.stringContaining(path) });
    });

    it.each(["16", "16.0", "1.6e1"])("of %s is as many", (value) => {
      expect(read(from, bodyWith(value)).read).toMatchObject({ sampling: { maxOutputTokens: 16 } });
    });

    it.each(["null", "absent"])("of %s is none", (value) => {
      const body = value === "absent" ? bodyWith("null").replace(/"max_?\w+":null,?/i, "").replace(",}", "}") : bodyWith(value);
      expect(read(from, body).read).toMatchObject({ sampling: { maxOutputTokens: null } });
    });

    it("that is large reaches every provider as it is, and nothing is told of it", () => {
      const { read: conversation } = read(from, bodyWith("9007199254740991"));
      if (isInvalid(conversation)) throw new Error(conversation.problem);
      const answers = toEach(conversation, from);
      expect(answers.length).toBeGreaterThan(6);
      for (const [name, body, losses] of answers) expect([name, body.match(/:9007199254740991[,}]/g)?.length, losses]).toEqual([name, 1, []]);
    });

    it("of one token reaches every provider, or is the least that it takes, which is told", () => {
      const { read: conversation } = read(from, bodyWith("1"));
      if (isInvalid(conversation)) throw new Error(conversation.problem);
      for (const [name, body, losses] of toEach(conversation, from)) {
        expect([name, /:1[,}]/.test(body), /:16[,}]/.test(body), losses.length]).toEqual(name === "openai-responses" ? [name, false, true, 1] : [name, true, false, 0]);
      }
    });
  });
});
