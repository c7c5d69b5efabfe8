// The demo provider, asked by the SDK of each protocol's vendor with nothing in between: calls, pictures, thoughts, streams.
import { describe, expect, it } from "vitest";
import { clients, EXPECTED, held, meaning } from "../../story/forty-clients.ts";
import { runningDemo } from "./demo.ts";

const demo = runningDemo();

describe.each(clients.map((make) => [make("http://none", "none").name, make] as const))("the SDK of %s", (_name, make) => {
  it.each([[false], [true]])("holds a conversation with a picture and two calls, whole and streamed alike (thinking: %s)", async (isThinking) => {
    const client = make(demo.url, "any");
    const [whole, streamed] = [await held(client, "demo-chat", false, isThinking), await held(client, "demo-chat", true, isThinking)];
    expect(meaning(whole)).toEqual(EXPECTED);
    expect(meaning(streamed)).toEqual(EXPECTED);
    expect([streamed.calling.finish, streamed.answering.finish]).toEqual(client.finishes);
    expect([streamed.calling.usage, streamed.answering.usage]).toEqual([whole.calling.usage, whole.answering.usage]);
    expect(streamed.calling.thoughts).toBe(whole.calling.thoughts);
  });

  it("tells its thoughts where the protocol has a place for them, and counts them", async () => {
    const client = make(demo.url, "any");
    const plain = await client.ask({ model: "demo-chat", isStreaming: true, isThinking: false });
    const thinking = await client.ask({ model: "demo-chat", isStreaming: true, isThinking: true });
    expect(plain.thoughts).toBe("");
    if (client.name !== "openai Chat") expect(thinking.thoughts).toMatch(/^The user's words end with .* So I call get_weather and get_time\.$/);
    expect(thinking.usage.output).toBeGreaterThan(plain.usage.output + 10);
  });

  it.each([401, 404, 429, 500, 503])("reads the error %i in its vendor's shape", async (status) => {
    const asking = make(demo.url, "any").ask({ model: `demo-error-${status}`, isStreaming: false, isThinking: false });
    const error: { status?: number; $metadata?: { httpStatusCode?: number }; message: string } = await asking.then(() => ({ message: "" }), (thrown) => thrown);
    expect(error.status ?? error.$metadata?.httpStatusCode).toBe(status);
    expect(error.message).not.toBe("");
  });

  it("reads an error that comes in the middle of a stream", async () => {
    await expect(make(demo.url, "any").ask({ model: "demo-error-200", isStreaming: true, isThinking: false })).rejects.toThrow();
  });
});
