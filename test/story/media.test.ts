// What a client names by URL, for a provider that takes only bytes: fetched and given to the provider, or refused with the
// reason. Whoever the address leads to, nobody inside is asked for it: only a test's own rules let a test's own server in.
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { parseRanges } from "../../dataplane/providers/address.ts";
import type { MediaRules } from "../../dataplane/providers/media.ts";
import type { ProtocolName } from "../../dataplane/snapshot/schema.ts";
import { chatCompletion } from "../doubles/provider-bytes.ts";
import { json, silence } from "../doubles/provider-replies.ts";
import type { Script } from "../doubles/provider.ts";
import { stage, type Ask } from "./caller.ts";

const pictured = (...urls: readonly string[]): string =>
  JSON.stringify({ model: "support-chat", messages: [{ role: "user", content: urls.map((url) => ({ type: "image_url", image_url: { url } })) }] });

const refusedFor = async (...urls: readonly string[]) => {
  const story = await stage(silence, { provider: { protocols: ["bedrock-converse"] } });
  const answer = await story.ask({ body: pictured(...urls) });
  expect(story.provider.connections.opened).toBe(0);
  return answer;
};

const loopback: MediaRules = { schemes: ["http:"], network: "private", privateRanges: parseRanges(["127.0.0.0/8"]).ranges };

/** A stranger's server, and what it was asked. */
const stranger = async (answer: RequestListener) => {
  const requests: { readonly path: string | undefined; readonly headers: readonly string[] }[] = [];
  const server = createServer((request, response) => {
    requests.push({ path: request.url, headers: request.rawHeaders });
    answer(request, response);
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => new Promise<void>((resolve) => {
    server.closeAllConnections();
    server.close(() => resolve());
  }));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
};

const cat = Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), Buffer.from("a cat, byte by byte: \u{1f408} \0\xff", "latin1")]);
const catText = cat.toString("base64");
const paper = Buffer.from("%PDF-1.4\n% a paper");
const noise = Buffer.from("RIFF\x24\0\0\0WAVE", "latin1");

const giving = (type: string, bytes: Buffer): RequestListener => (_, response) => void response.writeHead(200, { "content-type": type, "set-cookie": "a=b" }).end(bytes);

const replies = {
  "openai-chat": JSON.parse(chatCompletion({ text: "a cat", usage: { input: 3, output: 2 } }).toString()) as object,
  "bedrock-converse": { output: { message: { role: "assistant", content: [{ text: "a cat" }] } }, stopReason: "end_turn", usage: { inputTokens: 3, outputTokens: 2, totalTokens: 5 } },
  "gemini": { candidates: [{ content: { role: "model", parts: [{ text: "a cat" }] }, finishReason: "STOP" }], usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 2, totalTokenCount: 5 } },
  "ollama": { model: "m", message: { role: "assistant", content: "a cat" }, done: true, done_reason: "stop", prompt_eval_count: 3, eval_count: 2 },
} as const;

/** Of Gemini's models the older ones take bytes only. */
const staged = (protocol: keyof typeof replies, script: Script = json(replies[protocol])) =>
  stage(script, { provider: { protocols: [protocol] }, targets: [{ name: "one", provider: "test/one", model: protocol === "gemini" ? "gemini-2.5-flash" : "provider-model", weight: 1, priority: 0 }], mediaRules: loopback });

const bodySent = ({ provider }: Awaited<ReturnType<typeof staged>>): unknown => JSON.parse(provider.requests[0]?.body.toString() ?? "null");

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

  const targets: readonly (readonly [keyof typeof replies, object])[] = [
    ["bedrock-converse", { messages: [{ role: "user", content: [{ image: { format: "png", source: { bytes: catText } } }] }] }],
    ["gemini", { contents: [{ role: "user", parts: [{ inlineData: { mimeType: "image/png", data: catText } }] }] }],
    ["ollama", { messages: [{ role: "user", images: [catText] }] }],
  ];

  it.each(targets)("reaches a provider that speaks %s as its bytes, and the client gets its answer", async (protocol, expected) => {
    const { url, requests } = await stranger(giving("image/png", cat));
    const story = await staged(protocol);
    const answer = await story.ask({ body: pictured(`${url}/cat.png?size=1`) });
    expect([answer.status, answer.header("x-llmgw-losses")]).toEqual([200, undefined]);
    expect(answer.json).toMatchObject({ choices: [{ message: { content: "a cat" } }], usage: { prompt_tokens: 3, completion_tokens: 2 } });
    expect(bodySent(story)).toMatchObject(expected);
    expect(JSON.stringify(bodySent(story))).not.toContain(url);
    expect(requests.map(({ path }) => path)).toEqual(["/cat.png?size=1"]);
    // A stranger learns nothing of the caller, nor of the provider's key.
    expect(requests[0]?.headers.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()).toSorted()).toEqual(["accept", "connection", "host"]);
    expect(answer.headers["set-cookie"]).toBeUndefined();
  });

  it("that a conversation names twice is fetched once, beside another", async () => {
    const { url, requests } = await stranger(giving("image/png", cat));
    const story = await staged("ollama");
    expect((await story.ask({ body: pictured(`${url}/a`, `${url}/b`, `${url}/a`) })).status).toBe(200);
    expect(bodySent(story)).toMatchObject({ messages: [{ images: [catText, catText, catText] }] });
    expect(requests.map(({ path }) => path).toSorted()).toEqual(["/a", "/b"]);
  });

  it("is the provider's to fetch where it takes addresses", async () => {
    const { url, requests } = await stranger(giving("image/png", cat));
    const story = await stage(json({ id: "msg_1", type: "message", role: "assistant", model: "m", content: [{ type: "text", text: "a cat" }], stop_reason: "end_turn", usage: { input_tokens: 3, output_tokens: 2 } }), { provider: { protocols: ["anthropic-messages"] }, mediaRules: loopback });
    expect((await story.ask({ body: pictured(`${url}/cat.png`) })).status).toBe(200);
    expect(bodySent(story)).toMatchObject({ messages: [{ content: [{ type: "image", source: { type: "url", url: `${url}/cat.png` } }] }] });
    expect(requests).toEqual([]);
  });

  const refusals: readonly (readonly [what: string, answer: RequestListener, reason: string])[] = [
    ["larger than 20 MiB, as it says", (_, response) => void response.writeHead(200, { "content-type": "image/png", "content-length": 20_971_521 }).write("x"), "it is larger than 20971520 bytes"],
    ["larger than 20 MiB, as it turns out", (_, response) => void response.writeHead(200, { "content-type": "image/png" }).end(Buffer.alloc(20_971_521)), "it is larger than 20971520 bytes"],
    ["a page", giving("text/html", Buffer.from("<html>")), "its type is text/html"],
    ["a film", giving("video/mp4", cat), "its type is video/mp4"],
    ["not there", (_, response) => void response.writeHead(404).end(), "its server answered with 404"],
    ["behind a door", (_, response) => void response.writeHead(302, { location: "https://169.254.169.254/latest" }).end(), "only http:// addresses are fetched"],
    ["cut off", (request) => void request.socket.destroy(), "its server could not be reached"],
  ];

  it.each(refusals)("that is %s is refused with the reason, and the provider is not asked", async (_, answering, reason) => {
    const { url } = await stranger(answering);
    const story = await staged("bedrock-converse", silence);
    const answer = await story.ask({ body: pictured(`${url}/secret-name.png`) });
    expect([answer.status, answer.error.code, answer.error.param]).toEqual([400, "REQUEST_MEDIA_UNREACHABLE", "messages[0].content[0]"]);
    expect(answer.error.message).toContain(reason);
    expect(answer.error.message).not.toMatch(/127\.0\.0\.1|secret-name|169\.254/);
    expect(story.provider.connections.opened).toBe(0);
  });
});

describe("what else is named by URL", () => {
  const named: readonly (readonly [what: string, from: ProtocolName, to: keyof typeof replies, type: string, bytes: Buffer, ask: (url: string) => Ask, expected: object])[] = [
    [
      "a file", "openai-responses", "openai-chat", "application/pdf", paper,
      (url) => ({ path: "/v1/responses", body: JSON.stringify({ model: "support-chat", input: [{ role: "user", content: [{ type: "input_file", file_url: `${url}/paper.pdf` }] }] }) }),
      { messages: [{ role: "user", content: [{ type: "file", file: { file_data: `data:application/pdf;base64,${paper.toString("base64")}` } }] }] },
    ],
    [
      "a file", "anthropic-messages", "bedrock-converse", "application/pdf", paper,
      (url) => ({ path: "/v1/messages", body: JSON.stringify({ model: "support-chat", max_tokens: 9, messages: [{ role: "user", content: [{ type: "document", source: { type: "url", url: `${url}/paper.pdf` } }, { type: "text", text: "Read." }] }] }) }),
      { messages: [{ role: "user", content: [{ document: { format: "pdf", source: { bytes: paper.toString("base64") } } }, { text: "Read." }] }] },
    ],
    [
      "sound", "gemini", "openai-chat", "audio/wav", noise,
      (url) => ({ path: "/v1beta/models/support-chat:generateContent", body: JSON.stringify({ contents: [{ role: "user", parts: [{ fileData: { mimeType: "audio/wav", fileUri: `${url}/noise.wav` } }] }] }) }),
      { messages: [{ role: "user", content: [{ type: "input_audio", input_audio: { format: "wav", data: noise.toString("base64") } }] }] },
    ],
  ];

  it.each(named)("%s that a client of %s names reaches a provider of %s as its bytes too", async (_, __, to, type, bytes, ask, expected) => {
    const { url, requests } = await stranger(giving(type, bytes));
    const story = await staged(to);
    const answer = await story.ask(ask(url));
    expect([answer.status, answer.text.includes("a cat")]).toEqual([200, true]);
    expect(bodySent(story)).toMatchObject(expected);
    expect(requests).toHaveLength(1);
  });
});
