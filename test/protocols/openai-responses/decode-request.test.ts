// What a client of Responses asks, as a conversation.
import { describe, expect, test } from "vitest";
import { isInvalid } from "../../../dataplane/protocols/codec.ts";
import { wrap } from "../../../dataplane/protocols/carrier.ts";
import { asked, bytes, codec, conversationOf } from "./speaking.ts";

const rolesOf = (input: unknown): string[] => conversationOf({ input }).turns.map(({ role, blocks }) => `${role}:${blocks.map(({ kind }) => kind).join(",")}`);
const call = (id: string) => ({ type: "function_call", id: `fc_${id}`, call_id: id, name: "look", arguments: `{"of":"${id}"}` });
const output = (id: string) => ({ type: "function_call_output", call_id: id, output: "seen" });

describe("input", () => {
  test("as a string is one turn of the user", () => {
    expect(conversationOf({ input: "hi" }).turns).toEqual([{ role: "user", at: "input", blocks: [{ kind: "text", at: "input", text: "hi" }] }]);
  });

  test("calls that follow each other are one turn of the model, and their outputs one of the user", () => {
    const input = [{ role: "user", content: "go" }, call("a"), call("b"), output("a"), output("b"), { role: "user", content: "and?" }];
    expect(rolesOf(input)).toEqual(["user:text", "assistant:tool-call,tool-call", "user:tool-result,tool-result", "user:text"]);
  });

  test("reasoning, a message and a call without a pause are one turn, in their order", () => {
    const input = [
      { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "hm" }], encrypted_content: "gAAA" },
      { type: "message", role: "assistant", id: "msg_1", status: "completed", content: [{ type: "output_text", text: "I look.", annotations: [] }] },
      call("a"),
    ];
    const [turn] = conversationOf({ input }).turns;
    expect(turn?.blocks).toMatchObject([
      { kind: "reasoning", text: "hm", isSummary: true, opaques: [{ kind: "encrypted", origin: "openai-responses", value: "gAAA" }], at: "input[0].summary[0]" },
      { kind: "text", text: "I look.", at: "input[1].content[0]" },
      { kind: "tool-call", id: "a", name: "look", arguments: '{"of":"a"}', at: "input[2]" },
    ]);
  });

  test("system and developer messages in the middle stay where they are, and instructions come first", () => {
    const input = [{ role: "user", content: "a" }, { role: "developer", content: "b" }, { role: "system", content: "c" }, { role: "user", content: "d" }];
    expect(conversationOf({ input, instructions: "be" }).turns.map(({ role }) => role)).toEqual(["system", "user", "developer", "system", "user"]);
  });

  test("a reasoning item without text is a block all the same, and its id is nobody's name", () => {
    const [turn] = conversationOf({ input: [{ type: "reasoning", id: "rs_1", summary: [], encrypted_content: "gAAA" }] }).turns;
    expect(turn?.blocks).toMatchObject([{ kind: "reasoning", text: "", opaques: [{ value: "gAAA" }] }]);
  });

  test("arguments stay as they were written, to the byte", () => {
    const written = '{"n": 9007199254740993, "x":1.0,"x":2}';
    const [turn] = conversationOf({ input: [{ type: "function_call", call_id: "c", name: "f", arguments: written }] }).turns;
    expect(turn?.blocks[0]).toMatchObject({ arguments: written });
  });

  test.each([
    ["item_reference", { type: "item_reference", id: "msg_1" }, true],
    ["compaction", { type: "compaction", id: "cmp_1", encrypted_content: "x" }, true],
    ["web_search_call", { type: "web_search_call", id: "ws_1", status: "completed" }, false],
    ["computer_call_output", { type: "computer_call_output", call_id: "c", output: {} }, false],
    ["something_of_tomorrow", { type: "something_of_tomorrow", x: 1 }, false],
  ])("%s is kept whole for its own protocol", (type, item, isNeeded) => {
    const block = conversationOf({ input: [item] }).turns[0]?.blocks[0];
    expect(block).toMatchObject({ kind: "foreign", protocol: "openai-responses", type, value: item });
    expect(block?.kind === "foreign" && (block.isNeeded ?? false)).toBe(isNeeded);
  });

  test("ids that were made here are forgotten, those of a provider are kept", () => {
    const message = (id: string) => ({ type: "message", role: "assistant", id, content: [{ type: "output_text", text: "a" }] });
    const extras = conversationOf({ input: [message("msg_gw_abc_0"), message("msg_68af")] }).turns[0]?.blocks.map((block) => block.extras?.["openai-responses"]);
    expect(extras).toEqual([undefined, { message: { id: "msg_68af" } }]);
  });

  test("values that another protocol sealed go back to where they were", () => {
    const seal = (owner: string, value: string) => wrap([{ kind: "id", origin: "llmgw-owner", value: owner }, { kind: "signature", origin: "gemini/vertex-ai", value }]);
    const carrier = (owner: string, value: string) => ({ type: "reasoning", summary: [], encrypted_content: seal(owner, value) });
    const input = [
      { type: "reasoning", summary: [{ type: "summary_text", text: "hm" }], encrypted_content: wrap([{ kind: "signature", origin: "anthropic-messages", value: "S" }]) },
      { role: "assistant", content: "hello" }, carrier("", "T"),
      carrier("a", "A"), call("a"), call("b"), carrier("b", "B"), carrier(" ", "E"),
    ];
    expect(conversationOf({ input }).turns[0]?.blocks).toMatchObject([
      { kind: "reasoning", text: "hm", opaques: [{ origin: "anthropic-messages", value: "S" }] },
      { kind: "text", text: "hello", opaques: [{ value: "T" }] },
      { kind: "tool-call", id: "a", opaques: [{ kind: "signature", origin: "gemini/vertex-ai", value: "A" }] },
      { kind: "tool-call", id: "b", opaques: [{ value: "B" }] },
      { kind: "text", text: "", opaques: [{ value: "E" }] },
    ]);
  });
});

describe("content", () => {
  test.each([
    ["an image by URL", { type: "input_image", image_url: "https://x/y.png", detail: "high" }, { kind: "image", source: { kind: "url", url: "https://x/y.png" }, detail: "high" }],
    ["an image in a URL", { type: "input_image", image_url: "data:image/png;base64,AAAA" }, { kind: "image", source: { kind: "bytes", data: "AAAA", mediaType: "image/png" } }],
    ["an image that is stored", { type: "input_image", file_id: "file_1" }, { kind: "image", source: { kind: "stored", protocol: "openai-responses", id: "file_1" } }],
    ["a file with its bytes", { type: "input_file", filename: "a.pdf", file_data: "data:application/pdf;base64,AAAA" }, { kind: "file", name: "a.pdf", source: { kind: "bytes", data: "AAAA", mediaType: "application/pdf" } }],
    ["a file by URL", { type: "input_file", file_url: "https://x/a.pdf" }, { kind: "file", source: { kind: "url", url: "https://x/a.pdf" } }],
    ["audio", { type: "input_audio", input_audio: { data: "AAAA", format: "wav" } }, { kind: "audio", format: "wav", source: { kind: "bytes", data: "AAAA" } }],
    ["a part of tomorrow", { type: "input_smell", smell: "rose" }, { kind: "foreign", type: "input_smell", value: { type: "input_smell", smell: "rose" } }],
  ])("%s", (_, part, block) => {
    expect(conversationOf({ input: [{ role: "user", content: [part] }] }).turns[0]?.blocks[0]).toMatchObject(block);
  });

  test("an image in a tool's output is one in its result", () => {
    const item = { type: "function_call_output", call_id: "a", output: [{ type: "input_text", text: "here" }, { type: "input_image", image_url: "data:image/png;base64,AAAA" }] };
    expect(conversationOf({ input: [item] }).turns[0]?.blocks[0]).toMatchObject({ kind: "tool-result", id: "a", content: [{ kind: "text" }, { kind: "image", at: "input[0].output[1]" }] });
  });

  test("a mark for the cache is one", () => {
    const part = { type: "input_text", text: "long", prompt_cache_breakpoint: { mode: "explicit" } };
    expect(conversationOf({ input: [{ role: "user", content: [part] }] }).turns[0]?.blocks[0]).toMatchObject({ cache: { ttlSeconds: 0 } });
  });
});

describe("members", () => {
  test("are read into the model", () => {
    const conversation = conversationOf({
      input: "hi", stream: true, max_output_tokens: 9, temperature: 0.5, top_p: 0.9, top_logprobs: 3, include: ["message.output_text.logprobs"],
      parallel_tool_calls: false, reasoning: { effort: "high", summary: "auto" }, text: { format: { type: "json_schema", name: "n", schema: { type: "object" }, strict: true }, verbosity: "low" },
      metadata: { a: "b" }, service_tier: "flex", prompt_cache_key: "k", safety_identifier: "u",
    });
    expect(conversation).toMatchObject({
      isStreaming: true, isParallel: false, verbosity: "low", userId: "u", metadata: { a: "b" }, serviceTier: "flex", cacheKey: "k",
      sampling: { maxOutputTokens: 9, temperature: 0.5, topP: 0.9, logprobs: 3, stop: [], seed: null },
      reasoning: { effort: "high", isShown: true, budgetTokens: null },
      format: { kind: "schema", name: "n", isStrict: true, schema: { type: "object" } },
      extras: {},
    });
  });

  test("numbers that are written with a fraction of zero are numbers", () => {
    const conversation = codec.decodeRequest(Buffer.from('{"model":"m","input":"x","temperature":1.0,"top_p":0.50}'), asked);
    expect(conversation).toMatchObject({ sampling: { temperature: 1, topP: 0.5 } });
  });

  test("what has the value that it has anyway is not said", () => {
    expect(conversationOf({ input: "hi", store: true, background: false, truncation: "disabled", previous_response_id: null }).extras).toEqual({});
  });

  test.each(["previous_response_id", "conversation", "prompt"])("%s is kept, and its absence would change the meaning", (key) => {
    expect(conversationOf({ input: "hi", [key]: "x" }).extras).toEqual({ "openai-responses": { [key]: "x" } });
    expect(codec.majorExtras.has(key)).toBe(true);
  });

  test("tools of all kinds", () => {
    const { tools } = conversationOf({
      tools: [
        { type: "function", name: "f", description: "d", parameters: { type: "object" }, strict: true, defer_loading: true },
        { type: "function", name: "g", parameters: null },
        { type: "custom", name: "c", format: { type: "grammar", syntax: "lark", definition: "x" } },
        { type: "web_search_preview" }, { type: "apply_patch" },
        { type: "namespace", name: "crm", description: "d", tools: [{ type: "function", name: "f", parameters: null }] },
      ],
    });
    expect(tools).toMatchObject([
      { kind: "function", at: "tools[0]", name: "f", description: "d", schema: { type: "object" }, isStrict: true, extras: { "openai-responses": { defer_loading: true } } },
      { kind: "function", name: "g", schema: null, isStrict: null },
      { kind: "custom", name: "c", format: { type: "grammar" } },
      { kind: "hosted", name: "web_search_preview", purpose: "web-search" },
      { kind: "hosted", name: "apply_patch", purpose: "other", at: "tools[4]" },
      { kind: "function", name: "crm__f", at: "tools[5].tools[0]" },
    ]);
  });

  test.each([
    ["auto", { mode: "auto" }],
    [{ type: "function", name: "f" }, { mode: "tool", name: "f" }],
    [{ type: "custom", name: "c" }, { mode: "tool", name: "c" }],
    [{ type: "allowed_tools", mode: "required", tools: [{ type: "function", name: "f" }] }, { mode: "allowed", names: ["f"], isRequired: true }],
  ])("the choice %j", (choice, read) => {
    expect(conversationOf({ tool_choice: choice }).toolChoice).toEqual(read);
  });

  test("a choice that only this protocol knows is kept for it, and its absence would change the meaning", () => {
    const conversation = conversationOf({ tool_choice: { type: "web_search" } });
    expect([conversation.toolChoice, conversation.extras]).toEqual([null, { "openai-responses": { tool_choice: { type: "web_search" } } }]);
    expect(codec.majorExtras.has("tool_choice")).toBe(true);
  });
});

test.each([
  ["[]", ""],
  ["nonsense", ""],
  ['{"input":7}', "input"],
  ['{"input":[7]}', "input[0]"],
  ['{"input":[{}]}', "input[0]"],
  ['{"input":[{"role":"tool","content":"x"}]}', "input[0].role"],
  ['{"input":[{"role":"user"}]}', "input[0].content"],
  ['{"temperature":"hot"}', "temperature"],
  ['{"tools":{}}', "tools"],
  ['{"text":{"format":{"type":"json_schema"}}}', "text.format"],
  ['{"metadata":{"a":1}}', "metadata"],
])("what cannot be understood is refused by name: %s", (body, parameter) => {
  const invalid = codec.decodeRequest(Buffer.from(body), asked);
  expect(invalid).toEqual({ problem: expect.stringMatching(/must/), parameter });
  expect(isInvalid(invalid)).toBe(true);
});

test("members called like the inside of objects stay members", () => {
  const conversation = codec.decodeRequest(Buffer.from('{"input":"x","__proto__":{"a":1},"constructor":"c"}'), asked);
  expect(JSON.stringify(conversation)).toContain('"constructor":"c"');
  expect(({} as Record<string, unknown>)["a"]).toBeUndefined();
  expect(bytes(conversation)).toBeDefined();
});
