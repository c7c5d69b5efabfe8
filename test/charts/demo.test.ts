// The demo of the chart: the same providers and routes as a laptop's examples, at the demo provider's Service.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadAll } from "js-yaml";
import { describe, expect, it } from "vitest";
import { render, root, whyNoHelm, type Rendered } from "./helm.ts";

const KINDS = ["LLMProvider", "LLMRoute"];
const PREFIX = "llm-gateway-";
const DEMO = "http://llm-gateway-demo.llm-system.svc";
const HOOK = "helm.sh/hook";

const examples = ["demo.yaml", "demo-protocols.yaml"].flatMap((file) => loadAll(readFileSync(join(root, "examples", file), "utf8")) as Rendered[]);

/** In the laptop's words: its names, its address, its only gateway. */
const onLaptop = ({ kind, metadata, spec }: Rendered): unknown => {
  const { gateways: _, ...rest } = spec ?? {};
  const name = metadata.name.slice(PREFIX.length);
  return { kind, name, spec: JSON.parse(JSON.stringify(rest).replaceAll(DEMO, "http://127.0.0.1:8089").replaceAll(`"name":"${PREFIX}`, '"name":"')) as unknown };
};

const byName = (left: unknown, right: unknown): number => JSON.stringify(left).localeCompare(JSON.stringify(right));
const hookOf = ({ metadata }: Rendered): string => metadata.annotations?.[HOOK] ?? "";
const ofDemo = (words: readonly string[]): Rendered[] => render(["--set", "demo.enabled=true", ...words]).objects.filter(({ kind }) => KINDS.includes(kind));

describe.skipIf(whyNoHelm !== "")(`the chart's demo${whyNoHelm && ` (${whyNoHelm})`}`, () => {
  it("offers what a laptop's offers, protocol for protocol and model for model", () => {
    const wanted = examples.map(({ kind, metadata, spec }) => ({ kind, name: metadata.name, spec }));
    expect(wanted.length).toBeGreaterThan(2);
    const installed = ofDemo([]).filter((object) => hookOf(object).startsWith("post-install"));
    expect(installed.map(onLaptop).toSorted(byName)).toEqual(wanted.toSorted(byName));
  });

  it("is served by the gateway that is named, and by no other", () => {
    const routes = ofDemo(["--set", "gateways.other.replicas=1,demo.gateway=other"]).filter(({ kind }) => kind === "LLMRoute");
    expect(new Set(routes.map(({ spec }) => JSON.stringify(spec?.["gateways"])))).toEqual(new Set(['["other"]']));
  });

  it("leaves nothing behind: what a hook makes after the installation, one takes away before the end", () => {
    const named = (hook: string): string[] => ofDemo([]).filter((object) => hookOf(object) === hook).map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(named("pre-delete")).toEqual(named("post-install,post-upgrade"));
  });

  it("belongs to the release itself where the kinds are there already", () => {
    const objects = ofDemo(["--api-versions", "llmgateway.io/v1alpha1/LLMRoute"]);
    expect([objects.length, objects.map(hookOf).filter((hook) => hook !== "")]).toEqual([examples.length, []]);
  });
});
