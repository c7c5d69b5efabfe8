// Signed requests: checked by a verifier of our own, which is checked against AWS's published example and its own SDK.
import { Readable } from "node:stream";
import { BedrockRuntimeClient, ConverseCommand } from "@aws-sdk/client-bedrock-runtime";
import { describe, expect, it } from "vitest";
import { parseRanges } from "../../../dataplane/providers/address.ts";
import type { Unsigned } from "../../../dataplane/providers/credentials/authorization.ts";
import { Upstream } from "../../../dataplane/providers/upstream.ts";
import type { Auth } from "../../../dataplane/snapshot/schema.ts";
import { fakeClock } from "../../doubles/clock.ts";
import { json, startIssuer } from "./issuer.ts";
import { open, unsigned } from "./opened.ts";
import { checkSignature, type Arrived } from "./sigv4-check.ts";

const KEY_ID = "AKIDEXAMPLE";
const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const secrets = { "a/keys/id": KEY_ID, "a/keys/secret": SECRET, "a/keys/session": "a session token" };
const auth = (more: { sessionToken?: string } = {}): Auth => ({ scheme: "aws", region: "eu-west-1", keyPair: { accessKeyId: "a/keys/id", secretAccessKey: "a/keys/secret", ...more } });

const arrived = (request: Unsigned, added: Readonly<Record<string, string>>): Arrived => ({
  method: request.method,
  path: request.path,
  headers: { host: new URL(request.origin).host, ...Object.fromEntries(request.headers.flatMap((name, at) => (at % 2 === 0 ? [[name, request.headers[at + 1]]] : []))), ...added },
  body: Array.isArray(request.body) ? Buffer.concat(request.body) : "",
});

describe("the verifier of these tests", () => {
  it("finds the signature of AWS's published example", () => {
    const headers = {
      host: "example.amazonaws.com",
      "x-amz-date": "20150830T123600Z",
      authorization: "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    };
    expect(checkSignature({ method: "GET", path: "/", headers, body: "" }, SECRET).isGood).toBe(true);
    expect(checkSignature({ method: "PUT", path: "/", headers, body: "" }, SECRET).isGood).toBe(false);
    expect(checkSignature({ method: "GET", path: "/", headers, body: "x" }, SECRET).isGood).toBe(false);
  });

  it("agrees with the SDK about a model whose id has a colon, which stands escaped in the path", async () => {
    const seen: { method: string; path: string; headers: Record<string, string>; body: Uint8Array }[] = [];
    const handle = async (request: (typeof seen)[number]): Promise<never> => {
      seen.push(request);
      throw new Error("seen enough");
    };
    const client = new BedrockRuntimeClient({ region: "eu-west-1", credentials: { accessKeyId: KEY_ID, secretAccessKey: SECRET }, maxAttempts: 1, requestHandler: { handle } as never });
    const command = new ConverseCommand({ modelId: "anthropic.claude-3-haiku-20240307-v1:0", messages: [{ role: "user", content: [{ text: "hé" }] }] });
    await expect(client.send(command)).rejects.toThrow("seen enough");
    const { method, path, headers, body } = seen[0]!;
    expect(path).toContain("v1%3A0/converse");
    const verdict = checkSignature({ method, path, headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])), body: Buffer.concat([body]) }, SECRET);
    expect(verdict).toMatchObject({ isGood: true, keyId: KEY_ID });
    expect(verdict.scope).toMatch(/^\d{8}\/eu-west-1\/bedrock\/aws4_request$/);
  });
});

describe("a request to Bedrock", () => {
  const paths = [
    "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse",
    "/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A123456789012%3Aapplication-inference-profile%2Fabc/converse-stream",
    "/model/m/invoke?b=2&a=1%2F1&a=0",
    "/",
  ];

  it.each(paths)("for %s is signed as AWS expects it", async (path) => {
    const { headers } = open(fakeClock(Date.UTC(2026, 10, 21, 17, 0, 0)), auth(), secrets);
    const request = unsigned({ path, body: [Buffer.from('{"messages":[{"con'), Buffer.from('tent":"hé"}]}')] });
    const added = await headers(request);
    expect(added["x-amz-date"]).toBe("20261121T170000Z");
    expect(checkSignature(arrived(request, added), SECRET)).toEqual({ isGood: true, keyId: KEY_ID, scope: "20261121/eu-west-1/bedrock/aws4_request", signed: ["content-type", "host", "x-amz-content-sha256", "x-amz-date"] });
  });

  it("carries the session token of temporary keys, signed", async () => {
    const { headers } = open(fakeClock(), auth({ sessionToken: "a/keys/session" }), secrets);
    const added = await headers();
    expect(added["x-amz-security-token"]).toBe("a session token");
    const verdict = checkSignature(arrived(unsigned(), added), SECRET);
    expect(verdict).toMatchObject({ isGood: true, signed: expect.arrayContaining(["x-amz-security-token"]) });
  });

  it("without a body is signed too; an upload that passes by is not sent", async () => {
    const { headers } = open(fakeClock(), auth(), secrets);
    const request = unsigned({ method: "GET", body: null, headers: [] });
    expect(checkSignature(arrived(request, await headers(request)), SECRET).isGood).toBe(true);
    await expect(headers({ body: Readable.from(["a"]) })).rejects.toMatchObject({ code: "UPSTREAM_CREDENTIAL_UNAVAILABLE" });
  });

  it("has nothing signed that may change on its way", async () => {
    const { headers } = open(fakeClock(), auth(), secrets);
    const request = unsigned({ headers: ["user-agent", "llm-gateway", "Content-Type", "application/json", "traceparent", "00-1", "x-request-id", "1"] });
    expect(checkSignature(arrived(request, await headers(request)), SECRET).signed).toEqual(["content-type", "host", "x-amz-content-sha256", "x-amz-date"]);
  });

  it("is good when it arrives, port in the host and all", async () => {
    const clock = fakeClock();
    const server = await startIssuer(() => json({}));
    const { headers } = open(clock, auth(), secrets);
    const request = unsigned({ origin: server.url, path: paths[0]!, body: [Buffer.from('{"a":"é"}')] });
    const upstream = new Upstream({ origin: server.url, network: "private", privateRanges: parseRanges(["127.0.0.0/8"]).ranges, privateRangesText: "", tls: { ca: [] }, connectTimeoutMs: 0 }, clock);
    const added = await headers(request);
    await new Promise<void>((resolve, reject) => {
      const handler = { onRequestStart: () => undefined, onResponseStart: () => undefined, onResponseData: () => undefined, onResponseEnd: () => resolve(), onResponseError: reject };
      upstream.send({ method: "POST", path: request.path, headers: [...request.headers, ...Object.entries(added).flat()], body: request.body }, handler);
    });
    upstream.destroy();
    expect(checkSignature(server.asked[0]!, SECRET).isGood).toBe(true);
  });
});
