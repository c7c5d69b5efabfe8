// What is well-formed and makes no sense: usage that nobody can have used, and names that a request holds twice or that mean something to JavaScript.
import { describe, expect, it } from "vitest";
import { chatCompletion, chatEvents } from "../doubles/provider-bytes.ts";
import { bodyOf, eventStream, json } from "../doubles/provider-replies.ts";
import { stage } from "./caller.ts";

const hello = chatCompletion({ text: "hello", usage: { input: 3, output: 2 } }).toString();
/** Numbers that JSON.stringify would not write must be written here. */
const withUsage = (usage: string): string => JSON.stringify({ ...(JSON.parse(hello) as object), usage: "USAGE" }).replace('"USAGE"', usage);

describe("usage that a provider tells", () => {
  it.each(['{"prompt_tokens":-5,"completion_tokens":-7,"total_tokens":-12}', '{"prompt_tokens":1e999,"completion_tokens":1e999}', '{"prompt_tokens":"many","completion_tokens":null}', "[]", '"none"', "null"])("as %s is not believed: it is estimated and marked so, and the client gets the bytes as they are", async (usage) => {
    const body = withUsage(usage);
    expect(body).toContain(`"usage":${usage}`);
    const story = await stage(json(body));
    const answer = await story.ask({ body: '{"model":"support-chat","messages":[{"role":"user","content":"hi"}]}' });
    expect([answer.status, answer.text]).toEqual([200, body]);
    const [line] = await story.gateway.settled(1);
    expect(line).toMatchObject({ usage_estimated: true });
    for (const field of ["input_tokens", "output_tokens"]) expect(line?.[field]).toSatisfy((count: unknown) => Number.isSafeInteger(count) && Number(count) >= 0 && Number(count) < 1000);
  });

  it("as fractions is cut to whole tokens", async () => {
    const story = await stage(json(withUsage('{"prompt_tokens":3.9,"completion_tokens":2.2,"total_tokens":5}')));
    await story.ask({ body: '{"model":"support-chat","messages":[]}' });
    expect(await story.gateway.settled(1)).toMatchObject([{ input_tokens: 3, output_tokens: 2 }]);
  });

  it("at a stream's end is not believed either", async () => {
    const events = chatEvents({ words: ["one ", "two"], usage: { input: 3, output: 2 } }).map((event) => Buffer.from(event.toString().replace(/"usage":\{.*\}\}(?=\n)/, '"usage":{"prompt_tokens":-1,"completion_tokens":-1}}')));
    const story = await stage(eventStream(events));
    const answer = await story.ask({ body: '{"model":"support-chat","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hi"}]}' });
    expect(answer.text).toContain('"prompt_tokens":-1');
    expect(await story.gateway.settled(1)).toMatchObject([{ usage_estimated: true }]);
  });
});

describe("a request", () => {
  it.each(['{"model":"other","model":"support-chat","messages":[]}', '{"model":"support-chat","model":"other","messages":[]}', '{"\\u006dodel":"other","model":"support-chat","messages":[]}'])("that names two models is routed by the one that the provider is then shown, or refused: %s", async (body) => {
    const story = await stage(async (exchange) => {
      const sent = (await bodyOf(exchange)).toString();
      expect([...sent.matchAll(/provider-model/g)].length, sent).toBeGreaterThan(0);
      expect((JSON.parse(sent) as { model: string }).model).toBe("provider-model");
      await json(hello)(exchange);
    });
    const { status } = await story.ask({ body });
    expect([200, 400, 404]).toContain(status);
    if (status !== 200) expect(story.provider.connections.opened).toBe(0);
  });

  it("with names that mean something to JavaScript passes as it is and changes nothing here", async () => {
    const rest = '"messages":[],"__proto__":{"isStreaming":true,"stream":true},"constructor":{"prototype":{"polluted":1}},"toString":1';
    let sent = "";
    const story = await stage(async (exchange) => {
      sent = (await bodyOf(exchange)).toString();
      await json(hello)(exchange);
    });
    const answer = await story.ask({ body: `{"model":"support-chat",${rest}}` });
    expect(answer.status).toBe(200);
    expect(sent).toContain(rest);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(await story.gateway.settled(1)).toMatchObject([{ streaming: false }]);
  });

  const nonsense: readonly (readonly [what: string, parameter: string, body: string])[] = [
    ["an answer of less than nothing", "max_tokens", '{"model":"support-chat","messages":[{"role":"user","content":"hi"}],"max_tokens":-1}'],
    ["half a token", "max_completion_tokens", '{"model":"support-chat","messages":[{"role":"user","content":"hi"}],"max_completion_tokens":0.5}'],
    ["two tools of one name", "tools[1]", '{"model":"support-chat","messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"f"}},{"type":"function","function":{"name":"f"}}]}'],
  ];

  it.each(nonsense)("for %s is the provider's to judge where it speaks the client's protocol: it comes as it was", async (_, __, body) => {
    const story = await stage(json(hello));
    expect((await story.ask({ body })).status).toBe(200);
    expect(story.provider.requests[0]?.body.toString()).toBe(body.replace("support-chat", "provider-model"));
  });

  it.each(nonsense.flatMap((row) => (["openai-responses", "anthropic-messages", "gemini", "bedrock-converse", "cohere", "dashscope", "ollama"] as const).map((protocol) => [...row, protocol] as const)))("for %s is refused by %s where it would be translated, and nobody is asked: %s to %s", async (_, parameter, body, protocol) => {
    const story = await stage(json(hello), { provider: { protocols: [protocol] } });
    const answer = await story.ask({ body });
    expect([answer.status, answer.error.type, answer.error.param]).toEqual([400, "invalid_request_error", parameter]);
    expect(answer.error.message).toContain(parameter);
    expect(story.provider.connections.opened).toBe(0);
  });
});
