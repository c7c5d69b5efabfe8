// Each *.in.yaml compiles to its *.out.yaml. UPDATE_GOLDEN=1 writes the outcomes anew: read the difference before you keep it.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { reasons } from "../../../operator/compile/diagnostics.ts";
import { outcomeOf } from "./golden.ts";

const here = new URL("./", import.meta.url);
const names = readdirSync(here).filter((name) => name.endsWith(".in.yaml")).map((name) => name.slice(0, -".in.yaml".length));
const isUpdating = process.env["UPDATE_GOLDEN"] === "1";

describe("compile", () => {
  it.each(names)("gives what is written down for the case %s", (name) => {
    const text = readFileSync(new URL(`${name}.in.yaml`, here), "utf8");
    const outFile = new URL(`${name}.out.yaml`, here);
    const outcome = `# ${(text.split("\n")[0] ?? "").replace(/^# */, "")}\n${outcomeOf(text)}`;
    if (isUpdating) writeFileSync(outFile, outcome);
    expect(outcome).toBe(readFileSync(outFile, "utf8"));
  });

  it("has a case for each outcome that is written down, and the other way round", () => {
    const outcomes = readdirSync(here).filter((name) => name.endsWith(".out.yaml")).map((name) => name.slice(0, -".out.yaml".length));
    expect(outcomes).toEqual(names);
    expect(names.length).toBeGreaterThanOrEqual(25);
  });
});

it("would notice one weight that is different: the canary", () => {
  const text = readFileSync(new URL("weights-and-priorities.in.yaml", here), "utf8");
  expect(text).toContain("weight: 90");
  expect(outcomeOf(text.replace("weight: 90", "weight: 91"))).not.toBe(outcomeOf(text));
});

/** Only worlds that no schema lets through lead to these: compile.test.ts makes them. */
const raisedElsewhere: readonly string[] = ["InsecureEndpoint", "TooManyModels", "NotExpressible", "SnapshotInvalid", "CallerWordTooLong"];

it("has a case for each reason of the catalogue", () => {
  const text = names.map((name) => readFileSync(new URL(`${name}.out.yaml`, here), "utf8").replace(/\n\s+/g, " ")).join("\n");
  const unseen = Object.keys(reasons).filter((reason) => !new RegExp(`(True|False) ${reason}:`).test(text) && !messageIsIn(text, reason));
  expect(unseen.toSorted()).toEqual([...raisedElsewhere].toSorted());
});

/** A reason that another one outweighs shows by its words only. */
const messageIsIn = (text: string, reason: string): boolean => {
  const message = Object.entries(reasons).find(([name]) => name === reason)?.[1].message ?? "";
  const longest = message.split(/\{\w+\}/).toSorted((left, right) => right.length - left.length)[0] ?? "";
  return longest.trim().length > 12 && text.includes(longest.trim());
};
