// Helm as the tests of the chart use it: renders as objects, refusals as words. Without helm, why there is none.
// Tests that need it skip with that reason. What may differ between Helm 3 and Helm 4 is tried with each that is on the
// path as helm and helm4; LLMGW_HELM names another one, which is then the only one.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadAll } from "js-yaml";

export const root = fileURLToPath(new URL("../../", import.meta.url));
export const chart = join(root, "charts/llm-gateway");
const { LLMGW_HELM: chosen } = process.env;

/** What the programs of the names are in a pod's own terms; the rest of an object is unknown. */
export interface Container {
  readonly name: string;
  readonly image: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly lifecycle?: { readonly preStop?: { readonly sleep?: { readonly seconds: number } } };
}

export interface PodSpec {
  readonly containers: readonly Container[];
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly terminationGracePeriodSeconds?: number;
  readonly volumes?: readonly { readonly name: string; readonly hostPath?: unknown }[];
  readonly hostNetwork?: boolean;
}

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

export interface Rendered {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: {
    readonly replicas?: number;
    readonly selector?: unknown;
    readonly template?: { readonly metadata: { readonly labels: Readonly<Record<string, string>> }; readonly spec: PodSpec };
    readonly [field: string]: unknown;
  };
  readonly data?: Readonly<Record<string, string>>;
  readonly rules?: readonly Rule[];
  readonly [field: string]: unknown;
}

const run = (words: readonly string[], program: string) => spawnSync(program, words, { cwd: root, encoding: "utf8", maxBuffer: 67_108_864 });

const isThere = (program: string): boolean => run(["version", "--short"], program).status === 0;

/** Programs: the first one is used wherever no other is asked for. */
export const helms: readonly string[] = (chosen === undefined ? ["helm", "helm4"] : [chosen]).filter(isThere);
const [first = "helm"] = helms;

export const whyNoHelm: string = helms.length > 0 ? "" : `there is no ${chosen ?? "helm"} here; put one on the path or name it in LLMGW_HELM`;

/** Names of the value sets that come with the chart. */
export const valueSets: readonly string[] = readdirSync(join(chart, "ci")).map((name) => name.replace(/-values\.yaml$/, "")).toSorted();

const OF_EVERY_TEST = ["--namespace", "llm-system", "--kube-version", "1.36.0"];

export const lint = (words: readonly string[], program: string): { readonly isGood: boolean; readonly said: string } => {
  const { status, stdout, stderr } = run(["lint", "--strict", chart, ...words], program);
  return { isGood: status === 0, said: `${stdout}${stderr}` };
};

export interface Rendering {
  readonly text: string;
  readonly objects: readonly Rendered[];
}

const asked = (words: readonly string[], folder: string, program: string) => run(["template", "llm-gateway", folder, ...OF_EVERY_TEST, ...words], program);

/** What would be installed; hooks and tests too. */
export const render = (words: readonly string[], folder = chart, program = first): Rendering => {
  const { status, stdout, stderr } = asked(words, folder, program);
  if (status !== 0) throw new Error(stderr);
  return { text: stdout, objects: loadAll(stdout).filter((one) => one !== null && one !== undefined) as Rendered[] };
};

const renderedSets = new Map<string, Rendering>();

export const valuesOf = (set: string): readonly string[] => ["--values", join(chart, `ci/${set}-values.yaml`)];

export const renderSet = (set: string, program = first): Rendering => {
  const known = renderedSets.get(`${program} ${set}`) ?? render(valuesOf(set), chart, program);
  renderedSets.set(`${program} ${set}`, known);
  return known;
};

/** Why the values are refused; "" when they are not. */
export const refusalOf = (words: readonly string[], program = first): string => {
  const { status, stderr } = asked(words, chart, program);
  return status === 0 ? "" : stderr;
};

/** What is printed after an installation; made visible in a copy of the chart, because helm shows it only with a cluster. */
export const notesOf = (words: readonly string[]): string => {
  const copy = mkdtempSync(join(tmpdir(), "llm-gateway-notes-"));
  try {
    cpSync(chart, copy, { recursive: true });
    const notes = readFileSync(join(copy, "templates/NOTES.txt"), "utf8");
    writeFileSync(join(copy, "templates/shown.yaml"), `{{- define "shown" -}}${notes}{{- end -}}\ntext: {{ include "shown" . | quote }}\n`);
    const [{ text } = { text: "" }] = loadAll(render([...words, "--show-only", "templates/shown.yaml"], copy).text) as { text: string }[];
    return text;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
};

/** Of every kind that makes pods. */
export const podsOf = (objects: readonly Rendered[]): { readonly of: string; readonly spec: PodSpec }[] =>
  objects.flatMap((object) => {
    const spec = object.kind === "Pod" ? (object.spec as PodSpec | undefined) : object.spec?.template?.spec;
    return spec === undefined || object.kind === "CustomResourceDefinition" ? [] : [{ of: `${object.kind} ${object.metadata.name}`, spec }];
  });

export const ofKind = (objects: readonly Rendered[], kind: string): Rendered[] => objects.filter((object) => object.kind === kind);

export const named = (objects: readonly Rendered[], kind: string, name: string): Rendered => {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name} among ${objects.map((object) => `${object.kind} ${object.metadata.name}`).join(", ")}`);
  return found;
};
