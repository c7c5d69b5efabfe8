// What a client names by URL is fetched from strangers: only over https and from public addresses, bounded in size, time,
// redirects and type. The rules that open a test's own server are the test's.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { parseRanges } from "../../dataplane/providers/address.ts";
import { Media, type MediaKind } from "../../dataplane/providers/media.ts";
import { fakeClock } from "../doubles/clock.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const serve = async (answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> => {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  closing.push(() => new Promise((resolve) => {
    server.closeAllConnections();
    server.close(resolve);
  }));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const opened = (clock = fakeClock()): Media => {
  const media = new Media(clock, { schemes: ["http:"], network: "private", privateRanges: parseRanges(["127.0.0.0/8"]).ranges });
  closing.push(() => media.destroy());
  return media;
};

const picture = Buffer.from([0x89, 0x50, 0x4e, 0x47]);
const asPicture = (_: IncomingMessage, response: ServerResponse): void => void response.writeHead(200, { "content-type": "image/png; charset=binary" }).end(picture);
const problemOf = async (url: string, kind: MediaKind = "image", media = opened()): Promise<string> => {
  const fetched = await media.get(url, kind);
  return "problem" in fetched ? fetched.problem : "none";
};

describe("what is named by a URL", () => {
  it("is fetched with its type, without the type's parameters", async () => {
    expect(await opened().get(`${await serve(asPicture)}/cat.png`, "image")).toEqual({ data: picture.toString("base64"), mediaType: "image/png" });
  });

  it("is followed through a few redirects, and no further", async () => {
    let left = 3;
    const few = await serve((request, response) => (left-- > 0 ? void response.writeHead(302, { location: `/${left}` }).end("moved") : asPicture(request, response)));
    expect(await problemOf(few)).toBe("none");
    const many = await serve((_, response) => void response.writeHead(307, { location: "/again" }).end());
    expect(await problemOf(many)).toBe("it was redirected more than 3 times");
  });

  it("is not followed from a public scheme to another", async () => {
    const away = await serve((_, response) => void response.writeHead(302, { location: "file:///etc/passwd" }).end());
    expect(await problemOf(away)).toBe("only http:// addresses are fetched");
  });

  const refused: readonly (readonly [what: string, answer: (request: IncomingMessage, response: ServerResponse) => void, kind: MediaKind, problem: string])[] = [
    ["a page in place of a picture", (_, response) => void response.writeHead(200, { "content-type": "text/html" }).end("<html>"), "image", "its type is text/html"],
    ["no type", (_, response) => void response.writeHead(200).end("x"), "image", "its type is not said"],
    ["nothing there", (_, response) => void response.writeHead(404).end(), "image", "its server answered with 404"],
    ["too large, as it says itself", (_, response) => void response.writeHead(200, { "content-type": "image/png", "content-length": 20_971_521 }).write("x"), "image", "it is larger than 20971520 bytes"],
    ["a picture in place of a recording", asPicture, "audio", "its type is image/png"],
  ];

  it.each(refused)("(%s) is refused in words that name no address", async (_, answer, kind, problem) => {
    expect(await problemOf(await serve(answer), kind)).toBe(problem);
  });

  it("is not read beyond the limit when nobody announced how long it is", async () => {
    const endless = await serve((_, response) => {
      response.writeHead(200, { "content-type": "image/png" });
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(1_048_576)));
      };
      response.on("drain", more);
      more();
    });
    expect(await problemOf(endless)).toBe("it is larger than 20971520 bytes");
  });

  it("is given up after twenty seconds", async () => {
    const clock = fakeClock();
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    const silent = await serve(() => resolve());
    const fetching = problemOf(silent, "image", opened(clock));
    await asked;
    clock.advance(20_100);
    expect(await fetching).toBe("it took longer than 20 s");
  });
});

describe("a stranger's address", () => {
  const strangers: readonly (readonly [what: string, url: string, problem: string])[] = [
    ["without TLS", "http://example.com/a.png", "only https:// addresses are fetched"],
    ["that is none", "cat.png", "only https:// addresses are fetched"],
    ["with a password", "https://me:secret@example.com/a.png", "addresses with a name and a password are not fetched"],
    ["on this machine", "https://127.0.0.1:1/a.png", "its address may not be dialled"],
    ["inside", "https://10.0.0.1/a.png", "its address may not be dialled"],
    ["of a cloud's metadata", "https://169.254.169.254/latest", "its address may not be dialled"],
  ];

  it.each(strangers)("(%s) is never dialled", async (_, url, problem) => {
    const media = new Media(fakeClock());
    closing.push(() => media.destroy());
    expect(await problemOf(url, "image", media)).toBe(problem);
  });
});
