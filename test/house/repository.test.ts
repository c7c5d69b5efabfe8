// The repository as a whole: what is installed is pinned and comes from nowhere in particular, and what is imported is declared.
import { statSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FLAGS } from "../../operator/standalone/data-planes.ts";
import { isTest, readText, root, sources, type Source } from "./sources.ts";

interface Manifest {
  readonly license?: string;
  readonly type?: string;
  readonly engines?: { readonly node?: string };
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readText("package.json")) as Manifest;
const lockfile = readText("package-lock.json");

const addressesIn = (text: string): string[] => [...text.matchAll(/"resolved":|https?:\/\/[^"\s]*\.tgz/g)].map(([found]) => found);
const unpinned = (versions: Readonly<Record<string, string>>): string[] => Object.entries(versions).flatMap(([name, version]) => (/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version) ? [] : [`${name}@${version}`]));

interface Lock {
  readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>>;
}

/** Packages that others of the lockfile name as optional and that have no entry: `npm ci` refuses such a lockfile. */
const missingIn = ({ packages }: Lock): string[] => {
  const wanted = Object.values(packages).flatMap(({ optionalDependencies }) => Object.keys(optionalDependencies ?? {}));
  const known = new Set(Object.keys(packages).map((path) => path.split("node_modules/").at(-1)));
  return [...new Set(wanted)].filter((name) => !known.has(name)).toSorted();
};

const packageOf = (specifier: string): string => specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
const packagesOf = (files: readonly Source[]): string[] => {
  const named = files.flatMap(({ imports }) => imports.filter(({ path, how }) => path === null && how === "Import").map(({ specifier }) => specifier));
  return [...new Set(named.filter((specifier) => !specifier.startsWith("node:") && !specifier.startsWith(".")).map(packageOf))].toSorted();
};

/** What runs on the machines of those who make the gateway only: tests, and what writes the chart's dashboards. */
const isMaking = (path: string): boolean => isTest(path) || path === "vitest.config.ts" || path.startsWith("charts/");

const running = packagesOf(sources().filter(({ path }) => !isMaking(path)));
const testing = packagesOf(sources().filter(({ path }) => isMaking(path)));
/** Programs and declarations that are used without an import, and what is kept for the part on a cluster. */
const usedOtherwise = ["node", "typescript", "oxlint", "@types/node", "autocannon", "@kubernetes/client-node"];

describe("what is installed", () => {
  it("is found by whatever registry the machine uses: the lockfile names no address", () => {
    expect(addressesIn(lockfile)).toEqual([]);
  });

  it("can be installed on other systems too: the lockfile has what is optional for each of them", () => {
    expect(missingIn(JSON.parse(lockfile) as Lock)).toEqual([]);
  });

  it("is pinned exactly", () => {
    expect([...unpinned(manifest.dependencies), ...unpinned(manifest.devDependencies)]).toEqual([]);
  });

  it("brings its own Node, which is one that runs TypeScript, and every script uses it by name", () => {
    expect(manifest.dependencies["node"]).toMatch(/^24\./);
    expect(manifest.engines?.node).toBe(">=24.12");
    expect(Object.values(manifest.scripts).filter((script) => /(?:^|\s)\S*\/node\s/.test(script))).toEqual([]);
  });

  it("has every package that the sources import, apart from those that only tests do", () => {
    expect(running.filter((name) => manifest.dependencies[name] === undefined)).toEqual([]);
    expect(testing.filter((name) => manifest.dependencies[name] === undefined && manifest.devDependencies[name] === undefined)).toEqual([]);
  });

  it("has no package that nobody uses", () => {
    const used = new Set([...running, ...testing, ...usedOtherwise]);
    expect([...Object.keys(manifest.dependencies), ...Object.keys(manifest.devDependencies)].filter((name) => !used.has(name))).toEqual([]);
  });

  it("is told from what Node has: built-in modules are named with node:", () => {
    expect([...running, ...testing].filter((name) => builtinModules.includes(name))).toEqual([]);
  });
});

describe("the repository", () => {
  it("is under the Apache licence 2.0, and says so in both places", () => {
    expect(manifest.license).toBe("Apache-2.0");
    const licence = readText("LICENSE");
    expect(licence).toContain("Apache License\n                           Version 2.0, January 2004");
    expect(licence).toContain("END OF TERMS AND CONDITIONS");
    expect(licence).toMatch(/Copyright \d{4} The LLM Gateway Authors/);
  });

  it("is modules only, and can be checked by a program that is executable", () => {
    expect(manifest.type).toBe("module");
    expect(statSync(join(root, ".ci/run")).mode & 0o111).toBe(0o111);
  });
});

/** The flags of Node with which the stages of an image strip sources, and with which it starts. */
const flagsIn = (image: string): string[][] =>
  readText("Dockerfile").split(/^FROM /m).filter((stage) => new RegExp(`^\\S+ AS ${image}(?:-stripped)?$`, "m").test(stage)).flatMap((stage) =>
    stage.split("\n").filter((line) => /^(?:RUN|ENTRYPOINT) \[/.test(line)).map((line) => (JSON.parse(line.slice(line.indexOf("["))) as string[]).filter((word) => word.startsWith("--"))),
  );

describe("what is kept for other flags is not found, so", () => {
  it("the data plane's image starts with the flags of a run, and its sources are stripped with them too", () => {
    expect(flagsIn("dataplane")).toEqual([FLAGS, FLAGS]);
  });

  it("the operator's image starts with the flags with which its sources are stripped, as do the demo of the chart and the operator of the bench", () => {
    const [stripping = [], ...starting] = flagsIn("operator");
    expect(stripping).toHaveLength(1);
    expect(starting).toEqual([stripping]);
    expect(readText("charts/llm-gateway/templates/demo.yaml")).toContain(`command: [/usr/local/bin/node, ${stripping.join(", ")}, /app/operator/cli/main.ts]`);
    expect(readText("test/bench/push/main.ts")).toContain(stripping.map((flag) => `"${flag}"`).join(", "));
  });
});

describe("canaries", () => {
  it("an address in the lockfile and a version that is not pinned are found", () => {
    expect(addressesIn('{"resolved": "https://host.example/x-1.0.0.tgz"}')).toHaveLength(2);
    expect(unpinned({ a: "^1.0.0", b: "~1.0.0", c: "latest", d: "1.0", pinned: "1.0.0" })).toEqual(["a@^1.0.0", "b@~1.0.0", "c@latest", "d@1.0"]);
    expect(missingIn({ packages: { "": {}, "node_modules/a": { optionalDependencies: { "@b/c": "1.0.0", d: "1.0.0" } }, "node_modules/a/node_modules/d": {} } })).toEqual(["@b/c"]);
    expect(packageOf("@scope/name/inside")).toBe("@scope/name");
  });
});
