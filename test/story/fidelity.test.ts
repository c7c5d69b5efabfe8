// What comes out of the gateway is what went in, to the byte: requests but for the model's name, answers altogether.
import { describe, expect, it, onTestFinished } from "vitest";
import { endpoints, type Endpoint } from "../../dataplane/protocols/endpoints.ts";
import { chatCompletion } from "../doubles/provider-bytes.ts";
import { failure, json, reply } from "../doubles/provider-replies.ts";
import { startProvider } from "../doubles/provider.ts";
import { postOf, stage, type Stage } from "./caller.ts";

/** Everything that parsing and printing again would change. */
const odd = (model: string): string => `\r\n\t {"z":1.0, "a" : 9007199254740993,"\\u0061":-0.0e+07 ,"a":[1.50,2],"unknown_field":{"b":1,"a":"\\/\\u00e9é\\ud83d\\ude00"},\n"model" :\t${model}  ,"nothing":null,"text":"{\\"model\\":\\"support-chat\\"}","deep":{"model":"support-chat","stream":true}, "list":[ ] }\n `;

/** An answer that printing again would change too. */
const ODD_REPLY = '{ "object":"odd","z":1.0,"a":9007199254740993,"a":1e2,"choices":[ ],"text":"\\u00e9\\/", "data":[],\n"x":{"b":1,"a":2}}\n\n';

const taking = (body: Endpoint["body"], model: Endpoint["model"]): Endpoint[] => endpoints.filter((endpoint) => (endpoint.body === body || endpoint.body.startsWith(`${body}-`)) && endpoint.model === model);
const pathOf = ({ path }: Endpoint): string => path.replace(":id", "id_1.a-b:c");

const sentBody = (story: Stage): string => story.provider.requests.at(-1)?.body.toString() ?? "";
const answerOf = (text = "hello") => json(chatCompletion({ text, usage: { input: 3, output: 1 } }));

describe("a JSON request reaches the provider as it came, but for the model's name", () => {
  // Of those who are compatible hardly anybody counts for Responses, and so they are not asked.
  const speaking = ({ protocol, operation }: Endpoint) => ({ provider: { protocols: [protocol], ...(protocol === "openai-responses" && operation === "count_tokens" && { type: "litellm" }) } });

  it.each([...taking("json", "Required"), ...taking("json", "Optional")])("$method $path", async (endpoint) => {
    const story = await stage(json(ODD_REPLY), speaking(endpoint));
    const answer = await story.ask({ path: pathOf(endpoint), body: odd('"support-chat"') });
    expect(sentBody(story)).toBe(odd('"provider-model"'));
    expect([answer.status, answer.text]).toEqual([200, ODD_REPLY]);
    // The provider's address has the version in it, whatever the client's has.
    expect(story.provider.requests[0]?.target).toBe(pathOf(endpoint).replace(/^\/v\d\//, "/v1/"));
  });

  it.each(taking("json", "None"))("$method $path, where the body's model is none of the gateway's business", async (endpoint) => {
    const story = await stage(json(ODD_REPLY), speaking(endpoint));
    const answer = await story.ask({ path: pathOf(endpoint), body: odd('"whatever"') });
    expect(sentBody(story)).toBe(odd('"whatever"'));
    expect([answer.status, answer.text]).toEqual([200, ODD_REPLY]);
  });

  it.each(endpoints.filter(({ body }) => body === "none"))("$method $path, which has no body", async (endpoint) => {
    const story = await stage(json(ODD_REPLY), speaking(endpoint));
    const answer = await story.ask({ method: endpoint.method, path: `${pathOf(endpoint)}?limit=2&after=%22x%22&after=+&empty=` });
    expect([answer.status, answer.text]).toEqual([200, ODD_REPLY]);
    const [sent] = story.provider.requests;
    expect([sent?.method, sent?.target, sent?.bodyLength]).toEqual([endpoint.method, `${pathOf(endpoint)}?limit=2&after=%22x%22&after=+&empty=`, 0]);
    expect(sent?.header("content-type")).toBeUndefined();
  });

  it.each(endpoints.filter(({ model }) => model === "Path"))("$method $path, whose model is replaced in the path", async (endpoint) => {
    const story = await stage(json(endpoint.isStreaming ? `[${ODD_REPLY}]` : ODD_REPLY), speaking(endpoint));
    const answer = await story.ask({ path: endpoint.path.replace("{model}", "support-chat"), body: odd('"whatever"') });
    expect(sentBody(story)).toBe(odd('"whatever"'));
    expect(story.provider.requests[0]?.target).toBe(`/v1${endpoint.upstreamPath.replace("{model}", "provider-model")}`);
    if (!endpoint.isStreaming) expect([answer.status, answer.text]).toEqual([200, ODD_REPLY]);
  });

  it("wherever the provider's paths begin", async () => {
    const story = await stage(answerOf(), { basePath: "/openai/deployments/v1/" });
    await story.ask();
    expect(story.provider.requests[0]?.target).toBe("/openai/deployments/v1/chat/completions");
  });
});

describe("the model's name", () => {
  const cases: readonly (readonly [what: string, sent: string, expected: string])[] = [
    ["behind an escaped key", '{"mod\\u0065l":"support-chat","messages":[]}', '{"mod\\u0065l":"provider-model","messages":[]}'],
    ["with escapes in it", '{"model":"support\\u002dchat"}', '{"model":"provider-model"}'],
    ["of doubled keys, the last one", '{"model":"first","model":"support-chat"}', '{"model":"first","model":"provider-model"}'],
    ["of doubled keys in two spellings, the last one", '{"model":"first","x":1,"\\u006dodel":"support-chat"}', '{"model":"first","x":1,"\\u006dodel":"provider-model"}'],
    ["as the only member", '{"model":"support-chat"}', '{"model":"provider-model"}'],
    ["behind text that looks like it", '{"messages":[{"content":"\\"model\\":\\"a\\""}],"model":"support-chat"}', '{"messages":[{"content":"\\"model\\":\\"a\\""}],"model":"provider-model"}'],
    ["behind a byte order that is no ASCII", '{"é😀":"ü","model":"support-chat","ж":"\u2028"}', '{"é😀":"ü","model":"provider-model","ж":"\u2028"}'],
  ];

  it.each(cases)("is replaced %s", async (_, sent, expected) => {
    const story = await stage(answerOf());
    await story.ask({ body: sent });
    expect(sentBody(story)).toBe(expected);
  });

  it("decides by its last occurrence who answers", async () => {
    const story = await stage(answerOf());
    const answer = await story.ask({ body: '{"model":"support-chat","model":"unheard-of"}' });
    expect([answer.status, answer.error.code]).toEqual([404, "ROUTE_MODEL_NOT_FOUND"]);
    expect(story.provider.requests).toHaveLength(0);
  });

  it.each([
    ["longer", "a-much-longer-name/that-does-not-fit-where-the-short-one-stood"],
    ["shorter", "m"],
    ["no ASCII", "modèle-🦙"],
    ["of characters that JSON escapes", 'a"b\\c'],
    ["longer than the room before the body", "x".repeat(256)],
  ])("may become one that is %s", async (_, model) => {
    const story = await stage(answerOf(), { targets: [{ name: "one", provider: "test/one", model, weight: 1, priority: 0 }] });
    await story.ask({ body: '{"a":1.0,"model":"support-chat","b":[]}' });
    expect(sentBody(story)).toBe(`{"a":1.0,"model":${JSON.stringify(model)},"b":[]}`);
  });

  it("stays when the provider knows the model under the same name", async () => {
    const story = await stage(answerOf(), { targets: [{ name: "one", provider: "test/one", weight: 1, priority: 0 }] });
    await story.ask({ body: '{ "model":"support\\u002dchat" }' });
    expect(sentBody(story)).toBe('{ "model":"support\\u002dchat" }');
  });
});

describe("however the body comes", () => {
  const filler = "x".repeat(300_000);
  const large = (model: string): string => `{"messages":[{"content":"${filler}"}],"model":"${model}","tail":"${filler}"}`;
  const largeFirst = (model: string): string => `{"model":"${model}","messages":[{"content":"${filler}"}]}`;

  it.each([["last", large], ["first", largeFirst]])("a large one with the model %s", async (_, body) => {
    const story = await stage(answerOf());
    await story.ask({ body: body("support-chat") });
    expect(sentBody(story) === body("provider-model")).toBe(true);
    expect(story.provider.requests[0]?.header("content-length")).toBe(String(Buffer.byteLength(body("provider-model"))));
  });

  it("without an announced length, in many pieces", async () => {
    const story = await stage(answerOf());
    const body = odd('"support-chat"');
    await story.ask({ chunks: body.match(/[^]{1,7}/g) ?? [] });
    expect(sentBody(story)).toBe(odd('"provider-model"'));
  });

  it("one byte per segment", async () => {
    const story = await stage(answerOf());
    const line = story.open(1);
    for (const byte of Buffer.from(postOf('{"é":1.0,"model":"support-chat"}'))) {
      await new Promise((resolve) => line.socket.write(Buffer.of(byte), resolve));
    }
    await line.until(/hello/);
    expect(sentBody(story)).toBe('{"é":1.0,"model":"provider-model"}');
  });

  it("several on one connection, none of which touches another's bytes", async () => {
    const story = await stage(answerOf());
    const line = story.open(3);
    for (const [index, size] of [10, 100_000, 1].entries()) {
      line.send(postOf(`{"n":${index},"model":"support-chat","x":"${"y".repeat(size)}"}`));
      await line.until(new RegExp(`(?:hello[^]*){${index + 1}}`));
      expect(sentBody(story) === `{"n":${index},"model":"provider-model","x":"${"y".repeat(size)}"}`).toBe(true);
    }
  });
});

describe("each target gets the same bytes with its own name in them", () => {
  const names: readonly (string | undefined)[] = ["a", "a-name-that-is-much-longer-than-the-one-that-was-asked-for", undefined, "b"];
  const targets = names.map((model, index) => ({ name: `t${index}`, provider: "test/one", weight: 1, priority: index, ...(model === undefined ? {} : { model }) }));

  it.each([["small", 10], ["large", 200_000]])("when a %s request is tried at one after the other", async (_, size) => {
    const story = await stage([failure(500), failure(503), failure(429), answerOf()], { targets });
    const bodyFor = (model: string): string => `{ "a":1.0,"model" : "${model}" ,"x":"${"y".repeat(size)}"}`;
    const answer = await story.ask({ body: bodyFor("support-chat") });
    expect([answer.status, answer.header("x-llmgw-attempts")]).toEqual([200, "4"]);
    const sent = story.provider.requests.map((request) => request.body.toString());
    expect(sent.map((body, index) => body === bodyFor(names[index] ?? "support-chat"))).toEqual([true, true, true, true]);
    expect(story.provider.requests.map((request) => request.header("content-length"))).toEqual(sent.map((body) => String(Buffer.byteLength(body))));
  });

  it("when the first one knows the model by the asked name and the next does not", async () => {
    const second = await startProvider(answerOf());
    onTestFinished(() => second.close());
    const first = await startProvider(failure(500));
    onTestFinished(() => first.close());
    const story = await stage(undefined, {
      providers: { one: `${first.url}/v1`, two: `${second.url}/v1` },
      targets: [{ name: "one", provider: "test/one", weight: 1, priority: 0 }, { name: "two", provider: "test/two", model: "other", weight: 1, priority: 1 }],
    });
    await story.ask({ body: '{"model":"support-chat","x":1.0}' });
    expect(first.requests[0]?.body.toString()).toBe('{"model":"support-chat","x":1.0}');
    expect(second.requests[0]?.body.toString()).toBe('{"model":"other","x":1.0}');
  });
});

describe("an answer reaches the client as it came", () => {
  it("when it is a refusal of the provider's, with its status and its hint when to come back", async () => {
    const words = '{ "error" : {"message":"no \\u00e9","code":null,"param":"n","type":"x","big":9007199254740993} }\n';
    const story = await stage(reply({ status: 422, headers: { "content-type": "application/json; charset=utf-8", "retry-after": "7" }, body: words }));
    const answer = await story.ask();
    expect([answer.status, answer.text, answer.header("retry-after")]).toEqual([422, words, "7"]);
  });

  const noise = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 7919) % 256));

  it.each(["audio/mpeg", "application/octet-stream", "audio/wav"])("when it is speech as %s", async (type) => {
    const story = await stage(reply({ headers: { "content-type": type, "content-disposition": "attachment; filename=a.mp3" }, body: noise, framing: "chunked", cuts: [1, 2, 70_000] }));
    const answer = await story.ask({ path: "/v1/audio/speech", body: '{"model":"support-chat","input":"hi","voice":"alloy"}' });
    expect(answer.status).toBe(200);
    expect(answer.body.equals(noise)).toBe(true);
    expect([answer.header("content-type"), answer.header("content-disposition")]).toEqual([type, "attachment; filename=a.mp3"]);
  });

  it("when it is the content of a file, with its length", async () => {
    const story = await stage(reply({ headers: { "content-type": "application/octet-stream" }, body: noise }));
    const answer = await story.ask({ method: "GET", path: "/v1/files/file-1/content" });
    expect(answer.body.equals(noise)).toBe(true);
    expect(answer.header("content-length")).toBe(String(noise.length));
  });

  it.each([0, 1])("when it is a file of %s bytes", async (length) => {
    const story = await stage(reply({ headers: { "content-type": "text/plain" }, body: noise.subarray(0, length) }));
    const answer = await story.ask({ method: "GET", path: "/v1/files/file-1/content" });
    expect([answer.status, answer.body]).toEqual([200, noise.subarray(0, length)]);
  });

  it("when a transcription is plain text", async () => {
    const story = await stage(reply({ headers: { "content-type": "text/plain; charset=utf-8" }, body: "So it goes.\n" }));
    const form = '--b\r\ncontent-disposition: form-data; name="model"\r\n\r\nsupport-chat\r\n--b--\r\n';
    const answer = await story.ask({ path: "/v1/audio/transcriptions", headers: { "content-type": "multipart/form-data; boundary=b" }, body: form });
    expect([answer.status, answer.text, answer.header("content-type")]).toEqual([200, "So it goes.\n", "text/plain; charset=utf-8"]);
  });

  it("when it is larger than what is held back", async () => {
    const body = `{"choices":[],"x":"${"y".repeat(5_000_000)}","z":1.0}`;
    const story = await stage(json(body));
    const answer = await story.ask();
    expect(answer.status).toBe(200);
    expect(answer.text === body).toBe(true);
  });

  it("when it is cut at every byte", async () => {
    const story = await stage(json(ODD_REPLY, { framing: "chunked", cuts: "every byte" }));
    const answer = await story.ask();
    expect(answer.text).toBe(ODD_REPLY);
  });

  it("when nothing but a status is to be said", async () => {
    const story = await stage(reply({ status: 204, framing: "length" }));
    const answer = await story.ask({ method: "DELETE", path: "/v1/files/file-1" });
    expect([answer.status, answer.body.length]).toEqual([204, 0]);
  });
});
