// Every object of every value set, judged by the API server itself in a dry run with strict fields.
// Kinds of others that this cluster does not have are named and left out.
import { beforeAll, describe, expect, it } from "vitest";
import { renderSet, valueSets, type Rendered } from "../charts/helm.ts";
import { kubectl, run } from "./commands.ts";
import { CALLERS } from "./namespaces.ts";
import { upgrade } from "./release.ts";

const known = async (): Promise<Set<string>> => new Set((await kubectl("api-resources", "--no-headers")).split("\n").map((line) => line.trim().split(/\s+/).at(-1) ?? ""));

/** In a namespace that is there; what the release itself has is not touched by a dry run. */
const placed = (object: Rendered): object => (object.metadata.namespace === undefined ? object : { ...object, metadata: { ...object.metadata, namespace: CALLERS } });

describe("the API server", () => {
  // For its kinds.
  beforeAll(() => upgrade());

  it.each(valueSets)("accepts every object of the value set %s", async (set) => {
    const kinds = await known();
    const { objects } = renderSet(set);
    const missing = [...new Set(objects.map(({ kind }) => kind).filter((kind) => !kinds.has(kind)))];
    if (missing.length > 0) process.stdout.write(`${set}: this cluster has no ${missing.join(", ")}\n`);
    const judged = objects.filter(({ kind }) => kinds.has(kind));
    const said = await run("kubectl", ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "--filename", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: judged.map(placed) }));
    expect(said.trim().split("\n").filter((line) => line.endsWith("serverside-applied (server dry run)"))).toHaveLength(judged.length);
  });

  it("refuses a field that is not there, so that the others' acceptance says something", async () => {
    const wrong = { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: CALLERS, name: "wrong" }, datta: {} };
    await expect(run("kubectl", ["apply", "--server-side", "--dry-run=server", "--validate=strict", "--filename", "-"], JSON.stringify(wrong))).rejects.toThrow("datta");
  });
});
