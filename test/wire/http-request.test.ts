// Heads of HTTP/1 requests: what frames the body is said once, and no value can add a line.
import { describe, expect, it } from "vitest";
import { lengthSaid, requestHead } from "../../dataplane/wire/http-request.ts";
import { UnfitField } from "../../dataplane/wire/http-fields.ts";

const head = (headers: readonly string[], length: number | null = 2, method = "POST", path = "/v1/chat"): string => requestHead({ method, path, headers }, "provider.test:8080", length);

describe("the head of a request", () => {
  it("names the host, keeps the connection and says how long the body is", () => {
    expect(head(["content-type", "application/json", "authorization", "Bearer k\u00e9y"])).toBe(
      "POST /v1/chat HTTP/1.1\r\nhost: provider.test:8080\r\nconnection: keep-alive\r\ncontent-type: application/json\r\nauthorization: Bearer k\u00e9y\r\ncontent-length: 2\r\n\r\n",
    );
  });

  it.each([[-1, "POST", "transfer-encoding: chunked\r\n"], [null, "POST", "content-length: 0\r\n"], [null, "GET", ""], [null, "HEAD", ""], [null, "DELETE", ""], [0, "POST", "content-length: 0\r\n"]])(
    "says of a body of length %s that %s has: %j", (length, method, framing) => {
      expect(head([], length, method)).toBe(`${method} /v1/chat HTTP/1.1\r\nhost: provider.test:8080\r\nconnection: keep-alive\r\n${framing}\r\n`);
    });

  it("takes a host that was given, and nothing that frames the body or rules the connection", () => {
    expect(head(["Host", "signed.test", "Content-Length", "99", "Transfer-Encoding", "chunked", "Connection", "close", "Expect", "100-continue", "Upgrade", "h2c", "Keep-Alive", "1"])).toBe(
      "POST /v1/chat HTTP/1.1\r\nconnection: keep-alive\r\nhost: signed.test\r\ncontent-length: 2\r\n\r\n",
    );
  });

  it.each([
    ["a line end in a value", ["x-a", "b\r\nx-evil: 1"], "/"],
    ["a line feed in a value", ["x-a", "b\nx"], "/"],
    ["a zero byte in a value", ["x-a", "b\0"], "/"],
    ["a character beyond one byte", ["x-a", "\u010a"], "/"],
    ["a line end in a name", ["x-a\r\nx-b", "c"], "/"],
    ["a colon in a name", ["x-a: b", "c"], "/"],
    ["no name", ["", "c"], "/"],
    ["a space in the path", [], "/ HTTP/1.1"],
    ["a line end in the path", [], "/\r\nx-evil:1"],
    ["no path", [], ""],
  ])("is refused with %s", (_, headers, path) => {
    expect(() => head(headers, 2, "POST", path)).toThrow(UnfitField);
    // A second time too: names are remembered.
    expect(() => head(headers, 2, "POST", path)).toThrow(UnfitField);
  });

  it("is refused with a method that is none", () => expect(() => head([], 2, "GET /evil")).toThrow(UnfitField));
});

describe("the length that headers say", () => {
  it.each([[["a", "b", "Content-Length", "12"], 12], [["a", "b"], -1], [[], -1]])("of %j is %d", (headers, length) => expect(lengthSaid(headers)).toBe(length));
});
