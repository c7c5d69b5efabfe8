// Where the gateway says into a silent stream that it still runs, and in which words; when it is due is the story's test.
import { describe, expect, it } from "vitest";
import { passThroughs } from "../../dataplane/protocols/index.ts";
import { quietMsMax, sayAlive } from "../../dataplane/request/keep-alive.ts";

/** With no blank line behind it. */
const COMMENT = ": keep-alive\n";
const PING = 'event: ping\ndata: {"type": "ping"}\n\n';
const flowing = { isAtRest: true, hasTerminator: false, hasEvent: true, error: null };
const reading = { destroyed: false, writableLength: 0 };

const said = (passing: Partial<Parameters<typeof sayAlive>[1]>, reply: Partial<typeof reading> = {}, name: keyof typeof passThroughs = "openai-chat", firstByteTick = 7) => {
  const written: string[] = [];
  const response = { ...reading, ...reply, write: (bytes: Buffer) => written.push(bytes.toString()) > 0 };
  const exchange = { response, protocol: passThroughs[name], firstByteTick, bytesOut: 1000 };
  sayAlive(exchange, { ...flowing, ...passing });
  const text = written.join("");
  expect(exchange.bytesOut).toBe(1000 + text.length);
  expect(exchange.firstByteTick).toBe(firstByteTick);
  return text;
};

describe("what is said", () => {
  it("is a comment, and of Anthropic's the event that it has for it, once its stream has begun", () => {
    expect(said({})).toBe(COMMENT);
    expect(said({}, {}, "anthropic-messages")).toBe(PING);
    expect(said({ hasEvent: false }, {}, "anthropic-messages")).toBe(COMMENT);
    expect(said({}, {}, "anthropic-messages", 0)).toBe(COMMENT);
  });

  it.each([
    ["in the middle of an event", { isAtRest: false }, {}],
    ["behind the terminator", { hasTerminator: true }, {}],
    ["behind an error", { error: { message: "no", type: "", code: "" } }, {}],
    ["to a client for whom something waits already", {}, { writableLength: 1 }],
    ["to a client that has left", {}, { destroyed: true }],
  ])("is nothing %s", (_, passing, reply) => {
    expect(said(passing, reply)).toBe("");
  });
});

describe("how long a client may get nothing", () => {
  it("is a quarter of a minute in a stream of events, and for ever in anything else", () => {
    const { gemini, ...others } = passThroughs;
    for (const protocol of Object.values(others)) {
      expect(quietMsMax(protocol, "text/event-stream; charset=utf-8")).toBe(15_000);
      expect(quietMsMax(protocol, "application/vnd.amazon.eventstream")).toBe(0);
      expect(quietMsMax(protocol, "application/json")).toBe(0);
    }
    // Google's libraries for Python and Go take a comment for a broken answer.
    expect(quietMsMax(gemini, "text/event-stream")).toBe(0);
  });
});
