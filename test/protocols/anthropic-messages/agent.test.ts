// A coding agent's traffic through this protocol: thirty tools, cache marks, thinking that is signed and redacted, parallel
// calls, results with pictures and errors, ten turns. What the agent sends back must reach the provider byte for byte.
import { describe, expect, test } from "vitest";
import { isFailure } from "../../../dataplane/protocols/codec.ts";
import { codec, conversationOf, type Members, sent, targetOf } from "./driving.ts";

const tools = Array.from({ length: 30 }, (_, index) => ({
  name: `tool_${index}`,
  description: `Does thing ${index}`,
  input_schema: { type: "object", properties: { path: { type: "string" }, limit: { type: "integer", maximum: 9_007_199_254_740_991 } }, required: ["path"] },
  ...(index === 29 ? { cache_control: { type: "ephemeral", ttl: "1h" } } : {}),
}));
const system = [
  { type: "text", text: "You are an agent." },
  { type: "text", text: "Long instructions.", cache_control: { type: "ephemeral", ttl: "1h" } },
];

const answerOf = (turn: number): Members => ({
  id: `msg_${turn}`,
  type: "message",
  role: "assistant",
  model: "claude-opus-4-8",
  content: [
    { type: "thinking", thinking: turn % 2 === 0 ? "" : `thought ${turn}`, signature: `sig+${turn}/==` },
    { type: "redacted_thinking", data: `Redacted+${turn}==` },
    { type: "text", text: `Step ${turn}` },
    { type: "tool_use", id: `toolu_${turn}a`, name: "tool_1", input: { path: "/a b", limit: turn }, caller: { type: "direct" } },
    { type: "tool_use", id: `toolu_${turn}b`, name: "tool_2", input: {}, caller: { type: "direct" } },
  ],
  stop_reason: "tool_use",
  stop_sequence: null,
  usage: { input_tokens: 5, cache_read_input_tokens: 1000, cache_creation_input_tokens: 20, output_tokens: 50 },
});

const resultsOf = (turn: number): Members => ({
  role: "user",
  content: [
    { type: "tool_result", tool_use_id: `toolu_${turn}a`, content: [{ type: "text", text: "out" }, { type: "image", source: { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=" } }] },
    { type: "tool_result", tool_use_id: `toolu_${turn}b`, content: "boom", is_error: true },
    { type: "text", text: `<reminder>${turn}</reminder>`, cache_control: { type: "ephemeral" } },
  ],
});

const request = (messages: readonly Members[]): Members => ({
  system, tools, messages, max_tokens: 32_000, thinking: { type: "adaptive" }, output_config: { effort: "high" }, metadata: { user_id: "user_1" },
  context_management: { edits: [{ type: "clear_thinking_20251015", keep: "all" }] },
});

describe("ten turns of an agent", () => {
  test("reach the provider as they were sent, and the agent as they were answered", () => {
    const messages: Members[] = [{ role: "user", content: "Do it" }];
    for (let turn = 0; turn < 10; turn++) {
      const { body, losses, headers } = sent(conversationOf(request(messages), { "anthropic-beta": "interleaved-thinking-2025-05-14,context-management-2025-06-27" }), targetOf("claude-opus-4-8"));
      expect(losses).toEqual([]);
      expect(headers).toContain("interleaved-thinking-2025-05-14,context-management-2025-06-27");
      expect(body).toEqual({ ...request(messages), model: "claude-opus-4-8" });
      const reply = codec.decodeReply(Buffer.from(JSON.stringify(answerOf(turn))), targetOf("claude-opus-4-8"));
      if (isFailure(reply)) throw new Error(reply.message);
      const answer = JSON.parse(codec.encodeReply(reply, conversationOf({})).body.toString()) as Members;
      expect(answer).toEqual({ ...answerOf(turn), model: "claude", stop_details: null });
      messages.push({ role: "assistant", content: answer["content"] }, resultsOf(turn));
    }
    expect(messages).toHaveLength(21);
  });

  test("keep the beginning of the prompt the same from turn to turn", () => {
    const prompt = (turns: number): string => {
      const messages: Members[] = [{ role: "user", content: "Do it" }, ...Array.from({ length: turns }, (_, turn) => [{ role: "assistant", content: answerOf(turn)["content"] }, resultsOf(turn)]).flat()];
      const conversation = conversationOf(request(messages));
      return codec.encodeRequest(conversation, targetOf("claude-opus-4-8")).body.toString();
    };
    const [shorter, longer] = [prompt(3), prompt(4)];
    const end = shorter.indexOf('],"tools"');
    expect(longer.startsWith(shorter.slice(0, end))).toBe(true);
  });
});
