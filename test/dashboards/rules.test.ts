// Recording rules and alerts: what promtool says of them, that each alert was seen to fire and to keep still, and that people find out what to do.
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load, loadAll } from "js-yaml";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { refusalOf, render, whyNoHelm, type Rendered } from "../charts/helm.ts";
import { files, knownMetrics, metricsIn, readChart, rulesOf, rulesText, thresholds, withThresholds, type Groups } from "./shipped.ts";

const whyNoPromtool = spawnSync("promtool", ["--version"]).status === 0 ? "" : "there is no promtool here; Debian has it in the package prometheus";

interface Case {
  readonly name: string;
  readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
}

const casesText = readFileSync(new URL("alerts.yaml", import.meta.url), "utf8");
const cases = (load(casesText) as { readonly tests: readonly Case[] }).tests;
const alerts = rulesOf(readChart("rules/alerts.yaml"));

const folderWith = (texts: Readonly<Record<string, string>>, atEnd: (end: () => void) => void = onTestFinished): string => {
  const folder = mkdtempSync(join(tmpdir(), "llmgw-rules-"));
  atEnd(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text);
  return folder;
};

/** What it says goes to one file, because its verdicts and their reasons come by two ways and belong together. */
const promtool = (folder: string, ...words: string[]): { status: number | null; said: string } => {
  const file = join(folder, "said.txt");
  const out = openSync(file, "w");
  try {
    const { status } = spawnSync("promtool", words, { cwd: folder, stdio: ["ignore", out, out] });
    return { status, said: readFileSync(file, "utf8") };
  } finally {
    closeSync(out);
  }
};

const shipped = { "recording.yaml": rulesText("recording.yaml"), "alerts.yaml": rulesText("alerts.yaml"), "cases.yaml": casesText };

/** Instead of what an alert asks for. */
const bends = { never: "vector(1) > 2", always: "vector(1)" } as const;

/** The alert's own cases, asked for it alone over a rule that is bent. */
const bentCases = (alert: string, bend: keyof typeof bends): Record<string, string> => {
  const groups = (load(shipped["alerts.yaml"]) as Groups).groups.map((group) => ({ ...group, rules: group.rules.filter((rule) => rule.alert === alert).map((rule) => ({ ...rule, expr: bends[bend], for: "0s" })) }));
  const rules = `${alert}-${bend}.yaml`;
  const own = cases.filter(({ name }) => name.startsWith(`${alert} `));
  const asked = { ...(load(casesText) as object), rule_files: [rules], tests: own.map((one) => ({ ...one, alert_rule_test: one.alert_rule_test.filter(({ alertname }) => alertname === alert) })) };
  return { [rules]: JSON.stringify({ groups }), [`${alert}-${bend}-cases.yaml`]: JSON.stringify(asked) };
};

describe.skipIf(whyNoPromtool !== "")(`promtool${whyNoPromtool && ` (${whyNoPromtool})`}`, () => {
  it("finds nothing wrong with the rules", () => {
    expect(promtool(folderWith(shipped), "check", "rules", ...files)).toMatchObject({ status: 0 });
  });

  it("sees every alert fire when it must, word for word, and not otherwise", () => {
    const { status, said } = promtool(folderWith(shipped), "test", "rules", "cases.yaml");
    expect({ status, said }).toEqual({ status: 0, said: expect.stringContaining("SUCCESS") as string });
  });

  describe("with an alert that is bent", () => {
    const names = alerts.map(({ alert = "" }) => alert);
    /** What it says of each file of cases; one start for all of them. */
    let said: Readonly<Record<string, string>> = {};

    beforeAll(() => {
      const texts = Object.assign({}, ...names.flatMap((alert) => [bentCases(alert, "never"), bentCases(alert, "always")])) as Record<string, string>;
      const ends: (() => void)[] = [];
      const folder = folderWith(texts, (end) => ends.push(end));
      const told = promtool(folder, "test", "rules", ...Object.keys(texts).filter((name) => name.endsWith("-cases.yaml"))).said;
      for (const end of ends) end();
      said = Object.fromEntries(told.split(/^Unit Testing: +/m).slice(1).map((part) => [part.slice(0, part.indexOf("\n")), part.slice(part.indexOf("\n") + 1)]));
    });

    it.each(names)("misses %s when it never fires, and when it always does", (alert) => {
      for (const bend of ["never", "always"]) {
        const words = said[`${alert}-${bend}-cases.yaml`] ?? "";
        expect({ bend, verdict: words.trim().split("\n")[0], names: words.includes(`alertname: ${alert},`) }).toEqual({ bend, verdict: "FAILED:", names: true });
      }
    });
  });
});

describe("the alerts", () => {
  it.each(alerts.map(({ alert = "" }) => alert))("%s has a case in which it fires and one in which it does not", (alert) => {
    const own = cases.filter(({ name }) => name.startsWith(`${alert} `));
    const fires = own.map(({ alert_rule_test: tests }) => tests.some(({ alertname, exp_alerts: expected }) => alertname === alert && expected.length > 0));
    expect(fires).toEqual([true, false]);
    expect(own[1]?.alert_rule_test.every(({ alertname }) => alertname === alert)).toBe(true);
  });

  it("have a severity and two sentences, and one of them names what it is about", () => {
    const poor = alerts.filter(({ labels, annotations }) => !/^(?:critical|warning)$/.test(labels?.["severity"] ?? "") || annotations?.["summary"] === undefined || !(annotations["description"] ?? "").includes("$labels."));
    expect(poor.map(({ alert }) => alert)).toEqual([]);
  });

  it("ask only for metrics that there are", async () => {
    const known = await knownMetrics();
    expect(files.flatMap((file) => rulesOf(rulesText(file)).flatMap(({ expr }) => metricsIn(expr))).filter((metric) => !known.has(metric))).toEqual([]);
  });

  it("use every threshold of the values, and no other", () => {
    const used = [...readChart("rules/alerts.yaml").matchAll(/\$\{(\w+)\}/g)].map((match) => match[1]);
    expect([...new Set(used)].toSorted()).toEqual(Object.keys(thresholds).toSorted());
    expect(readChart("rules/recording.yaml")).not.toContain("${");
  });

  it("have a chapter each in the runbooks, in their own order", () => {
    const chapters = [...readChart("runbooks.md").matchAll(/^## (.*)$/gm)].map((match) => match[1]);
    expect(chapters).toEqual(alerts.map(({ alert }) => alert));
  });
});

interface PrometheusRule extends Rendered {
  readonly spec: Groups & Readonly<Record<string, unknown>>;
}

const ON = ["--set", "monitoring.rules.enabled=true", "--show-only", "templates/monitoring.yaml"];
const rendered = (...words: string[]): Groups["groups"] => {
  const objects = loadAll(render([...ON, ...words]).text).filter((one) => one !== null) as PrometheusRule[];
  return objects.filter(({ kind }) => kind === "PrometheusRule").flatMap(({ spec }) => spec.groups);
};

describe.skipIf(whyNoHelm !== "")(`the chart${whyNoHelm && ` (${whyNoHelm})`}`, () => {
  const source = (given = thresholds): Groups["groups"] => (["alerts.yaml", "recording.yaml"] as const).flatMap((file) => (load(withThresholds(readChart(`rules/${file}`), given)) as Groups).groups);

  it("ships the rules as they are tested", () => {
    expect(rendered()).toEqual(source());
  });

  it("takes other thresholds, labels and an address for the runbooks", () => {
    const groups = rendered("--set", "monitoring.rules.thresholds.firstTokenSeconds=9.5,monitoring.rules.alertLabels.team=platform,monitoring.rules.runbookUrl=https://example.com/runbooks");
    const slow = groups.flatMap(({ rules }) => rules).find(({ alert }) => alert === "LLMGatewayFirstTokenSlow");
    expect(slow).toMatchObject({ labels: { severity: "warning", team: "platform" }, annotations: { runbook_url: "https://example.com/runbooks#llmgatewayfirsttokenslow" } });
    expect(slow?.expr).toContain("> 9.5");
  });

  it("leaves out the alerts that are named, and refuses one that there is not", () => {
    const left = rendered("--set", "monitoring.rules.without={LLMGatewayProcessorBusy}").flatMap(({ rules }) => rules.map(({ alert }) => alert));
    expect(left).not.toContain("LLMGatewayProcessorBusy");
    expect(left).toContain("LLMGatewayEventLoopLate");
    expect(refusalOf([...ON, "--set", "monitoring.rules.without={LLMGatewayBusy}"])).toContain("monitoring.rules.without: there is no alert LLMGatewayBusy; there are LLMGatewayErrorRatio, ");
  });

  it("refuses a threshold where the buckets of the first token end", () => {
    expect(refusalOf([...ON, "--set", "monitoring.rules.thresholds.firstTokenSeconds=10"])).toContain("firstTokenSeconds");
  });

  it("ships each dashboard in a ConfigMap that Grafana's sidecar finds", () => {
    const objects = loadAll(render(["--set", "monitoring.dashboards.enabled=true,monitoring.dashboards.label.name=find_me,monitoring.dashboards.folder=LLM", "--show-only", "templates/monitoring.yaml"]).text) as Rendered[];
    expect(objects.map(({ kind, metadata, data }) => [kind, metadata.labels["find_me"], metadata.annotations?.["grafana_folder"], Object.keys(data ?? {})])).toEqual(
      ["fleet", "providers", "traffic"].map((name) => ["ConfigMap", "1", "LLM", [`${name}.json`]]));
    for (const { data } of objects) for (const [name, text] of Object.entries(data ?? {})) expect(text.trimEnd()).toBe(readChart(`dashboards/${name}`).trimEnd());
  });
});
