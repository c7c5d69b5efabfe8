// The rules as Prometheus gets them: files of the chart with the thresholds of its values, and what can be read from them.
// It runs nothing.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { declared } from "../../dataplane/telemetry/declared.ts";
import { OperatorMetrics } from "../../operator/cluster/metrics.ts";
import { chart } from "../charts/helm.ts";

export interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Groups {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
}

export const files = ["recording.yaml", "alerts.yaml"] as const;

export const readChart = (path: string): string => readFileSync(join(chart, path), "utf8");

interface Values {
  readonly monitoring: { readonly rules: { readonly thresholds: Readonly<Record<string, number>> } };
}

export const thresholds = (load(readChart("values.yaml")) as Values).monitoring.rules.thresholds;

export const withThresholds = (text: string, given: Readonly<Record<string, number>> = thresholds): string =>
  text.replace(/\$\{(\w+)\}/g, (_, name: string) => {
    const limit = given[name];
    if (limit === undefined) throw new Error(`there is no threshold ${name}`);
    return String(limit);
  });

export const rulesText = (file: (typeof files)[number]): string => withThresholds(readChart(`rules/${file}`));

export const rulesOf = (text: string): Rule[] => (load(text) as Groups).groups.flatMap(({ rules }) => rules);

/** Names of metrics in a question; what stands in strings, labels and functions is none. */
export const metricsIn = (ask: string): string[] => {
  const bare = ask.replace(/"[^"]*"/g, "").replace(/\{[^}]*\}/g, "").replace(/\b(?:by|without|on|ignoring|group_left|group_right) *\([^)]*\)/g, "").replace(/\[[^\]]*\]/g, "");
  return [...new Set([...bare.matchAll(/[a-z_][a-z0-9_:]*(?=[^a-z0-9_:(]|$)/g)].map(([name]) => name).filter((name) => /[_:]/.test(name) && !/^(?:group|clamp)_/.test(name)))];
};

const partsOf = (name: string, kind: string): string[] => (kind === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]);

/** Every series name that there can be: the data plane's, the operator's, and what is recorded. */
export const knownMetrics = async (): Promise<ReadonlySet<string>> => {
  const ofDataPlane = Object.entries(declared).flatMap(([name, { kind }]) => partsOf(name, kind));
  const exposed = await new OperatorMetrics().text();
  const ofOperator = [...exposed.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = "", kind = ""]) => partsOf(name, kind));
  const recorded = rulesOf(rulesText("recording.yaml")).map(({ record }) => record ?? "");
  return new Set([...ofDataPlane, ...ofOperator, ...recorded]);
};
