// Which names are offered when one was misspelt, and that a stranger is offered none.
import { describe, expect, it } from "vitest";
import { nearestNames } from "../../dataplane/request/nearest.ts";

describe("names that were probably meant", () => {
  it.each([
    ["suport-chat", ["support-chat"]],
    ["gpt-5.5", ["gpt-5.5-mini"]],
    ["GPT-5.5-MINI", ["gpt-5.5-mini"]],
    ["something-else-entirely", []],
    ["", []],
  ])("for %j", (asked, expected) => {
    expect(nearestNames(asked, ["support-chat", "gpt-5.5-mini", "embed"])).toEqual(expected);
  });

  it("gives at most three, the nearest first", () => {
    expect(nearestNames("model-0", ["model-12", "model-1", "model-2", "model-3", "model-4"])).toEqual(["model-1", "model-2", "model-3"]);
  });

  it("stays quick when both the name and the list are absurd", () => {
    const names = Array.from({ length: 50_000 }, (_, index) => `name-${index}`.repeat(40));
    expect(nearestNames("x".repeat(100_000), names)).toEqual([]);
  });
});
