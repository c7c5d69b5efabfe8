// `npm run images`: builds both images with whichever of docker, podman and buildah is there and works, in two steps.
// First the context is laid out (sources, and of node_modules only what each program imports), with fixed times and
// modes; then the Dockerfile copies it. Neither step asks a registry for a package; only the base image may be pulled.
// Each image is told with its size and id, and may not be too large. With `--prove` each is built twice without anything that
// the builder remembers, and must be the same to the last byte; then it is looked into, see image-proof.ts.
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, cpSync, lutimesSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import packageJson from "../../package.json" with { type: "json" };
import { faultsInArchive } from "./image-proof.ts";
import { closureOf, copyPackages, importedIn, type Lock } from "./production.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const BASE = "docker.io/library/node:24-bookworm-slim";
const REGISTRY = process.env.LLMGW_IMAGE_REGISTRY ?? "localhost/llm-gateway";
const TAG = process.env.LLMGW_IMAGE_TAG ?? "dev";
const BYTES_MAX = 300_000_000;
/**
 * Unless SOURCE_DATE_EPOCH says otherwise, every file is as old as this. One time for all versions, because builders keep
 * layers: with a commit's own time an image would have other layers where one was kept from an earlier commit, and nodes
 * would pull the base anew with each version. What an image was made from is in its label for the revision.
 */
const EPOCH_OTHERWISE = 1_767_225_600;

const sourcesOf = {
  dataplane: ["dataplane"],
  operator: ["operator", "crds", "dataplane/snapshot"],
} as const;

type Image = keyof typeof sourcesOf;

interface Order {
  readonly image: Image;
  readonly tag: string;
  readonly epoch: number;
  /** Without anything that the builder remembers. */
  readonly isAnew: boolean;
}

interface Measured {
  readonly id: string;
  readonly bytes: number;
}

interface Builder {
  readonly program: string;
  readonly probe: readonly string[];
  /** The first that works: what comes later is less. */
  readonly build: (order: Order) => readonly (readonly string[])[];
  readonly has: (image: string) => readonly string[];
  /** What it prints is read by `measured`. */
  readonly measure: (image: string) => readonly string[];
  readonly measured: (printed: string) => Measured;
  readonly save: (image: string, file: string) => readonly string[];
}

const common = ({ image, tag, isAnew }: Order): string[] => {
  // Not by arguments of the Dockerfile: buildah finds a layer with another value of an argument as good as the right one.
  const labels = { version: packageJson.version, revision: said(["rev-parse", "HEAD"]) || "unknown" };
  return ["--target", image, "--tag", tag, ...(isAnew ? ["--no-cache"] : []), ...Object.entries(labels).flatMap(([name, value]) => ["--label", `org.opencontainers.image.${name}=${value}`])];
};

const ofDaemonless = (order: Order): string[][] => [["build", "--layers", ...common(order), "--timestamp", String(order.epoch), "."]];

const idAndBytes = (printed: string): Measured => {
  const [id = "", bytes = "0"] = printed.trim().split(" ");
  return { id: id.replace("sha256:", ""), bytes: Number(bytes) };
};

/** The identity, a space, and the manifest with a size for each layer. */
const ofBuildah = (printed: string): Measured => {
  const [id = "", ...manifest] = printed.trim().split(" ");
  const { layers } = JSON.parse(manifest.join(" ")) as { layers: readonly { size: number }[] };
  return { id, bytes: layers.reduce((sum, { size }) => sum + size, 0) };
};

const builders: readonly Builder[] = [
  {
    program: "docker",
    probe: ["info"],
    build: (order) => {
      const words = ["build", ...common(order), "--build-arg", `SOURCE_DATE_EPOCH=${order.epoch}`];
      // Files that a layer adds have the time of the build unless BuildKit rewrites it, which it refuses to do for images that
      // it also unpacks: its own driver over containerd, as of Docker 29 (moby/buildkit#4230).
      return [[...words, "--output", "type=docker,rewrite-timestamp=true", "."], [...words, "."]];
    },
    has: (image) => ["image", "inspect", image],
    measure: (image) => ["image", "inspect", "--format", "{{.Id}} {{.Size}}", image],
    measured: idAndBytes,
    save: (image, file) => ["save", "--output", file, image],
  },
  {
    program: "podman",
    probe: ["info"],
    build: ofDaemonless,
    has: (image) => ["image", "exists", image],
    measure: (image) => ["image", "inspect", "--format", "{{.Id}} {{.Size}}", image],
    measured: idAndBytes,
    save: (image, file) => ["save", "--format", "docker-archive", "--output", file, image],
  },
  {
    program: "buildah",
    probe: ["images"],
    build: ofDaemonless,
    has: (image) => ["inspect", "--type", "image", image],
    measure: (image) => ["inspect", "--type", "image", "--format", "{{.FromImageID}} {{.Manifest}}", image],
    measured: ofBuildah,
    save: (image, file) => ["push", "--quiet", image, `docker-archive:${file}`],
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

const build = ({ program, build: ways, has }: Builder, order: Order, folder: string): void => {
  // A base that is here is the one that was meant: it may have been made, not pulled.
  const isHere = program !== "docker" && works(program, has(BASE));
  const environment = { ...process.env, SOURCE_DATE_EPOCH: String(order.epoch), DOCKER_BUILDKIT: "1" };
  const isBuilt = ways(order).some(([verb = "build", ...rest], index) => {
    if (index > 0) process.stderr.write(`${program} cannot give its layers a fixed time; they get the time of this build\n`);
    const words = [verb, ...(isHere ? ["--pull=never"] : []), ...rest];
    return spawnSync(program, words, { cwd: folder, stdio: ["ignore", process.env.CI === undefined ? "ignore" : "inherit", "inherit"], env: environment }).status === 0;
  });
  if (!isBuilt) throw new Error(`${program} could not build ${order.tag}`);
};

const printed = (program: string, words: readonly string[]): string => {
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${words.join(" ")}: ${stderr}`);
  return stdout;
};

/** From the sources to an image that has been measured; nothing else is left of it. */
const make = (builder: Builder, order: Order): Measured => {
  const folder = mkdtempSync(join(tmpdir(), "llm-gateway-images-"));
  try {
    layOut(folder, order.epoch);
    build(builder, order, folder);
    return builder.measured(printed(builder.program, builder.measure(order.tag)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const prove = (builder: Builder, order: Order, { id }: Measured): void => {
  const { program, save } = builder;
  const startTick = performance.now();
  const again = make(builder, order);
  if (again.id !== id) throw new Error(`${order.tag} is ${id} at first, and ${again.id} when it is built again`);
  const folder = mkdtempSync(join(tmpdir(), "llm-gateway-proof-"));
  try {
    const archive = join(folder, "image.tar");
    printed(program, save(order.tag, archive));
    const faults = faultsInArchive(archive, join(folder, "parts"));
    if (faults.length > 0) throw new Error(`${order.tag}: ${faults.length} faults, ${faults.slice(0, 10).join("; ")}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  process.stdout.write(`${order.tag}: built again it is the same; no shell, not root, nothing that it may write (${Math.round((performance.now() - startTick) / 1000)} s)\n`);
};

const main = (): void => {
  const builder = chosen();
  const epoch = Number(process.env.SOURCE_DATE_EPOCH ?? EPOCH_OTHERWISE);
  const isProven = process.argv.includes("--prove");
  for (const image of Object.keys(sourcesOf) as Image[]) {
    const order = { image, tag: `${REGISTRY}/${image}:${TAG}`, epoch, isAnew: isProven };
    const measured = make(builder, order);
    process.stdout.write(`${order.tag}: ${(measured.bytes / 1e6).toFixed(0)} MB, ${measured.id}\n`);
    if (measured.bytes > BYTES_MAX) throw new Error(`${order.tag} is larger than ${BYTES_MAX / 1e6} MB`);
    if (isProven) prove(builder, order, measured);
  }
};

main();
