// `npm run images`: builds both images with whichever of docker, podman and buildah is there and works, in two steps.
// First the context is laid out (sources, and of node_modules only what each program imports), with fixed times and
// modes; then the Dockerfile copies it. Neither step asks a registry for a package; only the base image may be pulled.
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, cpSync, lutimesSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import packageJson from "../../package.json" with { type: "json" };
import { closureOf, copyPackages, importedIn, type Lock } from "./production.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const BASE = "docker.io/library/node:24-bookworm-slim";
const REGISTRY = process.env.LLMGW_IMAGE_REGISTRY ?? "localhost/llm-gateway";
const TAG = process.env.LLMGW_IMAGE_TAG ?? "dev";
/** When neither SOURCE_DATE_EPOCH nor a commit says when the sources were made. */
const EPOCH_OTHERWISE = 1_767_225_600;

const sourcesOf = {
  dataplane: ["dataplane"],
  operator: ["operator", "crds", "dataplane/snapshot"],
} as const;

type Image = keyof typeof sourcesOf;

interface Builder {
  readonly program: string;
  readonly probe: readonly string[];
  readonly build: (parts: { image: Image; tag: string; epoch: number; labels: readonly string[] }) => readonly string[];
  readonly has: (image: string) => readonly string[];
}

const labelled = (labels: readonly string[]): string[] => labels.flatMap((label) => ["--build-arg", label]);

const builders: readonly Builder[] = [
  {
    program: "docker",
    probe: ["info"],
    build: ({ image, tag, epoch, labels }) => ["build", "--target", image, "--tag", tag, "--build-arg", `SOURCE_DATE_EPOCH=${epoch}`, ...labelled(labels), "."],
    has: (image) => ["image", "inspect", image],
  },
  {
    program: "podman",
    probe: ["info"],
    build: ({ image, tag, epoch, labels }) => ["build", "--layers", "--target", image, "--tag", tag, "--timestamp", String(epoch), ...labelled(labels), "."],
    has: (image) => ["image", "exists", image],
  },
  {
    program: "buildah",
    probe: ["images"],
    build: ({ image, tag, epoch, labels }) => ["build", "--layers", "--target", image, "--tag", tag, "--timestamp", String(epoch), ...labelled(labels), "."],
    has: (image) => ["inspect", "--type", "image", image],
  },
];

const works = (program: string, words: readonly string[]): boolean => spawnSync(program, words, { stdio: "ignore", timeout: 30_000 }).status === 0;

const chosen = (): Builder => {
  const wished = process.env.LLMGW_IMAGE_BUILDER;
  const builder = builders.find(({ program, probe }) => (wished === undefined ? works(program, probe) : program === wished));
  if (builder === undefined) throw new Error(`none of ${builders.map(({ program }) => program).join(", ")} works here`);
  return builder;
};

const said = (words: readonly string[]): string => spawnSync("git", words, { cwd: root, encoding: "utf8" }).stdout?.trim() ?? "";

const readSources = (folders: readonly string[]): string[] =>
  folders.flatMap((folder) => readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts")).map((name) => readFileSync(join(root, folder, name), "utf8")));

const layOut = (folder: string, epoch: number): void => {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as Lock;
  for (const file of ["Dockerfile", "LICENSE", "package.json"]) copyFileSync(join(root, file), join(folder, file));
  copyFileSync(join(import.meta.dirname, "strip.ts"), join(folder, "strip.ts"));
  for (const [image, folders] of Object.entries(sourcesOf)) {
    for (const source of folders) cpSync(join(root, source), join(folder, source), { recursive: true, filter: (path) => !path.endsWith(".md") });
    const target = join(folder, "modules", image);
    mkdirSync(target, { recursive: true });
    copyPackages(root, lock, closureOf(lock, importedIn(readSources(folders))), target);
  }
  settle(folder, epoch);
};

/** The same bytes whenever and wherever it is built: one time, and modes that do not depend on somebody's umask. */
const settle = (folder: string, epoch: number): void => {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) settle(path, epoch);
    else chmodSync(path, 0o644);
    lutimesSync(path, epoch, epoch);
  }
  chmodSync(folder, 0o755);
  lutimesSync(folder, epoch, epoch);
};

const build = ({ program, build: words, has }: Builder, image: Image, folder: string, epoch: number): string => {
  const tag = `${REGISTRY}/${image}:${TAG}`;
  const labels = [`VERSION=${packageJson.version}`, `REVISION=${said(["rev-parse", "HEAD"]) || "unknown"}`];
  // A base that is here is the one that was meant: it may have been made, not pulled.
  const isHere = program !== "docker" && works(program, has(BASE));
  const [verb = "build", ...rest] = words({ image, tag, epoch, labels });
  const environment = { ...process.env, SOURCE_DATE_EPOCH: String(epoch), DOCKER_BUILDKIT: "1" };
  const done = spawnSync(program, [verb, ...(isHere ? ["--pull=never"] : []), ...rest], { cwd: folder, stdio: ["ignore", process.env.CI === undefined ? "ignore" : "inherit", "inherit"], env: environment });
  if (done.status !== 0) throw new Error(`${program} could not build ${tag}`);
  return tag;
};

const main = (): void => {
  const builder = chosen();
  const epoch = Number(process.env.SOURCE_DATE_EPOCH ?? (said(["log", "-1", "--format=%ct"]) || EPOCH_OTHERWISE));
  const folder = mkdtempSync(join(tmpdir(), "llm-gateway-images-"));
  try {
    layOut(folder, epoch);
    for (const image of Object.keys(sourcesOf) as Image[]) process.stdout.write(`${build(builder, image, folder, epoch)}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

main();
