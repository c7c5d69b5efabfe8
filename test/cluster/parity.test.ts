// The kinds as the cluster has them from the chart: each file of test/crds is accepted or refused as it says, with its words.
import { beforeAll, describe, expect, it } from "vitest";
import { complaint, readCases, type Case } from "../crds/cases.ts";
import { apply, tryRun } from "./commands.ts";
import { CALLERS } from "./namespaces.ts";
import { upgrade } from "./release.ts";

const cases = await readCases();

/** A change is kept for a moment, under a name of its own. */
const placed = (object: unknown, one: Case): object => {
  const fields = object as { metadata: { name: string } };
  const name = one.before === undefined ? fields.metadata.name : `${fields.metadata.name}-${cases.indexOf(one)}`;
  return { ...fields, metadata: { ...fields.metadata, name, namespace: CALLERS } };
};

/** Against what is there before, where there is something. */
const judge = async (one: Case): Promise<{ isAccepted: boolean; words: string }> => {
  if (one.before !== undefined) await apply(placed(one.before, one));
  const verb = one.before === undefined ? ["create"] : ["replace"];
  const { code, stdout, stderr } = await tryRun("kubectl", [...verb, "--dry-run=server", "--validate=strict", "--filename", "-"], JSON.stringify(placed(one.object, one)));
  if (one.before !== undefined) await tryRun("kubectl", ["delete", "--filename", "-"], JSON.stringify(placed(one.before, one)));
  return { isAccepted: code === 0, words: `${stdout}${stderr}` };
};

/** So many kubectl at a time. */
const LANES = 4;

describe("the kinds of the chart", () => {
  beforeAll(() => upgrade());

  it("accept and refuse each file of test/crds as it says, with its words", async () => {
    const [complaints, open] = [[] as string[], [...cases]];
    const lane = async (): Promise<void> => {
      for (let one = open.pop(); one !== undefined; one = open.pop()) {
        const said = complaint(one, await judge(one));
        if (said !== undefined) complaints.push(said);
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    process.stdout.write(`${cases.length} files, ${complaints.length} complaints\n`);
    expect(complaints).toEqual([]);
  });
});
