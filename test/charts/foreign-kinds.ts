// Kinds that the chart renders and others define: found in a folder of definitions, which LLMGW_FOREIGN_KINDS names.
// Run as a program (`node test/charts/foreign-kinds.ts FOLDER`, needs Go) it fills such a folder from the projects' own Go
// modules, each held to its checksum. Nothing of it is kept in this repository, and no test fetches anything.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadAll } from "js-yaml";

interface Module {
  readonly name: string;
  readonly version: string;
  readonly sum: string;
  /** Where in it the definitions are. */
  readonly folder: string;
}

const MODULES: readonly Module[] = [
  { name: "github.com/prometheus-operator/prometheus-operator", version: "v0.85.0", sum: "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=", folder: "example/prometheus-operator-crd" },
  { name: "sigs.k8s.io/gateway-api", version: "v1.6.0", sum: "h1:735YBRj5NXFrOGX0GoSjwzUIzbz8kiEOfADsqHFmHgE=", folder: "config/crd/standard" },
  { name: "github.com/cert-manager/cert-manager", version: "v1.21.2", sum: "h1:UWgoYM+KLNtRlqmoWOKjKBOBUPVHeepQ6/ac3ERJW68=", folder: "deploy/crds" },
];

export interface Definition {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: { readonly group: string; readonly names: { readonly kind: string } };
}

const isDefinition = (object: unknown): object is Definition => typeof object === "object" && object !== null && "kind" in object && object.kind === "CustomResourceDefinition";

/** All in the folder and below it. */
export const definitionsIn = (folder: string): Definition[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".yaml"))
    .flatMap((name) => loadAll(readFileSync(join(folder, name), "utf8")))
    .filter(isDefinition);

interface Downloaded {
  readonly Dir?: string;
  readonly Sum?: string;
  readonly Error?: string;
}

/** Outside of any module, so that no go.mod has a say in it. */
const download = ({ name, version, sum }: Module, elsewhere: string): string => {
  const got = JSON.parse(execFileSync("go", ["mod", "download", "-json", `${name}@${version}`], { cwd: elsewhere, encoding: "utf8", env: { ...process.env, GOWORK: "off" }, stdio: ["ignore", "pipe", "inherit"], timeout: 300_000 })) as Downloaded;
  if (got.Dir === undefined) throw new Error(`${name}@${version} cannot be had: ${got.Error}`);
  if (got.Sum !== sum) throw new Error(`${name}@${version} has the checksum ${got.Sum}, not ${sum}`);
  return got.Dir;
};

const fetchInto = (folder: string): void => {
  const elsewhere = mkdtempSync(join(tmpdir(), "llmgw-kinds-"));
  try {
    for (const one of MODULES) {
      const from = join(download(one, elsewhere), one.folder);
      const to = join(folder, one.name.split("/").at(-1) ?? "");
      mkdirSync(to, { recursive: true });
      const files = readdirSync(from).filter((name) => name.endsWith(".yaml"));
      for (const file of files) copyFileSync(join(from, file), join(to, file));
      process.stdout.write(`${one.name} ${one.version}: ${definitionsIn(to).length} kinds\n`);
    }
  } finally {
    rmSync(elsewhere, { recursive: true, force: true });
  }
};

if (import.meta.main) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) throw new Error("which folder? node test/charts/foreign-kinds.ts FOLDER");
  fetchInto(folder);
}
