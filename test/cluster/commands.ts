// kubectl and helm as the tests use them: bounded in time, words on failure, input by standard input.
// It waits on conditions, never for a while; what a test wants to know of them is the test's matter.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));

export interface Done {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const COMMAND_MS_MAX = 180_000;

/** Never rejects: a test may want the refusal. */
export const tryRun = (program: string, words: readonly string[], input = "", timeoutMs = COMMAND_MS_MAX): Promise<Done> =>
  new Promise((resolve) => {
    const child = spawn(program, words, { cwd: root, stdio: ["pipe", "pipe", "pipe"], timeout: timeoutMs, killSignal: "SIGKILL" });
    const said = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) child[name].setEncoding("utf8").on("data", (piece: string) => (said[name] += piece));
    child.once("error", (error) => resolve({ code: -1, stdout: said.stdout, stderr: error.message }));
    child.once("close", (code) => resolve({ code: code ?? -1, ...said }));
    child.stdin.on("error", () => undefined).end(input);
  });

export const run = async (program: string, words: readonly string[], input = "", timeoutMs = COMMAND_MS_MAX): Promise<string> => {
  const { code, stdout, stderr } = await tryRun(program, words, input, timeoutMs);
  if (code !== 0) throw new Error(`${program} ${words.join(" ").slice(0, 400)} ended with ${code}: ${stderr.trim() || stdout.trim()}`);
  return stdout;
};

export const kubectl = (...words: readonly string[]): Promise<string> => run("kubectl", words);

export const helm = (...words: readonly string[]): Promise<string> => run(process.env.LLMGW_HELM ?? "helm", words);

export const kubectlJson = async <Value>(...words: readonly string[]): Promise<Value> => JSON.parse(await kubectl(...words, "--output", "json")) as Value;

/** Objects as values: JSON is YAML. */
export const apply = (...objects: readonly object[]): Promise<string> =>
  run("kubectl", ["apply", "--server-side", "--force-conflicts", "--filename", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks again until it is so; what it said last is in the failure. */
export const until = async <Value>(what: string, ask: () => Promise<Value | undefined>, timeoutMs = 60_000, everyMs = 100): Promise<Value> => {
  const deadline = performance.now() + timeoutMs;
  let last = "";
  for (;;) {
    const answer = await ask().catch((error: unknown) => {
      last = error instanceof Error ? error.message : String(error);
      return undefined;
    });
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`${what} did not come about within ${timeoutMs / 1000} s. ${last}`);
    await pause(everyMs);
  }
};

export const quantile = (values: readonly number[], share: number): number => values.toSorted((left, right) => left - right)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? NaN;
