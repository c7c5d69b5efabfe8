// A folder of manifests becomes a world; what is broken is named by file, line and field, and stops nothing else.
import { mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compileWorld } from "../../../operator/compile/compile.ts";
import { ManifestFolder, type FolderReading } from "../../../operator/watch/files.ts";
import { provider, route, secret, temporaryFolder, type Folder } from "./folder.ts";

const reader = (folder: Folder, environment: Record<string, string> = {}): ManifestFolder => new ManifestFolder({ directory: folder.path, environment });

const weightOf = (reading: FolderReading, id: string): number | undefined => reading.world.routes[id]?.spec.targets?.[1]?.weight;

describe("a folder", () => {
  it("is read with its subfolders, YAML and JSON, several documents in a file", () => {
    const folder = temporaryFolder();
    folder.write("all.yaml", `${provider()}---\n${route("a")}---\n---\n${secret()}`);
    folder.write("more/b.yml", route("b"));
    folder.write("more/deep/c.json", JSON.stringify({ apiVersion: "llmgateway.io/v1alpha1", kind: "LLMRoute", metadata: { name: "c", namespace: "team" }, spec: { models: ["c"], targets: [{ providerRef: { name: "x" } }] } }));
    folder.write("notes.txt", "not: read");
    folder.write(".hidden.yaml", route("hidden"));
    folder.write(".git/config.yaml", route("git"));
    const { world, problems, notices } = reader(folder).read();
    expect(Object.keys(world.routes)).toEqual(["default/a", "default/b", "team/c"]);
    expect(Object.keys(world.providers)).toEqual(["default/openai"]);
    expect(world.secrets["default/openai-key"]?.data["api-key"]?.reveal()).toBe("sk-1");
    expect([problems, notices]).toEqual([[], []]);
  });

  it("that is empty is an empty world with the default gateway", () => {
    const { world, problems } = reader(temporaryFolder()).read();
    expect(Object.keys(compileWorld(world).snapshots)).toEqual(["default"]);
    expect(problems).toEqual([]);
  });

  it("that does not exist is a problem", () => {
    const folder = temporaryFolder();
    folder.remove("");
    expect(reader(folder).read().problems.map(({ message }) => message)).toEqual(["the folder does not exist"]);
  });

  it("may hold what kubectl wrote as a List", () => {
    const folder = temporaryFolder();
    const indented = (text: string): string => `- ${text.trimEnd().replaceAll("\n", "\n  ")}\n`;
    folder.write("list.yaml", `apiVersion: v1\nkind: List\nitems:\n${indented(provider())}${indented(route("a", -1))}`);
    const { world, problems } = reader(folder).read();
    expect(Object.keys(world.providers)).toEqual(["default/openai"]);
    expect(problems.map(({ line, object, path }) => ({ line, object, path }))).toEqual([{ line: 18, object: "LLMRoute/default/a", path: "items[1].spec.targets[1].weight" }]);
  });

  it("gives a notice for each object of another kind", () => {
    const folder = temporaryFolder();
    folder.write("a.yaml", `${route("a")}---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n`);
    const { problems, notices } = reader(folder).read();
    expect(problems).toEqual([]);
    expect(notices).toEqual([{ file: "a.yaml", line: 11, object: "", path: "", message: "apps/v1 Deployment is not read here" }]);
  });

  it("says that nothing changed when nothing did", () => {
    const folder = temporaryFolder();
    folder.write("a.yaml", route("a"));
    const manifests = reader(folder);
    expect([manifests.read().isChanged, manifests.read().isChanged]).toEqual([true, false]);
    folder.write("a.yaml", route("a"));
    expect(manifests.read().isChanged).toBe(false);
    folder.write("a.yaml", route("a", 2));
    expect(manifests.read().isChanged).toBe(true);
  });

  it("keeps the very objects of files that did not change", () => {
    const folder = temporaryFolder();
    folder.write("a.yaml", route("a"));
    folder.write("b.yaml", route("b"));
    const manifests = reader(folder);
    const before = manifests.read().world;
    folder.write("b.yaml", route("b", 2));
    const after = manifests.read().world;
    expect(after.routes["default/a"]).toBe(before.routes["default/a"]);
    expect(after.routes["default/b"]).not.toBe(before.routes["default/b"]);
  });

  it("follows links to files and folders, and not in a circle", () => {
    const folder = temporaryFolder();
    folder.write("real/a.yaml", route("a"));
    symlinkSync(join(folder.path, "real/a.yaml"), join(folder.path, "z-link.yaml"));
    symlinkSync(folder.path, join(folder.path, "real/circle"));
    symlinkSync("nowhere", join(folder.path, "dangling.yaml"));
    const { world, problems } = reader(folder).read();
    expect(Object.keys(world.routes)).toEqual(["default/a"]);
    expect(problems.map(({ file, message }) => `${file}: ${message}`)).toEqual(["z-link.yaml: is also in real/a.yaml, line 1, and that one counts"]);
  });
});

describe("a broken edit", () => {
  const started = () => {
    const folder = temporaryFolder();
    folder.write("a.yaml", route("a", 5));
    folder.write("b.yaml", route("b", 5));
    const manifests = reader(folder);
    manifests.read();
    return { folder, manifests };
  };

  it("of a field keeps the object's last good state and names file, line, object and field", () => {
    const { folder, manifests } = started();
    folder.write("a.yaml", route("a", -3));
    folder.write("b.yaml", route("b", 6));
    const reading = manifests.read();
    expect([weightOf(reading, "default/a"), weightOf(reading, "default/b")]).toEqual([5, 6]);
    expect(reading.world.invalid).toEqual({});
    expect(reading.problems).toEqual([
      { file: "a.yaml", line: 9, object: "LLMRoute/default/a", path: "spec.targets[1].weight", message: expect.stringContaining("greater than or equal to 0") },
    ]);
  });

  it("that is YAML no more keeps all that the file held", () => {
    const { folder, manifests } = started();
    folder.write("a.yaml", "spec: [\n  oh\nno");
    const reading = manifests.read();
    expect(weightOf(reading, "default/a")).toBe(5);
    expect(reading.problems).toEqual([{ file: "a.yaml", line: 3, object: "", path: "", message: expect.stringMatching(/^not valid YAML/) }]);
  });

  it("that hides which object it is keeps all that the file held", () => {
    const { folder, manifests } = started();
    folder.write("a.yaml", `${route("a", 6).replace("name: a}", "nam: a}")}---\n${route("c")}`);
    const reading = manifests.read();
    expect(weightOf(reading, "default/a")).toBe(5);
    expect(Object.keys(reading.world.routes).toSorted()).toEqual(["default/a", "default/b", "default/c"]);
    expect(reading.problems).toEqual([{ file: "a.yaml", line: 3, object: "", path: "metadata.name", message: expect.stringContaining("missing") }]);
  });

  it("that empties a file keeps what it held until the file is filled or deleted", () => {
    const { folder, manifests } = started();
    folder.write("a.yaml", "");
    expect(weightOf(manifests.read(), "default/a")).toBe(5);
    expect(manifests.read().problems.map(({ file, message }) => `${file} ${message}`)).toEqual([expect.stringContaining("a.yaml is empty all at once")]);
    folder.write("a.yaml", "# nothing any more\n");
    expect(manifests.read().world.routes["default/a"]).toBeUndefined();
    folder.write("b.yaml", "");
    manifests.read();
    folder.remove("b.yaml");
    expect(manifests.read().world.routes).toEqual({});
  });

  it("is over once it is mended", () => {
    const { folder, manifests } = started();
    folder.write("a.yaml", route("a", -3));
    manifests.read();
    manifests.read();
    folder.write("a.yaml", route("a", 7));
    const reading = manifests.read();
    expect(weightOf(reading, "default/a")).toBe(7);
    expect(reading.problems).toEqual([]);
  });

  it("keeps the last good state even if the object moves to another file meanwhile", () => {
    const { folder, manifests } = started();
    folder.remove("a.yaml");
    folder.write("c.yaml", route("a", -3));
    expect(weightOf(manifests.read(), "default/a")).toBe(5);
  });

  it("of an object that was never good makes it invalid, with its problems", () => {
    const { folder, manifests } = started();
    folder.write("new.yaml", route("new", -3));
    const { world, problems } = manifests.read();
    expect(world.routes["default/new"]).toBeUndefined();
    expect(world.invalid["LLMRoute/default/new"]?.problems.map(({ path }) => path)).toEqual(["spec.targets[1].weight"]);
    expect(problems).toHaveLength(1);
  });

  it("does not hold back what was deleted", () => {
    const { folder, manifests } = started();
    folder.write("a.yaml", "spec: [");
    folder.remove("b.yaml");
    expect(Object.keys(manifests.read().world.routes)).toEqual(["default/a"]);
    folder.remove("a.yaml");
    expect(Object.keys(manifests.read().world.routes)).toEqual([]);
  });

  it("keeps what lies in a file or subfolder that cannot be read for now", () => {
    const { folder, manifests } = started();
    folder.write("sub/c.yaml", route("c"));
    manifests.read();
    for (const name of ["a.yaml", "sub"]) {
      folder.remove(name);
      // A link to itself: no error of a missing file, and nobody can read it.
      symlinkSync(name, join(folder.path, name));
    }
    const { world, problems } = manifests.read();
    expect(Object.keys(world.routes).toSorted()).toEqual(["default/a", "default/b", "default/c"]);
    expect(problems.map(({ file, message }) => `${file} ${message.slice(0, 14)}`)).toEqual(["a.yaml cannot be read", "sub cannot be read"]);
  });
});

describe("one object in two places", () => {
  it("is a problem that names both files, and the first one counts", () => {
    const folder = temporaryFolder();
    folder.write("a.yaml", `# first\n${route("chat", 1)}`);
    folder.write("b.yaml", `${provider()}---\n${route("chat", 2)}`);
    const reading = reader(folder).read();
    expect(weightOf(reading, "default/chat")).toBe(1);
    expect(reading.problems).toEqual([{ file: "b.yaml", line: 8, object: "LLMRoute/default/chat", path: "", message: "is also in a.yaml, line 2, and that one counts" }]);
  });

  it("is a problem within one file too", () => {
    const folder = temporaryFolder();
    folder.write("a.yaml", `${route("chat", 1)}---\n${route("chat", 2)}`);
    const reading = reader(folder).read();
    expect(weightOf(reading, "default/chat")).toBe(1);
    expect(reading.problems.map(({ line, message }) => ({ line, message }))).toEqual([{ line: 13, message: "is also in line 1 of this file, and that one counts" }]);
  });

  it("is none of the second file once the first is deleted", () => {
    const folder = temporaryFolder();
    folder.write("a.yaml", route("chat", 1));
    folder.write("b.yaml", route("chat", 2));
    const manifests = reader(folder);
    manifests.read();
    folder.remove("a.yaml");
    const reading = manifests.read();
    expect([weightOf(reading, "default/chat"), reading.problems]).toEqual([2, []]);
  });
});

describe("an environment variable", () => {
  it("is put in, and is seen neither in problems nor in JSON", () => {
    const folder = temporaryFolder();
    folder.write("s.yaml", secret("${OPENAI_API_KEY}"));
    const reading = reader(folder, { OPENAI_API_KEY: "sk-from-env" }).read();
    expect(reading.world.secrets["default/openai-key"]?.data["api-key"]?.reveal()).toBe("sk-from-env");
    expect(JSON.stringify(reading)).not.toContain("sk-from-env");
  });

  it("that is not set is named with file and line, and the object that needs it says so as on a cluster", () => {
    const folder = temporaryFolder();
    folder.write("s.yaml", `${provider()}---\n${secret("${OPENAI_API_KEY}")}`);
    const { world, problems } = reader(folder, Object.create({ OPENAI_API_KEY: "inherited" })).read();
    expect(problems).toEqual([
      { file: "s.yaml", line: 12, object: "Secret/default/openai-key", path: "stringData.api-key", message: "environment variable OPENAI_API_KEY is not set" },
    ]);
    expect(compileWorld(world).diagnostics["LLMProvider/default/openai"]?.findings.map(({ condition, severity, message }) => ({ condition, severity, message }))).toEqual([
      { condition: "ResolvedRefs", severity: "error", message: 'Secret openai-key has no key "api-key": environment variable OPENAI_API_KEY is not set' },
    ]);
  });
});

describe("the gateway's settings", () => {
  it("are read from gateway.yaml beside the manifests", () => {
    const folder = temporaryFolder();
    folder.write("gateway.yaml", "gateways:\n  default: {anonymous: true}\n  edge: {drainTime: 5s}\n");
    folder.write("sub/gateway.yaml", route("a"));
    const { world, problems } = reader(folder).read();
    expect(problems).toEqual([]);
    expect([world.gateways["default"]?.anonymous, world.gateways["edge"]?.drainTime, Object.keys(world.routes)]).toEqual([true, "5s", ["default/a"]]);
  });

  it("that are broken keep their last good state, with line and field", () => {
    const folder = temporaryFolder();
    folder.write("gateway.yaml", "gateways:\n  default: {anonymous: true}\n");
    const manifests = reader(folder);
    manifests.read();
    folder.write("gateway.yaml", "gateways:\n  default:\n    anonymous: true\n    drainTime: soon\n");
    const { world, problems } = manifests.read();
    expect(world.gateways["default"]?.anonymous).toBe(true);
    expect(problems.map(({ file, line, path }) => ({ file, line, path }))).toEqual([{ file: "gateway.yaml", line: 4, path: "gateways.default.drainTime" }]);
  });

  it("are the defaults when they were never good, and again when the file is deleted", () => {
    const folder = temporaryFolder();
    folder.write("gateway.yaml", "gateway: {}\n");
    const manifests = reader(folder);
    expect(manifests.read().problems.map(({ line, path }) => ({ line, path }))).toEqual([{ line: 1, path: "gateway" }]);
    folder.write("gateway.yaml", "gateways: {default: {anonymous: true}}\n");
    expect(manifests.read().world.gateways["default"]?.anonymous).toBe(true);
    folder.remove("gateway.yaml");
    expect(manifests.read().world.gateways["default"]?.anonymous).toBe(false);
  });

  it("may be in one file only", () => {
    const folder = temporaryFolder();
    folder.write("gateway.json", '{"gateways": {"default": {"anonymous": true}}}');
    folder.write("gateway.yaml", "gateways: {}\n---\ngateways: {}\n");
    const { world, problems } = reader(folder).read();
    expect(world.gateways["default"]?.anonymous).toBe(true);
    expect(problems.map(({ file, line, message }) => `${file} ${line} ${message}`).toSorted()).toEqual([
      "gateway.yaml 0 the gateway's settings are also in gateway.json, and that one counts",
      "gateway.yaml 3 the gateway's settings are one document; this second one is not read",
    ]);
  });
});

it("reads a mounted ConfigMap before and after its links are swapped", () => {
  const folder = temporaryFolder();
  folder.write("..v1/a.yaml", route("a", 1));
  folder.write("..v2/a.yaml", route("a", 2));
  symlinkSync("..v1", join(folder.path, "..data"));
  symlinkSync("..data/a.yaml", join(folder.path, "a.yaml"));
  const manifests = reader(folder);
  expect(weightOf(manifests.read(), "default/a")).toBe(1);
  symlinkSync("..v2", join(folder.path, "..data_tmp"));
  renameSync(join(folder.path, "..data_tmp"), join(folder.path, "..data"));
  rmSync(join(folder.path, "..v1"), { recursive: true });
  const reading = manifests.read();
  expect([weightOf(reading, "default/a"), reading.problems]).toEqual([2, []]);
});

it("does not read a file that is larger than any manifest, and keeps what it held", () => {
  const folder = temporaryFolder();
  folder.write("a.yaml", route("a", 5));
  const manifests = reader(folder);
  manifests.read();
  folder.write("a.yaml", `${route("a", 6)}# ${"x".repeat(9_000_000)}\n`);
  mkdirSync(join(folder.path, "folder.yaml"));
  const reading = manifests.read();
  expect(weightOf(reading, "default/a")).toBe(5);
  expect(reading.problems.map(({ file, message }) => `${file} ${message}`)).toEqual(["a.yaml is larger than 8388608 bytes"]);
});
