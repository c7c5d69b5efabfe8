// The error catalogue is honest: each code is raised, tested and documented, and says what happened and what to do.
import { describe, expect, it } from "vitest";
import { catalogue, failure, type ErrorCode } from "../../dataplane/errors.ts";
import { problemsOf } from "./errors.ts";
import { readText, sourceOf, sources } from "./sources.ts";

const codes = Object.keys(catalogue) as ErrorCode[];
const documentation = readText("dataplane/reference.md");

describe("the error catalogue", () => {
  it("has only codes that are raised, tested and documented", () => {
    expect(problemsOf(codes, sources(), documentation)).toEqual([]);
  });

  it("is complete: the documentation has no code that is gone", () => {
    const documented = [...documentation.matchAll(/^\| `([A-Z]+(?:_[A-Z]+)*)` \| \d{3} \|/gm)].map((match) => match[1]);
    expect(documented).toEqual(codes);
  });

  it.each(codes)("%s has a name of its area, a status of refusal, and words that end", (code) => {
    expect(code).toMatch(/^(?:(?:ACCEPT|AUTH|REQUEST|ROUTE|ADMIT|UPSTREAM|TIMEOUT|TRANSLATE)_[A-Z_]+|INTERNAL)$/);
    expect(catalogue[code].status).toSatisfy((status: number) => status >= 400 && status <= 599);
    expect(catalogue[code].message).toMatch(/^[A-Z"{].{20,}(?:[.!?"}])$/);
  });

  it("leaves no brace in a message, whether its details are given or not", () => {
    expect(codes.map((code) => failure(code).message).filter((message) => /[{}]/.test(message))).toEqual([]);
  });

  it("names the header by which a client learns when to come back only where coming back may help", () => {
    expect(codes.filter((code) => catalogue[code].message.includes("Retry-After") && !catalogue[code].isRetryable)).toEqual([]);
  });
});

describe("canary", () => {
  it("a code that nobody raises, tests or documents is found three times", () => {
    const files = [sourceOf("dataplane/errors.ts", 'x = "LONELY_CODE";'), sourceOf("test/house/errors.test.ts", '"LONELY_CODE"')];
    expect(problemsOf(["LONELY_CODE"], files, "")).toHaveLength(3);
  });

  it("a code that is raised, tested and documented is not found", () => {
    const files = [sourceOf("dataplane/request/admit.ts", 'failure("GOOD_CODE")'), sourceOf("test/request/admit.test.ts", '"GOOD_CODE"')];
    expect(problemsOf(["GOOD_CODE"], files, "| `GOOD_CODE` | 400 |")).toEqual([]);
  });
});
