// A run as a person starts it: `llmgw run` as a process, with folders of its own, and a provider in the test's own process.
// Whatever it starts is ended when the test is over; tests that run side by side say which of them that is, by their own onTestFinished.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { isAlive } from "../../../operator/standalone/alive.ts";
import { freePort } from "../../doubles/ports.ts";

export { freePort };

const MAIN = fileURLToPath(new URL("../../../operator/cli/main.ts", import.meta.url));
/** Only there to fail. */
const DEADLINE_MS = 40_000;

export const eventually = async (condition: () => boolean | Promise<boolean>, what: string): Promise<void> => {
  const deadline = performance.now() + DEADLINE_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`${what} did not happen within ${DEADLINE_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

/** Takes what is to be done when whoever started it is over: last come, first done. */
type AtEnd = (end: () => Promise<void>) => void;

export interface Folders {
  readonly manifests: string;
  readonly state: string;
  readonly atEnd: AtEnd;
}

export const folders = (atEnd: AtEnd = onTestFinished): Folders => {
  const root = mkdtempSync(join(tmpdir(), "llmgw-"));
  const [manifests, state] = [join(root, "manifests"), join(root, "state")];
  mkdirSync(manifests);
  atEnd(async () => {
    const pids = processesOf(state).map(({ pid }) => pid);
    for (const pid of pids) if (isAlive(pid)) process.kill(pid, "SIGKILL");
    await eventually(() => pids.every((pid) => !isAlive(pid)), "the end of all processes");
    rmSync(root, { recursive: true, force: true });
  });
  return { manifests, state, atEnd };
};

export const processesOf = (state: string): { name: string; pid: number }[] => {
  try {
    const names = readdirSync(state).filter((name) => name.endsWith(".json"));
    return names.map((name) => ({ name: name.slice(0, -".json".length), pid: Number(JSON.parse(readFileSync(join(state, name), "utf8")).pid) }));
  } catch {
    return [];
  }
};

export interface Running {
  readonly child: ChildProcess;
  readonly lines: string[];
  /** Resolves with the rest of a line that contains `text`, once there is one. */
  said(text: string): Promise<string>;
  readonly exit: Promise<number | null>;
}

/** `llmgw WORDS…` with nothing of the test's environment but what is given. */
export const llmgw = (words: readonly string[], environment: Record<string, string> = {}, atEnd: AtEnd = onTestFinished): Running => {
  const child = spawn(process.execPath, [MAIN, ...words], { stdio: ["ignore", "pipe", "pipe"], env: { PATH: process.env.PATH, HOME: tmpdir(), NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"], XDG_STATE_HOME: join(tmpdir(), "llmgw-test-state"), ...environment } });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    let rest = "";
    stream.setEncoding("utf8").on("data", (piece: string) => {
      const parts = (rest + piece).split("\n");
      rest = parts.pop() ?? "";
      lines.push(...parts);
    });
  }
  let isOver = false;
  // Data planes inherit no pipe, so that "close" comes when the process itself has ended and all is read.
  const exit = new Promise<number | null>((resolve) => {
    child.once("close", (code) => {
      isOver = true;
      resolve(code);
    });
  });
  atEnd(async () => {
    child.kill("SIGKILL");
    await exit;
  });
  const said = async (text: string): Promise<string> => {
    const find = (): string | undefined => lines.find((line) => line.includes(text));
    await eventually(() => find() !== undefined || isOver, `the line "${text}"`);
    const line = find();
    if (line === undefined) throw new Error(`it ended without the line "${text}", but said:\n${lines.join("\n")}`);
    return line;
  };
  return { child, lines, said, exit };
};

export const portFlags = async (): Promise<string[]> => ["--port", String(await freePort()), "--admin-port", String(await freePort())];

const flagsOf = new WeakMap<Folders, string[]>();

/** Every run of the same folders has the same ports. */
export const run = async (where: Folders, ...words: string[]): Promise<Running> => {
  const flags = flagsOf.get(where) ?? (await portFlags());
  flagsOf.set(where, flags);
  return llmgw(["run", "--manifests", where.manifests, "--state", where.state, ...flags, ...words], {}, where.atEnd);
};

/** The address that a run prints when it is ready; the whole welcome has been read by then, although a pipe may bring it in pieces. */
export const addressOf = async (running: Running): Promise<string> => {
  await running.said("Ctrl-C ends it");
  return (await running.said("  address  ")).trim().split(/\s+/)[1] ?? "";
};

/** Answers every POST with one chat completion. */
const provider = async (atEnd: AtEnd): Promise<string> => {
  const answer = JSON.stringify({
    id: "chatcmpl-1", object: "chat.completion", created: 1, model: "m",
    choices: [{ index: 0, message: { role: "assistant", content: "hi" }, finish_reason: "stop" }], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  });
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    request.resume();
    request.once("end", () => response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(answer) }).end(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  atEnd(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return `http://127.0.0.1:${address !== null && typeof address === "object" ? address.port : 0}/v1`;
};

const writeGateway = ({ manifests }: Folders): void =>
  writeFileSync(join(manifests, "gateway.yaml"), 'gateways:\n  default:\n    anonymous: true\n    privateRanges: ["127.0.0.0/8"]\n    drainTime: 5s\n');

const writeProvider = ({ manifests }: Folders, url: string): void =>
  writeFileSync(join(manifests, "provider.yaml"), `apiVersion: llmgateway.io/v1alpha1\nkind: LLMProvider\nmetadata: {name: own}\nspec:\n  type: OpenAICompatible\n  network: Private\n  endpoints:\n  - url: "${url}"\n  auth: {type: None}\n  protocols: [OpenAIChat]\n`);

export const writeRoute = ({ manifests }: Folders, name: string, model: string): void =>
  writeFileSync(join(manifests, `${name}.yaml`), `apiVersion: llmgateway.io/v1alpha1\nkind: LLMRoute\nmetadata: {name: ${name}}\nspec:\n  models: [${model}]\n  targets:\n  - {providerRef: {name: own}}\n`);

/** The status of one chat completion; 0 when there was no answer at all. */
export const chat = async (address: string, model: string): Promise<number> => {
  try {
    const answer = await fetch(`${address}/v1/chat/completions`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ model, messages: [{ role: "user", content: "hello" }] }) });
    await answer.text();
    return answer.status;
  } catch {
    return 0;
  }
};

/** Folders with a gateway, a provider of the test's own and a route to it for the model "first". */
export const prepared = async (atEnd: AtEnd = onTestFinished): Promise<Folders> => {
  const where = folders(atEnd);
  writeGateway(where);
  writeProvider(where, await provider(atEnd));
  writeRoute(where, "chat", "first");
  return where;
};
