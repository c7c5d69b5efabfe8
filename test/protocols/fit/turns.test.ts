// Turns and blocks where a target wants them otherwise: system prompts, results of tools, media, marks of the cache.
import { describe, expect, test } from "vitest";
import type { Abilities } from "../../../dataplane/protocols/abilities.ts";
import type { Block, Conversation, FileBlock, Source } from "../../../dataplane/protocols/ir.ts";
import { asking, call, fitTo, result, text, told, turn, user } from "./asking.ts";

const roles = ({ turns }: Conversation): string[] => turns.map(({ role }) => role);
/** Kinds of the blocks, turn by turn, with ids of calls and results. */
const shape = ({ turns }: Conversation): string[] => turns.map(({ role, blocks }) => `${role}: ${blocks.map((block) => ("id" in block ? `${block.kind} ${block.id}` : block.kind)).join(", ")}`);

const image = (source: Source, at = "image"): Block => ({ kind: "image", at, source });
const bytes = (mediaType: string, content = "hello"): Source => ({ kind: "bytes", data: Buffer.from(content).toString("base64"), mediaType });
const url = (address: string): Source => ({ kind: "url", url: address });

describe("system prompts", () => {
  test("in the middle keep their place as marked text of the user's where only leading ones are known", () => {
    const fitted = fitTo({ system: "leading" }, asking({ turns: [turn("developer", text("a")), turn("system", text("b")), user("c"), turn("system", text("d")), user("e")] }));
    expect(roles(fitted.conversation)).toEqual(["developer", "system", "user", "user", "user"]);
    expect(fitted.conversation.turns[3]?.blocks[0]).toMatchObject({ text: "<system>\nd\n</system>" });
    expect(told(fitted)).toEqual(["system turn approximated minor"]);
  });

  test("in the middle stay where they are known", () => {
    const conversation = asking({ turns: [user("c"), turn("system", text("d")), user("e")] });
    expect(fitTo({}, conversation).conversation).toBe(conversation);
  });

  test("alone ask as a user does, because somebody must ask", () => {
    const fitted = fitTo({ system: "leading" }, asking({ turns: [turn("system", text("a")), turn("system", text("b"))] }));
    expect(roles(fitted.conversation)).toEqual(["system", "user"]);
  });
});

describe("texts of nothing", () => {
  test("go beside others, and a model's turn of nothing goes as a whole", () => {
    const fitted = fitTo({}, asking({ turns: [turn("user", text(""), text("a")), turn("assistant", text("")), user("b")] }));
    expect(shape(fitted.conversation)).toEqual(["user: text", "user: text"]);
    expect(fitted.losses).toEqual([]);
  });

  test("stay as the last thing that the user said: the provider judges them", () => {
    expect(shape(fitTo({}, asking({ turns: [user("a"), turn("assistant", text("b")), user("")] })).conversation)).toEqual(["user: text", "assistant: text", "user: text"]);
  });

  test("stay where something opaque hangs on them", () => {
    const block: Block = { kind: "text", at: "", text: "", opaques: [{ kind: "signature", origin: "gemini", value: "s" }] };
    expect(shape(fitTo({}, asking({ turns: [user("a"), turn("assistant", block), user("b")] }), "gemini/vertex-ai").conversation)[1]).toBe("assistant: text");
  });
});

describe("the ends of a conversation", () => {
  test("a beginning of the answer is missed where the model cannot go on with it", () => {
    const fitted = fitTo({ hasPrefill: false }, asking({ turns: [user("a"), turn("assistant", text("{"))] }));
    expect(told(fitted)).toEqual(["assistant turn unsupported major"]);
    expect(roles(fitted.conversation)).toEqual(["user"]);
  });

  test("the model's turn as the first stands behind words that say so", () => {
    const fitted = fitTo({ mayBeginWithAssistant: false }, asking({ turns: [turn("system", text("s")), turn("assistant", text("Hi!")), user("a")] }));
    expect(roles(fitted.conversation)).toEqual(["system", "user", "assistant", "user"]);
    expect(told(fitted)).toEqual(["assistant turn approximated major"]);
  });
});

describe("results of tools", () => {
  const laidOut = (turns: Conversation["turns"], abilities: Partial<Abilities> = {}) => fitTo(abilities, asking({ turns }));

  test("that lie as they should stay as they are", () => {
    const conversation = asking({ turns: [user("a"), turn("assistant", text("b"), call("1", "f"), call("2", "f")), turn("user", result("1", { name: "f" }), result("2", { name: "f" }), text("c"))] });
    expect(fitTo({}, conversation).conversation).toBe(conversation);
  });

  test("of one step come in one turn, before the text, in the order of the calls", () => {
    const fitted = laidOut([user("a"), turn("assistant", call("1", "f"), call("2", "g")), turn("user", text("note"), result("2")), turn("user", result("1"))]);
    expect(shape(fitted.conversation)).toEqual(["user: text", "assistant: tool-call 1, tool-call 2", "user: tool-result 1, tool-result 2, text"]);
    expect(fitted.losses).toEqual([]);
  });

  test("know the names of their tools", () => {
    expect(laidOut([user("a"), turn("assistant", call("1", "f")), turn("user", result("1"))]).conversation.turns[2]?.blocks[0]).toMatchObject({ name: "f" });
  });

  test("of calls in turns that follow each other stand behind one turn with all the calls", () => {
    const fitted = laidOut([user("a"), turn("assistant", call("1", "f")), turn("assistant", call("2", "f")), turn("user", result("1")), turn("user", result("2"))]);
    expect(shape(fitted.conversation)).toEqual(["user: text", "assistant: tool-call 1, tool-call 2", "user: tool-result 1, tool-result 2"]);
  });

  test("that are missing are put in as errors, and it is told", () => {
    const fitted = laidOut([user("a"), turn("assistant", call("1", "f"), call("2", "f")), turn("user", result("2"), text("go on"))]);
    expect(shape(fitted.conversation)[2]).toBe("user: tool-result 1, tool-result 2, text");
    expect(fitted.conversation.turns[2]?.blocks[0]).toMatchObject({ isError: true });
    expect(told(fitted)).toEqual(["call 1 approximated minor"]);
  });

  test("that are missing stay missing where they are not needed", () => {
    expect(told(laidOut([user("a"), turn("assistant", call("1", "f")), user("b")], { needsEveryResult: false }))).toEqual([]);
  });

  test("of a call that nobody made, and second ones, are not sent", () => {
    const fitted = laidOut([user("a"), turn("assistant", call("1", "f")), turn("user", result("1"), result("1"), result("9"))]);
    expect(shape(fitted.conversation)[2]).toBe("user: tool-result 1");
    expect(told(fitted)).toEqual(["result 1 unsupported major", "result 9 unsupported major"]);
  });

  test("that come late go to their call", () => {
    const fitted = laidOut([user("a"), turn("assistant", call("1", "f")), user("wait"), turn("assistant", text("ok")), turn("user", result("1"), text("now"))]);
    expect(shape(fitted.conversation)).toEqual(["user: text", "assistant: tool-call 1", "user: tool-result 1, text", "assistant: text", "user: text"]);
    expect(told(fitted)).toEqual(["result 1 approximated minor"]);
  });

  test("stand before a system prompt that stood between", () => {
    const turns = [user("a"), turn("assistant", call("1", "f")), turn("system", text("s")), turn("user", result("1"))];
    expect(shape(laidOut(turns).conversation)).toEqual(["user: text", "assistant: tool-call 1", "user: tool-result 1", "system: text"]);
    expect(shape(laidOut(turns, { system: "leading" }).conversation)).toEqual(["user: text", "assistant: tool-call 1", "user: tool-result 1, text"]);
  });

  test("are the provider's to judge where both sides speak the same", () => {
    const conversation = asking({ protocol: "openai-responses", turns: [turn("user", result("9"), user("a").blocks[0] as Block)] });
    expect(fitTo({}, conversation, "openai-responses/azure").conversation).toBe(conversation);
  });

  test("hand their images on to words behind them where they may hold text only", () => {
    const picture = image(bytes("image/png"), "picture");
    const fitted = laidOut([user("a"), turn("assistant", call("1", "shot"), call("2", "f")), turn("user", result("1", { content: [text("see"), picture] }), result("2"), text("note"))], { resultMedia: new Set() });
    expect(shape(fitted.conversation)[2]).toBe("user: tool-result 1, tool-result 2, text, image, text");
    expect(fitted.conversation.turns[2]?.blocks[0]).toMatchObject({ content: [{ text: "see" }, { text: "[Image 1 of the result of shot (1) follows below]" }] });
    expect(fitted.conversation.turns[2]?.blocks[2]).toMatchObject({ text: "Image 1 of the result of shot (1):" });
    expect(told(fitted)).toEqual(["picture approximated minor"]);
  });

  test("say in words that they are errors where there is no flag", () => {
    const fitted = laidOut([user("a"), turn("assistant", call("1", "f")), turn("user", result("1", { isError: true }))], { hasResultErrors: false });
    expect(fitted.conversation.turns[2]?.blocks[0]).toMatchObject({ isError: false, content: [{ text: "[The tool reported an error]" }, { text: "42" }] });
    expect(told(fitted)).toEqual(["result 1 approximated minor"]);
  });
});

describe("media", () => {
  const about = (block: Block, abilities: Partial<Abilities>) => fitTo(abilities, asking({ turns: [turn("user", text("See:"), block)] }));
  const file = (source: Source, name = "", more: Partial<FileBlock> = {}): Block => ({ kind: "file", at: "file", source, name, ...more });

  test("images by address stay where addresses are taken, and are listed to be fetched where they are not", () => {
    const block = image(url("https://x.test/a.png"));
    expect(about(block, {}).fetches).toEqual([]);
    const fitted = about(block, { imageSources: ["bytes"] });
    expect(fitted.fetches).toEqual([{ url: "https://x.test/a.png", kind: "image", at: "image" }]);
    expect(fitted.losses).toEqual([]);
    const whole = fitted.withFetched(new Map([["https://x.test/a.png", { data: "aGk=", mediaType: "image/png; charset=binary" }]]));
    expect(whole.conversation.turns[0]?.blocks[1]).toMatchObject({ source: { kind: "bytes", data: "aGk=", mediaType: "image/png" } });
    expect(whole.fetches).toEqual([]);
  });

  const lost: readonly [string, Block, Partial<Abilities>, string][] = [
    ["an image where none is taken", image(bytes("image/png")), { imageSources: [] }, "image unsupported major"],
    ["an image by address where neither addresses nor bytes are", image(url("https://x.test/a")), { imageSources: [] }, "image unsupported major"],
    ["an image in another provider's account", image({ kind: "stored", protocol: "openai-responses", id: "file-1", mediaType: "" }), {}, "image foreign major"],
    ["a file in another provider's account", file({ kind: "stored", protocol: "openai-chat", id: "file-1", mediaType: "" }), {}, "file foreign major"],
    ["a document of a type that is not taken", file(bytes("application/pdf")), { fileTypes: ["text/plain"] }, "file unsupported major"],
    ["sound of a format that is not taken", { kind: "audio", at: "audio", source: bytes("audio/flac"), format: "" }, {}, "audio unsupported major"],
    ["video", { kind: "video", at: "video", source: bytes("video/mp4") }, { hasVideo: false }, "video unsupported major"],
  ];
  test.each(lost)("%s is lost, and the rest is sent", (_, block, abilities, loss) => {
    const fitted = about(block, abilities);
    expect(told(fitted)).toEqual([loss]);
    expect(fitted.conversation.turns[0]?.blocks).toEqual([text("See:")]);
  });

  test("sound that the model spoke is its words where sound is not taken", () => {
    const fitted = about({ kind: "audio", at: "audio", source: bytes(""), format: "wav", transcript: "Hello" }, { audioFormats: [] });
    expect(fitted.conversation.turns[0]?.blocks[1]).toMatchObject({ kind: "text", text: "Hello" });
    expect(told(fitted)).toEqual(["audio approximated minor"]);
  });

  test("the format of sound is told by its type", () => {
    expect(about({ kind: "audio", at: "", source: bytes("audio/mpeg"), format: "" }, {}).conversation.turns[0]?.blocks[1]).toMatchObject({ format: "mp3" });
  });

  const files: readonly [string, Block, Partial<Abilities>, object][] = [
    ["a text as bytes is a text where bytes of it are not taken", file(bytes("text/csv"), "a.csv"), { fileSources: ["text"] }, { kind: "file", source: { kind: "text", text: "hello", mediaType: "text/csv" } }],
    ["a text is told in the turn where no files are taken", file(bytes("", "hello"), "a.md"), { fileSources: [] }, { kind: "text", text: "File a.md:\nhello" }],
    ["a text is bytes where texts are taken as bytes", file({ kind: "text", text: "hello", mediaType: "" }), { fileSources: ["bytes"] }, { kind: "file", source: { kind: "bytes", data: "aGVsbG8=", mediaType: "text/plain" } }],
    ["a type that nobody told is told by the name", file(bytes("application/octet-stream"), "a.PDF"), { fileTypes: ["application/pdf"] }, { source: { mediaType: "application/pdf" } }],
  ];
  test.each(files)("%s", (_, block, abilities, expected) => {
    const fitted = about(block, abilities);
    expect(fitted.conversation.turns[0]?.blocks[1]).toMatchObject(expected);
    expect(fitted.losses.every(({ severity }) => severity === "minor")).toBe(true);
  });

  test("a text by address is fetched, and judged when its type is known", () => {
    const fitted = about(file(url("https://x.test/notes.txt?x=1")), { fileSources: [] });
    expect(fitted.fetches).toMatchObject([{ kind: "file" }]);
    expect(fitted.withFetched(new Map([["https://x.test/notes.txt?x=1", { data: "aGk=", mediaType: "" }]])).conversation.turns[0]?.blocks[1]).toMatchObject({ kind: "text", text: "hi" });
  });

  test("inside results of tools are looked at too", () => {
    const turns = [user("a"), turn("assistant", call("1", "f")), turn("user", result("1", { content: [image(url("https://x.test/a.png"))] }))];
    expect(fitTo({ imageSources: ["bytes"] }, asking({ turns })).fetches).toHaveLength(1);
  });
});

describe("what only its maker can read", () => {
  const thought = (origin: string, words: string): Block => ({ kind: "reasoning", at: "thought", text: words, isSummary: false, opaques: [{ kind: "signature", origin, value: "s" }] });
  const after = (block: Block, origin: string) => fitTo({}, asking({ turns: [user("a"), turn("assistant", block, text("b")), user("c")] }), origin);

  test("goes back to its maker", () => {
    expect(after(thought("gemini/vertex-ai", "hm"), "gemini/vertex-ai").conversation.turns[1]?.blocks[0]).toMatchObject({ opaques: [{ value: "s" }] });
  });

  test("is taken off for others, and thinking of which nothing else is known goes", () => {
    const fitted = after(thought("gemini/gemini", "hm"), "anthropic-messages/anthropic");
    expect(fitted.conversation.turns[1]?.blocks[0]).toEqual({ kind: "reasoning", at: "thought", text: "hm", isSummary: false });
    expect(told(fitted)).toEqual(["thought foreign minor"]);
    expect(shape(after(thought("gemini/gemini", ""), "anthropic-messages/anthropic").conversation)[1]).toBe("assistant: text");
  });

  test("names that another side gave to things are taken off without a word", () => {
    const fitted = after({ ...text("b"), opaques: [{ kind: "id", origin: "openai-responses", value: "msg_1" }] } as Block, "anthropic-messages/anthropic");
    expect(fitted.losses).toEqual([]);
    expect(fitted.conversation.turns[1]?.blocks[0]).not.toHaveProperty("opaques");
  });
});

describe("blocks that only their own protocol understands", () => {
  const foreign = (words: string, more: object = {}): Block => ({ kind: "foreign", at: "item", protocol: "openai-responses", type: "web_search_call", value: {}, text: words, ...more });
  const inTurn = (role: "user" | "assistant", block: Block, origin = "anthropic-messages/anthropic") => fitTo({}, asking({ turns: [user("a"), turn(role, block, text("b")), user("c")] }), origin);

  test("leave the text that others can read", () => {
    const fitted = inTurn("assistant", foreign("Found: x"));
    expect(fitted.conversation.turns[1]?.blocks[0]).toMatchObject({ kind: "text", text: "Found: x" });
    expect(told(fitted)).toEqual(["item approximated minor"]);
  });

  test("are missed when the client said them, or when they are needed, and not when a model did", () => {
    expect(told(inTurn("assistant", foreign("")))).toEqual(["item foreign minor"]);
    expect(told(inTurn("user", foreign("")))).toEqual(["item foreign major"]);
    expect(told(inTurn("assistant", foreign("", { isNeeded: true })))).toEqual(["item foreign major"]);
  });

  test("stay for their own protocol", () => {
    expect(inTurn("assistant", foreign(""), "openai-responses/azure").losses).toEqual([]);
  });
});

describe("marks of the cache", () => {
  const marked = (words: string): Block => ({ kind: "text", at: words, text: words, cache: { ttlSeconds: 0 } });
  const turns = [turn("system", marked("1")), turn("user", marked("2"), marked("3"))];

  test("beyond what the target takes: the oldest go", () => {
    const fitted = fitTo({ cacheMarksMax: 2 }, asking({ turns }));
    expect(fitted.conversation.turns.flatMap(({ blocks }) => blocks.map((block) => "cache" in block))).toEqual([false, true, true]);
    expect(told(fitted)).toEqual(["1 limited minor"]);
  });

  test("all go where none are taken", () => {
    expect(told(fitTo({ cacheMarksMax: 0 }, asking({ turns })))).toEqual(["1 unsupported minor", "2 unsupported minor", "3 unsupported minor"]);
  });

  test("within what it takes stay", () => {
    const conversation = asking({ turns });
    expect(fitTo({}, conversation).conversation).toBe(conversation);
  });
});
