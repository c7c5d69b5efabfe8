// Messages in Amazon's frames become the events that Anthropic itself would have sent; a broken frame is an error at once.
import { describe, expect, it } from "vitest";
import { FramedMessages } from "../../../dataplane/protocols/anthropic-messages/framed.ts";
import { words } from "../../../dataplane/wire/aws-event-headers.ts";
import { encodeFrame } from "../../../dataplane/wire/aws-event-stream.ts";

const chunk = (event: object): Buffer =>
  encodeFrame(words({ ":message-type": "event", ":event-type": "chunk", ":content-type": "application/json" }), Buffer.from(JSON.stringify({ bytes: Buffer.from(JSON.stringify(event)).toString("base64"), p: "abc" })));

describe("Messages in frames", () => {
  it("are the same events, wherever the frames are cut", () => {
    const frames = Buffer.concat([chunk({ type: "ping" }), chunk({ type: "message_stop" })]);
    const reader = new FramedMessages(100_000);
    const text = [...frames].map((byte) => reader.push(Buffer.from([byte])).toString()).join("");
    expect(text).toBe('event: ping\ndata: {"type":"ping"}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n');
  });

  it("tell an exception as Anthropic's error", () => {
    const frame = encodeFrame(words({ ":message-type": "exception", ":exception-type": "throttlingException" }), Buffer.from('{"message":"slower"}'));
    expect(new FramedMessages(100_000).push(frame).toString()).toBe('event: error\ndata: {"type":"error","error":{"type":"rate_limit_error","message":"slower"}}\n\n');
  });

  it("tell a broken frame once, and at once", () => {
    const frame = chunk({ type: "ping" });
    frame[frame.length - 1] = (frame[frame.length - 1] ?? 0) ^ 1;
    const reader = new FramedMessages(100_000);
    expect(reader.push(frame).toString()).toMatch(/^event: error\ndata: .*"api_error".*broken/);
    expect(reader.push(chunk({ type: "ping" })).toString()).toBe("");
  });
});
