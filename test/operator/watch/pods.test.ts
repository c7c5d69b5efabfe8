// Which pods count towards Programmed: a label is easily written, so it takes more than that.
import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../../operator/kube/types.ts";
import { podStateOf, readyPods, type PodState, type SliceState } from "../../../operator/watch/pods.ts";

const HOME = "llm-system";
const GATEWAY = { "llmgateway.io/gateway": "default" };
const INJECT = { ...GATEWAY, "llmgateway.io/inject": "true" };
const ready = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };

const pod = (namespace: string, labels: Readonly<Record<string, string>>, spec: object = {}, more: { status?: object; metadata?: object } = {}): KubeObject => ({
  metadata: { name: "one", namespace, labels, ...more.metadata },
  spec,
  status: more.status ?? ready,
});
const withSidecar = { initContainers: [{ name: "prepares" }, { name: "llm-gateway" }] };
const state = podStateOf(HOME);

describe("a pod with a gateway's label", () => {
  it("is a data plane in the operator's own namespace", () => {
    expect(state(pod(HOME, GATEWAY))).toEqual({ gateway: "default", isReady: true, isEnding: false, isInjected: false });
  });

  it("is none in another namespace: anybody who may create pods there could hold up everybody's Programmed", () => {
    expect(state(pod("team-a", GATEWAY))).toBeUndefined();
  });

  it("is none of another release's either, which has the same names in its own namespace", () => {
    expect(state(pod("llm-other", { ...GATEWAY, "app.kubernetes.io/component": "dataplane" }))).toBeUndefined();
  });

  it("is one where the sidecar was put into it, in whatever namespace", () => {
    for (const namespace of ["team-a", HOME]) expect(state(pod(namespace, INJECT, withSidecar)), namespace).toEqual({ gateway: "default", isReady: true, isEnding: false, isInjected: true });
  });

  it("is one where somebody wrote the sidecar among its other containers: the webhook leaves that as it is, for it has one", () => {
    const byHand = { containers: [{ name: "app" }, { name: "llm-gateway" }] };
    for (const namespace of ["team-a", HOME]) expect(state(pod(namespace, INJECT, byHand)), namespace).toEqual({ gateway: "default", isReady: true, isEnding: false, isInjected: true });
  });

  it("is none when it asked for a sidecar and started without", () => {
    for (const namespace of ["team-a", HOME]) expect(state(pod(namespace, INJECT, { initContainers: [{ name: "prepares" }], containers: [{ name: "app" }] })), namespace).toBeUndefined();
  });

  it("is none any more when it has ended", () => {
    for (const phase of ["Succeeded", "Failed"]) expect(state(pod(HOME, GATEWAY, {}, { status: { phase } })), phase).toBeUndefined();
  });

  it("is about to end once it has a time of deletion, and not ready without the condition", () => {
    expect(state(pod(HOME, GATEWAY, {}, { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } }))).toMatchObject({ isEnding: true });
    expect(state(pod(HOME, GATEWAY, {}, { status: { phase: "Running" } }))).toMatchObject({ isReady: false });
  });
});

describe("the pods that serve", () => {
  const item = <Value>(id: string, uid: string, value: Value): { id: string; uid: string; value: Value } => ({ id, uid, value });
  const plane: PodState = { gateway: "default", isReady: true, isEnding: false, isInjected: false };
  const serving = (pods: readonly { id: string; uid: string; value: PodState }[], slices: readonly SliceState[] = [], open: readonly string[] = []): string[] =>
    readyPods(pods, slices.map((value, index) => item(`s${index}`, `s${index}`, value)), (namespace) => open.includes(namespace)).map(({ namespace, name }) => `${namespace}/${name}`);

  it("are those that an EndpointSlice calls ready, and where there is none those that say so themselves", () => {
    const pods = [item(`${HOME}/a`, "a", plane), item(`${HOME}/b`, "b", plane), item(`${HOME}/c`, "c", { ...plane, isReady: false })];
    expect(serving(pods, [{ a: true, b: false }])).toEqual([`${HOME}/a`]);
    expect(serving(pods)).toEqual([`${HOME}/a`, `${HOME}/b`]);
  });

  it("do not include one that is about to end", () => {
    expect(serving([item(`${HOME}/a`, "a", { ...plane, isEnding: true })], [{ a: true }])).toEqual([]);
  });

  it("include those with a sidecar only where sidecars may be: elsewhere none is let in", () => {
    const pods = [item("open/a", "a", { ...plane, isInjected: true }), item("closed/b", "b", { ...plane, isInjected: true })];
    expect(serving(pods, [], ["open"])).toEqual(["open/a"]);
  });
});
