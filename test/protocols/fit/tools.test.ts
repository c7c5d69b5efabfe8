// Tools, choices among them, their names and the ids of their calls, for targets that know less of them.
import { describe, expect, test } from "vitest";
import type { Abilities } from "../../../dataplane/protocols/abilities.ts";
import type { Block, Conversation, Event, Tool, ToolCallBlock, ToolChoice } from "../../../dataplane/protocols/ir.ts";
import { answer, asking, call, custom, fitTo, growing, result, text, told, tool, turn, user } from "./asking.ts";

const hosted = (purpose: "web-search" | "other"): Tool => ({ kind: "hosted", at: "tools[0]", protocol: "openai-responses", name: "web_search", purpose, value: { type: "web_search" } });
const namesOf = ({ tools }: Conversation): string[] => tools.map(({ name }) => name);
const callsOf = ({ turns }: Conversation): ToolCallBlock[] => turns.flatMap(({ blocks }) => blocks.filter((block) => block.kind === "tool-call"));
const resultIds = ({ turns }: Conversation): string[] => turns.flatMap(({ blocks }) => blocks.flatMap((block) => (block.kind === "tool-result" ? [block.id] : [])));
const without = (...modes: readonly string[]): Partial<Abilities> => ({ toolChoices: new Set((["auto", "none", "required", "tool", "allowed"] as const).filter((mode) => !modes.includes(mode))) });

const history = [user("a"), turn("assistant", call("c1", "f")), turn("user", result("c1"))];

describe("a tool that the provider runs", () => {
  test("is missed by name where another provider is asked", () => {
    const fitted = fitTo({}, asking({ protocol: "openai-responses", tools: [hosted("other"), tool("f")] }));
    expect(told(fitted)).toEqual(["tools[0] unsupported major"]);
    expect(namesOf(fitted.conversation)).toEqual(["f"]);
  });

  test("stays when it searches the web and the target can do that too", () => {
    const fitted = fitTo({}, asking({ protocol: "openai-responses", tools: [hosted("web-search")] }));
    expect(told(fitted)).toEqual(["tools[0] approximated minor"]);
    expect(fitted.conversation.tools).toHaveLength(1);
  });

  test("stays for its own protocol", () => {
    const conversation = asking({ protocol: "openai-responses", tools: [hosted("other")] });
    expect(fitTo({}, conversation, "openai-responses/azure").conversation).toMatchObject({ tools: conversation.tools });
  });
});

describe("a target without tools", () => {
  test("loses each of them, and reads the history of tools as text", () => {
    const fitted = fitTo({ hasTools: false }, asking({ turns: history, tools: [tool("f")], toolChoice: { mode: "auto" }, isParallel: true }));
    expect(told(fitted).filter((loss) => loss.endsWith("major"))).toEqual(["tool f unsupported major"]);
    expect(fitted.conversation).toMatchObject({ tools: [], toolChoice: null, isParallel: null });
    expect(JSON.stringify(fitted.conversation.turns)).toMatch(/Called the tool f with \{\}.*Result of the tool.*42/);
  });

  test("takes a conversation without tools as it is", () => {
    const conversation = asking();
    expect(fitTo({ hasTools: false }, conversation).conversation).toBe(conversation);
  });
});

describe("a choice among tools", () => {
  const tools = [tool("f"), tool("g"), tool("h")];
  const rows: readonly [string, ToolChoice, Partial<Abilities>, string[], ToolChoice | null, string[]][] = [
    ["a subset is the others left out, in their order", { mode: "allowed", names: ["h", "f"], isRequired: false }, without("allowed"), ["f", "h"], null, []],
    ["a subset that must be called is the others left out and a call forced", { mode: "allowed", names: ["g"], isRequired: true }, without("allowed"), ["g"], { mode: "required" }, []],
    ["one tool is all others left out and a call forced", { mode: "tool", name: "g" }, without("tool"), ["g"], { mode: "required" }, []],
    ["none is all left out", { mode: "none" }, without("none"), [], null, []],
    ["auto is what everybody does", { mode: "auto" }, without("auto"), ["f", "g", "h"], null, []],
    ["a call that cannot be forced is missed", { mode: "required" }, without("required", "tool"), ["f", "g", "h"], null, ["toolChoice unsupported major"]],
    ["a choice that the target knows stays", { mode: "tool", name: "g" }, {}, ["f", "g", "h"], { mode: "tool", name: "g" }, []],
    ["a tool that is not there is not chosen", { mode: "tool", name: "x" }, {}, ["f", "g", "h"], null, []],
  ];
  test.each(rows)("%s", (_, toolChoice, abilities, names, expected, losses) => {
    const fitted = fitTo(abilities, asking({ tools, toolChoice }));
    expect(namesOf(fitted.conversation)).toEqual(names);
    expect(fitted.conversation.toolChoice).toEqual(expected);
    expect(told(fitted)).toEqual(losses);
  });

  test("none keeps the tools that the history needs, and tells the model", () => {
    const fitted = fitTo(without("none"), asking({ turns: history, tools, toolChoice: { mode: "none" } }));
    expect(namesOf(fitted.conversation)).toEqual(["f", "g", "h"]);
    expect(fitted.conversation.turns[0]).toMatchObject({ role: "system" });
    expect(told(fitted)).toEqual(["toolChoice approximated minor"]);
  });

  test("without tools is no choice, and neither is one of calling side by side", () => {
    const fitted = fitTo({}, asking({ toolChoice: { mode: "auto" }, isParallel: false }));
    expect(fitted.conversation).toMatchObject({ toolChoice: null, isParallel: null });
    expect(fitted.losses).toEqual([]);
  });

  test("calls one at a time cannot be had everywhere; calls side by side need not be asked for", () => {
    expect(told(fitTo({ hasParallelSwitch: false }, asking({ tools, isParallel: false })))).toEqual(["isParallel unsupported minor"]);
    expect(told(fitTo({ hasParallelSwitch: false }, asking({ tools, isParallel: true })))).toEqual([]);
  });
});

describe("names of tools", () => {
  const turns = [user("a"), turn("assistant", call("c1", "files.read")), turn("user", result("c1", { name: "files.read" }))];
  const conversation = asking({ turns, tools: [tool("files.read"), tool("files_read"), tool("x".repeat(80))], toolChoice: { mode: "tool", name: "files.read" } });
  const fitted = fitTo({}, conversation);
  const [read = "", other, long = ""] = namesOf(fitted.conversation);

  test("become such as the target takes, each another, and lose nothing", () => {
    expect(other).toBe("files_read");
    for (const name of [read, long]) expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
    expect(new Set([read, other, long]).size).toBe(3);
    expect(fitted.losses).toEqual([]);
  });

  test("are the same in the history and in the choice", () => {
    expect(callsOf(fitted.conversation)[0]?.name).toBe(read);
    expect(fitted.conversation.turns[2]?.blocks[0]).toMatchObject({ name: read });
    expect(fitted.conversation.toolChoice).toEqual({ mode: "tool", name: read });
  });

  test("are the same in every request, whatever other tools there are", () => {
    expect(namesOf(fitTo({}, asking({ tools: [tool("files.read")] })).conversation)).toEqual([read]);
  });

  test("are the client's own again in what comes back, whole or growing", () => {
    expect(fitted.undo.reply(answer([call("c9", read), call("c8", "files_read")], "tool-calls")).choices[0]?.blocks).toMatchObject([{ name: "files.read" }, { name: "files_read" }]);
    expect(fitted.undo.event({ kind: "block-start", choice: 0, index: 0, head: { kind: "tool-call", id: "c9", name: long, isCustom: false } })).toMatchObject([{ head: { name: "x".repeat(80) } }]);
  });

  test("do not meet when one is already what another becomes", () => {
    const both = fitTo({}, asking({ tools: [tool(read), tool("files.read")] }));
    expect(new Set(namesOf(both.conversation)).size).toBe(2);
    expect(namesOf(both.conversation)[0]).toBe(read);
  });

  test("begin with a letter where they must", () => {
    const strict = { toolName: { pattern: /^[a-zA-Z_][a-zA-Z0-9_.-]*$/, lengthMax: 20 } };
    const [name = ""] = namesOf(fitTo(strict, asking({ tools: [tool("1/搜索")] })).conversation);
    expect(name).toMatch(/^[a-zA-Z_][a-zA-Z0-9_.-]{0,19}$/);
  });
});

describe("ids of calls", () => {
  const nine: Partial<Abilities> = { callId: { pattern: /^[a-zA-Z0-9]{9}$/, lengthMax: 9 } };
  const idsFor = (abilities: Partial<Abilities>, turns: Conversation["turns"]): [string[], string[]] => {
    const { conversation } = fitTo(abilities, asking({ turns }));
    return [callsOf(conversation).map(({ id }) => id), resultIds(conversation)];
  };

  test("that the target takes stay", () => {
    expect(idsFor({}, history)).toEqual([["c1"], ["c1"]]);
  });

  test("that it does not take become such as it takes, calls and results alike, the same every time", () => {
    const turns = [user("a"), turn("assistant", call("toolu_01/x", "f"), call("call_2", "f")), turn("user", result("call_2"), result("toolu_01/x"))];
    const [calls, results] = idsFor(nine, turns);
    for (const id of calls) expect(id).toMatch(/^[a-zA-Z0-9]{9}$/);
    expect(results).toEqual(calls);
    expect(new Set(calls).size).toBe(2);
    expect(idsFor(nine, [...turns, user("more")])[0]).toEqual(calls);
  });

  test("that are missing are given, each another, and stay while the history grows", () => {
    const step = [turn("assistant", call("", "f"), call("", "f"), call("", "g")), turn("user", result("", { name: "f" }), result("", { name: "f" }), result("", { name: "g" }))];
    const [calls, results] = idsFor({}, [user("a"), ...step]);
    expect(new Set(calls).size).toBe(3);
    expect(results).toEqual(calls);
    expect(idsFor({}, [user("a"), ...step, ...step])[0].slice(0, 3)).toEqual(calls);
  });

  test("that are unique within one answer only are made different, and results go with the nearest call", () => {
    const step = (value: string) => [turn("assistant", call("call_0", "f")), turn("user", result("call_0", { content: [text(value)] }))];
    const [calls, results] = idsFor({}, [user("a"), ...step("1"), ...step("2"), ...step("3")]);
    expect(calls[0]).toBe("call_0");
    expect(new Set(calls).size).toBe(3);
    expect(results).toEqual(calls);
  });

  test("are left alone by a target that has none", () => {
    expect(idsFor({ callId: null }, [user("a"), turn("assistant", call("any/thing", "f")), turn("user", result("any/thing"))])).toEqual([["any/thing"], ["any/thing"]]);
  });

  test("that a provider leaves out are given on the way back: the same for the same answer, another for each call", () => {
    const reply = answer([call("", "f"), call("", "f"), call("own", "f")], "tool-calls");
    const undone = () => fitTo({}, asking({ tools: [tool("f")] })).undo.reply(reply).choices[0]?.blocks.map((block) => (block as ToolCallBlock).id);
    const ids = undone() ?? [];
    expect(ids[2]).toBe("own");
    expect(new Set(ids).size).toBe(3);
    expect(undone()).toEqual(ids);
    const later = fitTo({}, asking({ turns: history, tools: [tool("f")] })).undo.reply(reply).choices[0]?.blocks[0];
    expect(later).not.toMatchObject({ id: ids[0] });
  });
});

describe("an answer to a question with tools", () => {
  const { undo } = fitTo({}, asking({ tools: [tool("f")] }));
  const words = (index: number) => ({ kind: "text", choice: 0, index, text: "a" }) as const;

  test("stays what it is where it calls none", () => {
    const reply = answer([text("No need to.")]);
    expect(undo.reply(reply)).toBe(reply);
  });

  test("is of no concern until it calls one", () => {
    expect(undo.concerns({ kind: "block-start", choice: 0, index: 0, head: { kind: "text" } })).toBe(false);
    expect(undo.concerns(words(0))).toBe(false);
    expect(undo.concerns({ kind: "block-start", choice: 0, index: 1, head: { kind: "tool-call", id: "", name: "f", isCustom: false } })).toBe(true);
    expect(undo.concerns(words(1))).toBe(true);
  });
});

describe("a tool that takes free text", () => {
  const patch = '*** Begin "x" \\ 😀\n+line\u0001';
  const turns = [user("a"), turn("assistant", call("c1", "edit", { arguments: patch, isCustom: true })), turn("user", result("c1", { isCustom: true }))];
  const fitted = () => fitTo({ customTools: "emulated" }, asking({ turns, tools: [custom("edit")] }));

  test("is a function with one string, in the history too, and loses nothing", () => {
    const { conversation, losses } = fitted();
    expect(conversation.tools[0]).toMatchObject({ kind: "function", name: "edit", schema: { properties: { input: { type: "string" } } } });
    expect(JSON.parse(callsOf(conversation)[0]?.arguments ?? "")).toEqual({ input: patch });
    expect(conversation.turns.flatMap(({ blocks }) => blocks).some((block) => "isCustom" in block)).toBe(false);
    expect(losses).toEqual([]);
  });

  test("comes back as the text that it was", () => {
    expect(fitted().undo.reply(answer([call("c2", "edit", { arguments: JSON.stringify({ input: patch }) })], "tool-calls")).choices[0]?.blocks).toMatchObject([{ arguments: patch, isCustom: true }]);
  });

  test("comes back so wherever its arguments are cut, without half a character", () => {
    const sent = JSON.stringify({ input: patch }).replace("😀", "\\ud83d\\ude00");
    for (let cut = 0; cut <= sent.length; cut += 1) {
      const { undo } = fitted();
      const events = growing({ kind: "tool-call", id: "c2", name: "edit", isCustom: false }, [sent.slice(0, cut), sent.slice(cut)]).flatMap((event) => undo.event(event));
      const pieces = events.flatMap((event) => (event.kind === "text" ? [event.text] : []));
      expect(pieces.join(""), `cut at ${cut}`).toBe(patch);
      expect(pieces.every((piece) => piece.isWellFormed()), `cut at ${cut}`).toBe(true);
    }
  });

  test("passes its text on while it grows", () => {
    const { undo } = fitted();
    const [begin, first, second] = growing({ kind: "tool-call", id: "c2", name: "edit", isCustom: false }, ['{"input":"ab', 'cd"}']) as [Event, Event, Event];
    undo.event(begin);
    expect(undo.event(first)).toMatchObject([{ text: "ab" }]);
    expect(undo.event(second)).toMatchObject([{ text: "cd" }]);
  });

  const odd: readonly [string, string, string][] = [
    ["no arguments", "", ""],
    ["no JSON", "free text", "free text"],
    ["a bare string", '"text"', "text"],
    ["a broken end", '{"input":"ab', "ab"],
    ["another name for the string", '{"patch":"ab"}', "ab"],
    ["no string", '{"input":5}', '{"input":5}'],
  ];
  test.each(odd)("comes back as well as can be when the model wrote %s", (_, written, expected) => {
    expect(fitted().undo.reply(answer([call("c2", "edit", { arguments: written })], "tool-calls")).choices[0]?.blocks).toMatchObject([{ arguments: expected, isCustom: true }]);
  });

  test("with a grammar tells the model of it, because nobody enforces it there", () => {
    const grammar = fitTo({ customTools: "emulated" }, asking({ tools: [custom("edit", { type: "grammar", syntax: "lark", definition: "start: A" })] }));
    expect(told(grammar)).toEqual(["tool edit approximated minor"]);
    expect(JSON.stringify(grammar.conversation.tools)).toContain("start: A");
  });

  test("is missed where it cannot be had in any way", () => {
    expect(told(fitTo({ customTools: "none" }, asking({ tools: [custom("edit")] })))).toEqual(["tool edit unsupported major"]);
  });

  test("stays what it is where it is known", () => {
    const conversation = asking({ tools: [custom("edit")] });
    expect(fitTo({}, conversation).conversation).toBe(conversation);
  });
});

describe("answers in JSON", () => {
  const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
  const format = { kind: "schema", name: "place", description: "A place.", schema, isStrict: true } as const;
  const emulated: Partial<Abilities> = { schema: "emulated", json: "emulated" };
  const only = (blocks: readonly Block[] | undefined): Block | undefined => blocks?.[0];

  test("of a schema are a tool that must be called, and nothing is lost", () => {
    const fitted = fitTo(emulated, asking({ format }));
    expect(fitted.conversation).toMatchObject({ format: null, toolChoice: { mode: "tool", name: "place" }, tools: [{ kind: "function", name: "place", schema }] });
    expect(fitted.losses).toEqual([]);
  });

  test("come back as text that ends as text ends", () => {
    const undone = fitTo(emulated, asking({ format })).undo.reply(answer([call("c", "place", { arguments: '{"city":"Rom"}' })], "tool-calls"));
    expect(undone.choices[0]).toMatchObject({ blocks: [{ kind: "text", text: '{"city":"Rom"}' }], finish: { reason: "stop" } });
  });

  test("come back as text while they grow", () => {
    const { undo } = fitTo(emulated, asking({ format }));
    const events = [...growing({ kind: "tool-call", id: "c", name: "place", isCustom: false }, ['{"ci', 'ty":"Rom"}']), { kind: "finish", choice: 0, finish: { reason: "tool-calls", raw: "tool_use" } } as const];
    expect(events.flatMap((event) => undo.event(event))).toEqual([...growing({ kind: "text" }, ['{"ci', 'ty":"Rom"}']), { kind: "finish", choice: 0, finish: { reason: "stop", raw: "tool_use" } }]);
  });

  test("that were cut off by a limit end by that limit", () => {
    const undone = fitTo(emulated, asking({ format })).undo.reply(answer([call("c", "place", { arguments: '{"ci' })], "length"));
    expect(undone.choices[0]).toMatchObject({ blocks: [{ text: '{"ci' }], finish: { reason: "length" } });
  });

  test("beside tools of the client's own: the model calls those first or answers", () => {
    const fitted = fitTo(emulated, asking({ format, tools: [tool("f"), tool("place")] }));
    expect(namesOf(fitted.conversation)).toEqual(["f", "place", "place_answer"]);
    expect(fitted.conversation.toolChoice).toEqual({ mode: "required" });
    const undone = fitted.undo.reply(answer([call("c", "f")], "tool-calls"));
    expect(undone.choices[0]).toMatchObject({ blocks: [{ kind: "tool-call", name: "f" }], finish: { reason: "tool-calls" } });
  });

  test("do not matter when another call is forced", () => {
    const fitted = fitTo(emulated, asking({ format, tools: [tool("f")], toolChoice: { mode: "required" } }));
    expect(namesOf(fitted.conversation)).toEqual(["f"]);
    expect(fitted.losses).toEqual([]);
  });

  test("that are no object are put into one and taken out again", () => {
    const list = { $defs: { a: { type: "string" } }, type: "array", items: { $ref: "#/$defs/a" } };
    const fitted = fitTo(emulated, asking({ format: { ...format, schema: list } }));
    expect(fitted.conversation.tools[0]).toMatchObject({ schema: { type: "object", properties: { answer: { type: "array" } }, $defs: { a: { type: "string" } } } });
    const undone = fitted.undo.reply(answer([call("c", "place", { arguments: '{"answer":["x",1.0]}' })], "tool-calls"));
    expect(only(undone.choices[0]?.blocks)).toMatchObject({ kind: "text", text: '["x",1.0]' });
  });

  test("where no call can be forced the model is instructed, and nobody can promise the schema", () => {
    const fitted = fitTo({ ...emulated, ...without("tool", "required") }, asking({ format }));
    expect(told(fitted)).toEqual(["format approximated major"]);
    expect(JSON.stringify(fitted.conversation.turns[0])).toContain("JSON Schema");
  });

  test("of any shape are an instruction behind the system prompt", () => {
    const fitted = fitTo(emulated, asking({ format: { kind: "json" }, turns: [turn("system", text("Be brief.")), user("a")] }));
    expect(fitted.conversation.turns.map(({ role }) => role)).toEqual(["system", "system", "user"]);
    expect(told(fitted)).toEqual(["format approximated minor"]);
  });

  test("are missed where they cannot be had", () => {
    expect(told(fitTo({ schema: "none" }, asking({ format })))).toEqual(["format unsupported major"]);
  });

  test("stay what they are where they are known", () => {
    const conversation = asking({ format });
    expect(fitTo({}, conversation).conversation).toBe(conversation);
  });
});
