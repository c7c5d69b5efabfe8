// The documentation says what the code says: generated pages are as generated, and what the README claims is there.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadAll } from "js-yaml";
import { describe, expect, it } from "vitest";
import { generated } from "../../crds/generate.ts";
import { validateGatewaySettings, validateObject } from "../../crds/validate.ts";
import { catalogue } from "../../dataplane/errors.ts";
import { logFields, referenceText } from "../../dataplane/reference.ts";
import { declared } from "../../dataplane/telemetry/declared.ts";
import { namesOf, requestLineBytesMax, writeRequestLine } from "../../dataplane/telemetry/request-line.ts";
import { demo } from "../../operator/cli/demo.ts";
import { run } from "../../operator/cli/run.ts";
import { status } from "../../operator/cli/status.ts";
import { stop } from "../../operator/cli/stop.ts";
import { translate } from "../../operator/cli/translate.ts";
import { validate } from "../../operator/cli/validate.ts";
import { requestRecord } from "../telemetry/record.ts";
import { brokenLinks, flagRows, invocationsIn, manifestsIn, pathsIn, scriptsIn, unknownInvocations } from "./docs.ts";
import { filesBelow, readText, root, sources } from "./sources.ts";

const readme = readText("README.md");
const scripts = Object.keys((JSON.parse(readText("package.json")) as { scripts: object }).scripts);
const commands = [run, validate, status, stop, translate, demo];
const pages = ["README.md", ...["crds", "dataplane", "operator", "charts", "examples", "test"].flatMap(filesBelow).filter((path) => path.endsWith(".md"))];
const readOrNull = (path: string): string | null => (existsSync(join(root, path)) ? (path.endsWith(".md") ? readText(path) : "") : null);

describe("generated pages", () => {
  it("dataplane/reference.md is what `npm run generate` writes", () => {
    expect(readText("dataplane/reference.md")).toBe(referenceText());
  });

  it.each(Object.entries(generated()))("crds/%s is what `npm run generate` writes", (name, text) => {
    expect(readText(`crds/${name}`)).toBe(text);
  });

  it("list the fields of a log line in the order in which they are written", () => {
    const record = requestRecord();
    const names = namesOf(record);
    const bytes = Buffer.alloc(requestLineBytesMax(names));
    const line = bytes.toString("utf8", 0, writeRequestLine(record, names, "0af7651916cd43dd8448eb211c80319c", bytes, 0));
    expect(Object.keys(JSON.parse(line) as object)).toEqual(Object.keys(logFields));
  });
});

describe("the pages", () => {
  it.each(pages)("%s links only to what is there", (path) => {
    expect(brokenLinks(path, readText(path), readOrNull)).toEqual([]);
  });
});

describe("the README", () => {
  it("names only scripts that package.json has, and all that a person needs", () => {
    expect(scriptsIn(readme).filter((name) => !scripts.includes(name))).toEqual([]);
    expect(scriptsIn(readme)).toEqual(expect.arrayContaining(["start", "test", "check", "bench", "generate"]));
  });

  it("shows only commands and flags that the command line has", () => {
    expect(unknownInvocations(readme, commands)).toEqual([]);
    expect(invocationsIn(readme).map(({ command }) => command)).toEqual(expect.arrayContaining(["run", "validate"]));
  });

  it.each(commands)("has the flags of llmgw $name in its table, in the words of --help", (command) => {
    expect(flagRows(command).filter((row) => !readme.includes(`${row}\n`))).toEqual([]);
  });

  it("names only files that are there", () => {
    expect(pathsIn(readme).filter((path) => !existsSync(join(root, path)))).toEqual([]);
    expect(pathsIn(readme).length).toBeGreaterThan(10);
  });

  it("names only headers and variables that the sources know", () => {
    const code = sources().filter(({ path }) => !path.startsWith("test/")).map(({ text }) => text).join("\n") + readFileSync(join(root, ".ci/run"), "utf8");
    const named = [...readme.matchAll(/\bx-llmgw-[a-z-]+[a-z]\b|\bLLMGW_[A-Z_]+[A-Z]\b|\bOTEL_[A-Z_]+[A-Z]\b/g)].map(([name]) => name);
    expect([...new Set(named)].filter((name) => !code.includes(name))).toEqual([]);
    expect(named).toContain("x-llmgw-route");
  });

  it("names only error codes and metrics that exist", () => {
    const codes = [...readme.matchAll(/\b(?:ACCEPT|AUTH|REQUEST|ROUTE|ADMIT|UPSTREAM|TIMEOUT|TRANSLATE)_[A-Z_]+[A-Z]\b/g)].map(([code]) => code);
    const metrics = [...readme.matchAll(/\b(?:llmgw|gen_ai)_[a-z_]+(?:_total|_seconds|_bytes|_info|_usage|_attempts)\b/g)].map(([metric]) => metric);
    expect(codes.filter((code) => !Object.hasOwn(catalogue, code))).toEqual([]);
    expect(metrics.filter((metric) => !Object.hasOwn(declared, metric))).toEqual([]);
  });

  it("shows manifests and settings that are valid", () => {
    const documents = manifestsIn(readme).flatMap((text) => loadAll(text)) as readonly { readonly kind?: string }[];
    const own = documents.filter(({ kind }) => kind?.startsWith("LLM"));
    const settings = documents.filter(({ kind }) => kind === undefined);
    expect(own.flatMap((document) => validateObject(document).problems)).toEqual([]);
    expect(settings.flatMap((document) => validateGatewaySettings(document).problems)).toEqual([]);
    expect(own.length).toBeGreaterThan(1);
  });
});

describe("canaries: what must be found", () => {
  const page = "# Title\n## A `b`, c!\n[one](nowhere.md) [two](#a-b-c) [three](#gone) [four](https://example.com)\n";

  it("links that lead nowhere", () => {
    expect(brokenLinks("a.md", page, () => null)).toEqual(["a.md links to nowhere.md, but nowhere.md is not there", "a.md links to #gone, but a.md has no such heading"]);
  });

  it("commands, flags and scripts that do not exist", () => {
    const text = "```sh\nnpm start -- --port 1 --colour red  # --remark\nnpx llmgw fly --high\n```\nRun `npm run dance` and `llmgw validate --json`.";
    expect(unknownInvocations(text, commands)).toEqual(["llmgw run has no flag --colour", "llmgw has no command fly"]);
    expect(scriptsIn(text)).toEqual(["start", "dance"]);
  });

  it("files that are not there, and manifests wherever they stand", () => {
    expect(pathsIn("see `dataplane/nothing.ts` and `operator/`")).toEqual(["dataplane/nothing.ts", "operator"]);
    expect(manifestsIn("a\n```yaml\nb: 1\n```\nc\n```sh\nd\n```\n")).toEqual(["b: 1\n"]);
  });
});
