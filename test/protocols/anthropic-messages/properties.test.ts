// Laws that hold for any request, reply and stream: what goes in comes out, and no bytes whatever make a decoder throw.
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { isFailure } from "../../../dataplane/protocols/codec.ts";
import type { Event } from "../../../dataplane/protocols/ir.ts";
import { anthropicMessages } from "../../../dataplane/protocols/anthropic-messages/index.ts";
import { askedOf, codec, conversationOf, decodePieces, encodeAll, type Members, roundTrip, streamOf, targetOf } from "./driving.ts";

vi.setConfig({ testTimeout: 60_000 });

const word = fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom(..."abcXYZ019_-") });
const prose = fc.string({ minLength: 1, maxLength: 20, unit: "grapheme" }).filter((text) => text.trim() === text && text !== "");
const cache = fc.option(fc.constantFrom<Members>({ type: "ephemeral" }, { type: "ephemeral", ttl: "5m" }, { type: "ephemeral", ttl: "1h", scope: "global" }), { nil: undefined });
const marked = <Block extends Members>(block: fc.Arbitrary<Block>): fc.Arbitrary<Members> => fc.tuple(block, cache).map(([members, mark]) => (mark === undefined ? members : { ...members, cache_control: mark }));
const json = fc.jsonValue({ maxDepth: 2, noNullPrototype: true } as fc.JsonSharedConstraints).map((value) => JSON.parse(JSON.stringify(value)) as unknown);
const members = fc.dictionary(word, json, { maxKeys: 3 });

const text = marked(prose.map((words) => ({ type: "text", text: words })));
const image = marked(fc.constantFrom<Members>({ type: "image", source: { type: "url", url: "https://a/b.png" } }, { type: "image", source: { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=" } }, { type: "image", source: { type: "file", file_id: "file_1" } }));
const file = marked(fc.constantFrom<Members>(
  { type: "document", source: { type: "text", media_type: "text/plain", data: "x" }, title: "T" },
  { type: "document", source: { type: "content", content: [{ type: "text", text: "a" }] }, citations: { enabled: true } },
  { type: "document", source: { type: "base64", media_type: "application/pdf", data: "JVBERi0=" }, context: "C" },
));
const other = fc.tuple(fc.constantFrom("search_result", "container_upload", "hologram"), members).map(([type, rest]) => ({ ...rest, type }));
const result = fc.tuple(word, fc.array(fc.oneof(text, image, file, other), { minLength: 1, maxLength: 3 }), fc.boolean()).map(([id, content, isError]) => ({ type: "tool_result", tool_use_id: id, content, ...(isError ? { is_error: true } : {}) }));
const unmarkedCall = fc.tuple(word, word, members).map(([id, name, input]): Members => ({ type: "tool_use", id, name, input }));
const call = marked(unmarkedCall);
const thinking = fc.oneof(
  fc.tuple(fc.string(), word).map(([words, signature]) => ({ type: "thinking", thinking: words, signature })),
  word.map((data) => ({ type: "redacted_thinking", data })),
);
const hosted = fc.tuple(fc.constantFrom("server_tool_use", "web_search_tool_result", "compaction", "mcp_tool_use"), members).map(([type, rest]) => ({ ...rest, type }));

const user = fc.tuple(fc.array(result, { maxLength: 2 }), fc.array(fc.oneof(text, image, file, other), { maxLength: 3 }), prose).map(([results, blocks, words]) => ({ role: "user", content: [...results, ...blocks, { type: "text", text: words }] }));
const assistant = fc.tuple(fc.array(fc.oneof(thinking, text, call, hosted), { maxLength: 4 }), prose).map(([blocks, words]) => ({ role: "assistant", content: [...blocks, { type: "text", text: words }] }));
const turns = fc.array(fc.tuple(user, assistant), { maxLength: 4 }).chain((pairs) => user.map((last) => [...pairs.flat(), last]));
const tool = fc.oneof(
  marked(fc.tuple(word, members, fc.boolean()).map(([name, schema, isStrict]) => ({ name, description: "d", input_schema: { ...schema, type: "object" }, ...(isStrict ? { strict: true } : {}), defer_loading: true }))),
  word.map((name) => ({ type: `${name}_20250101`, name })),
);
const body = fc.record(
  {
    messages: turns,
    max_tokens: fc.integer({ min: 1, max: 100_000 }),
    system: fc.array(text, { minLength: 2, maxLength: 3 }),
    tools: fc.uniqueArray(tool, { minLength: 1, maxLength: 4, selector: ({ name }) => name }),
    thinking: fc.constantFrom<Members>({ type: "adaptive" }, { type: "adaptive", display: "omitted" }, { type: "disabled" }),
    output_config: fc.constantFrom<Members>({ effort: "low" }, { format: { type: "json_schema", schema: { type: "object" } } }, { effort: "max", task_budget: { total: 1 } }),
    stop_sequences: fc.array(word, { minLength: 1, maxLength: 3 }),
    metadata: fc.constantFrom<Members>({ user_id: "u" }, { user_id: "u", more: 1 }),
    service_tier: fc.constantFrom("auto", "standard_only"),
    context_management: members,
    mcp_servers: fc.array(members, { minLength: 1, maxLength: 2 }),
    cache_control: fc.constant({ type: "ephemeral" }),
  },
  { requiredKeys: ["messages", "max_tokens"] },
);

/** One plain text and a string say the same. */
const unfolded = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(unfolded);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, key === "content" && typeof member === "string" ? [{ type: "text", text: member }] : unfolded(member)]));
};

describe("any request", () => {
  test("comes out as it went in", () => {
    fc.assert(
      fc.property(body, (asked) => {
        const { body: again, losses } = roundTrip(asked, targetOf("claude-opus-4-8"));
        expect(losses).toEqual([]);
        expect(unfolded(again)).toEqual(unfolded({ model: "claude-opus-4-8", ...asked }));
      }),
      { numRuns: 300 },
    );
  });

  test("is read the same again", () => {
    fc.assert(
      fc.property(body, (asked) => {
        const conversation = conversationOf(asked);
        const { body: again } = roundTrip(asked, targetOf("claude-opus-4-8"));
        expect(withoutPlaces(conversationOf(again))).toEqual(withoutPlaces(conversation));
      }),
      { numRuns: 200 },
    );
  });
});

const withoutPlaces = (value: unknown): unknown => JSON.parse(JSON.stringify(value, (key: string, member: unknown) => (key === "at" ? undefined : member)));

describe("any reply", () => {
  const content = fc.array(fc.oneof(thinking, prose.map((words) => ({ type: "text", text: words })), unmarkedCall, hosted), { maxLength: 5 });
  test("comes out as it went in, whole and as a stream", () => {
    fc.assert(
      fc.property(content, fc.constantFrom("end_turn", "max_tokens", "pause_turn", "refusal"), (blocks, reason) => {
        const isCalling = blocks.some(({ type }) => type === "tool_use");
        const message = { id: "msg_1", type: "message", role: "assistant", model: "claude", content: blocks, stop_reason: reason === "end_turn" && isCalling ? "tool_use" : reason, stop_sequence: null, stop_details: reason === "refusal" ? { type: "refusal" } : null, usage: { input_tokens: 1, output_tokens: 2 } };
        const reply = codec.decodeReply(Buffer.from(JSON.stringify(message)), targetOf());
        if (isFailure(reply)) throw new Error(reply.message);
        const again = JSON.parse(codec.encodeReply(reply, conversationOf({})).body.toString()) as Members;
        expect(again).toEqual(message);
        const stream = anthropicMessages.replyToStream(Buffer.from(JSON.stringify(message))) as Buffer;
        const joined = anthropicMessages.streamToReply(Buffer.from(encodeAll(decodePieces([stream])))) as Buffer;
        expect(JSON.parse(joined.toString())).toMatchObject({ content: JSON.parse(JSON.stringify(blocks)) as unknown[], stop_reason: message.stop_reason });
      }),
      { numRuns: 300 },
    );
  });
});

const start = { type: "message_start", message: { id: "msg_1", role: "assistant", content: [], model: "m", usage: { input_tokens: 1 } } };
const wild = fc.oneof(
  fc.constantFrom<Members>(start, { type: "message_stop" }, { type: "ping" }, { type: "content_block_stop", index: 0 }, { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 2 } }),
  fc.record({ type: fc.constantFrom("content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_start", "error", "__proto__", "constructor"), index: fc.oneof(fc.nat(3), json), content_block: fc.oneof(call, thinking, hosted, text, json), delta: fc.oneof(fc.record({ type: fc.constantFrom("text_delta", "input_json_delta", "thinking_delta", "signature_delta", "citations_delta", "compaction_delta"), text: json, partial_json: json, thinking: json, signature: json, citation: json, content: json }), json), usage: json, message: json, error: json }, { requiredKeys: ["type"] }) as fc.Arbitrary<Members>,
);
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((raw) => Buffer.from(raw)),
  fc.array(wild, { maxLength: 12 }).map((events) => streamOf(events)),
  fc.tuple(fc.array(wild, { maxLength: 6 }), fc.uint8Array({ maxLength: 40 })).map(([events, raw]) => Buffer.concat([streamOf(events), Buffer.from(raw)])),
);

/** The order that every decoder keeps, broken nowhere. */
const isOrdered = (events: readonly Event[]): boolean => {
  const open = new Set<number>();
  let next = 0;
  let phase: "fresh" | "begun" | "finished" | "over" = "fresh";
  for (const event of events) {
    if (phase === "over") return false;
    if (event.kind === "start") {
      if (phase !== "fresh") return false;
      phase = "begun";
    } else if (event.kind === "block-start") {
      if (phase !== "begun" || event.index !== next++) return false;
      open.add(event.index);
    } else if ("index" in event && !open.has(event.index)) return false;
    if (event.kind === "block-stop") open.delete(event.index);
    if (event.kind === "finish") {
      if (phase !== "begun" || open.size > 0) return false;
      phase = "finished";
    }
    if (event.kind === "end" && phase !== "finished") return false;
    if (event.kind === "end" || event.kind === "failure") phase = "over";
  }
  return phase === "over";
};

describe("any bytes", () => {
  test("as a stream give events in their order, and the same wherever they are cut", () => {
    fc.assert(
      fc.property(bytes, fc.nat(400), (stream, cut) => {
        const events = decodePieces([stream]);
        expect(isOrdered(events)).toBe(true);
        expect(decodePieces([stream.subarray(0, cut), stream.subarray(cut)])).toEqual(events);
        encodeAll(events);
      }),
      { numRuns: 1500 },
    );
  });

  test("pass, and are watched without a throw", () => {
    fc.assert(
      fc.property(bytes, (stream) => {
        const watch = anthropicMessages.openStream(10_000);
        watch.push(stream);
        watch.end();
        anthropicMessages.streamToReply(stream);
      }),
      { numRuns: 800 },
    );
  });

  const document = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((raw) => Buffer.from(raw)),
    json.map((value) => Buffer.from(JSON.stringify(value))),
    fc.dictionary(fc.constantFrom("messages", "system", "tools", "tool_choice", "thinking", "output_config", "metadata", "max_tokens", "content", "error", "type", "usage", "stop_sequences", "__proto__"), fc.oneof(json, fc.array(fc.oneof(user, assistant, call, json), { maxLength: 3 })), { maxKeys: 5 }).map((value) => Buffer.from(JSON.stringify(value))),
  );
  test("as a body give a value", () => {
    fc.assert(
      fc.property(document, fc.integer({ min: 100, max: 599 }), (raw, status) => {
        const conversation = codec.decodeRequest(raw, askedOf());
        if (!("problem" in conversation)) codec.encodeRequest(conversation, targetOf());
        const reply = codec.decodeReply(raw, targetOf());
        if (!isFailure(reply)) codec.encodeReply(reply, conversationOf({}));
        expect(codec.decodeFailure(status, {}, raw).message).not.toBe("");
        anthropicMessages.readReply(raw);
        anthropicMessages.replyToStream(raw);
      }),
      { numRuns: 2000 },
    );
  });

  test("cannot reach the prototype of everything", () => {
    const raw = '{"messages":[{"role":"user","content":[{"type":"text","text":"x","__proto__":{"polluted":1}}],"__proto__":{"polluted":1}}],"__proto__":{"polluted":1},"max_tokens":1}';
    const conversation = codec.decodeRequest(Buffer.from(raw), askedOf());
    if ("problem" in conversation) throw new Error(conversation.problem);
    expect(codec.encodeRequest(conversation, targetOf()).body.toString()).toContain('"__proto__":{"polluted":1}');
    expect(({} as Members)["polluted"]).toBeUndefined();
  });
});
