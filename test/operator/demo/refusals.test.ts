// What the demo provider refuses in each vendor's protocol: wrong translations, which must be seen as such.
import { describe, expect, it } from "vitest";
import { IMAGE } from "../../story/forty-clients.ts";
import { runningDemo } from "./demo.ts";

const demo = runningDemo();
const png = IMAGE.toString("base64");
type Case = readonly [what: string, body: object, message: RegExp, status?: number];

const refused = async (path: string, body: unknown, headers: Record<string, string> = {}): Promise<{ status: number; text: string }> => {
  const response = await demo.post(path, body, headers);
  return { status: response.status, text: (await response.text()).replaceAll('\\"', '"') };
};

const table = (protocol: string, path: string, headers: Record<string, string>, cases: readonly Case[], shape: object): void => {
  describe(`the demo provider's ${protocol}`, () => {
    it.each(cases.map(([what, ...rest]) => ({ what, rest })))("refuses $what", async ({ rest: [body, message, status = 400] }) => {
      const answer = await refused(path, body, headers);
      expect(answer.text).toMatch(message);
      expect(answer.status).toBe(status);
      expect(JSON.parse((await (await demo.post(path, body, headers)).text()))).toMatchObject(shape);
    });
  });
};

const hi = { role: "user", content: "hi" };
const use = { type: "tool_use", id: "toolu_1", name: "get_weather", input: {} };
const result = { type: "tool_result", tool_use_id: "toolu_1", content: "sun" };
const tool = { name: "get_weather", input_schema: { type: "object" } };
const messages = (...given: object[]) => ({ model: "demo-chat", max_tokens: 3000, messages: given });
const thinking = { type: "enabled", budget_tokens: 2000 };

table("Messages", "/v1/messages", { "anthropic-version": "2023-06-01" }, [
  ["no max_tokens", { model: "demo-chat", messages: [hi] }, /max_tokens: Field required/],
  ["an unknown member", { ...messages(hi), frequency_penalty: 1 }, /frequency_penalty: Extra inputs are not permitted/],
  ["an unknown member inside a block", messages({ role: "user", content: [{ type: "text", text: "x", detail: 1 }] }), /messages\.0\.content\.0\.detail: Extra inputs/],
  ["a first turn of the assistant", messages({ role: "assistant", content: "hi" }), /first message must use the "user" role/],
  ["an empty text", messages({ role: "user", content: [{ type: "text", text: "" }] }), /text content blocks must be non-empty/],
  ["an empty turn", messages({ role: "user", content: "" }), /user messages must have non-empty content/],
  ["calls without results", messages(hi, { role: "assistant", content: [use] }, hi), /`tool_use` ids were found without `tool_result` blocks immediately after: toolu_1/],
  ["text before results", messages(hi, { role: "assistant", content: [use] }, { role: "user", content: [{ type: "text", text: "x" }, result] }), /without `tool_result` blocks immediately after/],
  ["results without a call", messages(hi, { role: "user", content: [result] }), /unexpected `tool_use_id` found/],
  ["an id with other signs", messages(hi, { role: "assistant", content: [{ ...use, id: "a.b" }] }), /id: String should match pattern/],
  ["arguments as a text", messages(hi, { role: "assistant", content: [{ ...use, input: "{}" }] }), /input: Input should be a valid dictionary/],
  ["a foreign signature", messages(hi, { role: "assistant", content: [{ type: "thinking", thinking: "x", signature: "bm8=" }, { type: "text", text: "y" }] }, hi), /Invalid `signature` in `thinking` block/],
  ["a lost thought in an open loop", { ...messages(hi, { role: "assistant", content: [use] }, { role: "user", content: [result] }), thinking, tools: [tool] }, /Expected `thinking` or `redacted_thinking`, but found `tool_use`/],
  ["more thinking than output", { ...messages(hi), thinking: { type: "enabled", budget_tokens: 3000 } }, /`max_tokens` must be greater than/],
  ["a forced tool beside thinking", { ...messages(hi), thinking, tools: [tool], tool_choice: { type: "any" } }, /Thinking may not be enabled/],
  ["a forced tool that is not there", { ...messages(hi), tools: [tool], tool_choice: { type: "tool", name: "other" } }, /Tool 'other' not found/],
  ["tools of one name", { ...messages(hi), tools: [tool, tool] }, /Tool names must be unique/],
  ["a picture of another type", messages({ role: "user", content: [{ type: "image", source: { type: "base64", media_type: "image/jpeg", data: png } }] }), /appears to be a image\/png image/],
  ["a data: address as bytes", messages({ role: "user", content: [{ type: "image", source: { type: "base64", media_type: "image/png", data: `data:image/png;base64,${png}` } }] }), /invalid base64/],
  ["a blank stop sequence", { ...messages(hi), stop_sequences: [" "] }, /must contain non-whitespace/],
  ["an open schema", { ...messages(hi), output_config: { format: { type: "json_schema", schema: { type: "object", properties: {} } } } }, /'additionalProperties' must be explicitly set to false/],
  ["five marks", { ...messages(hi), system: Array.from({ length: 5 }, () => ({ type: "text", text: "x", cache_control: { type: "ephemeral" } })) }, /maximum of 4 blocks with cache_control/],
  ["an id of a user that is too long", { ...messages(hi), metadata: { user_id: "u".repeat(257) } }, /metadata\.user_id: .*256/],
  ["an id of a user that is an address", { ...messages(hi), metadata: { user_id: "joe@example.com" } }, /metadata\.user_id: user_id appears to contain an email address/],
  ["an unknown model", { ...messages(hi), model: "none" }, /does not exist/, 404],
  ["a temperature above 1", { ...messages(hi), temperature: 1.5 }, /temperature/],
], { type: "error", error: {}, request_id: expect.stringMatching(/^req_/) });

it("asks for the version of Anthropic's API", async () => {
  expect(await refused("/v1/messages", messages(hi))).toMatchObject({ status: 400, text: expect.stringContaining("anthropic-version: header is required") });
});

const said = (text: string) => ({ role: "user", parts: [{ text }] });
const call = { functionCall: { name: "get_weather", args: {} } };
const response = { role: "user", parts: [{ functionResponse: { name: "get_weather", response: { output: "sun" } } }] };
const bypassed = { role: "model", parts: [{ ...call, thoughtSignature: "skip_thought_signature_validator" }] };
const declared = (members: object) => ({ contents: [said("x")], tools: [{ functionDeclarations: [{ name: "f", ...members }] }] });

table("generateContent", "/v1beta/models/demo-chat:generateContent", {}, [
  ["an unknown name", { contents: [said("x")], max_tokens: 3 }, /Unknown name "maxTokens": Cannot find field/],
  ["an unknown name deep inside", { contents: [said("x")], generationConfig: { top: 1 } }, /Unknown name "top" at 'generation_config'/],
  ["a foreign role", { contents: [{ role: "assistant", parts: [{ text: "x" }] }] }, /Please use a valid role: user, model/],
  ["a part of nothing", { contents: [{ role: "user", parts: [{}] }] }, /oneof field 'data'/],
  ["a part of two things", { contents: [{ role: "user", parts: [{ text: "x", inlineData: { mimeType: "image/png", data: png } }] }] }, /oneof field 'data'/],
  ["a response as a text", { contents: [said("x"), bypassed, { role: "user", parts: [{ functionResponse: { name: "get_weather", response: "sun" } }] }] }, /function_response\.response/],
  ["fewer responses than calls", { contents: [said("x"), { role: "model", parts: [...bypassed.parts, call] }, response] }, /number of function response parts is equal/],
  ["a response of another name", { contents: [said("x"), bypassed, { role: "user", parts: [{ functionResponse: { name: "other", response: {} } }] }] }, /has no function call/],
  ["a call without its signature", { contents: [said("x"), { role: "model", parts: [call] }, response] }, /missing a thought_signature in functionCall parts/],
  ["a foreign signature", { contents: [said("x"), { role: "model", parts: [{ ...call, thoughtSignature: "bm8=" }] }, response] }, /Corrupted thought signature/],
  ["a schema beyond OpenAPI", declared({ parameters: { type: "object", additionalProperties: false } }), /Unknown name "additionalProperties" at 'tools\[0\]\.function_declarations\[0\]\.parameters'/],
  ["a name with a space", declared({ name: "a b" }), /Invalid function name/],
  ["a schema without its type", { contents: [said("x")], generationConfig: { responseJsonSchema: { type: "object" } } }, /only supported with response_mime_type/],
  ["two amounts of thinking", { contents: [said("x")], generationConfig: { thinkingConfig: { thinkingBudget: 5, thinkingLevel: "LOW" } } }, /only one of thinking budget and thinking level/],
  ["six stop sequences", { contents: [said("x")], generationConfig: { stopSequences: ["1", "2", "3", "4", "5", "6"] } }, /stop_sequences/],
  ["a data: address as bytes", { contents: [{ role: "user", parts: [{ inlineData: { mimeType: "image/png", data: `data:${png}` } }] }] }, /Base64 decoding failed/],
], { error: { code: 400, status: "INVALID_ARGUMENT" } });

const user = { role: "user", content: [{ text: "hi" }] };
const toolUse = { toolUse: { toolUseId: "tooluse_1", name: "get_weather", input: {} } };
const toolResult = { role: "user", content: [{ toolResult: { toolUseId: "tooluse_1", content: [{ text: "sun" }] } }] };
const toolConfig = { tools: [{ toolSpec: { name: "get_weather", inputSchema: { json: { type: "object" } } } }] };
const converse = (...given: object[]) => ({ messages: given, toolConfig });

table("Converse", "/model/demo-chat/converse", {}, [
  ["an unknown member", { ...converse(user), max_tokens: 3 }, /extraneous key \[max_tokens\]/],
  ["a first turn of the assistant", converse({ role: "assistant", content: [{ text: "x" }] }), /must start with a user message/],
  ["two turns of one role", converse(user, user), /must alternate between user and assistant roles/],
  ["a blank text", converse({ role: "user", content: [{ text: " " }] }), /ContentBlock object at messages\.0\.content\.0 is blank/],
  ["calls without tools", { messages: [user, { role: "assistant", content: [toolUse] }, toolResult] }, /toolConfig field must be defined/],
  ["calls without results", converse(user, { role: "assistant", content: [toolUse] }, user), /Expected toolResult blocks at messages\.2\.content for the following Ids: tooluse_1/],
  ["results without calls", converse(user, { role: "assistant", content: [{ text: "x" }] }, toolResult), /exceeds the number of toolUse blocks/],
  ["an id that is too long", converse(user, { role: "assistant", content: [{ toolUse: { ...toolUse.toolUse, toolUseId: "x".repeat(65) } }] }), /less than or equal to 64/],
  ["arguments as a text", converse(user, { role: "assistant", content: [{ toolUse: { ...toolUse.toolUse, input: "{}" } }] }), /Provide a json object/],
  ["a block of two things", converse({ role: "user", content: [{ text: "x", cachePoint: { type: "default" } }] }), /exactly one member/],
  ["a picture of another type", converse({ role: "user", content: [{ text: "x" }, { image: { format: "jpeg", source: { bytes: png } } }] }), /appears to be a image\/png/],
  ["a document without a text", converse({ role: "user", content: [{ document: { format: "txt", name: "a", source: { bytes: "aGk=" } } }] }), /Add a text block/],
  ["a name with a point", converse({ role: "user", content: [{ text: "x" }, { document: { format: "txt", name: "a.txt", source: { bytes: "aGk=" } } }] }), /file name can only contain/],
  ["a foreign signature", converse(user, { role: "assistant", content: [{ reasoningContent: { reasoningText: { text: "x", signature: "bm8=" } } }, { text: "y" }] }, user), /Invalid `signature`/],
  ["tools of nothing", { messages: [user], toolConfig: { tools: [] } }, /toolConfig\.tools/],
  ["a choice that is none", { messages: [user], toolConfig: { ...toolConfig, toolChoice: { none: {} } } }, /extraneous key \[toolConfig\.toolChoice\.none\]/],
  ["an unknown field for the model", { ...converse(user), additionalModelRequestFields: { seed: 1 } }, /extraneous key/],
], { message: expect.any(String) });

const asked = (...given: object[]) => ({ model: "demo-chat", messages: given });
const wireCall = { id: "c1", type: "function", function: { name: "get_weather", arguments: "{}" } };
const called = { role: "assistant", tool_calls: [wireCall] };
const answered = { role: "tool", tool_call_id: "c1", content: "sun" };

const tooLong = (member: string, length: number): RegExp => new RegExp(`Invalid '${member}': string too long\\. Expected a string with maximum length 64, but got a string with length ${length} instead\\.`);
const longIds = (whole: object): Case[] => ["user", "safety_identifier", "prompt_cache_key"].map((member) => [`a long ${member}`, { ...whole, [member]: "u".repeat(128) }, tooLong(member, 128)]);
const aboveMaximum = { error: { type: "invalid_request_error", code: "string_above_max_length" } };

table("chat completions", "/v1/chat/completions", {}, longIds(asked(hi)), aboveMaximum);
table("responses", "/v1/responses", {}, longIds({ model: "demo-chat", input: "hi" }), aboveMaximum);
table("completions", "/v1/completions", {}, [["a long user", { model: "demo-chat", prompt: "hi", user: "u".repeat(65) }, tooLong("user", 65)]], aboveMaximum);

table("Cohere's chat", "/v2/chat", {}, [
  ["an unknown field", { ...asked(hi), top_p: 1 }, /parameter 'top_p' is not a valid field/, 422],
  ["calls without results", asked(hi, called, hi), /must be followed by a tool message for each: c1/],
  ["results without calls", asked(hi, answered), /'c1' is none/],
  ["a choice without tools", { ...asked(hi), tool_choice: "REQUIRED" }, /may only be set when 'tools' are/],
  ["six stop sequences", { ...asked(hi), stop_sequences: ["1", "2", "3", "4", "5", "6"] }, /stop_sequences/],
  ["a developer", asked({ role: "developer", content: "x" }), /messages\[0\]/],
  ["a schema beside tools", { ...asked(hi), tools: [{ type: "function", function: { name: "f" } }], response_format: { type: "json_object" } }, /cannot be used together/],
], { message: expect.any(String) });

const input = (...given: object[]) => ({ model: "demo-chat", input: { messages: given }, parameters: { result_format: "message" } });

table("DashScope's generation", "/api/v1/services/aigc/text-generation/generation", {}, [
  ["no input", { model: "demo-chat" }, /Required parameter "input" missing/],
  ["calls without results", input(hi, called, hi), /must be followed by tool messages/],
  ["results without calls", input(hi, answered), /must be a response to a preceeding message/],
  ["tools in answers of text", { ...input(hi), parameters: { tools: [{ type: "function", function: { name: "f" } }] } }, /must be "message" when "tools" is set/],
  ["a required tool", { ...input(hi), parameters: { result_format: "message", tool_choice: "required" } }, /tool_choice/],
  ["pictures for a model of text", input({ role: "user", content: [{ image: `data:image/png;base64,${png}` }] }), /url error/],
  ["JSON that nobody mentions", { ...input(hi), parameters: { result_format: "message", response_format: { type: "json_object" } } }, /must contain the word 'json'/],
  ["an unknown model", { ...input(hi), model: "none" }, /ModelNotFound/, 404],
], { code: expect.any(String), message: expect.any(String), request_id: expect.any(String) });

table("Ollama's chat", "/api/chat", {}, [
  ["contents in parts", asked({ role: "user", content: [{ type: "text", text: "x" }] }), /cannot unmarshal into Go struct field \.messages\.content/],
  ["arguments as a text", asked(hi, { role: "assistant", content: "", tool_calls: [wireCall] }), /\.messages\.tool_calls\.function\.arguments/],
  ["a data: address as bytes", asked({ ...hi, images: [`data:image/png;base64,${png}`] }), /illegal base64 data/],
  ["a result of no call", asked(hi, { role: "tool", tool_name: "other", content: "x" }), /no call of the tool 'other'/],
  ["an unknown model", { ...asked(hi), model: "none" }, /does not exist/, 404],
], { error: expect.any(String) });

table("Chat", "/v1/chat/completions", {}, [
  ["an unknown parameter", { ...asked(hi), top_k: 4 }, /Unknown parameter: 'top_k'/],
  ["calls without results", asked(hi, called, hi), /must be followed by tool messages/],
  ["an id that is too long", asked(hi, { ...called, tool_calls: [{ ...wireCall, id: "x".repeat(41) }] }), /maximum length 40/],
  ["a picture as a result", asked(hi, called, { ...answered, content: [{ type: "image_url", image_url: { url: "https://example.com/a.png" } }] }), /tool messages hold text only/],
], { error: { type: "invalid_request_error" } });

table("Responses", "/v1/responses", {}, [
  ["an unknown parameter", { model: "demo-chat", input: "x", stop: ["a"] }, /Unknown parameter: 'stop'/],
  ["calls without outputs", { model: "demo-chat", input: [{ ...hi }, { type: "function_call", call_id: "c1", name: "f", arguments: "{}" }] }, /No tool output found for function call c1/],
  ["outputs without calls", { model: "demo-chat", input: [{ type: "function_call_output", call_id: "c1", output: "x" }] }, /No tool call found/],
  ["foreign encrypted reasoning", { model: "demo-chat", input: [{ type: "reasoning", id: "rs_1", summary: [], encrypted_content: "bm8=" }, { role: "assistant", content: "x" }] }, /could not be verified/],
  ["reasoning that leads to nothing", { model: "demo-chat", input: [{ type: "reasoning", id: "rs_1", summary: [] }, hi] }, /without its required following item/],
], { error: { type: "invalid_request_error" } });
