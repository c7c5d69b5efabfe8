// The encrypted listener over real sockets: who gets an answer, in what words the others are turned away, and a certificate that
// changes under open streams.
import { readFileSync } from "node:fs";
import { connect as dial, type Socket } from "node:net";
import { connect, getCACertificates, setDefaultCACertificates, type ConnectionOptions, type TLSSocket } from "node:tls";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { watchCertificate, type KeyAndCertificate } from "../../dataplane/certificate.ts";
import type { Clock } from "../../dataplane/clock.ts";
import type { Issued } from "../../operator/publish/issue.ts";
import { authority, certificateOf, HOUR_MS, mounted, swapped } from "../doubles/certificate.ts";
import { fakeClock } from "../doubles/clock.ts";
import { KEY, type GatewayDouble } from "../doubles/gateway.ts";
import { chatCompletion, chatEvents } from "../doubles/provider-bytes.ts";
import { bodyOf, eventStream, json } from "../doubles/provider-replies.ts";
import type { Behaviour, Script } from "../doubles/provider.ts";
import { CHAT, headOf, postOf, stage, STREAMED_CHAT, type Stage } from "../story/caller.ts";

let signer: Issued;
let first: KeyAndCertificate;
let second: KeyAndCertificate;
const trusted = getCACertificates("default");

beforeAll(async () => {
  const now = Date.now();
  signer = await authority(now);
  [first, second] = await Promise.all([certificateOf(signer, now + HOUR_MS), certificateOf(signer, now + 2 * HOUR_MS)]);
  setDefaultCACertificates([...trusted, signer.certificate]);
});

afterAll(() => setDefaultCACertificates(trusted));

const hello = json(chatCompletion({ text: "hello" }));
const events = chatEvents({ words: ["one ", "two ", "three"], usage: { input: 3, output: 3 } });

const encrypted = (script?: Script, clock?: Clock): Promise<Stage> => stage(script, { certificate: swapped(first), ...(clock === undefined ? {} : { clock }) });

/** What a socket brings until it closes. */
const heard = (socket: Socket): Promise<string> => {
  onTestFinished(() => void socket.destroy());
  const pieces: Buffer[] = [];
  socket.on("data", (piece: Buffer) => pieces.push(piece));
  return new Promise((resolve) => {
    let failure = "";
    socket.on("error", (error: Error & { code?: string }) => (failure = `${error.code ?? ""} ${error.message}`));
    socket.on("close", () => resolve(Buffer.concat(pieces).toString() + failure));
  });
};

const bare = (gateway: GatewayDouble, text: string): Promise<string> => {
  const socket = dial({ port: gateway.port, host: "127.0.0.1" });
  const said = heard(socket);
  if (text !== "") socket.write(text);
  return said;
};

/** Rejects when the handshake fails. */
const shakeHands = ({ port }: GatewayDouble, options: ConnectionOptions = {}): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", servername: "localhost", ...options });
    onTestFinished(() => void socket.destroy());
    socket.once("error", reject);
    socket.once("secureConnect", () => resolve(socket));
  });

const seenBy = async (gateway: GatewayDouble): Promise<string> => {
  const socket = await shakeHands(gateway);
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
};

const failedHandshakes = async (gateway: GatewayDouble): Promise<number> => Number(/^llmgw_listener_handshakes_failed_total (\d+)$/m.exec(await gateway.telemetry.metrics.text())?.[1]);

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("the encrypted listener", () => {
  it("streams to OpenAI's SDK, which is told nothing but an https address", async () => {
    const { gateway, count } = await encrypted(eventStream(events));
    count(1);
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: KEY, maxRetries: 0 });
    const words: string[] = [];
    for await (const { choices } of await client.chat.completions.create({ model: "support-chat", stream: true, messages: [{ role: "user", content: "count" }] })) words.push(choices[0]?.delta.content ?? "");
    expect(gateway.url).toMatch(/^https:/);
    expect(words.join("")).toBe("one two three");
  });

  it.each([["TLSv1.2", "TLSv1.2"], ["TLSv1.3", "TLSv1.3"]] as const)("speaks %s", async (maxVersion, spoken) => {
    const { gateway } = await encrypted();
    const socket = await shakeHands(gateway, { maxVersion });
    expect(socket.getProtocol()).toBe(spoken);
  });

  it("speaks nothing older, and counts who wanted to", async () => {
    const { gateway } = await encrypted();
    await expect(shakeHands(gateway, { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" })).rejects.toThrow(/protocol version|handshake/i);
    while ((await failedHandshakes(gateway)) === 0) await turn();
  });

  it("offers HTTP/1.1 to whoever would rather have HTTP/2, and no silence to whoever has nothing else", async () => {
    const { gateway } = await encrypted();
    expect((await shakeHands(gateway, { ALPNProtocols: ["h2", "http/1.1"] })).alpnProtocol).toBe("http/1.1");
    expect((await shakeHands(gateway, { ALPNProtocols: ["http/1.0"] })).alpnProtocol).toBe("http/1.0");
    await expect(shakeHands(gateway, { ALPNProtocols: ["h2"] })).rejects.toThrow(/no application protocol/);
  });

  it("is not believed by whoever does not know its authority, nor under another name", async () => {
    const { gateway } = await encrypted();
    const stranger = await authority(Date.now(), "authority of somebody else");
    await expect(shakeHands(gateway, { ca: stranger.certificate })).rejects.toThrow(/certificate/);
    await expect(shakeHands(gateway, { servername: "elsewhere.example" })).rejects.toThrow("elsewhere.example");
  });
});

describe("who speaks something else to the encrypted port", () => {
  it.each([["a request", headOf("GET", "/v1/models")], ["a request with a large body", postOf("x".repeat(3_000_000))], ["HTTP/2 with prior knowledge", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]])("is told to use https: %s in the clear", async (_, text) => {
    const { gateway } = await encrypted();
    const said = await bare(gateway, text);
    expect(said).toMatch(/^HTTP\/1\.1 400 Refused\r\n[^]*x-llmgw-error: ACCEPT_PLAIN_HTTP\r\n[^]*connection: close\r\n\r\n\{"error":\{"message":"This port speaks HTTPS, and was sent plain HTTP\. Begin the base URL with https:/);
  });

  it("is told so by the SDK too", async () => {
    const { gateway } = await encrypted();
    const client = new OpenAI({ baseURL: `${gateway.url.replace("https:", "http:")}/v1`, apiKey: KEY, maxRetries: 0 });
    await expect(client.models.list()).rejects.toThrow("400 This port speaks HTTPS, and was sent plain HTTP");
  });

  it("is closed on at once when it is nonsense", async () => {
    const { gateway } = await encrypted();
    expect(await bare(gateway, "\0\u0001nonsense that is no handshake")).not.toContain("HTTP");
    while ((await failedHandshakes(gateway)) === 0) await turn();
  });

  it("is closed on after ten seconds when it is nothing", async () => {
    const clock = fakeClock();
    const { gateway } = await encrypted(undefined, clock);
    const socket = dial({ port: gateway.port, host: "127.0.0.1" });
    let isOver = false;
    const said = heard(socket).finally(() => (isOver = true));
    while (!isOver) {
      // However late the server hears of the connection.
      clock.advance(1000);
      await turn();
    }
    expect(await said).not.toContain("HTTP");
  });

  it("does not hold up the end", async () => {
    const clock = fakeClock();
    const { gateway } = await encrypted(undefined, clock);
    const [silent, half] = [dial({ port: gateway.port, host: "127.0.0.1" }), dial({ port: gateway.port, host: "127.0.0.1" })];
    const ends = Promise.all([heard(silent), heard(half)]);
    half.write(Buffer.from([0x16, 0x03, 0x01]));
    await Promise.all([silent, half].map((socket) => new Promise((resolve) => socket.once("connect", resolve))));
    await gateway.server.close();
    expect(await ends).toHaveLength(2);
  });
});

/** Begins to stream, and goes on when the gate opens. */
const gated = (gate: Promise<void>): Behaviour => async (exchange) => {
  await bodyOf(exchange);
  await exchange.sendHead({ headers: { "content-type": "text/event-stream" } });
  for (const event of events.slice(0, 2)) await exchange.sendChunk(event);
  await gate;
  for (const event of events.slice(2)) await exchange.sendChunk(event);
  await exchange.end();
};

const fingerprintOf = async (pair: KeyAndCertificate): Promise<string> => {
  const { gateway } = await stage(undefined, { certificate: swapped(pair) });
  return seenBy(gateway);
};

describe("a certificate that changes", () => {
  it("is shown to whoever connects from then on, and cuts off nobody who is there", async () => {
    const files = mounted(first.cert, first.key);
    const clock = fakeClock(Date.now());
    const refused: string[] = [];
    const certificate = await watchCertificate({ certificateFile: files.certificateFile, keyFile: files.keyFile, clock, onTaken: () => undefined, onRefused: (message) => refused.push(message) });
    onTestFinished(() => certificate.close());
    const gate = Promise.withResolvers<void>();
    const { gateway, count } = await stage([gated(gate.promise), hello], { certificate });
    count(2);
    const socket = await shakeHands(gateway);
    let text = "";
    socket.on("data", (piece: Buffer) => (text += piece.toString()));
    socket.write(postOf(STREAMED_CHAT));
    while (!text.includes("one ")) await turn();
    const [old, young] = [await fingerprintOf(first), await fingerprintOf(second)];
    expect(await seenBy(gateway)).toBe(old);

    files.swap(second.cert, first.key);
    while (refused.length === 0) {
      clock.advance(1000);
      await turn();
    }
    expect(await seenBy(gateway)).toBe(old);

    files.swap(second.cert, second.key);
    while (certificate.current().cert !== second.cert) {
      clock.advance(10_000);
      await turn();
    }
    expect(await seenBy(gateway)).toBe(young);
    gate.resolve();
    while (!text.includes("[DONE]\n\n\r\n0\r\n\r\n")) await turn();
    socket.write(postOf(CHAT));
    while (!text.includes("hello")) await turn();
    expect([old === young, readFileSync(files.certificateFile, "utf8")]).toEqual([false, second.cert]);
  });
});

describe("an encrypted connection", () => {
  it("lets an open stream run to its end while the gateway drains", async () => {
    const gate = Promise.withResolvers<void>();
    const { gateway, count } = await encrypted(gated(gate.promise));
    count(1);
    const socket = await shakeHands(gateway);
    const said = heard(socket);
    let text = "";
    socket.on("data", (piece: Buffer) => (text += piece.toString()));
    socket.write(postOf(STREAMED_CHAT, { connection: "close" }));
    while (!text.includes("one ")) await turn();
    const drained = gateway.server.drain();
    gate.resolve();
    expect(await said).toMatch(/three[^]*\[DONE\]\n\n\r\n0\r\n\r\n$/);
    await drained;
  });

  it("breaks where a file broke off, also in HTTP/1.0, whose end it would be otherwise", async () => {
    const song: Behaviour = async (exchange) => {
      await exchange.received;
      await exchange.sendHead({ headers: { "content-type": "audio/mpeg" } });
      await exchange.sendChunk("half of a song");
      exchange.close();
    };
    const { gateway, count } = await encrypted([song, hello]);
    count(2);
    const socket = await shakeHands(gateway);
    const said = heard(socket);
    socket.write(postOf('{"model":"support-chat","input":"x","voice":"alloy"}', {}, "/v1/audio/speech").replace("HTTP/1.1", "HTTP/1.0"));
    expect(await said).toMatch(/half of a song(?:ECONNRESET|EPIPE)/);
    const again = await shakeHands(gateway);
    const answer = heard(again);
    again.write(postOf(CHAT, { connection: "close" }));
    expect(await answer).toContain("hello");
  });
});
