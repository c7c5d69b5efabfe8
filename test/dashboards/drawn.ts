// A dashboard's JSON as the tests need it: panels with their place, questions and looks; the variables filled in.
// It reads what is shipped and asks nobody.
import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { dashboards } from "../../charts/dashboards/generate.ts";

export interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
  readonly instant: boolean;
}

export interface Drawn {
  readonly dashboard: string;
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly row: string;
  readonly place: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly unit: string;
  readonly empty: string;
  readonly isStacked: boolean;
  readonly max: number | undefined;
  readonly thresholds: readonly { readonly value: number | null; readonly color: string }[];
  /** Units of a table's columns by title. */
  readonly columns: Readonly<Record<string, string>>;
  readonly targets: readonly Target[];
}

type AnyPanel = NonNullable<Dashboard["panels"]>[number];

const isPanel = (panel: AnyPanel): panel is Exclude<AnyPanel, { type: "row" }> => panel.type !== "row";

const targetOf = (given: unknown): Target => {
  const { refId = "", expr = "", legendFormat = "", instant = false } = given as Partial<Target>;
  return { refId, expr, legendFormat, instant };
};

const read = (dashboard: string, row: string, panel: Exclude<AnyPanel, { type: "row" }>): Drawn => {
  const { defaults, overrides } = panel.fieldConfig ?? { defaults: {}, overrides: [] };
  const custom = (defaults.custom ?? {}) as { stacking?: { mode?: string } };
  return {
    dashboard, row,
    id: panel.id ?? 0, type: panel.type, title: panel.title ?? "", description: panel.description ?? "",
    place: { x: panel.gridPos?.x ?? 0, y: panel.gridPos?.y ?? 0, w: panel.gridPos?.w ?? 0, h: panel.gridPos?.h ?? 0 },
    unit: defaults.unit ?? "", empty: defaults.noValue ?? "", max: defaults.max, isStacked: custom.stacking?.mode === "normal",
    thresholds: defaults.thresholds?.steps ?? [],
    columns: Object.fromEntries(overrides.map(({ matcher, properties }) => [String(matcher.options), String(properties.find(({ id }) => id === "unit")?.value ?? "")])),
    targets: (panel.targets ?? []).map(targetOf),
  };
};

export const panelsOf = (name: keyof typeof dashboards): Drawn[] => {
  let row = "";
  const found: Drawn[] = [];
  for (const panel of dashboards[name].panels ?? []) {
    if (isPanel(panel)) found.push(read(name, row, panel));
    else row = panel.title ?? "";
  }
  return found;
};

export const names = Object.keys(dashboards) as (keyof typeof dashboards)[];

export const variablesOf = (name: keyof typeof dashboards): { readonly name: string; readonly query: string }[] =>
  (dashboards[name].templating?.list ?? []).map(({ name: called, definition = "" }) => ({ name: called, query: definition }));

/** As Grafana fills them in with everything chosen, and a time range and interval. */
export const filled = (ask: string, interval: string, range: string, chosen: Readonly<Record<string, string>> = {}): string =>
  ask.replaceAll("$__rate_interval", interval).replaceAll("$__range", range).replace(/\$([a-z]\w*)/g, (_, name: string) => chosen[name] ?? ".*");
