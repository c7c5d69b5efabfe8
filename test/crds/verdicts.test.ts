// Every file of accept/ and reject/ against zod and CEL; and the runner itself against cases that must fail.
import { describe, expect, it } from "vitest";
import { rulesKey } from "../../crds/rules.ts";
import { structuralOf } from "../../crds/structural.ts";
import type { Structural } from "../../crds/structural.ts";
import { kinds } from "../../crds/validate.ts";
import { complaint, judgeHere, parseCase, readCases } from "./cases.ts";

const cases = await readCases();

const messagesOf = (schema: Structural): string[] => [
  ...(schema[rulesKey] ?? []).map(({ message }) => message),
  ...(schema.items === undefined ? [] : messagesOf(schema.items)),
  ...Object.values(schema.properties ?? {}).flatMap(messagesOf),
];

describe("the files of test/crds", () => {
  it("are at least sixty, of both sorts, with a change in each", () => {
    const refused = cases.filter((one) => !one.isAccepted);
    expect(cases.length).toBeGreaterThanOrEqual(60);
    expect(refused.length).toBeGreaterThanOrEqual(30);
    expect(cases.length - refused.length).toBeGreaterThanOrEqual(20);
    expect(new Set(cases.filter((one) => one.before !== undefined).map((one) => one.isAccepted))).toEqual(new Set([true, false]));
  });

  it("break every rule that a kind has", () => {
    const words = cases.filter((one) => !one.isAccepted).map((one) => judgeHere(one).words).join("\n");
    const messages = new Set(Object.values(kinds).flatMap((row) => messagesOf(structuralOf(row.spec, "spec"))));
    expect(messages.size).toBeGreaterThan(30);
    expect([...messages].filter((message) => !words.includes(message))).toEqual([]);
  });

  it.each(cases)("$name has the verdict that its folder says", (one) => {
    expect(complaint(one, judgeHere(one))).toBeUndefined();
  });
});

describe("the runner", () => {
  const valid = "apiVersion: llmgateway.io/v1alpha1\nkind: LLMRoute\nmetadata: {name: a}\nspec: {targets: [{providerRef: {name: b}}]}\n";
  const invalid = valid.replace("targets", "target");
  const complaintAbout = (isAccepted: boolean, text: string): string | undefined => {
    const one = parseCase("canary", isAccepted, text);
    return complaint(one, judgeHere(one));
  };

  it("complains when a refusal lacks the words that the file expects", () => {
    expect(complaintAbout(false, `# expect: spec.targets: no such words\n${invalid}`)).toContain('refused without the words ["spec.targets: no such words"]');
  });

  it("complains when one of two expected words is missing", () => {
    expect(complaintAbout(false, `# expect: unknown field "spec.target"\n# expect: elsewhere\n${invalid}`)).toContain('["elsewhere"]');
  });

  it("complains when a file of reject/ is accepted", () => {
    expect(complaintAbout(false, `# expect: anything\n${valid}`)).toBe("canary was accepted");
  });

  it("complains when a file of accept/ is refused", () => {
    expect(complaintAbout(true, invalid)).toContain("canary was refused");
  });

  it("has no complaint about right verdicts", () => {
    expect(complaintAbout(true, valid)).toBeUndefined();
    expect(complaintAbout(false, `# expect: unknown field "spec.target"\n${invalid}`)).toBeUndefined();
  });

  it("does not take a file of reject/ that expects nothing, or a change from something invalid", () => {
    expect(() => parseCase("canary", false, invalid)).toThrow('begins with "# expect: <words>"');
    expect(() => complaintAbout(true, `${invalid}---\n${valid}`)).toThrow("what is there before must be valid");
  });
});
