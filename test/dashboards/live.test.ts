// Every question of every dashboard and rule, asked of a real Prometheus that scraped a real run with faults: each finds something.
// LLMGW_DASHBOARDS_OUT names a folder for what was found: a table, and a page for each dashboard that a browser can draw.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { dashboards } from "../../charts/dashboards/generate.ts";
import { startControl } from "./control.ts";
import { nameOf, pageOf, shown, type Line } from "./draw.ts";
import { filled, names, panelsOf, variablesOf, type Drawn, type Target } from "./drawn.ts";
import { startPrometheus, whyNoPrometheus, type Prometheus, type Scraped } from "./prometheus.ts";
import { rulesText } from "./shipped.ts";
import { startTraffic } from "./traffic.ts";

/** Rates need two scrapes, and what is recorded needs them before; a busy machine takes its time. */
const LOOK_MS_MAX = 90_000;
const WINDOW_SECONDS = 60;
const INTERVAL = "5s";
const RANGE = "1m";
const all = names.flatMap(panelsOf);
const OUT = process.env["LLMGW_DASHBOARDS_OUT"];

/** What no run of a minute brings about: more than 200 values of one label. */
const mayBeEmpty = (target: Target): boolean => target.expr.includes("llmgw_label_overflow_total");

const find = async (prometheus: Prometheus, { targets }: Drawn): Promise<Line[]> => {
  const lines: Line[] = [];
  for (const { refId, expr, legendFormat, instant } of targets) {
    const ask = filled(expr, INTERVAL, RANGE);
    const series = instant ? await prometheus.instant(ask) : await prometheus.range(ask, WINDOW_SECONDS);
    lines.push(...series.map(({ labels, points }) => ({ refId, labels, points, name: nameOf(legendFormat, labels) })));
  }
  return lines;
};

const emptyIn = (panel: Drawn, lines: readonly Line[]): string[] =>
  panel.targets.filter((target) => !mayBeEmpty(target) && !lines.some(({ refId }) => refId === target.refId)).map(({ refId, expr }) => `${panel.dashboard} / ${panel.title} ${refId}: ${expr}`);

const scene = async (): Promise<{ prometheus: Prometheus; seen: ReadonlyMap<string, number> }> => {
  const [traffic, control] = await Promise.all([startTraffic(), startControl()]);
  const dataPlanes = traffic.admin.map((address, index): Scraped => ({ job: "dataplane", address, labels: { namespace: "llm-system", gateway: "default", pod: `llm-gateway-${index}` } }));
  const operators = control.admin.map((address, index): Scraped => ({ job: "operator", address, labels: { namespace: "llm-system", pod: `llm-gateway-operator-${index}` } }));
  const prometheus = await startPrometheus([...dataPlanes, ...operators], { "recording.yaml": rulesText("recording.yaml"), "alerts.yaml": rulesText("alerts.yaml") });
  return { prometheus, seen: traffic.seen };
};

const tableOf = (found: ReadonlyMap<Drawn, readonly Line[]>): string =>
  [...found].map(([{ dashboard, row, title, unit }, lines]) => {
    const sample = lines[0];
    return [dashboard, row, title, `${lines.length} series`, sample === undefined ? "" : `${sample.name} ${shown(sample.points.at(-1)?.[1] ?? 0, unit)}`].join(" | ");
  }).join("\n");

const keep = (found: ReadonlyMap<Drawn, readonly Line[]>, folder: string): void => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "found.txt"), `${tableOf(found)}\n`);
  for (const name of names) {
    const panels = [...found.keys()].filter(({ dashboard }) => dashboard === name);
    writeFileSync(join(folder, `${name}.html`), pageOf(dashboards[name].title ?? name, panels, (panel) => found.get(panel) ?? []));
    writeFileSync(join(folder, `${name}-empty.html`), pageOf(dashboards[name].title ?? name, panels, () => []));
  }
};

/** The values that Grafana would offer for a variable. */
const offered = async (prometheus: Prometheus, query: string): Promise<string[]> => {
  const [, series = "", label = ""] = /^label_values\((.*), (\w+)\)$/.exec(query) ?? [];
  const found = await prometheus.instant(`group by (${label}) (${filled(series, INTERVAL, RANGE)})`);
  return found.map(({ labels }) => labels[label] ?? "").filter((value) => value !== "").toSorted();
};

describe.skipIf(whyNoPrometheus !== "")(`a real Prometheus${whyNoPrometheus && ` (${whyNoPrometheus})`}`, () => {
  it("finds something for every question of every panel, for every variable, and has no trouble with any rule", async () => {
    const { prometheus, seen } = await scene();
    const found = new Map<Drawn, readonly Line[]>();
    const emptyNow = (panel: Drawn): string[] => emptyIn(panel, found.get(panel) ?? []);
    const look = async (panels: readonly Drawn[]): Promise<Drawn[]> => {
      for (const panel of panels) found.set(panel, await find(prometheus, panel));
      return panels.filter((panel) => emptyNow(panel).length > 0);
    };
    const deadline = performance.now() + LOOK_MS_MAX;
    let wanting = await look(all);
    while (wanting.length > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      wanting = await look(wanting);
    }
    const missing = wanting.flatMap(emptyNow);
    if (OUT !== undefined) {
      await look(all);
      keep(found, OUT);
    }
    // What is asked from here on may be a scrape or two later than what was found first.
    await vi.waitFor(async () => expect(await prometheus.unreachable()).toEqual([]));
    expect([...seen.keys()]).toEqual(expect.arrayContaining(["200", "404 ROUTE_MODEL_NOT_FOUND", "429", "500"]));
    expect(missing).toEqual([]);
    expect([...found].flatMap(([{ title }, lines]) => lines.filter(({ name }) => name === "").map(() => `${title} has a line without a name`))).toEqual([]);
    await vi.waitFor(async () => expect((await prometheus.rules()).filter(({ health }) => health !== "ok").map(({ name, lastError }) => `${name}: ${lastError}`)).toEqual([]));

    await vi.waitFor(async () => {
      const offers = Object.fromEntries(await Promise.all(variablesOf("traffic").filter(({ name }) => name !== "datasource").map(async ({ name, query }) => [name, await offered(prometheus, query)] as const)));
      expect(offers).toMatchObject({ namespace: ["llm-system"], gateway: ["default"], team: ["search", "support"] });
      expect(offers["route"]).toContain("default/support");
      expect(offers["provider"]).toContain("default/shaky");
    });

    const chosen = { namespace: "llm-system", gateway: "default", route: "default/support", provider: "default/steady", team: "search" };
    const narrowed = async (title: string): Promise<string[]> => {
      const { targets = [] } = panelsOf("traffic").find((panel) => panel.title === title) ?? {};
      return (await prometheus.instant(filled(targets[0]?.expr ?? "", INTERVAL, RANGE, chosen))).flatMap(({ labels }) => Object.values(labels));
    };
    const narrowedTo = (title: string): Promise<string[]> => vi.waitUntil(async () => ((labels) => labels.length > 0 && labels)(await narrowed(title)), { timeout: LOOK_MS_MAX, interval: 200 });
    expect(await narrowedTo("Requests by team")).toEqual(["search"]);
    expect(await narrowedTo("Requests by route")).toEqual(["default/support"]);
    expect(await narrowedTo("Tokens by team")).toEqual(["search"]);
    const durations = new Set(await narrowedTo("Duration, p95, by route and model"));
    expect(durations).toContain("default/support");
    expect([...durations].filter((label) => label.startsWith("default/") && label !== "default/support")).toEqual([]);
  }, 180_000);
});
