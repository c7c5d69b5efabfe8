// A stream whose usage only the gateway asked for: exactly that event is left out, wherever the network cuts.
import { describe, expect, it } from "vitest";
import { failure } from "../../dataplane/errors.ts";
import { passThroughs } from "../../dataplane/protocols/index.ts";
import type { StreamPassage } from "../../dataplane/request/passage.ts";
import { Sifted } from "../../dataplane/request/sifted.ts";
import { chatEvents } from "../doubles/provider-bytes.ts";
import { cutsOf } from "../protocols/watching.ts";

const EVENT_BYTES_MAX = 65_536;
const wants = { isStreaming: true, isUsageWanted: false };
const open = (protocol = passThroughs["openai-chat"], bytesMax = EVENT_BYTES_MAX): StreamPassage => {
  if (protocol.usageOnRequest === undefined) throw new Error(`${protocol.name} tells usage unasked`);
  return new Sifted(protocol, wants, protocol.usageOnRequest).openStream(bytesMax);
};

const flow = (pieces: Iterable<Buffer>, passing = open()) => {
  const given: Buffer[] = [];
  for (const piece of pieces) given.push(passing.push(Buffer.from(piece)));
  const summary = passing.end();
  given.push(passing.rest());
  return { text: Buffer.concat(given).toString(), summary, isFinished: passing.isFinished, error: passing.error };
};

const usage = { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 };
const head = { id: "c", object: "chat.completion.chunk", created: 1, model: "m" };
const chunk = (content: string, reason: string | null = null, more: object = {}): object => ({ ...head, choices: [{ index: 0, delta: { content }, finish_reason: reason }], ...more });
const bare = (more: object = { usage }): object => ({ ...head, choices: [], ...more });
const told = (document: object | string, end = "\n\n"): string => `data: ${typeof document === "string" ? document : JSON.stringify(document)}${end}`;
const DONE = "data: [DONE]\n\n";
const LOOKALIKE = '{"choices":[],"usage":{"prompt_tokens":1}}\n\ndata: {"choices":[],"usage":{}}';

/** [what stays, what is left out] in order; a stream is all of it. */
const streams: Readonly<Record<string, readonly (readonly [stays: string, out: string])[]>> = {
  "usage in an event of its own": [[told(chunk("Grüße")) + told(chunk("", "stop")), told(bare())], [DONE, ""]],
  "null in each other chunk": [[told(chunk("a", null, { usage: null })) + told(chunk("", "stop", { usage: null })), told(bare())], [DONE, ""]],
  "text that looks like it": [[told(chunk(LOOKALIKE)) + told(chunk(`data: [DONE]\n\n`, "stop")), told(bare())], [DONE, ""]],
  "lists of nothing in each chunk": [[told(chunk("a", null, { tool_calls: [] })) + told(chunk("", "stop", { citations: [] })), told(bare())], [DONE, ""]],
  "CRLF": [[told(chunk("a"), "\r\n\r\n") + told(chunk("", "stop"), "\r\n\r\n"), told(bare(), "\r\n\r\n")], ["data: [DONE]\r\n\r\n", ""]],
  "CR": [[told(chunk("a"), "\r\r") + told(chunk("", "stop"), "\r\r"), told(bare(), "\r\r")], ["data: [DONE]\r\r", ""]],
  "comments, names and ids around": [[`: OPENROUTER PROCESSING\n\n${told(chunk("a", "stop"))}: hm\n`, `event: message\nid: 7\n: inside\n${told(bare())}`], [`: bye\n\n${DONE}`, ""]],
  "a byte order mark, and the usage first": [["\uFEFF: hello\n\n", told(bare())], [told(chunk("a", "stop")) + DONE, ""]],
  "no terminator": [[told(chunk("a", "stop")), told(bare())]],
  "no blank line at the end": [[told(chunk("a", "stop")), told(bare(), "\n")]],
  "no line end at all": [[told(chunk("a", "stop")), told(bare(), "")]],
  "two of them": [[told(chunk("a")), told(bare())], [told(chunk("", "stop")), told(bare())], [DONE, ""]],
  "measures beside it": [[told(chunk("a", "stop")), told(bare({ usage, timings: { prompt_ms: 8.6, predicted_n: 41 }, service_tier: null, system_fingerprint: "f", obfuscation: "xx" }))], [DONE, ""]],
  "spaces": [[told(chunk("a", "stop")), told(JSON.stringify(bare()).replaceAll(":", ": ").replaceAll(",", ", "))], [DONE, ""]],
  "members in another order": [[told(chunk("a", "stop")), told({ usage, choices: [], id: "x" })], [DONE, ""]],
};

/** Of these every byte is the client's. */
const whole: Readonly<Record<string, string>> = {
  "usage on the finish chunk": told(chunk("a")) + told(chunk("", "stop", { usage })) + DONE,
  "usage in the choice": told({ ...head, choices: [{ index: 0, delta: {}, finish_reason: "stop", usage }] }) + DONE,
  "usage in Groq's own place": told(chunk("a", "stop", { x_groq: { id: "r", usage } })) + DONE,
  "no choices and no usage": told(bare({ usage: null, prompt_filter_results: [{ prompt_index: 0 }] })) + told(bare({})) + told(chunk("a", "stop")) + DONE,
  "sources beside the usage": told(chunk("a", "stop")) + told(bare({ usage, citations: ["https://example.com"] })) + DONE,
  "results beside the usage": told(chunk("a", "stop")) + told(bare({ usage, moderation: { input: { flagged: true } } })) + DONE,
  "an error beside the usage": told(chunk("a", "stop")) + told(bare({ usage, error: { message: "no", code: 500 } })) + DONE,
  "an event that is cut off": told(chunk("a", "stop")) + told(bare()).slice(0, 80),
  "broken JSON": told(chunk("a", "stop")) + told('{"choices":[],"usage":{') + DONE,
};

describe("an event with nothing but usage", () => {
  it.each(Object.entries(streams))("is left out, however it is cut: %s", (_, parts) => {
    const bytes = Buffer.from(parts.map(([stays, out]) => stays + out).join(""));
    const expected = parts.map(([stays]) => stays).join("");
    for (const { name, pieces } of [{ name: "one read", pieces: [bytes] }, ...cutsOf(bytes, "Everywhere")]) {
      const { text, summary, isFinished } = flow(pieces);
      expect(text, name).toBe(expected);
      expect([summary.inputTokens, summary.outputTokens, isFinished], name).toEqual([9, 5, true]);
    }
  });

  it.each(Object.entries(whole))("is not what stays to the byte: %s", (_, text) => {
    const bytes = Buffer.from(text);
    for (const { name, pieces } of cutsOf(bytes, "Everywhere")) expect(flow(pieces).text, name).toBe(text);
  });

  it("is left out of the older completions too", () => {
    const bytes = Buffer.from(`${told({ id: "c", choices: [{ index: 0, text: '"choices":[]', finish_reason: "stop" }] })}${told(bare())}${DONE}`);
    for (const { name, pieces } of cutsOf(bytes, "Everywhere")) expect(flow(pieces, open(passThroughs["openai-completions"])).text, name).toBe(bytes.toString().replace(told(bare()), ""));
  });
});

describe("what passes", () => {
  it("is the very bytes that came, where nothing is left out and no event is cut", () => {
    const passing = open();
    for (const event of chatEvents({ words: ["a", "b"] })) expect(passing.push(event)).toBe(event);
    const burst = Buffer.concat(chatEvents({ words: ["a", "b"] }));
    expect(open().push(burst)).toBe(burst);
  });

  it("waits until its event is whole, and no longer", () => {
    const passing = open();
    const [first, second] = [Buffer.from(told(chunk("a"))), Buffer.from(told(chunk("b")))];
    const given = [Buffer.concat([first, second.subarray(0, 5)]), second.subarray(5, 9), second.subarray(9)].map((piece) => passing.push(piece).toString());
    expect(given).toEqual([first.toString(), "", second.toString()]);
  });

  it("is told to its last byte before a failure closes the half of an event", () => {
    const half = told(chunk("half an answer")).slice(0, -20);
    const passing = open();
    expect(passing.push(Buffer.from(told(chunk("a")) + half)).toString()).toBe(told(chunk("a")));
    passing.end();
    const text = passing.encodeFailure(failure("UPSTREAM_TRUNCATED")).toString();
    expect(text.startsWith(half)).toBe(true);
    for (const data of text.split("\n\n").filter((event) => event !== "")) expect(JSON.parse(data.slice("data: ".length))).toHaveProperty("error");
  });

  it("is nothing of an event that is too long, and the failure stands by itself", () => {
    const passing = open(undefined, 1000);
    passing.push(Buffer.from(told(chunk("a"))));
    for (let pieces = 0; pieces < 20; pieces++) passing.push(Buffer.from(pieces === 0 ? 'data: {"choices":[{"' : "x".repeat(100)));
    expect(passing.isOversize).toBe(true);
    const text = passing.encodeFailure(failure("UPSTREAM_EVENT_TOO_LARGE", { bytesMax: 1000 })).toString();
    expect(text).not.toContain("xxx");
    expect(text).toContain("UPSTREAM_EVENT_TOO_LARGE");
  });
});
