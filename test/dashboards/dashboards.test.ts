// The dashboards that the chart ships are those that the plans make, ask only for what exists, and are laid out whole.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { generated } from "../../charts/dashboards/generate.ts";
import { FAILED, PROVIDER_FAILED } from "../../charts/dashboards/queries.ts";
import { catalogue } from "../../dataplane/errors.ts";
import { chart } from "../charts/helm.ts";
import { names, panelsOf, variablesOf, type Drawn } from "./drawn.ts";
import { knownMetrics, metricsIn, readChart, rulesOf, rulesText } from "./shipped.ts";

const all = names.flatMap(panelsOf);
const titleOf = ({ dashboard, title }: Drawn): string => `${dashboard}: ${title}`;

const codesOf = (matchers: string): string[] => {
  const [, wanted = "", unwanted = ""] = /^code=~"(.*)",code!="(.*)"$/.exec(matchers) ?? [];
  return Object.keys(catalogue).filter((code) => new RegExp(`^(?:${wanted})$`).test(code) && code !== unwanted);
};

describe("the dashboards", () => {
  it.each(Object.entries(generated()))("%s is what `npm run generate` writes", (name, text) => {
    expect(readChart(`dashboards/${name}`)).toBe(text);
  });

  it("are all that the chart ships", () => {
    expect(readdirSync(join(chart, "dashboards")).toSorted()).toEqual(Object.keys(generated()).toSorted());
  });

  it("ask only for metrics that data plane, operator or recording rules have", async () => {
    const known = await knownMetrics();
    const asked = all.flatMap((panel) => panel.targets.flatMap(({ expr }) => metricsIn(expr).filter((metric) => !known.has(metric)).map((metric) => `${titleOf(panel)} asks for ${metric}`)));
    expect(asked).toEqual([]);
    expect(metricsIn('sum by (route) (rate(llmgw_nothing{a="b_c"}[5m])) and on (job, a_b) gen_ai_none_bucket')).toEqual(["llmgw_nothing", "gen_ai_none_bucket"]);
  });

  it("use every recorded series, here or in an alert", () => {
    const users = [...all.flatMap(({ targets }) => targets.map(({ expr }) => expr)), ...rulesOf(rulesText("alerts.yaml")).map(({ expr }) => expr)].flatMap(metricsIn);
    expect(rulesOf(rulesText("recording.yaml")).map(({ record }) => record).filter((record) => !users.includes(record ?? ""))).toEqual([]);
  });

  it.each(names)("%s uses each of its variables, and no other", (name) => {
    const used = new Set(panelsOf(name).flatMap(({ targets }) => targets.flatMap(({ expr }) => [...expr.matchAll(/\$([a-z]\w*)/g)].map((match) => match[1]))));
    expect([...used, "datasource"].toSorted()).toEqual(variablesOf(name).map((variable) => variable.name).toSorted());
  });

  it("say in a panel's description by which variables it is not narrowed", () => {
    const traffic = panelsOf("traffic");
    expect(traffic.find(({ title }) => title === "Requests by route")?.description).not.toContain("Not narrowed");
    expect(traffic.find(({ title }) => title === "Duration")?.description).toMatch(/Not narrowed by: Team\.$/);
    expect(traffic.find(({ title }) => title === "Tokens by team")?.description).toMatch(/Not narrowed by: Provider\.$/);
  });

  it("have a title, a description, a unit, words for nothing and a legend in every panel", () => {
    expect(all.filter(({ title, description, unit, empty, targets }) => [title, description, unit, empty].includes("") || targets.length === 0 || targets.some(({ legendFormat }) => legendFormat === "")).map(titleOf)).toEqual([]);
    expect(new Set(all.map(titleOf)).size).toBe(all.length);
  });

  it.each(names)("%s fills its 24 columns without an overlap", (name) => {
    const cells = panelsOf(name).flatMap(({ id, place }) => Array.from({ length: place.w }, (_, column) => Array.from({ length: place.h }, (__, row) => [`${place.x + column}/${place.y + row}`, id] as const)).flat());
    expect(new Set(cells.map(([cell]) => cell)).size).toBe(cells.length);
    const widths = Map.groupBy(panelsOf(name), ({ place }) => place.y);
    expect([...widths.values()].map((panels) => panels.reduce((sum, { place }) => sum + place.w, 0)).filter((width) => width !== 24)).toEqual([]);
  });

  it("count as failed exactly the errors that are not the caller's, and say of each whether it is the provider's", () => {
    const mustFail = Object.entries(catalogue).filter(([code, { status }]) => (status >= 500 || code.startsWith("UPSTREAM_")) && code !== "UPSTREAM_REJECTED").map(([code]) => code);
    expect(codesOf(FAILED).toSorted()).toEqual(mustFail.toSorted());
    expect(codesOf(PROVIDER_FAILED).toSorted()).toEqual(mustFail.filter((code) => /^(?:UPSTREAM|TIMEOUT)_/.test(code)).toSorted());
    for (const words of [FAILED, PROVIDER_FAILED]) expect(readChart("rules/recording.yaml")).toContain(words);
  });
});
