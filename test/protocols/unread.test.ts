// What stands inside of members that are read, and that no reader of ours names, and who speaks of several: it reaches no other
// protocol, and each place of it is told.
import { describe, expect, it } from "vitest";
import { isInvalid } from "../../dataplane/protocols/codec.ts";
import { noDialect } from "../../dataplane/protocols/dialect.ts";
import { fit } from "../../dataplane/protocols/fit/index.ts";
import { clientCodecs, providerCodecs } from "../../dataplane/protocols/index.ts";
import type { ProtocolName } from "../../dataplane/snapshot/schema.ts";
import { modelOf, targetOf } from "./conformance/protocols.ts";

const x = { xUnknown: 1 };
const chat = { messages: [{ role: "user", content: "hi" }], tools: [{ type: "function", function: { name: "f", parameters: { type: "object", properties: {} } } }] };
const responses = { input: "hi", tools: [{ type: "function", name: "f", parameters: { type: "object", properties: {} } }] };
const messages = { max_tokens: 20, messages: [{ role: "user", content: "hi" }], tools: [{ name: "f", input_schema: { type: "object" } }] };
const spec = { toolSpec: { name: "f", inputSchema: { json: { type: "object" } } } };
const converse = { messages: [{ role: "user", content: [{ text: "hi" }] }], toolConfig: { tools: [spec] } };
const gemini = { contents: [{ role: "user", parts: [{ text: "hi" }] }], tools: [{ functionDeclarations: [{ name: "f" }] }] };
const saying = (part: object) => ({ messages: [{ role: "user", content: [part] }] });
const called = { id: "call_1", type: "function", function: { name: "f", arguments: "{}", ...x } };

const cases: readonly (readonly [ProtocolName, string, object])[] = [
  ["openai-chat", "tool_choice.function.xUnknown", { ...chat, tool_choice: { type: "function", function: { name: "f", ...x } } }],
  ["openai-chat", "tool_choice.xUnknown", { ...chat, tool_choice: { type: "function", function: { name: "f" }, ...x } }],
  ["openai-chat", "tool_choice.allowed_tools.xUnknown", { ...chat, tool_choice: { type: "allowed_tools", allowed_tools: { mode: "auto", tools: [{ type: "function", function: { name: "f" } }], ...x } } }],
  ["openai-chat", "tool_choice.allowed_tools.tools[0].xUnknown", { ...chat, tool_choice: { type: "allowed_tools", allowed_tools: { mode: "auto", tools: [{ type: "function", function: { name: "f" }, ...x }] } } }],
  ["openai-chat", "function_call.xUnknown", { messages: chat.messages, functions: [{ name: "f" }], function_call: { name: "f", ...x } }],
  ["openai-chat", "stream_options.xUnknown", { ...chat, stream: true, stream_options: { include_usage: true, ...x } }],
  ["openai-chat", "response_format.json_schema.xUnknown", { ...chat, response_format: { type: "json_schema", json_schema: { name: "a", schema: { type: "object", ...x }, ...x } } }],
  ["openai-chat", "messages[0].content[0].cache_control.xUnknown", saying({ type: "text", text: "hi", cache_control: { type: "ephemeral", ...x } })],
  ["openai-chat", "messages[0].content[0].prompt_cache_breakpoint.xUnknown", saying({ type: "text", text: "hi", prompt_cache_breakpoint: { mode: "explicit", ...x } })],
  ["openai-chat", "tools[0].cache_control.xUnknown", { ...chat, tools: [{ ...chat.tools[0], cache_control: { type: "ephemeral", ...x } }] }],
  ["openai-chat", "messages[1].tool_calls[0].function.xUnknown", { ...chat, messages: [...chat.messages, { role: "assistant", content: null, tool_calls: [called] }, { role: "tool", tool_call_id: "call_1", content: "x" }] }],
  ["openai-chat", "messages[0].name", { messages: [{ role: "user", name: "Eva", content: "hi" }, { role: "assistant", content: "a" }, { role: "user", name: "Eva", content: "hi" }] }],
  ["openai-completions", "stream_options.xUnknown", { prompt: "hi", stream: true, stream_options: { include_usage: true, ...x } }],
  ["openai-responses", "tool_choice.xUnknown", { ...responses, tool_choice: { type: "function", name: "f", ...x } }],
  ["openai-responses", "tool_choice.tools[0].xUnknown", { ...responses, tool_choice: { type: "allowed_tools", mode: "auto", tools: [{ type: "function", name: "f", ...x }] } }],
  ["openai-responses", "stream_options.xUnknown", { ...responses, stream: true, stream_options: { include_obfuscation: false, ...x } }],
  ["openai-responses", "text.format.xUnknown", { ...responses, text: { format: { type: "json_schema", name: "a", schema: { type: "object" }, ...x } } }],
  ["openai-responses", "input[0].content[0].prompt_cache_breakpoint", { input: [{ role: "user", content: [{ type: "input_text", text: "hi", prompt_cache_breakpoint: { mode: "explicit", ...x } }] }] }],
  ["anthropic-messages", "tool_choice", { ...messages, tool_choice: { type: "auto", ...x } }],
  ["anthropic-messages", "messages[0].content[0].cache_control", { ...messages, ...saying({ type: "text", text: "hi", cache_control: { type: "ephemeral", ...x } }) }],
  ["anthropic-messages", "tools[0].cache_control", { ...messages, tools: [{ ...messages.tools[0], cache_control: { type: "ephemeral", ...x } }] }],
  ["anthropic-messages", "output_config.format.xUnknown", { ...messages, output_config: { format: { type: "json_schema", schema: { type: "object" }, ...x } } }],
  ["anthropic-messages", "messages[0].content[0].source.xUnknown", { ...messages, ...saying({ type: "image", source: { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=", ...x } }) }],
  ["bedrock-converse", "toolConfig.toolChoice.auto.xUnknown", { ...converse, toolConfig: { tools: [spec], toolChoice: { auto: x } } }],
  ["bedrock-converse", "toolConfig.toolChoice.tool.xUnknown", { ...converse, toolConfig: { tools: [spec], toolChoice: { tool: { name: "f", ...x } } } }],
  ["bedrock-converse", "messages[0].content[1].cachePoint.xUnknown", { messages: [{ role: "user", content: [{ text: "hi" }, { cachePoint: { type: "default", ...x } }] }] }],
  ["bedrock-converse", "system[1].cachePoint.xUnknown", { ...converse, system: [{ text: "s" }, { cachePoint: { type: "default", ...x } }] }],
  ["bedrock-converse", "toolConfig.tools[1].cachePoint.xUnknown", { ...converse, toolConfig: { tools: [spec, { cachePoint: { type: "default", ...x } }] } }],
  ["bedrock-converse", "toolConfig.tools[0].toolSpec.inputSchema.xUnknown", { ...converse, toolConfig: { tools: [{ toolSpec: { name: "f", inputSchema: { json: { type: "object" }, ...x } } }] } }],
  ["bedrock-converse", "serviceTier.xUnknown", { ...converse, serviceTier: { type: "default", ...x } }],
  ["gemini", "toolConfig.functionCallingConfig.xUnknown", { ...gemini, toolConfig: { functionCallingConfig: { mode: "AUTO", ...x } } }],
  ["gemini", "contents[0].parts[0].inlineData", { contents: [{ role: "user", parts: [{ inlineData: { mimeType: "image/png", data: "iVBORw0KGgo=", displayName: "a", ...x } }] }] }],
];

describe("a member that nobody knows", () => {
  it.each(cases)("in %s at %s is told to be lost, once, whoever is asked", (from, path, body) => {
    const client = clientCodecs[from];
    if (client === undefined) throw new Error(`no client speaks ${from}`);
    const asked = client.decodeRequest(Buffer.from(JSON.stringify({ model: "m", ...body })), { model: "m", isStreaming: false, query: "", headers: {} });
    if (isInvalid(asked)) throw new Error(asked.problem);
    for (const provider of Object.values(providerCodecs).filter(({ name }) => name !== from)) {
      const target = targetOf(provider, false, modelOf(provider));
      const { losses } = fit(asked, target, provider.abilities(noDialect, target.model), client);
      expect(losses.filter((loss) => loss.path === path), `${from} to ${provider.name}: ${losses.map((loss) => loss.path).join()}`).toMatchObject([{ reason: "unsupported", severity: "minor" }]);
    }
  });

  it.each([
    ["openai-chat", { ...chat, stream: true, stream_options: { include_usage: true, include_obfuscation: false }, tool_choice: { type: "function", function: { name: "f" } } }],
    ["openai-responses", { ...responses, stream: true, stream_options: { include_obfuscation: false }, text: { format: { type: "text" } } }],
    ["bedrock-converse", { ...converse, toolConfig: { tools: [spec], toolChoice: { any: {} } } }],
  ] as const)("is not seen in %s where there is none", (from, body) => {
    const asked = clientCodecs[from]?.decodeRequest(Buffer.from(JSON.stringify({ model: "m", ...body })), { model: "m", isStreaming: false, query: "", headers: {} });
    expect(asked).not.toHaveProperty("unread");
    expect(asked).not.toHaveProperty("problem");
  });
});
