// The demo provider beside a run, as a process of its own: it too serves on when the operator dies.
// Only started when a manifest refers to it; one that answers already, of this run or another, is used as it is.
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { request } from "node:http";
import { fileURLToPath } from "node:url";
import type { LLMProvider } from "../../crds/provider.ts";
import type { Clock } from "../clock.ts";
import { childEnvironment } from "../settings.ts";
import type { World } from "../world.ts";
import { KeptProcess } from "./kept-process.ts";
import type { StateFolder } from "./state.ts";

export interface DemoParts {
  readonly port: number;
  readonly state: StateFolder;
  readonly clock: Clock;
  readonly say: (message: string) => void;
}

export const DEMO_HOST = "127.0.0.1";

const MARK = "llmgateway.io/demo";
const NAME = "demo";
const ENTRY = fileURLToPath(new URL("../cli/main.ts", import.meta.url));
const PROBE_MS = 1000;
const ANSWER_BYTES_MAX = 65_536;

/** Providers that carry the annotation are the demo provider, wherever this run has it listen. */
export const withDemoAt = (world: World, port: number): { world: World; isWanted: boolean } => {
  const isDemo = (provider: LLMProvider): boolean => provider.metadata.annotations?.[MARK] === "true";
  const isWanted = Object.values(world.providers).some(isDemo);
  if (!isWanted) return { world, isWanted };
  const providers = Object.entries(world.providers).map(([id, provider]) => [id, isDemo(provider) ? moved(provider, port) : provider] as const);
  return { world: { ...world, providers: Object.fromEntries(providers) }, isWanted };
};

const moved = (provider: LLMProvider, port: number): LLMProvider => {
  const endpoints = provider.spec.endpoints?.map((endpoint) => {
    const url = new URL(endpoint.url);
    url.port = String(port);
    return { ...endpoint, url: url.href.replace(/\/$/, "") };
  });
  return endpoints === undefined ? provider : { ...provider, spec: { ...provider.spec, endpoints } };
};

type Answer = "demo" | "other" | "nobody";

export class DemoProcess {
  readonly #parts: DemoParts;
  readonly #process: KeptProcess;
  #isWanted = false;
  #isStopping = false;
  #cancelProbe = (): void => undefined;

  constructor(parts: DemoParts) {
    const { state, clock, say, port } = parts;
    this.#parts = parts;
    this.#process = new KeptProcess({
      name: "the demo provider",
      start: () => {
        const log = openSync(state.file("demo.log"), "w", 0o600);
        try {
          return spawn(process.execPath, [ENTRY, "demo", "--port", String(port)], { detached: true, stdio: ["ignore", log, log], cwd: state.folder, env: childEnvironment({}) });
        } finally {
          closeSync(log);
        }
      },
      note: (pid) => (pid === undefined ? state.forget(NAME) : state.note(NAME, pid, { port: String(port) })),
      lastWords: () => "",
      clock,
      say,
    });
  }

  /** Once wanted it stays until the run ends. */
  async want(): Promise<void> {
    if (this.#isWanted) return;
    this.#isWanted = true;
    const { state, port, say } = this.#parts;
    const former = state.living(NAME);
    const answer = await this.#probe();
    if (this.#isStopping) return;
    if (answer === "other") say(`port ${port} is taken by another program, so that the demo provider does not run; end that program, or choose another port with --demo-port N`);
    else if (former !== undefined && former.told.port === String(port)) this.#process.adopt(former.pid);
    else if (answer === "nobody") this.#process.start();
    else {
      say(`port ${port} is answered by the demo provider of another run, which is used`);
      this.#watchForeign();
    }
  }

  /** Resolves when it answers, or after the time is up. */
  async answers(withinMs: number): Promise<boolean> {
    const { clock } = this.#parts;
    const untilTick = clock.tick() + withinMs;
    while ((await this.#probe()) !== "demo") {
      if (clock.tick() >= untilTick || this.#isStopping) return false;
      await clock.sleep(20);
    }
    return true;
  }

  async stop(now: AbortSignal): Promise<void> {
    this.#isStopping = true;
    this.#cancelProbe();
    await this.#process.stop(PROBE_MS, now);
  }

  // The other run may end at any time, and its demo provider with it.
  #watchForeign(): void {
    this.#cancelProbe = this.#parts.clock.after(PROBE_MS, () => {
      void this.#probe().then((answer) => {
        if (this.#isStopping) return;
        if (answer === "nobody") this.#process.start();
        else this.#watchForeign();
      });
    });
  }

  #probe(): Promise<Answer> {
    return new Promise((resolve) => {
      const asking = request({ host: DEMO_HOST, port: this.#parts.port, path: "/v1/models", agent: false }, (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (piece: string) => {
          text += piece;
          if (text.length > ANSWER_BYTES_MAX) asking.destroy();
        });
        answer.once("close", () => settle(text.includes('"llm-gateway-demo"') ? "demo" : "other"));
      });
      const cancel = this.#parts.clock.after(PROBE_MS, () => asking.destroy(new Error("no answer")));
      const settle = (answer: Answer): void => {
        cancel();
        resolve(answer);
      };
      asking.once("error", (error: NodeJS.ErrnoException) => settle(error.code === "ECONNREFUSED" ? "nobody" : "other"));
      asking.end();
    });
  }
}
