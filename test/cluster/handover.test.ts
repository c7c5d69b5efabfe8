// The operator's own rollout: who leads changes, and what is written meanwhile comes into force soon after.
// Requests under load during rollouts are rollout.test.ts's matter.
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { askOne, startCaller, startTeller } from "./callers.ts";
import { apply, kubectl } from "./commands.ts";
import { editRoute } from "./edits.ts";
import { collectEvidence } from "./evidence.ts";
import { SYSTEM, TENANT } from "./namespaces.ts";
import { leader } from "./pods.ts";
import { RELEASE, upgrade } from "./release.ts";

const BASE = `http://${RELEASE}.${SYSTEM}.svc/v1`;
/** A new leader is there within 2 s; a data plane that dialled a pod which was gone gives up after 3 s. */
const SOON_MS = 15_000;

beforeEach(({ onTestFailed, task }) => {
  onTestFailed(async () => {
    process.stdout.write(`evidence: ${await collectEvidence(task.name)}\n`);
  });
});

describe("a rollout of the operator", () => {
  beforeAll(async () => {
    await upgrade();
    await startCaller();
    await startTeller();
    await apply(
      { apiVersion: "v1", kind: "Secret", metadata: { namespace: TENANT, name: "handed-key" }, stringData: { "api-key": "k" } },
      { apiVersion: "llmgateway.io/v1alpha1", kind: "LLMProvider", metadata: { namespace: TENANT, name: "handed" }, spec: { type: "OpenAICompatible", network: "Private", endpoints: [{ url: `http://teller.${TENANT}.svc/v1` }], auth: { secretRef: { name: "handed-key" } } } },
      { apiVersion: "llmgateway.io/v1alpha1", kind: "LLMRoute", metadata: { namespace: TENANT, name: "handed" }, spec: { models: ["handed-0"], targets: [{ providerRef: { name: "handed" } }] } },
    );
    await kubectl("--namespace", TENANT, "wait", "llmroute/handed", "--for=condition=Programmed", "--timeout=60s");
  });

  it.each([1, 2, 3])("hands over, and the first edit after it is soon in force: time %i", async (time) => {
    const before = await leader();
    await kubectl("--namespace", SYSTEM, "rollout", "restart", `deployment/${RELEASE}-operator`);
    await kubectl("--namespace", SYSTEM, "rollout", "status", `deployment/${RELEASE}-operator`, "--timeout=120s");
    const [edit] = await editRoute(TENANT, "handed", [{ models: [`handed-${time}`] }], async () => undefined);
    process.stdout.write(`in force ${Math.round(edit?.tookMs ?? NaN)} ms after the edit\n`);
    expect(await leader()).not.toBe(before);
    expect(edit?.tookMs).toBeLessThan(SOON_MS);
    expect(await askOne({ base: BASE, model: `handed-${time}` })).toMatchObject({ status: 200, content: "Bearer k" });
  });
});
