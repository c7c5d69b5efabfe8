// The SDKs from PyPI, told nothing but another base URL: OpenAI's, Anthropic's, Google's and Amazon's, each over every
// protocol of a provider. They are installed once into a folder of this user's; where that cannot be done the tests are skipped and say why.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serveExamples } from "./served-examples.ts";

const INSTALL_MS_MAX = 240_000;
const RUN_MS_MAX = 60_000;

const sdks = ["openai Chat", "openai Responses", "anthropic", "google-genai", "boto3"];
const models = ["demo-chat", "demo-responses", "demo-anthropic", "demo-gemini", "demo-bedrock", "demo-cohere", "demo-dashscope", "demo-ollama"];
const checks = ["text", "tool calls", "tool calls after thinking", "an error", "an error inside a stream"];

interface Checked {
  readonly sdk: string;
  readonly model: string;
  readonly check: string;
  readonly problem: string;
}

const run = promisify(execFile);
const folder = join(import.meta.dirname, "python");
const requirements = join(folder, "requirements.txt");
const caches = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "llm-gateway-test-venv");

let reason = "";
let seen: readonly Checked[] = [];

const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? "";

/** Made beside its place and then moved there: two runs at once make two, and one of them stays. */
const installed = async (): Promise<string> => {
  const place = join(caches, createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 16));
  const python = join("bin", "python");
  if (existsSync(join(place, python))) return join(place, python);
  await mkdir(caches, { recursive: true });
  const made = await mkdtemp(join(caches, "new-"));
  try {
    await run("python3", ["-m", "venv", made], { timeout: INSTALL_MS_MAX });
    await run(join(made, python), ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements], { timeout: INSTALL_MS_MAX });
    await rename(made, place).catch((error: unknown) => {
      if (!existsSync(join(place, python))) throw error;
    });
  } finally {
    await rm(made, { recursive: true, force: true });
  }
  return join(place, python);
};

const whyNot = (error: unknown): string => {
  const { message, stderr = "" }: { message?: string; stderr?: string } = error instanceof Error ? error : {};
  return `the SDKs from PyPI could not be installed: ${lastLine(stderr) || message}`;
};

beforeAll(async () => {
  const python = await installed().catch((error: unknown) => {
    reason = whyNot(error);
  });
  if (python === undefined) return;
  const served = await serveExamples();
  try {
    const { stdout } = await run(python, [join(folder, "smoke.py"), served.url, ...models], { timeout: RUN_MS_MAX, maxBuffer: 16_777_216 });
    seen = stdout.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Checked);
  } finally {
    await served.close();
  }
}, INSTALL_MS_MAX + RUN_MS_MAX);

afterAll(() => {
  process.stdout.write(reason === "" ? `\n${seen.length} checks by SDKs from PyPI, ${seen.filter(({ problem }) => problem !== "").length} with a problem\n\n` : `\nskipped: ${reason}\n\n`);
});

const of = (sdk: string, model: string): string[] => seen.filter((one) => one.sdk === sdk && one.model === model).map(({ check, problem }) => (problem === "" ? check : `${check}: ${problem}`));

describe.each(sdks)("the SDK of %s", (sdk) => {
  it.for(models)("reads text, streams, calls and errors of a provider that is %s", (model, { skip }) => {
    if (reason !== "") skip(reason);
    expect(of(sdk, model)).toEqual(checks);
  });
});

describe("beside conversations", () => {
  it.for([["openai Chat", "demo-embedding", "embeddings"], ["openai Chat", "all", "the list of models"], ["anthropic", "all", "a count of tokens"]] as const)("the SDK of %s reads, of %s, %s", ([sdk, model, check], { skip }) => {
    if (reason !== "") skip(reason);
    expect(of(sdk, model)).toEqual([check]);
  });
});
