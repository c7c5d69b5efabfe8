// The operator's authority renewed with overlap, under load. What takes an hour by itself is written into the Secret here
// as the operator would write it, with its own makers: first the next authority beside the one that signs, then its taking over.
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { BUNDLE, carryOut, readAuthority, type AuthorityData } from "../../operator/publish/authority-secret.ts";
import { defaultLives, type Step } from "../../operator/publish/ca.ts";
import { serviceNames } from "../../operator/publish/keep-authority.ts";
import { startCaller } from "./callers.ts";
import { kubectl, kubectlJson, pause, until } from "./commands.ts";
import { editRoute } from "./edits.ts";
import { collectEvidence } from "./evidence.ts";
import { expectNothingLost, startPacer, STREAM_MS, underLoad } from "./load.ts";
import { SYSTEM, TENANT } from "./namespaces.ts";
import { podsOf } from "./pods.ts";
import { OPERATORS, RELEASE, upgrade } from "./release.ts";

const SECRET = `${RELEASE}-authority`;
/** A kubelet brings a changed ConfigMap to its mounts within about so long. */
const MOUNTED_MS_MAX = 150_000;

const decoded = (data: Readonly<Record<string, string>>): AuthorityData => Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]));
const kept = async (): Promise<AuthorityData> => decoded((await kubectlJson<{ data: Record<string, string> }>("--namespace", SYSTEM, "get", "secret", SECRET)).data);

const carry = async (...steps: readonly Step[]): Promise<AuthorityData> => {
  const before = await kept();
  const data = await carryOut(before, steps, Date.now(), serviceNames(OPERATORS, SYSTEM), defaultLives);
  const gone = Object.keys(before).filter((key) => data[key] === undefined).map((key) => [key, null]);
  const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
  await kubectl("--namespace", SYSTEM, "patch", "secret", SECRET, "--type", "merge", "--patch", JSON.stringify({ data: Object.fromEntries([...encoded, ...gone]) }));
  return data;
};

const restartOperators = async (): Promise<void> => {
  await kubectl("--namespace", SYSTEM, "rollout", "restart", `deployment/${OPERATORS}`);
  await kubectl("--namespace", SYSTEM, "rollout", "status", `deployment/${OPERATORS}`, "--timeout=120s");
};

const mountedIn = (pod: string): Promise<string> =>
  kubectl("--namespace", SYSTEM, "exec", pod, "--", "node", "--input-type=module", "--eval", 'import { readFileSync } from "node:fs"; process.stdout.write(readFileSync("/etc/llm-gateway/operator/ca.crt", "utf8"))');

const certificates = (bundle: string): number => bundle.split("BEGIN CERTIFICATE").length - 1;

const isMountedEverywhere = (bundle: string): Promise<unknown> =>
  until("the bundle in every data plane", async () => {
    const mounted = await Promise.all((await podsOf("dataplane")).map(({ metadata }) => mountedIn(metadata.name)));
    return mounted.every((text) => text === bundle) ? true : undefined;
  }, MOUNTED_MS_MAX, 1000);

beforeEach(({ onTestFailed, task }) => {
  onTestFailed(async () => {
    process.stdout.write(`evidence: ${await collectEvidence(task.name)}\n`);
  });
});

describe("an authority that is renewed", () => {
  beforeAll(async () => {
    await upgrade();
    await startCaller();
    await startPacer();
  });

  it("is trusted before it signs, and nobody is cut off when it takes over: no restart, no request lost, edits get through", async () => {
    const planes = async (): Promise<string[]> => (await podsOf("dataplane")).map(({ metadata, status }) => `${metadata.uid} ${status.containerStatuses?.[0]?.restartCount}`).toSorted();
    const [before, first] = [await planes(), readAuthority(await kept())];
    const totals = await underLoad("an authority renewed with overlap", async () => {
      const both = await carry({ what: "make-next", why: "of a test" });
      expect(certificates(both[BUNDLE] ?? "")).toBeGreaterThanOrEqual(2);
      await restartOperators();
      await isMountedEverywhere(both[BUNDLE] ?? "");
      await carry({ what: "take-over", why: "of a test" }, { what: "issue-leaf", why: "of a test" });
      await restartOperators();
      const [edit] = await editRoute(TENANT, "paced", [{ models: ["paced", "after-renewal"] }], async () => undefined);
      process.stdout.write(`signed by the new authority, an edit was in force after ${Math.round(edit?.tookMs ?? NaN)} ms: ${edit?.message}\n`);
      expect(edit?.message).toContain("2 of 2");
      await pause(STREAM_MS);
    });
    expectNothingLost(totals);
    const last = readAuthority(await kept());
    expect(last.signing?.fingerprint).not.toBe(first.signing?.fingerprint);
    expect(last.leaf?.issuer).toBe(last.signing?.fingerprint);
    expect(last.former.map(({ fingerprint }) => fingerprint)).toContain(first.signing?.fingerprint);
    expect(await planes()).toEqual(before);
  });
});
