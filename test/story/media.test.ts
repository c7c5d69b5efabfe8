// A picture named by URL, for a provider that takes only bytes: whoever the address leads to, nobody inside is asked for it.
import { describe, expect, it } from "vitest";
import { silence } from "../doubles/provider-replies.ts";
import { stage } from "./caller.ts";

const pictured = (...urls: readonly string[]): string =>
  JSON.stringify({ model: "support-chat", messages: [{ role: "user", content: urls.map((url) => ({ type: "image_url", image_url: { url } })) }] });

const refusedFor = async (...urls: readonly string[]) => {
  const story = await stage(silence, { provider: { protocols: ["bedrock-converse"] } });
  const answer = await story.ask({ body: pictured(...urls) });
  expect(story.provider.connections.opened).toBe(0);
  return answer;
};

describe("a picture named by URL", () => {
  it.each(["https://127.0.0.1:1/cat.png", "https://10.1.2.3/cat.png", "https://169.254.169.254/latest/meta-data", "http://example.com/cat.png"])("is not fetched from %s, and the client learns why", async (url) => {
    const answer = await refusedFor(url);
    expect([answer.status, answer.error.code, answer.error.param]).toEqual([400, "REQUEST_MEDIA_UNREACHABLE", "messages[0].content[0]"]);
    expect(answer.error.message).toContain("messages[0].content[0]");
    expect(answer.error.message).not.toMatch(/127\.0\.0\.1|10\.1\.2\.3|169\.254/);
  });

  it("is one of at most 32 in a request", async () => {
    const answer = await refusedFor(...Array.from({ length: 33 }, (_, index) => `https://127.0.0.1:1/${index}.png`));
    expect([answer.status, answer.error.code]).toEqual([400, "REQUEST_MEDIA_UNREACHABLE"]);
    expect(answer.error.message).toContain("at most 32 addresses");
  });
});
