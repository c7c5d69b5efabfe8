// Values that are nested deeper than any stack goes: a refusal to whoever asked so, a failure of whoever answered so, and
// never a fault of the gateway's own.
import { describe, expect, it } from "vitest";
import { isFailure } from "../../dataplane/protocols/codec.ts";
import { passThroughs, providerCodecs } from "../../dataplane/protocols/index.ts";
import type { ProtocolName } from "../../dataplane/snapshot/schema.ts";
import { encodeFrame } from "../../dataplane/wire/aws-event-stream.ts";
import { words } from "../../dataplane/wire/aws-event-headers.ts";
import { json } from "../doubles/provider-replies.ts";
import { stage } from "../story/caller.ts";
import { answers } from "../providers/rows/answers.ts";
import { targetOf } from "./conformance/protocols.ts";

const LEVELS = 10_000;
const DEEP = `${'{"a":'.repeat(LEVELS)}1${"}".repeat(LEVELS)}`;
const EVENT_BYTES_MAX = 8_388_608;

const event = (data: string): string => `data: ${data}\n\n`;
const frame = (name: string, payload: string): Buffer => encodeFrame(words({ ":event-type": name, ":content-type": "application/json", ":message-type": "event" }), payload);

const whole: Readonly<Partial<Record<ProtocolName, string>>> = {
  "openai-chat": `{"id":"x","choices":[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":${DEEP}}}]}}]}`,
  "openai-responses": `{"id":"r","status":"completed","output":[{"type":"mcp_call","id":"m","output":${DEEP}}]}`,
  "anthropic-messages": `{"id":"m","type":"message","role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":${DEEP}}],"stop_reason":"tool_use"}`,
  "gemini": `{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":${DEEP}}}]},"finishReason":"STOP"}]}`,
  "bedrock-converse": `{"output":{"message":{"role":"assistant","content":[{"toolUse":{"toolUseId":"a","name":"f","input":${DEEP}}}]}},"stopReason":"tool_use"}`,
  "cohere": `{"id":"c","finish_reason":"TOOL_CALL","message":{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":${DEEP}}}]}}`,
  "dashscope": `{"output":{"choices":[{"finish_reason":"tool_calls","message":{"role":"assistant","content":"","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":${DEEP}}}]}}]}}`,
  "ollama": `{"model":"m","done":true,"done_reason":"stop","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":${DEEP}}}]}}`,
};

const streamed: Readonly<Partial<Record<ProtocolName, readonly (string | Buffer)[]>>> = {
  "openai-chat": [event(`{"id":"x","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":${DEEP}}}]}}]}`)],
  "openai-responses": [event('{"type":"response.created","response":{"id":"r"}}'), event(`{"type":"response.output_item.done","output_index":0,"item":{"type":"mcp_call","id":"m","output":${DEEP}}}`)],
  "anthropic-messages": [
    ...answers["anthropic-messages"].stream.slice(0, 1),
    `event: content_block_start\n${event(`{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a","name":"f","input":${DEEP}}}`)}`,
    `event: content_block_start\n${event(`{"type":"content_block_start","index":1,"content_block":{"type":"web_search_tool_result","tool_use_id":"a","content":${DEEP}}}`)}`,
  ],
  "gemini": [event(`{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":${DEEP}}}]}}]}`)],
  "bedrock-converse": [frame("messageStart", '{"role":"assistant"}'), frame("contentBlockStart", `{"contentBlockIndex":0,"start":{"toolResult":${DEEP}}}`), frame("contentBlockDelta", `{"contentBlockIndex":0,"delta":{"citation":${DEEP}}}`)],
  "cohere": [event(`{"type":"tool-call-start","index":0,"delta":{"message":{"tool_calls":{"id":"a","function":{"name":"f","arguments":${DEEP}}}}}}`)],
  "dashscope": [event(whole["dashscope"] ?? "")],
  "ollama": [`${whole["ollama"]}\n`],
};

const providers = Object.entries(providerCodecs).map(([name, codec]) => ({ name: name as ProtocolName, codec }));

describe("an answer that is nested without end", () => {
  it.each(providers)("of $name is an answer or a failure that says so", ({ name, codec }) => {
    const read = codec.decodeReply(Buffer.from(whole[name] ?? ""), targetOf(codec, false));
    if (isFailure(read)) expect(read).toMatchObject({ kind: expect.any(String), message: expect.stringMatching(/\w/) });
    else expect(read.choices).toHaveLength(1);
  });

  it.each(providers)("of $name ends its stream, once", ({ name, codec }) => {
    const decoder = codec.decodeStream(targetOf(codec, true), EVENT_BYTES_MAX);
    const events = (streamed[name] ?? []).flatMap((piece) => decoder.push(Buffer.from(piece)));
    events.push(...decoder.end(), ...decoder.end(), ...decoder.push(Buffer.from(" ")));
    expect(events.filter(({ kind }) => kind === "failure" || kind === "end")).toHaveLength(1);
    expect(["failure", "end"]).toContain(events.at(-1)?.kind);
  });
});

describe("an answer that is nested without end and passes as it is", () => {
  const passing = Object.entries(passThroughs).filter(([name]) => whole[name as ProtocolName] !== undefined).map(([name, protocol]) => ({ name: name as ProtocolName, protocol }));

  it.each(passing)("in $name is read, or is no whole one", ({ name, protocol }) => {
    const read = protocol.readReply(Buffer.from(whole[name] ?? ""));
    expect([read.isWhole, read.error]).toEqual([expect.any(Boolean), null]);
  });

  it.each(passing)("in $name is made a stream, or one reply of a stream, or is not", ({ name, protocol }) => {
    const made = [protocol.replyToStream(Buffer.from(whole[name] ?? "")), protocol.streamToReply(Buffer.concat((streamed[name] ?? []).map((piece) => Buffer.from(piece))))];
    for (const bytes of made) expect(bytes === null || bytes.length > 0).toBe(true);
  });
});

describe("a question that is nested without end", () => {
  const schema = `{"type":"object","properties":${DEEP}}`;
  const asked: readonly (readonly [ProtocolName, string, string, string])[] = [
    ["openai-chat", "anthropic", "/v1/chat/completions", `{"model":"support-chat","messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"f","parameters":${schema}}}]}`],
    ["anthropic-messages", "openai", "/v1/messages", `{"model":"support-chat","max_tokens":5,"messages":[{"role":"user","content":"hi"}],"tools":[{"name":"f","input_schema":${schema}}]}`],
    ["openai-responses", "anthropic", "/v1/responses", `{"model":"support-chat","input":"hi","tools":[{"type":"function","name":"f","parameters":${schema}}]}`],
    ["gemini", "openai", "/v1beta/models/support-chat:generateContent", `{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"tools":[{"functionDeclarations":[{"name":"f","parametersJsonSchema":${schema}}]}]}`],
    ["bedrock-converse", "openai", "/model/support-chat/converse", `{"messages":[{"role":"user","content":[{"text":"hi"}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":${schema}}}}]}}`],
  ];

  it.each(asked)("in %s, for %s, is refused with what to do", async (_, type, path, body) => {
    const story = await stage(json({}), { provider: { type }, targets: [{ name: "one", provider: "test/one", model: "m", weight: 1, priority: 0 }] });
    const answer = await story.ask({ path, body });
    expect(answer.status).toBe(400);
    expect(answer.text).toMatch(/nested too deeply/);
    expect(story.provider.requests).toHaveLength(0);
  });
});
