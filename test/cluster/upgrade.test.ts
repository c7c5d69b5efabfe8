// From the chart's former version to the present one and back, while fifty requests a second are asked and streams are
// open. The kinds come along, and what people have made stays.
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { askOne, startCaller } from "./callers.ts";
import { apply, kubectl, kubectlJson, pause, tryRun } from "./commands.ts";
import { collectEvidence } from "./evidence.ts";
import { installFormer, isFormerMade, LATER_COLUMN, LATER_FIELD, presentVersion } from "./former.ts";
import { expectNothingLost, STREAM_MS, startPacer, underLoad } from "./load.ts";
import { SYSTEM, TENANT } from "./namespaces.ts";
import { areGone, podsOf } from "./pods.ts";
import { chartOf, RELEASE, rollBack, uninstall, upgrade } from "./release.ts";

const BASE = `http://${RELEASE}.${SYSTEM}.svc/v1`;
const KINDS = ["llmproviders", "llmroutes", "llmbudgets"].map((plural) => `${plural}.llmgateway.io`);

interface Definition {
  readonly spec: {
    readonly versions: readonly {
      readonly additionalPrinterColumns: readonly { readonly name: string }[];
      readonly schema: { readonly openAPIV3Schema: { readonly properties: { readonly spec: { readonly properties: Readonly<Record<string, unknown>> } } } };
    }[];
  };
}

const routesKnow = async (): Promise<{ field: boolean; column: boolean }> => {
  const { spec: { versions: [version] } } = await kubectlJson<Definition>("get", "crd", "llmroutes.llmgateway.io");
  return {
    field: version?.schema.openAPIV3Schema.properties.spec.properties[LATER_FIELD] !== undefined,
    column: version?.additionalPrinterColumns.some(({ name }) => name === LATER_COLUMN) === true,
  };
};

/** Everybody's pods are others, and the former ones are gone. */
const replaced = async (happen: () => Promise<unknown>): Promise<void> => {
  const before = [...(await podsOf("operator")), ...(await podsOf("dataplane"))];
  await happen();
  await areGone(before);
  await pause(STREAM_MS);
};

beforeEach(({ onTestFailed, task }) => {
  onTestFailed(async () => {
    process.stdout.write(`evidence: ${await collectEvidence(task.name)}\n`);
  });
});

describe("an upgrade from the former chart", () => {
  let former = "";

  beforeAll(async () => {
    await uninstall();
    await kubectl("delete", "crd", "--ignore-not-found", ...KINDS);
    former = await installFormer();
    await startCaller();
    await startPacer();
  });

  it.runIf(isFormerMade)("begins where the kinds lack something", async () => {
    expect(await chartOf()).toBe(`llm-gateway-${former}`);
    expect(await routesKnow()).toEqual({ field: false, column: false });
    expect((await tryRun("kubectl", ["--namespace", TENANT, "patch", "llmroute/paced", "--type", "merge", "--patch", `{"spec":{"${LATER_FIELD}":{}}}`])).stderr).toContain("unknown field");
  });

  it("fails no request and cuts no stream", async () => {
    expectNothingLost(await underLoad(`an upgrade from ${former} to ${presentVersion}`, () => replaced(() => upgrade())));
    expect(await chartOf()).toBe(`llm-gateway-${presentVersion}`);
  });

  it("brings the kinds along, and leaves what people have made as it was", async () => {
    expect(await routesKnow()).toEqual({ field: true, column: true });
    await kubectl("--namespace", TENANT, "wait", "llmroute/paced", "llmprovider/pacer", "--for=condition=Programmed", "--timeout=60s");
    expect(await askOne({ base: BASE, model: "paced" })).toMatchObject({ status: 200, content: "at once" });
  });

  it("goes on with the same key for what is sealed and the same authority, so that nobody starts empty", async () => {
    const fingerprint = async (name: string): Promise<string> => kubectl("--namespace", SYSTEM, "get", "secret", name, "--output", "jsonpath={.metadata.uid}{.data}");
    const [key, authority] = await Promise.all([fingerprint(`${RELEASE}-last-good-key`), fingerprint(`${RELEASE}-authority`)]);
    await upgrade("commonAnnotations.again=yes");
    expect(await Promise.all([fingerprint(`${RELEASE}-last-good-key`), fingerprint(`${RELEASE}-authority`)])).toEqual([key, authority]);
    await rollBack();
  });

  it("can be taken back, and that fails no request either", async () => {
    const revisionOfFormer = "1";
    expectNothingLost(await underLoad(`back from ${presentVersion} to ${former}`, () => replaced(() => rollBack(revisionOfFormer))));
    expect(await chartOf()).toBe(`llm-gateway-${former}`);
    await apply({ apiVersion: "llmgateway.io/v1alpha1", kind: "LLMRoute", metadata: { namespace: TENANT, name: "paced" }, spec: { models: ["paced", "paced-after-return"], targets: [{ providerRef: { name: "pacer" }, model: "paced" }] } });
    expect(await askOne({ base: BASE, model: "paced-after-return" }, "at once")).toMatchObject({ status: 200 });
    await upgrade();
  });
});
