// What a client sees of a refusal: always OpenAI's shape, with a code and words that help, never the inside of a parser.
import { METHODS } from "node:http";
import { describe, expect, it } from "vitest";
import { endpoints, type Endpoint } from "../../dataplane/protocols/endpoints.ts";
import { chatCompletion, chatEvents, openaiError } from "../doubles/provider-bytes.ts";
import { bodyOf, echoedKey, failure, html, json, reply, silence, tooManyRequests } from "../doubles/provider-replies.ts";
import { PROVIDER_KEY } from "../doubles/gateway.ts";
import type { Behaviour } from "../doubles/provider.ts";
import { CHAT, headOf, postOf, stage, STREAMED_CHAT, type Answer, type Ask } from "./caller.ts";

const INSIDES = /Unexpected|SyntaxError|JSON\.parse|at position|FST_|HPE_|ERR_|UND_ERR|node:|node_modules|\.ts\b|undefined|\[object|<html|stack/;

/** The shape that every SDK reads, whatever was refused. */
const expectShape = (answer: Answer, status: number, code: string): void => {
  expect([answer.status, answer.error.code]).toEqual([status, code]);
  expect(Object.keys(answer.json as object)).toEqual(["error"]);
  expect(Object.keys(answer.error).toSorted()).toEqual(["code", "message", "param", "type"]);
  expect(answer.error.message.length).toBeGreaterThan(20);
  expect(answer.text).not.toMatch(INSIDES);
  expect(answer.header("content-type")).toBe("application/json");
  expect(answer.header("content-length")).toBe(String(answer.body.length));
  expect(answer.header("x-llmgw-error")).toBe(code);
  expect(answer.header("x-request-id")).not.toBe("");
};

const refusedBy = async (what: Ask, status: number, code: string): Promise<Answer> => {
  const story = await stage(silence);
  const answer = await story.ask(what);
  expectShape(answer, status, code);
  expect(story.provider.connections.opened).toBe(0);
  return answer;
};

describe("a body that is no request", () => {
  const cases: readonly (readonly [what: string, body: string | Uint8Array, code: string])[] = [
    ["empty", "", "REQUEST_INVALID_JSON"],
    ["white space", " \r\n\t ", "REQUEST_INVALID_JSON"],
    ["an array", "[]", "REQUEST_INVALID_JSON"],
    ["a list of requests", `[${CHAT}]`, "REQUEST_INVALID_JSON"],
    ["a string", '"x"', "REQUEST_INVALID_JSON"],
    ["a number", "1", "REQUEST_INVALID_JSON"],
    ["null", "null", "REQUEST_INVALID_JSON"],
    ["an open brace", "{", "REQUEST_INVALID_JSON"],
    ["cut off in a string", '{"model":"support-ch', "REQUEST_INVALID_JSON"],
    ["cut off behind the model", '{"model":"support-chat"', "REQUEST_INVALID_JSON"],
    ["two documents", `${CHAT}${CHAT}`, "REQUEST_INVALID_JSON"],
    ["a document and a byte of zero", `${CHAT}\0`, "REQUEST_INVALID_JSON"],
    ["a byte order mark", `\ufeff${CHAT}`, "REQUEST_INVALID_JSON"],
    ["a form", "model=support-chat", "REQUEST_INVALID_JSON"],
    ["bytes of no text", Uint8Array.from([0xff, 0xfe, 0, 1]), "REQUEST_INVALID_JSON"],
    ["names without quotes", "{model:'support-chat'}", "REQUEST_INVALID_JSON"],
    ["nested without end", `{"a":${"[".repeat(100_000)}`, "REQUEST_INVALID_JSON"],
    ["an empty object", "{}", "REQUEST_MODEL_MISSING"],
    ["a model inside something else", '{"x":{"model":"support-chat"}}', "REQUEST_MODEL_MISSING"],
    ["a model of another spelling", '{"Model":"support-chat"}', "REQUEST_MODEL_MISSING"],
    ["a number for a model", '{"model":1}', "REQUEST_MODEL_INVALID"],
    ["null for a model", '{"model":null}', "REQUEST_MODEL_INVALID"],
    ["an object for a model", '{"model":{"name":"support-chat"}}', "REQUEST_MODEL_INVALID"],
    ["an empty model", '{"model":""}', "REQUEST_MODEL_INVALID"],
    ["a model without end", `{"model":"${"m".repeat(257)}"}`, "REQUEST_MODEL_INVALID"],
    ["a model with a broken escape", '{"model":"\\u00zz"}', "REQUEST_MODEL_INVALID"],
  ];

  it.each(cases)("(%s) is refused in words", async (_, body, code) => {
    const answer = await refusedBy({ body }, 400, code);
    expect([answer.error.type, answer.error.param]).toEqual(["invalid_request_error", code.includes("MODEL") ? "model" : null]);
  });

  const takingJson = endpoints.filter(({ body }) => body === "json");
  const pathOf = ({ path }: Endpoint): string => path.replace(":id", "id").replace("{model}", "support-chat");
  const isOpenai = ({ protocol }: Endpoint): boolean => !["anthropic-messages", "gemini", "bedrock-converse"].includes(protocol);

  it.each(takingJson.filter(isOpenai).map(pathOf))("is refused so on %s", async (path) => {
    await refusedBy({ path, body: "[]" }, 400, "REQUEST_INVALID_JSON");
  });

  it.each(takingJson.filter((endpoint) => !isOpenai(endpoint)).map(pathOf))("is refused in the client's own shape on %s", async (path) => {
    const story = await stage(silence);
    const answer = await story.ask({ path, body: "[]" });
    expect([answer.status, answer.header("x-llmgw-error")]).toEqual([400, "REQUEST_INVALID_JSON"]);
    const { error, message } = answer.json as { error?: { message: string }; message?: string };
    expect(error?.message ?? message).toMatch(/^The request body is not a JSON object/);
    expect(story.provider.connections.opened).toBe(0);
  });
});

describe("a content type that is not the endpoint's", () => {
  it.each([
    ["no content-type at all", undefined, "no content-type"],
    ["text", "text/plain", "text/plain"],
    ["a form of a browser", "application/x-www-form-urlencoded", "application/x-www-form-urlencoded"],
    ["nonsense", "???", "???"],
    ["something that only begins as it should", "application/jsonx", "application/jsonx"],
    ["a multipart form", "multipart/form-data; boundary=x", "multipart/form-data; boundary=x"],
  ])("(%s) is refused, with what is expected", async (_, type, named) => {
    for (const path of ["/v1/chat/completions", "/v1/chat/completions?a=b"]) {
      const answer = await refusedBy({ path, body: CHAT, headers: { "content-type": type } }, 415, "ACCEPT_CONTENT_TYPE");
      expect(answer.error.message).toContain(`takes application/json, not ${named}.`);
    }
  });

  it.each(["application/json; charset=utf-8", "Application/JSON", "application/vnd.api+json"])("is not %s", async (type) => {
    const story = await stage(json(chatCompletion({ text: "hello" })));
    expect((await story.ask({ body: CHAT, headers: { "content-type": type } })).status).toBe(200);
  });

  it.each(["multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed; boundary=b", "application/json", "multipart/form-data; boundary=a; boundary=b"])("is %s where a form is expected", async (type) => {
    const answer = await refusedBy({ path: "/v1/audio/transcriptions", body: "--b--", headers: { "content-type": type } }, 415, "ACCEPT_CONTENT_TYPE");
    expect(answer.error.message).toContain("multipart/form-data with a boundary");
  });

  it.each(["gzip", "br", "GZIP", "deflate, gzip"])("is JSON in %s", async (encoding) => {
    await refusedBy({ body: CHAT, headers: { "content-encoding": encoding } }, 415, "ACCEPT_CONTENT_ENCODING");
  });
});

describe("a path or a method that leads nowhere", () => {
  it.each([
    ["/", "with /v1 behind it"],
    ["/chat/completions", "Did you mean /v1/chat/completions?"],
    ["/v1/chat/completion", "Did you mean /v1/chat/completions?"],
    ["/v1/chat/completions/", "Identifiers on /v1/chat/completions/:id"],
    ["/v1//chat/completions", "Did you mean /v1/chat/completions?"],
    ["/V1/CHAT/COMPLETIONS", "Did you mean /v1/chat/completions?"],
    ["/v1/embedding", "Did you mean /v1/embeddings?"],
    ["/metrics", ""],
    ["/healthz", ""],
    ["/debug/snapshot", ""],
    ["/v1/%zz", ""],
    ["/v1/files/%zz", ""],
    ["/v1/files/%", ""],
    ["/%00", ""],
    [`/v1/files/${"x".repeat(600)}`, ""],
    [`/${"x".repeat(5000)}`, ""],
    ["*", ""],
  ])("%s is told to be no endpoint", async (path, hint) => {
    for (const method of path.startsWith("/v1/files/") ? ["GET"] : ["GET", "POST"]) {
      const story = await stage(silence);
      const line = story.open(1);
      line.send(headOf(method, path, { "content-length": 2, "content-type": "application/json", connection: "close" })).send("{}");
      await line.closed;
      const [head = "", body = ""] = line.text.split("\r\n\r\n");
      expect(head).toMatch(/^HTTP\/1.1 404 /);
      const { error } = JSON.parse(body) as { error: { code: string; message: string } };
      expect(error.code).toBe("ACCEPT_NO_ENDPOINT");
      expect(error.message).toContain(hint);
      expect(error.message.length).toBeLessThan(800);
      expect(body).not.toMatch(INSIDES);
    }
  });

  it.each(METHODS.filter((method) => method !== "POST" && method !== "GET" && method !== "CONNECT" && method !== "HEAD"))("%s on an endpoint is told which methods there are", async (method) => {
    const answer = await refusedBy({ method, path: "/v1/chat/completions" }, 405, "ACCEPT_METHOD");
    expect(answer.error.message).toContain("Use POST");
    expect(answer.header("allow")).toBe("POST, GET");
  });

  it("HEAD is refused without a body", async () => {
    const story = await stage(silence);
    const answer = await story.ask({ method: "HEAD", path: "/v1/models" });
    expect([answer.status, answer.body.length, answer.header("x-llmgw-error")]).toEqual([405, 0, "ACCEPT_METHOD"]);
  });

  it("a method on a path with an id is told which there are", async () => {
    const answer = await refusedBy({ method: "PUT", path: "/v1/files/file-1", body: "{}" }, 405, "ACCEPT_METHOD");
    expect(answer.error.message).toContain("Use GET or DELETE");
    expect(answer.header("allow")).toBe("GET, DELETE");
  });

  it("GET on an endpoint that only takes POST is told so", async () => {
    expect((await refusedBy({ method: "GET", path: "/v1/embeddings" }, 405, "ACCEPT_METHOD")).header("allow")).toBe("POST");
  });

  it("CONNECT opens nothing", async () => {
    const story = await stage(silence);
    const line = story.open(0);
    line.send("CONNECT example.com:443 HTTP/1.1\r\nhost: example.com\r\n\r\n");
    await line.closed;
    expect(line.text).not.toContain("200");
    expect(story.provider.connections.opened).toBe(0);
  });
});

describe("a request that is hardly HTTP", () => {
  const unreadable: readonly (readonly [string, string])[] = [
    ["no HTTP at all", "hello\r\n\r\n"],
    ["a method that there is not", "FETCH / HTTP/1.1\r\nhost: a\r\n\r\n"],
    ["two lengths", "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}"],
    ["a length and chunks", "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["a length that is no number", "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: x\r\n\r\n"],
    ["a header that goes on in the next line", "GET / HTTP/1.1\r\nhost: a\r\n folded\r\n\r\n"],
    ["a space before a colon", "GET / HTTP/1.1\r\nhost : a\r\n\r\n"],
    ["a greeting of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["a greeting of TLS", "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u0000\r\n\r\n"],
  ];

  it.each(unreadable)("(%s) is refused in the same shape, and the connection ends", async (_, sent) => {
    const story = await stage(silence);
    const line = story.open(0);
    line.send(Buffer.from(sent, "latin1"));
    await line.closed;
    expect(line.text).toMatch(/^HTTP\/1.1 400 [^]*connection: close\r\n/);
    const body = line.text.split("\r\n\r\n")[1] ?? "";
    expect((JSON.parse(body) as { error: { code: string } }).error.code).toBe("ACCEPT_BAD_REQUEST");
    expect(body).not.toMatch(INSIDES);
  });

  const begun: Behaviour = async (exchange) => {
    await bodyOf(exchange);
    await exchange.sendHead({ headers: { "content-type": "text/event-stream" } });
    for (const event of chatEvents({ words: ["begun"] }).slice(0, 2)) await exchange.sendChunk(event);
  };
  const large = reply({ headers: { "content-type": "audio/mpeg" }, body: Buffer.concat([Buffer.from("begun"), Buffer.alloc(20_000_000)]) });

  it.each([["of chunks", begun, "/v1/chat/completions"], ["of a known length", large, "/v1/audio/speech"]])("behind an answer %s ends it, without a word inside of it", async (_, script, path) => {
    const story = await stage(script);
    const line = story.open(1).send(postOf(STREAMED_CHAT, {}, path));
    await line.until(/begun/);
    line.socket.pause();
    line.send("garbage\r\n\r\n");
    await story.gateway.settled(1);
    line.socket.resume();
    await line.closed;
    expect(line.text.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(line.text).not.toContain("ACCEPT_BAD_REQUEST");
  });

  it("behind a request that still waits for its answer ends both", async () => {
    const story = await stage(silence);
    const line = story.open(1).send(postOf(CHAT));
    await story.provider.received(1);
    line.send("garbage\r\n\r\n");
    expect(await line.until(/ACCEPT_BAD_REQUEST/)).toMatch(/^HTTP\/1.1 400 /);
    expect(await story.gateway.settled(1)).toMatchObject([{ aborted: true }]);
    await story.provider.idle();
  });

  it("without a host is refused", async () => {
    const story = await stage(silence);
    const line = story.open(1);
    line.send(`POST /v1/chat/completions HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: ${CHAT.length}\r\n\r\n${CHAT}`);
    expect(await line.until(/no host header[^]*\}$/)).toMatch(/^HTTP\/1.1 400 [^]*ACCEPT_BAD_REQUEST/);
  });

  it("with an expectation that nobody can meet is refused", async () => {
    const answer = await refusedBy({ body: CHAT, headers: { expect: "a-miracle" } }, 417, "ACCEPT_EXPECTATION");
    expect(answer.error.message).toContain("a-miracle");
  });
});

describe("a model that there is not", () => {
  const models = ["support-chat", "support-chat-large", "embed", "secret-project"].map((name) => ({ match: "exact", name }) as const);

  it.each([
    ["suport-chat", '"support-chat"'],
    ["Support-Chat", '"support-chat"'],
    ["support-chat-larg", '"support-chat-large"'],
    ["embedding", '"embed"'],
  ])("%s is told which ones are close", async (asked, near) => {
    const story = await stage(silence, { routes: { chat: { models } } });
    const answer = await story.ask({ body: JSON.stringify({ model: asked }) });
    expectShape(answer, 404, "ROUTE_MODEL_NOT_FOUND");
    expect(answer.error).toMatchObject({ param: "model", type: "not_found_error" });
    expect(answer.error.message).toContain(near);
  });

  it("is not told names that the caller may not use", async () => {
    const story = await stage(silence, { routes: { chat: { models, access: { teams: ["others"] } } } });
    const answer = await story.ask({ body: '{"model":"secret-projec"}' });
    expectShape(answer, 404, "ROUTE_MODEL_NOT_FOUND");
    expect(answer.text).not.toContain("secret-project\"");
  });

  it("may be of any characters", async () => {
    const asked = "\"</script>\n\u0000\u2028😀";
    const story = await stage(silence);
    const answer = await story.ask({ body: JSON.stringify({ model: asked }) });
    expectShape(answer, 404, "ROUTE_MODEL_NOT_FOUND");
    expect(answer.error.message).toContain(asked);
  });
});

describe("what a provider refuses", () => {
  it("with 429 reaches the client with its words, its status and when to come back", async () => {
    const story = await stage(tooManyRequests({ "retry-after": "17", "retry-after-ms": "17000" }));
    const answer = await story.ask();
    expect([answer.status, answer.error.code, answer.header("retry-after"), answer.header("retry-after-ms")]).toEqual([429, "rate_limit_exceeded", "17", "17000"]);
    expect((await story.gateway.settled(1))[0]).toMatchObject({ status: 429, error: "UPSTREAM_RATE_LIMITED", upstream_status: 429 });
  });

  it.each([400, 404, 409, 413, 422, 500, 503, 529])("with %s keeps its status and words", async (status) => {
    const story = await stage(failure(status, "because"));
    const answer = await story.ask();
    expect([answer.status, answer.text]).toEqual([status, openaiError("because", { type: status >= 500 ? "server_error" : "invalid_request_error" })]);
  });

  it.each([400, 429, 500, 503])("with a web page and %s becomes words in the client's shape", async (status) => {
    const story = await stage(html(status));
    const answer = await story.ask();
    expect(answer.status).toBe(status);
    expect(answer.header("content-type")).toBe("application/json");
    expect(Object.keys(answer.error).toSorted()).toEqual(["code", "message", "param", "type"]);
    expect(answer.text).not.toMatch(INSIDES);
  });

  it.each([401, 403] as const)("with %s about our own key is a 502 in our own words, without a fragment of the key", async (status) => {
    const story = await stage(echoedKey(status));
    const answer = await story.ask();
    expectShape(answer, 502, "UPSTREAM_CREDENTIAL");
    expect(answer.rawHeaders.join() + answer.text).not.toContain(PROVIDER_KEY.slice(3, 12));
  });

  it("with a success that is an error is a 502", async () => {
    const story = await stage(json('{"error":{"message":"quota of account 7 is gone","type":"x"}}'));
    expectShape(await story.ask(), 502, "UPSTREAM_STREAM_ERROR");
  });

  it.each([["nothing", ""], ["half a document", '{"choices":['], ["a web page", "<html>hello</html>"], ["text", "ok"]])("with %s and status 200 is a 502", async (_, body) => {
    const story = await stage(reply({ headers: { "content-type": "application/json" }, body }));
    expectShape(await story.ask(), 502, "UPSTREAM_INVALID");
  });
});
