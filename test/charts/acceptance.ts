// What an API server says of every object of every value set, in a dry run with strict fields: the same tests for a server
// alone and for a cluster. Kinds of others that the server lacks are lent to it from LLMGW_FOREIGN_KINDS and taken back in
// the end. Without that folder they are named and left out; with it, one that is left out is a failure.
import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "../cluster/commands.ts";
import { definitionsIn, type Definition } from "./foreign-kinds.ts";
import { renderSet, valueSets, type Rendered } from "./helm.ts";

export interface Judge {
  kubectl(words: readonly string[], input?: string): Promise<string>;
  /** Is there, and takes the place of the release's: what the release itself has is not touched by a dry run. */
  readonly namespace: string;
}

const { LLMGW_FOREIGN_KINDS: folder = "" } = process.env;
const DRY = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "--filename", "-"];

const groupOf = (apiVersion: string): string => (apiVersion.includes("/") ? apiVersion.replace(/\/.*/, "") : "");
const kindOf = ({ apiVersion, kind }: Rendered): string => `${kind}.${groupOf(apiVersion)}`;
const definedBy = ({ spec }: Definition): string => `${spec.names.kind}.${spec.group}`;

const known = async ({ kubectl }: Judge): Promise<Set<string>> => {
  // The last columns: version, whether in a namespace, kind.
  const rows = (await kubectl(["api-resources", "--no-headers"])).trim().split("\n").map((line) => line.trim().split(/\s+/));
  return new Set(rows.map((columns) => `${columns.at(-1)}.${groupOf(columns.at(-3) ?? "")}`));
};

const rendered = (): Set<string> => new Set(valueSets.flatMap((set) => renderSet(set).objects.map(kindOf)));

/** Names of the definitions that were added. */
const lend = async (judge: Judge, kinds: ReadonlySet<string>): Promise<string[]> => {
  const missing = [...rendered()].filter((kind) => !kinds.has(kind));
  if (folder === "" || missing.length === 0) return [];
  const lent = definitionsIn(folder).filter((one) => missing.includes(definedBy(one)));
  if (lent.length === 0) return [];
  const names = lent.map(({ metadata }) => metadata.name);
  await judge.kubectl(["create", "--filename", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: lent }));
  await judge.kubectl(["wait", "crd", ...names, "--for=condition=Established", "--timeout=60s"]);
  await until("the kinds of others", async () => {
    const now = await known(judge);
    return lent.every((one) => now.has(definedBy(one))) ? true : undefined;
  });
  return names;
};

/** Within a suite whose own `beforeAll` has opened the judge. */
export const acceptsEveryObject = (judge: () => Judge): void => {
  let lent: readonly string[] = [];
  let kinds: ReadonlySet<string> = new Set();
  const asked = (...objects: readonly object[]): Promise<string> => judge().kubectl(DRY, JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
  const placed = (object: Rendered): object => (object.metadata.namespace === undefined ? object : { ...object, metadata: { ...object.metadata, namespace: judge().namespace } });

  beforeAll(async () => {
    lent = await lend(judge(), await known(judge()));
    kinds = await known(judge());
  });

  afterAll(async () => {
    if (lent.length > 0) await judge().kubectl(["delete", "crd", ...lent]);
  });

  it.each(valueSets)("accepts every object of the value set %s", async (set) => {
    const { objects } = renderSet(set);
    const judged = objects.filter((object) => kinds.has(kindOf(object)));
    const said = await asked(...judged.map(placed));
    expect(said.trim().split("\n").filter((line) => line.endsWith("serverside-applied (server dry run)"))).toHaveLength(judged.length);
  });

  it("knows every kind that the chart makes, so that nothing was left out", ({ skip }) => {
    const leftOut = [...rendered()].filter((kind) => !kinds.has(kind)).toSorted();
    if (folder === "" && leftOut.length > 0) skip(`left out, because the server does not have them and LLMGW_FOREIGN_KINDS names no folder of their definitions: ${leftOut.join(", ")}`);
    expect(leftOut, `not defined in ${folder}`).toEqual([]);
  });

  it("refuses a field that is not there, so that the others' acceptance says something", async () => {
    await expect(asked({ apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: judge().namespace, name: "wrong" }, datta: {} })).rejects.toThrow("datta");
  });

  it("refuses one in the kinds of others too", async ({ skip }) => {
    if (folder === "") skip("LLMGW_FOREIGN_KINDS names no folder of definitions");
    const samples = valueSets.flatMap((set) => renderSet(set).objects).filter(({ apiVersion }) => /^(?:monitoring\.coreos\.com|gateway\.networking\.k8s\.io|cert-manager\.io)\//.test(apiVersion));
    const oneOfEach = [...new Map(samples.map((object) => [kindOf(object), object])).values()];
    expect(oneOfEach.length).toBeGreaterThanOrEqual(5);
    for (const object of oneOfEach) {
      const wrong = placed({ ...object, spec: { ...object.spec, madeUp: true } });
      await expect(asked(wrong), kindOf(object)).rejects.toThrow("madeUp");
    }
  });
};
