// Uploads through real sockets: a client, a server that has the upload, undici, and a provider. Cuts are tried on
// requests made by hand, since a network does not cut where a test wants it to.
import { createHash, randomFillSync } from "node:crypto";
import { once } from "node:events";
import { createServer, IncomingMessage, request as sendRequest, type ClientRequest, type RequestListener, type ServerResponse } from "node:http";
import { connect, Socket, type AddressInfo } from "node:net";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { Pool } from "undici";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Upload, UploadBroken, type UploadParts } from "../../dataplane/request/upload.ts";

const MEBIBYTE = 1_048_576;

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

const listen = async (listener: RequestListener): Promise<number> => {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  open.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
};

const poolTo = (port: number): Pool => {
  const pool = new Pool(`http://127.0.0.1:${port}`, { allowH2: false });
  open.push(() => pool.destroy());
  return pool;
};

type Limits = Partial<Omit<UploadParts, "request">>;

const uploadOf = (request: IncomingMessage, limits: Limits = {}): Upload =>
  new Upload({ request, boundary: "B", heldBytesMax: MEBIBYTE, totalBytesMax: 1024 * MEBIBYTE, ...limits });

/** A server whose first request becomes an upload; the test answers it. */
const receive = async (limits: Limits = {}) => {
  const arrived = Promise.withResolvers<{ upload: Upload; request: IncomingMessage; response: ServerResponse }>();
  const port = await listen((request, response) => arrived.resolve({ upload: uploadOf(request, limits), request, response }));
  return { port, arrived: arrived.promise };
};

const post = (port: number, headers: Record<string, string | number> = {}): ClientRequest => {
  const client = sendRequest({ host: "127.0.0.1", port, method: "POST", headers }).on("error", () => {});
  open.push(() => client.destroy());
  return client;
};

/** A provider that takes a body whole and says what came. */
const provider = async () => {
  const bodies: { headers: IncomingMessage["headers"]; body: Buffer }[] = [];
  const port = await listen((request, response) => {
    buffer(request).then(
      (body) => {
        bodies.push({ headers: request.headers, body });
        response.end("thanks");
      },
      () => {},
    );
  });
  return { pool: poolTo(port), bodies };
};

const send = async (pool: Pool, body: Readable, length: number | null = null): Promise<string> => {
  const headers = length === null ? {} : { "content-length": String(length) };
  const reply = await pool.request({ method: "POST", path: "/", body, headers });
  return reply.body.text();
};

const closed = (emitter: IncomingMessage | ServerResponse): Promise<unknown> => new Promise((resolve) => emitter.once("close", resolve));

const modelPart = (model: string): string => `--B\r\nContent-Disposition: form-data; name="model"\r\n\r\n${model}\r\n`;
const filePart = (content: string): string => `--B\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n${content}\r\n`;
const END = "--B--\r\n";
const FILE_HEAD = '--B\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n';

/** A request that was cut exactly so. */
const cutRequest = (chunks: readonly Buffer[], headers: Record<string, string> = {}): IncomingMessage => {
  const request = new IncomingMessage(new Socket());
  Object.assign(request.headers, headers);
  for (const chunk of chunks) request.push(chunk);
  request.complete = true;
  request.push(null);
  return request;
};

describe("the body that goes to the provider", () => {
  const forms = [modelPart("whisper-1") + filePart("sound") + END, filePart("sound") + modelPart("whisper-1") + END, modelPart("") + END, `preamble\r\n${modelPart("whisper-1")}${END}epilogue`];

  it.each(forms.flatMap((form) => [null, "gpt-4o-transcribe", "x", "", "größe"].map((newModel) => [form, newModel] as const)))(
    "is the client's, byte for byte but for the model, wherever it was cut: %j with %j",
    async (form, newModel) => {
      const body = Buffer.from(form);
      const head = 'name="model"\r\n\r\n';
      const [before = "", rest = ""] = form.split(head);
      const model = rest.slice(0, rest.indexOf("\r\n"));
      const expected = newModel === null ? form : `${before}${head}${newModel}${rest.slice(model.length)}`;
      const cuts = [...Array.from({ length: body.length }, (_, cut) => [body.subarray(0, cut), body.subarray(cut)].filter(({ length }) => length > 0)), Array.from(body, (byte) => Buffer.of(byte))];
      for (const chunks of cuts) {
        const upload = uploadOf(cutRequest(chunks, { "content-length": String(body.length) }));
        expect(await upload.modelFound).toEqual({ model });
        expect(upload.contentLength(newModel)).toBe(Buffer.byteLength(expected));
        expect((await buffer(upload.open(newModel))).toString()).toBe(expected);
        expect((await buffer(upload.open(null))).toString()).toBe(form);
        expect(upload.contentLength(newModel)).toBe(Buffer.byteLength(expected));
      }
    },
  );

  it("is the client's when the model was cut in pieces of memory of its own", async () => {
    const form = filePart("x".repeat(10_000)) + modelPart("whisper-1") + filePart("y".repeat(10_000)) + END;
    const body = Buffer.from(form);
    const start = form.indexOf("whisper-1");
    for (let first = start - 1; first <= start + 10; first++) {
      const upload = uploadOf(cutRequest([body.subarray(0, first), body.subarray(first)]));
      expect(await upload.modelFound).toEqual({ model: "whisper-1" });
      for (const newModel of ["gpt-4o-transcribe", ""]) expect((await buffer(upload.open(newModel))).toString()).toBe(form.replace("whisper-1", newModel));
    }
  });

  it("arrives with its length when the client said one, and in chunks when it did not", async () => {
    const { pool, bodies } = await provider();
    const form = modelPart("whisper-1") + filePart("sound") + END;
    for (const headers of [{ "content-length": form.length }, {}]) {
      const { port, arrived } = await receive();
      const client = post(port, headers);
      client.write(form.slice(0, 80));
      const { upload, response } = await arrived;
      expect(await upload.modelFound).toEqual({ model: "whisper-1" });
      client.end(form.slice(80));
      response.end(await send(pool, upload.open("gpt-4o"), upload.contentLength("gpt-4o")));
      await once(client, "response");
      expect(bodies.at(-1)?.body.toString()).toBe(form.replace("whisper-1", "gpt-4o"));
      expect(upload.bytes).toBe(form.length);
    }
    expect(bodies.map(({ headers }) => [headers["content-length"], headers["transfer-encoding"]])).toEqual([[String(form.length - 3), undefined], [undefined, "chunked"]]);
  });

  it.each(["", "preamble\r\n"])("gets a model part in front when the client named no model and one is wanted, behind %j", async (preamble) => {
    const form = `${preamble}${filePart("picture")}${END}`;
    const upload = uploadOf(cutRequest([Buffer.from(form)]));
    expect(await upload.modelFound).toEqual({ model: null });
    const body = (await buffer(upload.open("gpt-image-1"))).toString();
    expect(body).toBe(`${preamble}--B\r\ncontent-disposition: form-data; name="model"\r\n\r\ngpt-image-1\r\n${filePart("picture")}${END}`);
    expect(upload.contentLength("gpt-image-1")).toBe(body.length);
    expect((await buffer(upload.open(null))).toString()).toBe(form);
    expect(await uploadOf(cutRequest([Buffer.from(body)])).modelFound).toEqual({ model: "gpt-image-1" });
  });

  it("takes no model with a line end in it", async () => {
    const upload = uploadOf(cutRequest([Buffer.from(modelPart("m") + END)]));
    await upload.modelFound;
    expect(() => upload.open("a\r\n--B--")).toThrow(RangeError);
  });

  it("passes unread when no model is looked for, whatever it is", async () => {
    const { pool, bodies } = await provider();
    const { port, arrived } = await receive({ boundary: null });
    const bytes = randomFillSync(Buffer.alloc(3 * MEBIBYTE));
    const client = post(port, { "content-type": "application/octet-stream" });
    client.end(bytes);
    const { upload, response } = await arrived;
    expect(await upload.modelFound).toEqual({ model: null });
    expect(upload.bytes).toBe(0);
    expect(() => upload.open("m")).toThrow(RangeError);
    response.end(await send(pool, upload.open(null)));
    await once(client, "response");
    expect(bodies[0]?.body.equals(bytes)).toBe(true);
  });
});

describe("memory and backpressure", () => {
  const SIZE = 200 * MEBIBYTE;

  /** Writes as fast as it is let; the digest is of everything. */
  const pourFile = (client: ClientRequest, head: string): { digest: Promise<string>; poured: () => number } => {
    const block = randomFillSync(Buffer.alloc(MEBIBYTE));
    const digest = createHash("sha256").update(head);
    const done = Promise.withResolvers<string>();
    let poured = 0;
    client.write(head);
    const pour = (): void => {
      while (poured < SIZE) {
        digest.update(block);
        poured += block.length;
        if (!client.write(block)) return void client.once("drain", pour);
      }
      const tail = `\r\n${END}`;
      client.end(tail);
      done.resolve(digest.update(tail).digest("hex"));
    };
    pour();
    return { digest: done.promise, poured: () => poured };
  };

  it("stay flat while 200 MB pass: the client waits for the provider, and less than 2 MB are held", async () => {
    const reading = Promise.withResolvers<IncomingMessage>();
    const got = createHash("sha256");
    let gotBytes = 0;
    let heldMax = 0;
    const { port, arrived } = await receive();
    const providerPort = await listen((request, response) => {
      reading.resolve(request.pause());
      request.on("end", () => response.end("thanks"));
    });
    const client = post(port);
    const { digest, poured } = pourFile(client, modelPart("whisper-1") + FILE_HEAD);
    const { upload, request, response } = await arrived;
    expect(await upload.modelFound).toEqual({ model: "whisper-1" });
    const body = upload.open(null);
    const reply = send(poolTo(providerPort), body);
    const slow = await reading.promise;

    await vi.waitFor(() => expect(request.isPaused()).toBe(true), { timeout: 10_000, interval: 5 });
    await vi.waitFor(() => expect(client.writableNeedDrain).toBe(true), { timeout: 10_000, interval: 5 });
    const stuckAt = upload.bytes;
    expect(stuckAt).toBeLessThan(SIZE / 4);
    expect(poured()).toBeLessThan(SIZE / 2);

    slow.on("data", (chunk: Buffer) => {
      got.update(chunk);
      gotBytes += chunk.length;
      heldMax = Math.max(heldMax, upload.heldBytes + request.readableLength);
    });
    slow.resume();
    response.end(await reply);
    await once(client, "response");
    expect(gotBytes).toBe(upload.bytes);
    expect(got.digest("hex")).toBe(await digest);
    expect(heldMax).toBeGreaterThan(0);
    expect(heldMax).toBeLessThan(2 * MEBIBYTE);
    expect(upload.isReplayable).toBe(false);
    expect(upload.heldBytes).toBe(0);
  }, 60_000);

  it("let the client wait until somebody opens the body", async () => {
    const { port, arrived } = await receive();
    const client = post(port);
    pourFile(client, modelPart("whisper-1") + FILE_HEAD);
    const { upload, request } = await arrived;
    await upload.modelFound;
    await vi.waitFor(() => expect(client.writableNeedDrain).toBe(true), { timeout: 10_000, interval: 5 });
    expect(request.isPaused()).toBe(true);
    expect(upload.bytes).toBeLessThan(MEBIBYTE);
  });
});

describe("limits", () => {
  it("refuse a file before the model that is more than may be held, and name the cure", async () => {
    const { port, arrived } = await receive({ heldBytesMax: 100_000 });
    const client = post(port);
    client.write(FILE_HEAD);
    client.write(Buffer.alloc(200_000));
    const { upload } = await arrived;
    expect(await upload.modelFound).toEqual({
      refusal: { code: "ACCEPT_BODY_TOO_LARGE", details: { bytesMax: 100_000, setting: "limits.bodyBytes, or put the model part before the file" } },
    });
    expect(upload.heldBytes).toBe(0);
    expect(upload.isReplayable).toBe(false);
  });

  it("take a file before the model that is small enough", async () => {
    const body = Buffer.from(filePart("x".repeat(90_000)) + modelPart("m") + END);
    const upload = uploadOf(cutRequest([body.subarray(0, 50_000), body.subarray(50_000)]), { heldBytesMax: 100_000 });
    expect(await upload.modelFound).toEqual({ model: "m" });
    expect((await buffer(upload.open(null))).equals(body)).toBe(true);
  });

  it("refuse a body that says that it is too long, before it is read", async () => {
    const upload = uploadOf(cutRequest([], { "content-length": "101" }), { totalBytesMax: 100 });
    const refusal = { code: "ACCEPT_BODY_TOO_LARGE", details: { bytesMax: 100, setting: "limits.uploadBytes" } };
    expect(await upload.modelFound).toEqual({ refusal });
    expect(await uploadOf(cutRequest([], { "content-length": "101" }), { totalBytesMax: 100, boundary: null }).modelFound).toEqual({ refusal });
    expect(await uploadOf(cutRequest([], { "content-length": "100" }), { totalBytesMax: 100, boundary: null }).modelFound).toEqual({ model: null });
  });

  it("break off a body that turns out to be too long", async () => {
    const { pool, bodies } = await provider();
    const { port, arrived } = await receive({ totalBytesMax: 300_000 });
    const client = post(port);
    client.write(modelPart("m") + FILE_HEAD);
    const { upload } = await arrived;
    await upload.modelFound;
    const reply = send(pool, upload.open(null));
    client.write(Buffer.alloc(400_000));
    await expect(reply).rejects.toMatchObject({ name: "UploadBroken", code: "ACCEPT_BODY_TOO_LARGE", details: { bytesMax: 300_000 } });
    expect(bodies).toEqual([]);
  });
});

describe("a body that goes wrong", () => {
  it.each([
    [`${modelPart("m").replace("--B\r\n", "--Bx\r\n")}${END}`, "a boundary line is malformed"],
    [filePart("x"), "it ends before its closing boundary"],
    ["", "it ends before its closing boundary"],
  ])("before the model is found is refused: %j", async (form, reason) => {
    const upload = uploadOf(cutRequest(form === "" ? [] : [Buffer.from(form)]));
    expect(await upload.modelFound).toEqual({ refusal: { code: "REQUEST_INVALID_MULTIPART", details: { reason } } });
  });

  it.each([
    ["names a second model", modelPart("other") + END, "two parts are named model"],
    ["never closes", "", "it ends before its closing boundary"],
  ])("while it passes, since it %s, never becomes a whole request at the provider", async (_, tail, reason) => {
    const { pool, bodies } = await provider();
    const { port, arrived } = await receive();
    const client = post(port);
    client.write(modelPart("m") + filePart("x".repeat(100_000)));
    const { upload } = await arrived;
    await upload.modelFound;
    const reply = send(pool, upload.open("n"));
    client.end(tail);
    await expect(reply).rejects.toThrow(UploadBroken);
    await expect(reply).rejects.toMatchObject({ code: "REQUEST_INVALID_MULTIPART", details: { reason } });
    expect(bodies).toEqual([]);
    expect(upload.isReplayable).toBe(false);
  });

  it("in the same piece of the network in which the model stands is refused at once", async () => {
    const upload = uploadOf(cutRequest([Buffer.from(modelPart("m") + modelPart("n") + END)]));
    expect(await upload.modelFound).toEqual({ refusal: { code: "REQUEST_INVALID_MULTIPART", details: { reason: "two parts are named model" } } });
  });
});

describe("a client that leaves", () => {
  const gone = { code: "ACCEPT_LENGTH_MISMATCH", details: {} };

  it("before the model is found leaves a refusal", async () => {
    const { port, arrived } = await receive();
    const client = post(port);
    client.write(FILE_HEAD);
    const { upload } = await arrived;
    client.destroy();
    expect(await upload.modelFound).toEqual({ refusal: gone });
  });

  it("while its body passes breaks the request to the provider", async () => {
    const { port, arrived } = await receive();
    const broken = Promise.withResolvers<void>();
    const providerPort = await listen((request) => void request.on("error", () => broken.resolve()).resume());
    const client = post(port);
    client.write(modelPart("m") + FILE_HEAD);
    const { upload } = await arrived;
    await upload.modelFound;
    const body = upload.open(null);
    const reply = send(poolTo(providerPort), body);
    client.write(Buffer.alloc(100_000));
    await vi.waitFor(() => expect(upload.bytes).toBeGreaterThan(100_000), { interval: 5 });
    client.destroy();
    await expect(reply).rejects.toMatchObject(gone);
    await broken.promise;
    expect(body.destroyed).toBe(true);
    expect(upload.isReplayable).toBe(false);
  });

  it("between two steps breaks a body that nobody listens to yet, and one that is opened later", async () => {
    const { port, arrived } = await receive();
    const client = post(port);
    client.write(modelPart("m") + FILE_HEAD);
    const { upload, request } = await arrived;
    await upload.modelFound;
    const early = upload.open(null);
    const left = closed(request);
    client.destroy();
    await left;
    expect(early.errored).toMatchObject(gone);
    const late = upload.open(null);
    await expect(buffer(late)).rejects.toMatchObject(gone);
    await expect(send((await provider()).pool, upload.open(null))).rejects.toMatchObject(gone);
  });

  it("after its body was whole changes nothing", async () => {
    const { port, arrived } = await receive();
    const form = modelPart("m") + END;
    const client = post(port);
    client.end(form);
    const { upload, response } = await arrived;
    await upload.modelFound;
    expect((await buffer(upload.open(null))).toString()).toBe(form);
    const left = closed(response);
    client.destroy();
    await left;
    expect(upload.isReplayable).toBe(true);
    expect((await buffer(upload.open(null))).toString()).toBe(form);
  });
});

describe("failover", () => {
  const form = modelPart("m") + filePart("x".repeat(300_000)) + END;

  it("sends the same again after a provider that could not be reached", async () => {
    const { pool, bodies } = await provider();
    const unused = createServer().listen(0, "127.0.0.1");
    await once(unused, "listening");
    const { port: closedPort } = unused.address() as AddressInfo;
    await new Promise((resolve) => unused.close(resolve));
    const { port, arrived } = await receive();
    const client = post(port);
    client.end(form);
    const { upload } = await arrived;
    await upload.modelFound;
    await expect(send(poolTo(closedPort), upload.open("first"))).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect(upload.isReplayable).toBe(true);
    await send(pool, upload.open("second"));
    expect(bodies.map(({ body }) => body.toString())).toEqual([form.replace("\r\n\r\nm\r\n", "\r\n\r\nsecond\r\n")]);
  });

  it("sends the same again after a provider that died in the middle of the body", async () => {
    const { pool, bodies } = await provider();
    const dying = await listen((request) => void request.once("data", () => request.socket.destroy()));
    const { port, arrived } = await receive();
    const client = post(port);
    client.write(form.slice(0, 150_000));
    const { upload } = await arrived;
    await upload.modelFound;
    await expect(send(poolTo(dying), upload.open("first"))).rejects.toThrow();
    expect(upload.isReplayable).toBe(true);
    const reply = send(pool, upload.open("second"));
    client.end(form.slice(150_000));
    await reply;
    expect(bodies.map(({ body }) => body.toString())).toEqual([form.replace("\r\n\r\nm\r\n", "\r\n\r\nsecond\r\n")]);
  });

  it("is over when more has passed than is kept", async () => {
    const { port, arrived } = await receive();
    const client = post(port);
    client.write(modelPart("m") + FILE_HEAD);
    const { upload } = await arrived;
    await upload.modelFound;
    const body = upload.open(null).resume();
    client.write(Buffer.alloc(MEBIBYTE / 2));
    await vi.waitFor(() => expect(upload.bytes).toBeGreaterThan(MEBIBYTE / 2), { interval: 5 });
    expect(upload.isReplayable).toBe(true);
    client.write(Buffer.alloc(MEBIBYTE));
    await vi.waitFor(() => expect(upload.bytes).toBeGreaterThan(MEBIBYTE * 1.5), { interval: 5 });
    expect(upload.isReplayable).toBe(false);
    body.destroy();
    expect(() => upload.open(null)).toThrow("cannot be sent again");
  });

  it("gives up the body before, without breaking the upload", async () => {
    const upload = uploadOf(cutRequest([Buffer.from(form)]));
    await upload.modelFound;
    const first = upload.open(null);
    const second = upload.open(null);
    expect(first.destroyed).toBe(true);
    expect(first.errored).toBeNull();
    expect((await buffer(second)).toString()).toBe(form);
  });
});

describe("closing", () => {
  it("lets a client that is still sending get its answer, and its connection serves the next request", async () => {
    const port = await listen((request, response) => {
      const upload = uploadOf(request, { heldBytesMax: 1000 });
      void upload.modelFound.then((found) => {
        upload.close();
        response.end(found.refusal?.code ?? found.model);
      });
    });
    const socket = connect(port, "127.0.0.1");
    open.push(() => socket.destroy());
    let answers = "";
    socket.on("data", (chunk) => void (answers += chunk.toString()));
    const head = (length: number): string => `POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n\r\n`;
    const big = FILE_HEAD + "x".repeat(5 * MEBIBYTE);
    socket.write(head(big.length) + big);
    await vi.waitFor(() => expect(answers).toContain("ACCEPT_BODY_TOO_LARGE"), { interval: 5, timeout: 10_000 });
    const small = modelPart("m") + END;
    socket.write(head(small.length) + small);
    await vi.waitFor(() => expect(answers).toMatch(/\r\n\r\n(?:1\r\n)?m(?:\r\n0\r\n\r\n)?$/), { interval: 5 });
  });

  it("forgets what was held and ends what was opened", async () => {
    const upload = uploadOf(cutRequest([Buffer.from(modelPart("m") + END)]));
    await upload.modelFound;
    const body = upload.open(null);
    upload.close();
    upload.close();
    expect(body.destroyed).toBe(true);
    expect(upload.isReplayable).toBe(false);
    expect(upload.heldBytes).toBe(0);
  });

  it("answers whoever still waits for the model", async () => {
    const upload = uploadOf(new IncomingMessage(new Socket()));
    upload.close();
    expect(await upload.modelFound).toEqual({ refusal: { code: "ACCEPT_LENGTH_MISMATCH", details: {} } });
  });
});
