// Forms on their way to a provider: streamed as they come, byte for byte but for the model's name, with limits and
// with both sides free to leave at any moment.
import { describe, expect, it, onTestFinished } from "vitest";
import { endpoints } from "../../dataplane/protocols/endpoints.ts";
import type { Settings } from "../../dataplane/snapshot/schema.ts";
import { deafness, failure, hangUp, json, silence } from "../doubles/provider-replies.ts";
import { startProvider } from "../doubles/provider.ts";
import { headOf, stage, type Ask, type Stage } from "./caller.ts";

const BOUNDARY = "----Boundary.7MA4YWxk";
const PATH = "/v1/audio/transcriptions";
const TYPE = `multipart/form-data; boundary=${BOUNDARY}`;
const period = Buffer.from(Array.from({ length: 8191 }, (_, index) => (index * 7919 + (index >> 8)) % 256));
const noise = (length: number): Buffer => Buffer.alloc(length, period);

interface Part {
  readonly name: string;
  readonly content: string | Uint8Array;
  readonly file?: string;
}

const partOf = ({ name, content, file }: Part): Buffer => {
  const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${file === undefined ? "" : `; filename="${file}"\r\ncontent-type: audio/mpeg`}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), Buffer.from(content), Buffer.from("\r\n")]);
};
const formOf = (...parts: readonly Part[]): Buffer => Buffer.concat([...parts.map(partOf), Buffer.from(`--${BOUNDARY}--\r\n`)]);

const model = (name: string): Part => ({ name: "model", content: name });
const file = (content: string | Uint8Array): Part => ({ name: "file", file: "ä ;.mp3", content });
const prompt: Part = { name: "prompt", content: 'model\r\n--not-the-boundary\r\nname="model"' };

const upload = (body: Uint8Array, more: Partial<Ask> = {}): Ask => ({ path: PATH, body, ...more, headers: { "content-type": TYPE, ...more.headers } });
const bodyAt = (story: Stage, index = 0): Buffer => story.provider.requests[index]?.body ?? Buffer.alloc(0);
const limits = (some: Partial<Settings["limits"]>) => ({ settings: { limits: some } });
const ok = json('{"text":"So it goes."}');

describe("a form", () => {
  const sound = noise(3000);
  const cases: readonly (readonly [string, (name: string) => Buffer])[] = [
    ["the model first", (name) => formOf(model(name), file(sound), prompt)],
    ["the file first", (name) => formOf(file(sound), prompt, model(name))],
    ["the model between", (name) => formOf(prompt, model(name), file(sound))],
    ["words before and behind its parts", (name) => Buffer.concat([Buffer.from("preamble\r\n"), formOf(model(name), file(sound)), Buffer.from("epilogue")])],
  ];
  const paths = endpoints.filter(({ body, model: isAsked }) => body.includes("multipart") && isAsked !== "None").map(({ path }) => path);

  it.each(paths.flatMap((path) => cases.map(([what, form]) => [path, what, form] as const)))("to %s with %s reaches the provider as it came but for the model", async (path, _, form) => {
    const story = await stage(ok);
    const answer = await story.ask(upload(form("support-chat"), { path }));
    expect([answer.status, answer.text]).toEqual([200, '{"text":"So it goes."}']);
    expect(bodyAt(story).equals(form("provider-model"))).toBe(true);
    expect(story.provider.requests[0]?.header("content-length")).toBe(String(form("provider-model").length));
    expect(story.provider.requests[0]?.header("content-type")).toBe(TYPE);
    const [line] = await story.gateway.settled(1);
    expect(line).toMatchObject({ model: "support-chat", model_sent: "provider-model", bytes_in: form("support-chat").length });
  });

  it("of unknown length goes on in chunks", async () => {
    const story = await stage(ok);
    const form = formOf(model("support-chat"), file(sound));
    await story.ask({ path: PATH, headers: { "content-type": TYPE }, chunks: [form.subarray(0, 100), form.subarray(100, 1000), form.subarray(1000)] });
    expect(bodyAt(story).equals(formOf(model("provider-model"), file(sound)))).toBe(true);
    expect(story.provider.requests[0]?.header("transfer-encoding")).toBe("chunked");
    expect(story.provider.requests[0]?.header("content-length")).toBeUndefined();
  });

  it("may come one byte per segment", async () => {
    const story = await stage(ok);
    const line = story.open(1);
    const form = formOf(model("support-chat"), file("abc"));
    line.send(headOf("POST", PATH, { "content-type": TYPE, "content-length": form.length }));
    for (const byte of form) await new Promise((resolve) => line.socket.write(Buffer.of(byte), resolve));
    await line.until(/So it goes/);
    expect(bodyAt(story).equals(formOf(model("provider-model"), file("abc")))).toBe(true);
  });

  it("stays as it is when the provider knows the model under the asked name", async () => {
    const story = await stage(ok, { targets: [{ name: "one", provider: "test/one", weight: 1, priority: 0 }] });
    const form = formOf(file(sound), model("support-chat"));
    await story.ask(upload(form));
    expect(bodyAt(story).equals(form)).toBe(true);
  });

  it("without a model goes where no model is needed, as it is", async () => {
    const story = await stage(ok);
    const form = formOf(prompt, file(sound));
    const answer = await story.ask(upload(form, { path: "/v1/images/edits" }));
    expect(answer.status).toBe(200);
    expect(bodyAt(story).equals(form)).toBe(true);
  });

  it("without a model is refused where one is needed", async () => {
    const story = await stage(ok);
    const answer = await story.ask(upload(formOf(prompt, file(sound))));
    expect([answer.status, answer.error.code, answer.error.param]).toEqual([400, "REQUEST_MODEL_MISSING", "model"]);
    expect(story.provider.requests).toHaveLength(0);
  });

  it.each([
    ["ends before its closing boundary", formOf(prompt, file("x")).subarray(0, -10)],
    ["names two models at once", formOf(model("support-chat"), model("other"))],
    ["sends its model as a file", formOf({ name: "model", file: "model", content: "support-chat" })],
    ["has a part without a name", Buffer.from(`--${BOUNDARY}\r\ncontent-type: text/plain\r\n\r\nx\r\n--${BOUNDARY}--\r\n`)],
  ])("that %s is refused before a provider hears of it", async (_, form) => {
    const story = await stage(ok);
    const answer = await story.ask(upload(form));
    expect([answer.status, answer.error.code]).toEqual([400, "REQUEST_INVALID_MULTIPART"]);
    expect(story.provider.requests).toHaveLength(0);
  });

  it("that names a second model further on is broken off, and the client is told why", async () => {
    const story = await stage(silence);
    const line = story.open(1);
    const form = formOf(model("support-chat"), file(noise(100_000)), model("other"));
    line.send(headOf("POST", PATH, { "content-type": TYPE, "content-length": form.length }));
    line.send(form.subarray(0, 60_000));
    const exchange = story.provider.received(1);
    await exchange;
    line.send(form.subarray(60_000));
    expect(await line.until(/REQUEST_INVALID_MULTIPART/)).toMatch(/^HTTP\/1.1 400 /);
    await story.provider.idle();
    expect(story.provider.requests[0]?.isComplete).toBe(false);
  });
});

describe("what belongs to nobody but the provider", () => {
  it.each([
    ["a file for a batch", formOf({ name: "purpose", content: "batch" }, model("support-chat"), file(noise(2000)))],
    ["a form that the gateway could not read", Buffer.from(`--${BOUNDARY}\nnot a form`)],
  ])("%s goes to the provider untouched", async (_, form) => {
    const story = await stage(json('{"id":"file-1"}'));
    const answer = await story.ask(upload(form, { path: "/v1/files" }));
    expect([answer.status, answer.text]).toEqual([200, '{"id":"file-1"}']);
    expect(bodyAt(story).equals(form)).toBe(true);
    expect(story.provider.requests[0]?.header("content-length")).toBe(String(form.length));
    expect(await story.gateway.settled(1)).toMatchObject([{ bytes_in: form.length }]);
  });
});

describe("limits", () => {
  it("refuse an announced size at once, without a word to the provider", async () => {
    const story = await stage(ok, limits({ uploadBytesMax: 10_000 }));
    const answer = await story.ask(upload(formOf(model("support-chat"), file(noise(20_000)))));
    expect([answer.status, answer.error.code]).toEqual([413, "ACCEPT_BODY_TOO_LARGE"]);
    expect(answer.error.message).toContain("10000 bytes");
    expect(story.provider.connections.opened).toBe(0);
  });

  it("break off an upload that grows beyond them on its way", async () => {
    const story = await stage(silence, limits({ uploadBytesMax: 10_000 }));
    const form = formOf(model("support-chat"), file(noise(20_000)));
    const line = story.open(1);
    line.send(headOf("POST", PATH, { "content-type": TYPE, "transfer-encoding": "chunked" }));
    const chunk = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
    line.send(chunk(form.subarray(0, 5000)));
    await story.provider.received(1);
    line.send(chunk(form.subarray(5000)));
    expect(await line.until(/ACCEPT_BODY_TOO_LARGE/)).toMatch(/^HTTP\/1.1 413 /);
    await story.provider.idle();
    expect(story.provider.requests[0]?.isComplete).toBe(false);
  });

  it("hold a file that comes before the model only up to the size of other bodies, and say what to do", async () => {
    const story = await stage(ok, limits({ bodyBytesMax: 50_000 }));
    const answer = await story.ask(upload(formOf(file(noise(200_000)), model("support-chat"))));
    expect([answer.status, answer.error.code]).toEqual([413, "ACCEPT_BODY_TOO_LARGE"]);
    expect(answer.error.message).toContain("put the model part before the file");
    expect(story.provider.connections.opened).toBe(0);
  });

  it("do not hold back what comes behind the model", async () => {
    const story = await stage(ok, limits({ bodyBytesMax: 50_000 }));
    const answer = await story.ask(upload(formOf(model("support-chat"), file(noise(200_000)))));
    expect(answer.status).toBe(200);
    expect(bodyAt(story).equals(formOf(model("provider-model"), file(noise(200_000))))).toBe(true);
  });
});

describe("memory", () => {
  it("stays flat while a provider does not read a large upload, and every byte arrives once it does", { timeout: 20_000 }, async () => {
    const story = await stage();
    const form = formOf(model("support-chat"), file(Buffer.alloc(32_000_000, "0123456789abcdef\r\n--Boundary")));
    const before = process.memoryUsage().arrayBuffers;
    const asked = story.ask(upload(form));
    const exchange = await story.provider.next();
    exchange.stopReading();
    const held = await steady(() => process.memoryUsage().arrayBuffers - before);
    expect(held).toBeLessThan(16_000_000);
    exchange.startReading();
    await exchange.received;
    await exchange.sendHead({ headers: { "content-type": "application/json" } });
    await exchange.sendChunk('{"text":""}');
    await exchange.end();
    expect((await asked).status).toBe(200);
    expect(bodyAt(story).equals(formOf(model("provider-model"), file(Buffer.alloc(32_000_000, "0123456789abcdef\r\n--Boundary"))))).toBe(true);
  });
});

/** What a number is once it has not grown for many turns of the event loop. */
const steady = async (read: () => number): Promise<number> => {
  let highest = read();
  for (let quiet = 0; quiet < 2000; quiet++) {
    await new Promise((resolve) => setImmediate(resolve));
    const now = read();
    if (now > highest) quiet = 0;
    highest = Math.max(highest, now);
  }
  return highest;
};

describe("a client that leaves", () => {
  it.each([
    ["before the model was seen", formOf(file(noise(50_000)), model("support-chat")).subarray(0, 20_000)],
    ["in the middle of the file", formOf(model("support-chat"), file(noise(50_000))).subarray(0, 20_000)],
  ])("%s takes its upload with it", async (_, part) => {
    const story = await stage(silence);
    const line = story.open(1);
    line.send(headOf("POST", PATH, { "content-type": TYPE, "content-length": 60_000 })).send(part);
    if (part.includes("support-chat")) await story.provider.received(1);
    else await once(() => story.gateway.server.openRequests() === 1);
    line.socket.resetAndDestroy();
    const [settled] = await story.gateway.settled(1);
    expect(settled).toMatchObject({ aborted: true, status: 0, path: PATH });
    await story.provider.idle();
    expect(story.provider.requests.map(({ gone }) => gone?.phase)).toEqual(part.includes("support-chat") ? ["sending the body"] : []);
  });
});

const once = async (isTrue: () => boolean): Promise<void> => {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
};

describe("a provider that fails", () => {
  const targets = ["one", "two"].map((name, priority) => ({ name, provider: `test/${name}`, model: `model-of-${name}`, weight: 1, priority }));

  it.each([["by its status", failure(503)], ["by hanging up", hangUp("reset")], ["without reading the file", hangUp("reset", "at the head")]])("%s is followed by the next one, which gets the same upload", async (_, behaviour) => {
    const second = await startProvider(ok);
    onTestFinished(() => second.close());
    const first = await startProvider(behaviour);
    onTestFinished(() => first.close());
    const story = await stage(undefined, { providers: { one: `${first.url}/v1`, two: `${second.url}/v1` }, targets });
    const answer = await story.ask(upload(formOf(model("support-chat"), file(noise(300_000)), prompt)));
    expect([answer.status, answer.header("x-llmgw-target"), answer.header("x-llmgw-attempts")]).toEqual([200, "two", "2"]);
    expect(second.requests[0]?.body.equals(formOf(model("model-of-two"), file(noise(300_000)), prompt))).toBe(true);
  });

  it("after more has passed than is kept is the last one, and its own answer reaches the client", async () => {
    const story = await stage(failure(503, "overloaded"), { targets: targets.map((target) => ({ ...target, provider: "test/one" })) });
    const answer = await story.ask(upload(formOf(model("support-chat"), file(noise(2_000_000)))));
    expect([answer.status, answer.error.message]).toEqual([503, "overloaded"]);
    expect(story.provider.requests).toHaveLength(1);
  });

  it("by refusing early lets the client see why, and the connection serves the next request", async () => {
    const story = await stage([json('{"error":{"message":"too long"}}', { status: 413, isEarly: true, headers: { connection: "close" } }), ok]);
    const form = formOf(model("support-chat"), file(noise(2_000_000)));
    const line = story.open(2);
    line.send(headOf("POST", PATH, { "content-type": TYPE, "content-length": form.length })).send(form);
    expect(await line.until(/too long/)).toMatch(/^HTTP\/1.1 413 /);
    line.send(headOf("POST", PATH, { "content-type": TYPE, "content-length": form.length })).send(form);
    expect(await line.until(/So it goes/)).toMatch(/HTTP\/1.1 200 /);
  });

  it("by dying in the middle of an upload that cannot be sent again is told to the client", async () => {
    const story = await stage(deafness, { targets: targets.map((target) => ({ ...target, provider: "test/one" })) });
    const asked = story.ask(upload(formOf(model("support-chat"), file(noise(30_000_000)))));
    await story.provider.received(1);
    await steady(() => process.memoryUsage().arrayBuffers);
    story.provider.dropConnections();
    const answer = await asked;
    expect([answer.status, answer.error.code, answer.header("x-llmgw-attempts")]).toEqual([502, "UPSTREAM_RESET", "1"]);
  });
});
