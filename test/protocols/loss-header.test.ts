// What could not be carried, in the response's head and in a stream.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lossComment, lossHeader } from "../../dataplane/protocols/loss-header.ts";
import type { Loss } from "../../dataplane/protocols/ir.ts";

const loss = (path: string, severity: Loss["severity"] = "minor"): Loss => ({ path, reason: "unsupported", severity });

describe("the header of losses", () => {
  test("names path, reason and severity of each", () => {
    expect(lossHeader([loss("logit_bias"), loss("response_format", "major")])).toBe("logit_bias;reason=unsupported;severity=minor, response_format;reason=unsupported;severity=major");
  });

  test("sets a path in quotes where it is no token of a structured field", () => {
    expect(lossHeader([loss("messages[3].content[1]")])).toBe('"messages[3].content[1]";reason=unsupported;severity=minor');
  });

  test("names twenty and counts the rest", () => {
    const header = lossHeader(Array.from({ length: 23 }, (_, index) => loss(`field_${index}`)));
    expect(header.split(", ")).toHaveLength(21);
    expect(header.endsWith(", more;count=3")).toBe(true);
  });

  test("is empty when nothing was lost, and so is the comment", () => {
    expect(lossHeader([])).toBe("");
    expect(lossComment([])).toBe("");
  });

  test("is a comment between two events of a stream", () => {
    expect(lossComment([loss("seed")])).toBe(": llmgw-losses seed;reason=unsupported;severity=minor\n");
  });

  test("holds nothing that a header may not, whatever a client called its members", () => {
    const item = /^(?:[A-Za-z*][\w!#$%&'*+\-.^`|~:/]*|"(?:[\x20\x21\x23-\x5B\x5D-\x7E]|\\["\\])*");reason=unsupported;severity=minor$/;
    fc.assert(fc.property(fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) }), (path) => void expect(lossHeader([loss(path)])).toMatch(item)));
  });

  test("cuts a path that is longer than anybody reads", () => {
    expect(lossHeader([loss("a".repeat(5000))]).length).toBeLessThan(200);
  });
});
