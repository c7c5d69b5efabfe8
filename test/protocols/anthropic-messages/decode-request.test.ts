// What a request of Anthropic's becomes, and which are refused and how.
import { describe, expect, test } from "vitest";
import { wrap } from "../../../dataplane/protocols/carrier.ts";
import { isInvalid } from "../../../dataplane/protocols/codec.ts";
import type { Block } from "../../../dataplane/protocols/ir.ts";
import { askedOf, bodyOf, codec, conversationOf, type Members } from "./driving.ts";

const blocksOf = (content: unknown, role = "user"): readonly Block[] => conversationOf({ messages: [{ role, content }] }).turns[0]?.blocks ?? [];
const one = (block: Members, role = "user"): Block | undefined => blocksOf([block], role)[0];
const at = "messages[0].content[0]";
const NAME = "anthropic-messages";

describe("a block", () => {
  test.each<[string, Members, object]>([
    ["a text with a cache mark", { type: "text", text: "a", cache_control: { type: "ephemeral", ttl: "1h" } }, { kind: "text", text: "a", cache: { ttlSeconds: 3600 } }],
    ["an image by URL", { type: "image", source: { type: "url", url: "https://a/b.png" } }, { kind: "image", source: { kind: "url", url: "https://a/b.png" } }],
    ["an image of bytes", { type: "image", source: { type: "base64", media_type: "image/png", data: "AA==" } }, { kind: "image", source: { kind: "bytes", data: "AA==", mediaType: "image/png" } }],
    ["an image of an account", { type: "image", source: { type: "file", file_id: "file_1" } }, { kind: "image", source: { kind: "stored", protocol: NAME, id: "file_1", mediaType: "" } }],
    [
      "a document",
      { type: "document", source: { type: "base64", media_type: "application/pdf", data: "JVBERi0=" }, title: "T", context: "C", citations: { enabled: true } },
      { kind: "file", source: { kind: "bytes", data: "JVBERi0=", mediaType: "application/pdf" }, name: "T", title: "T", about: "C", isCited: true },
    ],
    [
      "a document of blocks of text",
      { type: "document", source: { type: "content", content: [{ type: "text", text: "a" }, { type: "text", text: "b" }] } },
      { kind: "file", source: { kind: "text", text: "a\nb", mediaType: "text/plain" }, name: "", extras: { [NAME]: { source: { type: "content", content: [{ type: "text", text: "a" }, { type: "text", text: "b" }] } } } },
    ],
    ["a search result", { type: "search_result", source: "https://a", title: "T", content: [{ type: "text", text: "found" }] }, { kind: "foreign", protocol: NAME, type: "search_result", text: "T\nhttps://a\nfound" }],
    ["a tool's result with an image and an error", { type: "tool_result", tool_use_id: "t1", is_error: true, content: [{ type: "text", text: "no" }, { type: "image", source: { type: "url", url: "u" } }] }, {
      kind: "tool-result", id: "t1", isError: true,
      content: [{ kind: "text", text: "no", at: `${at}.content[0]` }, { kind: "image", source: { kind: "url", url: "u" }, at: `${at}.content[1]` }],
    }],
    ["a tool's empty result", { type: "tool_result", tool_use_id: "t1", content: "" }, { kind: "tool-result", content: [], isError: false }],
    ["what this build does not know", { type: "hologram", beam: 1 }, { kind: "foreign", type: "hologram", value: { type: "hologram", beam: 1 } }],
  ])("%s", (_, block, expected) => {
    expect(one(block)).toMatchObject({ at, ...expected });
  });

  test.each<[string, Members, object]>([
    ["a call", { type: "tool_use", id: "t1", name: "look", input: { a: [1] } }, { kind: "tool-call", id: "t1", name: "look", arguments: '{"a":[1]}' }],
    ["a call without arguments", { type: "tool_use", id: "t1", name: "look", input: {} }, { kind: "tool-call", arguments: "" }],
    ["a call of the provider's own code", { type: "tool_use", id: "t1", name: "look", input: {}, caller: { type: "direct" } }, { extras: { [NAME]: { caller: { type: "direct" } } } }],
    ["thinking", { type: "thinking", thinking: "hm", signature: "sig" }, { kind: "reasoning", text: "hm", opaques: [{ kind: "signature", origin: NAME, value: "sig" }] }],
    ["thinking that is not shown", { type: "thinking", thinking: "", signature: "sig" }, { kind: "reasoning", text: "", opaques: [{ kind: "signature", origin: NAME, value: "sig" }] }],
    ["thinking that nobody signed", { type: "thinking", thinking: "hm", signature: "" }, { kind: "reasoning", text: "hm" }],
    ["redacted thinking", { type: "redacted_thinking", data: "xyz" }, { kind: "reasoning", text: "", opaques: [{ kind: "redacted", origin: NAME, value: "xyz" }] }],
    ["another vendor's thinking", { type: "thinking", thinking: "", signature: wrap([{ kind: "encrypted", origin: "openai-responses/openai", value: "e" }]) }, { kind: "reasoning", opaques: [{ kind: "encrypted", origin: "openai-responses/openai", value: "e" }] }],
    ["the provider's own search", { type: "web_search_tool_result", tool_use_id: "s1", content: [{ type: "web_search_result", title: "T", url: "u", encrypted_content: "e" }] }, { kind: "foreign", text: "T\nu" }],
    ["a summary in the place of turns", { type: "compaction", content: "so far", encrypted_content: "e" }, { kind: "foreign", type: "compaction", text: "so far" }],
  ])("of an assistant: %s", (_, block, expected) => {
    expect(one(block, "assistant")).toMatchObject({ at, ...expected });
  });

  test("keeps numbers as they were written", () => {
    const body = '{"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"n","input":{"id":9007199254740993,"price":1.0,"b":1,"a":2}}]}],"max_tokens":1e2,"temperature":1.0}';
    const conversation = codec.decodeRequest(Buffer.from(body), askedOf());
    if (isInvalid(conversation)) throw new Error(conversation.problem);
    expect(conversation.turns[0]?.blocks[0]).toMatchObject({ arguments: '{"id":9007199254740993,"price":1.0,"b":1,"a":2}' });
    expect(conversation.sampling).toMatchObject({ maxOutputTokens: 100, temperature: 1 });
  });

  test("cites all of its text", () => {
    const citation = { type: "char_location", cited_text: "sky", document_index: 0, document_title: "D", start_char_index: 3, end_char_index: 6 };
    expect(one({ type: "text", text: "The sky", citations: [citation] }, "assistant")).toMatchObject({
      citations: [{ kind: "document", start: 0, end: 7, title: "D", citedText: "sky", extras: { [NAME]: citation } }],
    });
  });
});

describe("a request", () => {
  test("keeps several system texts with their cache marks, and the turns in the middle where they stand", () => {
    const { turns } = conversationOf({
      system: [{ type: "text", text: "a" }, { type: "text", text: "b", cache_control: { type: "ephemeral" } }],
      messages: [{ role: "user", content: "Hi" }, { role: "system", content: "Be brief", clear_at: "never" }, { role: "assistant", content: "" }],
    });
    expect(turns).toMatchObject([
      { role: "system", at: "system", blocks: [{ text: "a", at: "system[0]" }, { text: "b", at: "system[1]", cache: { ttlSeconds: 0 } }] },
      { role: "user", at: "messages[0]", blocks: [{ text: "Hi", at: "messages[0].content" }] },
      { role: "system", at: "messages[1]", extras: { [NAME]: { clear_at: "never" } } },
      { role: "assistant", blocks: [] },
    ]);
  });

  test("tells tools, its own and the provider's", () => {
    const { tools } = conversationOf({
      tools: [
        { name: "look", description: "looks", input_schema: { type: "object" }, strict: true, cache_control: { type: "ephemeral", scope: "global" }, defer_loading: true },
        { type: "custom", name: "bare" },
        { type: "web_search_20250305", name: "web_search", max_uses: 2 },
        { type: "bash_20250124", name: "bash" },
      ],
    });
    expect(tools).toMatchObject([
      { kind: "function", at: "tools[0]", name: "look", description: "looks", schema: { type: "object" }, isStrict: true, cache: { ttlSeconds: 0 }, extras: { [NAME]: { defer_loading: true, cache_control: { scope: "global" } } } },
      { kind: "function", name: "bare", description: "", schema: null, isStrict: null },
      { kind: "hosted", at: "tools[2]", protocol: NAME, name: "web_search", purpose: "web-search", value: { max_uses: 2 } },
      { kind: "hosted", name: "bash", purpose: "other" },
    ]);
  });

  test.each([
    [{ type: "auto" }, { toolChoice: { mode: "auto" }, isParallel: null }],
    [{ type: "any", disable_parallel_tool_use: true }, { toolChoice: { mode: "required" }, isParallel: false }],
    [{ type: "tool", name: "look", disable_parallel_tool_use: false }, { toolChoice: { mode: "tool", name: "look" }, isParallel: true }],
    [{ type: "none" }, { toolChoice: { mode: "none" }, isParallel: null }],
  ])("chooses among tools: %j", (choice, expected) => {
    expect(conversationOf({ tool_choice: choice })).toMatchObject(expected);
  });

  test.each<[Members, object | null]>([
    [{}, null],
    [{ thinking: { type: "enabled", budget_tokens: 2048 } }, { effort: null, budgetTokens: 2048, isAdaptive: false, isShown: true }],
    [{ thinking: { type: "enabled", budget_tokens: 2048, display: "omitted" } }, { budgetTokens: 2048, isShown: false }],
    [{ thinking: { type: "adaptive" } }, { isAdaptive: true, isShown: null }],
    [{ thinking: { type: "adaptive", display: "omitted" }, output_config: { effort: "xhigh" } }, { effort: "xhigh", budgetTokens: null, isAdaptive: true, isShown: false }],
    [{ thinking: { type: "disabled" }, output_config: { effort: "low" } }, { effort: "none", budgetTokens: 0, isAdaptive: false }],
    [{ output_config: { effort: "high" } }, { effort: "high", budgetTokens: null, isAdaptive: false }],
  ])("asks for thinking: %j", (members, expected) => {
    if (expected === null) expect(conversationOf(members).reasoning).toBeNull();
    else expect(conversationOf(members).reasoning).toMatchObject(expected);
  });

  test.each(["output_config", "output_format"])("asks for a format in %s", (member) => {
    const format = { type: "json_schema", schema: { type: "object" } };
    expect(conversationOf(member === "output_format" ? { output_format: format } : { output_config: { format } }).format).toMatchObject({ kind: "schema", schema: { type: "object" } });
  });

  test("keeps what the model has no name for, and the betas of its header", () => {
    const { extras, userId, serviceTier } = conversationOf(
      { context_management: { edits: [] }, metadata: { user_id: "u", team: "t" }, service_tier: "auto", output_config: { task_budget: { total: 5 } }, anthropic_beta: ["c"] },
      { "anthropic-beta": ["a, b", "a"] },
    );
    expect(extras).toEqual({ [NAME]: { context_management: { edits: [] }, metadata: { team: "t" }, output_config: { task_budget: { total: 5 } }, "anthropic-beta": ["a", "b", "c"] } });
    expect([userId, serviceTier]).toEqual(["u", "auto"]);
  });

  test("needs no limit: token counting sends none", () => {
    const conversation = codec.decodeRequest(Buffer.from('{"model":"m","messages":[{"role":"user","content":"Hi"}]}'), askedOf());
    expect(isInvalid(conversation)).toBe(false);
    expect(conversation).toMatchObject({ sampling: { maxOutputTokens: null } });
  });

  test("may not ask for nothing but a warm cache: there is none where it is translated to", () => {
    expect(codec.decodeRequest(Buffer.from(JSON.stringify(bodyOf({ max_tokens: 0 }))), askedOf())).toMatchObject({ parameter: "max_tokens" });
  });
});

describe("a body that cannot be understood is refused with the place of it", () => {
  test.each([
    ["not JSON", "{", ""],
    ["a list", "[]", ""],
    ["no messages", "{}", "messages"],
    ["a message that is none", '{"messages":[1]}', "messages[0]"],
    ["a role that is none", '{"messages":[{"role":"tool","content":"x"}]}', "messages[0].role"],
    ["a role from elsewhere", '{"messages":[{"role":"constructor","content":"x"}]}', "messages[0].role"],
    ["content that is none", '{"messages":[{"role":"user","content":5}]}', "messages[0].content"],
    ["a string among blocks", '{"messages":[{"role":"user","content":["x"]}]}', "messages[0].content[0]"],
    ["a block without a type", '{"messages":[{"role":"user","content":[{"text":"x"}]}]}', "messages[0].content[0].type"],
    ["a block inside a result", '{"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[7]}]}]}', "messages[0].content[0].content[0]"],
    ["tools that are none", '{"messages":[],"tools":{}}', "tools"],
    ["a tool without a name", '{"messages":[],"tools":[{"input_schema":{}}]}', "tools[0].name"],
    ["a choice that is a word", '{"messages":[],"tool_choice":"auto"}', "tool_choice"],
    ["a choice of another protocol", '{"messages":[],"tool_choice":{"type":"function"}}', "tool_choice.type"],
    ["a limit in words", '{"messages":[],"max_tokens":"many"}', "max_tokens"],
    ["one stop string", '{"messages":[],"stop_sequences":"x"}', "stop_sequences"],
  ])("%s", (_, body, parameter) => {
    const conversation = codec.decodeRequest(Buffer.from(body), askedOf());
    expect(conversation).toMatchObject({ parameter });
    expect("problem" in conversation && conversation.problem.length).toBeGreaterThan(10);
  });
});
