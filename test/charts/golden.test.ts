// What the chart renders for each value set that comes with it, word for word; `vitest run test/charts -u` takes the new one.
// The kinds are left out here: they are compared with their source elsewhere.
import { describe, expect, it } from "vitest";
import { helms, lint, renderSet, valueSets, valuesOf, whyNoHelm } from "./helm.ts";

const withoutKinds = (text: string): string =>
  text
    .split(/^---$/m)
    .filter((part) => !part.includes("\nkind: CustomResourceDefinition\n"))
    .join("---")
    // Dashboards are compared with what makes them.
    .replace(/^( {2}[a-z]+\.json: \|\n)(?: {4}.*\n)+/gm, "$1    (a dashboard)\n")
    // Made anew in each render without a cluster.
    .replace(/^ {2}key: [A-Za-z0-9+/=]{44}$/m, "  key: (32 random bytes)");

describe.skipIf(whyNoHelm !== "")(`the chart's value sets${whyNoHelm && ` (${whyNoHelm})`}`, () => {
  it("are at least twelve", () => {
    expect(valueSets.length).toBeGreaterThanOrEqual(12);
  });

  it.each(valueSets)("%s renders as it did", async (set) => {
    await expect(withoutKinds(renderSet(set).text)).toMatchFileSnapshot(`golden/${set}.yaml`);
  });
});

describe.each(helms)("%s", (program) => {
  it.each(valueSets)("passes its judgement, strictly: %s", (set) => {
    expect(lint(valuesOf(set), program)).toMatchObject({ isGood: true });
  });
});

/** Helm 4 keeps empty lines at the end of a document, and has other kinds in the order of its installation. */
const documents = (text: string): string[] => withoutKinds(text).split(/^---$/m).map((part) => part.trim()).toSorted();

describe.skipIf(helms.length < 2)(`the other Helm${helms.length < 2 ? " (skipped: there is no second one on the path, as helm4)" : ""}`, () => {
  it.each(valueSets)("renders the same objects: %s", (set) => {
    const [one, other] = helms.map((program) => documents(renderSet(set, program).text));
    expect(other).toEqual(one);
  });
});
