// Where the gateway lets itself be sent: providers' addresses that lead inside, and paths of clients that lead aside.
import { describe, expect, it, onTestFinished } from "vitest";
import { chatCompletion } from "../doubles/provider-bytes.ts";
import { json, redirect, silence } from "../doubles/provider-replies.ts";
import { startProvider } from "../doubles/provider.ts";
import { CHAT, headOf, stage } from "./caller.ts";

const hello = json(chatCompletion({ text: "hello" }));

/** A listener that must not be reached, and a gateway whose provider's address leads there. */
const lure = async (address: string, network: "public" | "private", privateRanges: string[]) => {
  const inside = await startProvider(hello);
  onTestFinished(() => inside.close());
  const story = await stage(undefined, { providers: { one: address.replaceAll("PORT", String(inside.port)) }, provider: { network }, settings: { privateRanges } });
  const answer = await story.ask();
  return { inside, answer, story };
};

describe("a public provider's address that leads inside", () => {
  it.each([
    "http://127.0.0.1:PORT/v1",
    "http://127.0.0.2:PORT/v1",
    "http://localhost:PORT/v1",
    "http://LOCALHOST:PORT/v1",
    "http://[::1]:PORT/v1",
    "http://10.0.0.1:PORT/v1",
    "http://192.168.0.1:PORT/v1",
    "http://172.16.0.1:PORT/v1",
    "http://100.64.0.1:PORT/v1",
    "http://169.254.1.1:PORT/v1",
    "http://[fe80::1]:PORT/v1",
    "http://[fc00::1]:PORT/v1",
  ])("%s is refused when it would be dialled", async (address) => {
    const { inside, answer } = await lure(address, "public", ["127.0.0.0/8"]);
    expect([answer.status, answer.error.code]).toEqual([502, "UPSTREAM_ADDRESS_REFUSED"]);
    expect(inside.connections.opened).toBe(0);
  });

  it.each([
    "http://127.1:PORT/v1",
    "http://2130706433:PORT/v1",
    "http://0x7f000001:PORT/v1",
    "http://0x7f.1:PORT/v1",
    "http://0177.0.0.1:PORT/v1",
    "http://127.0.0.1.:PORT/v1",
    "http://localhost.:PORT/v1",
    "http://１２７.0.0.1:PORT/v1",
    "http://%31%32%37.0.0.1:PORT/v1",
    "http://[::ffff:127.0.0.1]:PORT/v1",
    "http://[::ffff:7f00:1]:PORT/v1",
    "http://[0:0:0:0:0:0:0:1]:PORT/v1",
    "http://0.0.0.0:PORT/v1",
    "http://0:PORT/v1",
    "http://[::]:PORT/v1",
    "http://user:password@127.0.0.1:PORT/v1",
    "http://api.openai.com@127.0.0.1:PORT/v1",
    "http://127.0.0.1:PORT\\@api.openai.com/v1",
    "http:\\\\127.0.0.1:PORT/v1",
    "http://127.0.0.1:PORT#@api.openai.com/v1",
    "http://127.0.0.1:PORT\t/v1",
    " http://127.0.0.1:PORT/v1",
    "http:127.0.0.1:PORT/v1",
    "http:///127.0.0.1:PORT/v1",
    "//127.0.0.1:PORT/v1",
    "ftp://127.0.0.1:PORT/v1",
    "file:///etc/passwd",
    "http://169.254.169.254/v1",
    "http://[fd00:ec2::254]/v1",
    "http://100.100.100.200/v1",
    "http://metadata.google.internal/v1",
    "http://metadata/v1",
    "http://224.0.0.1/v1",
    "http://255.255.255.255/v1",
  ])("%s is no address at all", async (address) => {
    const { inside, answer, story } = await lure(address, "public", ["127.0.0.0/8"]);
    expect([answer.status, answer.error.code]).toEqual([503, "ROUTE_NO_TARGET"]);
    expect(inside.connections.opened).toBe(0);
    expect(await story.gateway.logged()).toContain('"level":"warn","event":"a provider\'s endpoint cannot be used"');
  });
});

describe("a private provider's address", () => {
  it.each([["http://127.0.0.1:PORT/v1", ["10.0.0.0/8"]], ["http://localhost:PORT/v1", []], ["http://[::1]:PORT/v1", ["127.0.0.0/8"]]])("%s is refused outside of the allowed ranges %s", async (address, ranges) => {
    const { inside, answer } = await lure(address, "private", ranges);
    expect([answer.status, answer.error.code]).toEqual([502, "UPSTREAM_ADDRESS_REFUSED"]);
    expect(inside.connections.opened).toBe(0);
  });

  it.each(["http://169.254.169.254/v1", "http://[fd00:ec2::254]/v1", "http://metadata.google.internal/v1", "http://0.0.0.0:PORT/v1"])("%s is refused whatever is allowed", async (address) => {
    const { inside, answer } = await lure(address, "private", ["0.0.0.0/0", "::/0"]);
    expect([answer.status, answer.error.code]).toEqual([503, "ROUTE_NO_TARGET"]);
    expect(inside.connections.opened).toBe(0);
  });

  it.each(["http://127.0.0.1:PORT/v1", "http://localhost:PORT/v1"])("%s is dialled inside of them", async (address) => {
    const { inside, answer } = await lure(address, "private", ["127.0.0.0/8", "::1"]);
    expect([answer.status, inside.connections.opened]).toEqual([200, 1]);
  });
});

it("an address that may not be dialled costs its own target and no other", async () => {
  const story = await stage(hello);
  const good = story.provider.url;
  story.gateway.apply({ providers: { bad: "http://169.254.169.254/v1", refused: "http://10.0.0.1/v1", good: `${good}/v1` } });
  const answer = await story.ask();
  expect([answer.status, answer.header("x-llmgw-target"), answer.header("x-llmgw-attempts")]).toEqual([200, "good", "2"]);
});

it.each([301, 302, 303, 307, 308] as const)("a redirect with %s is not followed", async (status) => {
  const elsewhere = await startProvider(hello);
  onTestFinished(() => elsewhere.close());
  const story = await stage(redirect(`${elsewhere.url}/v1/chat/completions`, status));
  const answer = await story.ask();
  expect([answer.status, answer.error.code]).toEqual([502, "UPSTREAM_REDIRECT"]);
  expect(elsewhere.connections.opened).toBe(0);
});

describe("an identifier in a path that leads elsewhere", () => {
  it.each([
    "/v1/files/..",
    "/v1/files/.",
    "/v1/files/../admin",
    "/v1/files/../../admin/keys",
    "/v1/files/..%2fadmin",
    "/v1/files/..%2Fadmin%2Fkeys",
    "/v1/files/%2e%2e",
    "/v1/files/%2e%2e%2fadmin",
    "/v1/files/%2E%2E/content",
    "/v1/files/.%2e/content",
    "/v1/files/../content",
    "/v1/files/%252e%252e",
    "/v1/files/..\\admin",
    "/v1/files/..%5cadmin",
    "/v1/files/a%00b",
    "/v1/files/a%0d%0ax-injected:1",
    "/v1/files/a%20b",
    "/v1/files/a;b",
    "/v1/files/a%3fkey=x",
    "/v1/files/a%23b",
    "/v1/files/%c3%a9",
    "/v1/files//content",
    "/v1/files/",
    "/v1/files/a/content/../../../x",
    "/v1/responses/..",
    "/v1/responses/%2e%2e/input_items",
    "/v1/chat/completions/..",
    "/v1/batches/..",
    "/v1/../v1/files",
    "/v1/./files",
    "/v1/%66iles/../x",
  ])("%s never reaches the provider", async (path) => {
    const story = await stage(silence);
    const line = story.open(1);
    line.send(Buffer.from(headOf("GET", path, { connection: "close" }), "utf8"));
    await line.closed;
    expect(line.text).toMatch(/^HTTP\/1.1 404 [^]*ACCEPT_NO_ENDPOINT/);
    expect(story.provider.connections.opened).toBe(0);
  });

  it.each(["/v1/chat/completions/..", "/v1/responses/../cancel", "/v1/batches/%2e%2e/cancel"])("%s never reaches the provider with POST either", async (path) => {
    const story = await stage(silence);
    const line = story.open(1);
    line.send(headOf("POST", path, { connection: "close", "content-type": "application/json", "content-length": 2 })).send("{}");
    await line.closed;
    expect(line.text).toMatch(/^HTTP\/1.1 40[45] /);
    expect(story.provider.connections.opened).toBe(0);
  });

  it.each(["//169.254.169.254/v1/chat/completions", "/v1/chat%2Fcompletions"])("%s is no way to another host", async (path) => {
    const story = await stage(silence);
    const line = story.open(1);
    line.send(headOf("POST", path, { connection: "close", "content-type": "application/json", "content-length": CHAT.length })).send(CHAT);
    await line.closed;
    expect(line.text).toMatch(/^HTTP\/1.1 404 /);
    expect(story.provider.requests).toHaveLength(0);
  });

  it.each([
    "http://169.254.169.254/v1/chat/completions?x=%2e%2e/",
    "http://user:password@gateway/v1/chat/completions?x=%2e%2e/",
    "/v1/chat/completions?x=%2e%2e/#@169.254.169.254/",
    "/v1/ch%61t/completions?x=%2e%2e/",
  ])("%s goes on in the usual spelling", async (path) => {
    const story = await stage(hello);
    const line = story.open(1);
    line.send(headOf("POST", path, { connection: "close", "content-type": "application/json", "content-length": CHAT.length })).send(CHAT);
    await line.closed;
    expect(line.text).toMatch(/^HTTP\/1.1 200 /);
    expect(story.provider.requests[0]?.target).toBe("/v1/chat/completions?x=%2e%2e/");
    expect(story.provider.requests[0]?.header("host")).toBe(`127.0.0.1:${story.provider.port}`);
    expect(line.text + (await story.gateway.logged())).not.toContain("password");
  });

  it("behind a whole URL goes on without it", async () => {
    const story = await stage(json("{}"));
    const line = story.open(1);
    line.send(headOf("GET", "http://169.254.169.254/v1/files/file-1", { connection: "close" }));
    await line.closed;
    expect(story.provider.requests[0]?.target).toBe("/v1/files/file-1");
  });

  it("with the letters that identifiers have goes on as it is", async () => {
    const story = await stage(json("{}"));
    const answer = await story.ask({ method: "GET", path: "/v1/files/file-A_1.b:c@d=e+f~g" });
    expect(answer.status).toBe(200);
    expect(story.provider.requests[0]?.target).toBe("/v1/files/file-A_1.b:c@d=e+f~g");
  });
});
