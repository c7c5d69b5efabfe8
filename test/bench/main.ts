// npm run bench: the gateway against two controls in the same run, rounds interleaved, medians of ratios with their spread.
// Nothing here fails on time; the figures are read by people. It fails when a request fails or a subject does not do its work.
import { parseArgs } from "node:util";
import { cases, type Bench, type Case, type Figures, type Subject } from "./cases.ts";
import type { Child } from "./commands.ts";
import type { LoadResult } from "./load.ts";
import { Processes } from "./processes.ts";
import { topOf, type Profile } from "./profile.ts";
import { appendRow, outcomeOf, printOutcome, writeJson, type Outcome } from "./report.ts";
import { verify } from "./verify.ts";

const profiledNames = '"1 KB chat", "32 KB chat", "1 MB request", "stream in bursts", "Chat to Messages, 1 KB", "translated stream"';
const USAGE = `npm run bench -- [options]
  --cases A,B        only these (${cases.map((test) => `"${test.name}"`).join(", ")})
  --rounds N         rounds per case, 5 unless told otherwise
  --quick            three rounds, each a third as long: for a look, not for the record
  --controls-only    measure floor in the gateway's place: to check the harness itself
  --json FILE        write everything that was measured
  --no-write         no row in results.md
  --profile          no measuring: where the gateway's time goes in each of the cases ${profiledNames}
  --help`;

const FILES: Readonly<Record<string, string>> = { raw: "controls/raw.ts", floor: "controls/floor.ts", gateway: "gateway.ts", translator: "gateway.ts" };
const QUICK_SCALE = 1 / 3;
const WARM_UP_ROUNDS = 2;

const { values: flags } = parseArgs({
  options: {
    "cases": { type: "string" },
    "rounds": { type: "string" },
    "quick": { type: "boolean", default: false },
    "controls-only": { type: "boolean", default: false },
    "json": { type: "string" },
    "no-write": { type: "boolean", default: false },
    "profile": { type: "boolean", default: false },
    "help": { type: "boolean", default: false },
  },
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

class Running {
  readonly #processes: Processes;
  readonly #subjects = new Map<string, Subject>();
  readonly bench: Bench;
  #upstreamPort = 0;

  private constructor(load: Child, provider: Child, processes: Processes, scale: number) {
    this.#processes = processes;
    const stop = async ({ child }: Subject): Promise<void> => {
      if (child !== null) await processes.stop(child);
    };
    this.bench = { load, provider, pause, scale, fresh: (name) => this.#startSubject(name), stop };
  }

  static async start(scale: number): Promise<Running> {
    const processes = new Processes();
    const provider = await processes.start({ name: "provider", file: "provider.ts", isMeasured: false });
    const load = await processes.start({ name: "load", file: "load.ts", isMeasured: false });
    const running = new Running(load, provider, processes, scale);
    running.#upstreamPort = await provider.ask<number>("port");
    running.#subjects.set("direct", { name: "direct", port: running.#upstreamPort, child: null });
    return running;
  }

  /** Starts it where it is not running yet, and proves that it does its work. */
  async subject(name: string): Promise<Subject> {
    const known = this.#subjects.get(name);
    if (known !== undefined) return known;
    const subject = await this.#startSubject(name);
    this.#subjects.set(name, subject);
    await verify(this.bench.load, this.bench.provider, await this.subject("direct"), subject);
    return subject;
  }

  close(): Promise<void> {
    return this.#processes.close();
  }

  async #startSubject(name: string): Promise<Subject> {
    const child = await this.#processes.start({ name, file: FILES[name] ?? "", isMeasured: true, arguments: [String(this.#upstreamPort), ...(name === "translator" ? ["messages"] : [])] });
    return { name, port: await child.ask<number>("port"), child };
  }
}

const runCase = async (running: Running, test: Case, rounds: number, wanted: string): Promise<Outcome> => {
  const tested = wanted === "gateway" ? (test.tested ?? wanted) : wanted;
  const names = [...new Set(test.subjects.map((name) => (name === "gateway" ? tested : name)))];
  const figures: Record<string, Figures[]> = Object.fromEntries(names.map((name) => [name, []]));
  const isOwnProcess = test.roundsMax !== undefined;
  const warmUps = isOwnProcess ? 0 : WARM_UP_ROUNDS;
  for (let round = -warmUps; round < Math.min(rounds, test.roundsMax ?? rounds); round += 1) {
    // Every other round backwards, so that a machine that grows slower or faster favours nobody.
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const subject = isOwnProcess ? { name, port: 0, child: null } : await running.subject(name);
      const measured = await test.measure(running.bench, subject);
      if (round >= 0) figures[name]?.push(measured);
    }
  }
  return outcomeOf(test, figures, tested);
};

const measureAll = async (running: Running, chosen: readonly Case[], rounds: number, tested: string): Promise<Outcome[]> => {
  const outcomes: Outcome[] = [];
  for (const test of chosen) {
    const outcome = await runCase(running, test, rounds, tested);
    printOutcome(test, outcome);
    outcomes.push(outcome);
  }
  return outcomes;
};

const profiled = [
  ["1 KB chat", "json", "1 KB", false, "gateway"],
  ["32 KB chat", "json", "32 KB", false, "gateway"],
  ["1 MB request", "json", "1 MB", false, "gateway"],
  ["stream in bursts", "burst", "1 KB", true, "gateway"],
  ["Chat to Messages, 1 KB", "messages", "1 KB", false, "translator"],
  ["translated stream", "messages-burst", "1 KB", true, "translator"],
] as const;

const profileAll = async (running: Running, chosen: readonly Case[]): Promise<void> => {
  const { load, provider, scale } = running.bench;
  for (const [name, answering, body, isStreaming, tested] of profiled.filter(([wanted]) => chosen.some((test) => test.name === wanted))) {
    const { port, child } = await running.subject(tested);
    await provider.ask("answer", answering);
    await load.ask("prepare", { port, body, isStreaming, connections: 64 });
    await load.ask("saturate", 2000);
    await child?.ask("startProfile");
    const { requests } = await load.ask<LoadResult>("saturate", 5000 * scale);
    const profile = await child?.ask<Profile>("stopProfile");
    await load.ask("release");
    console.log(`\n${name}: self time per request`);
    if (profile !== undefined) console.log(topOf(profile, requests).join("\n"));
  }
};

const chosenCases = (): readonly Case[] => {
  const names = flags.cases?.split(",").map((name) => name.trim());
  const chosen = cases.filter((test) => names === undefined || names.some((name) => test.name.startsWith(name)));
  const tested = flags["controls-only"] ? chosen.filter((test) => test.subjects.includes("raw")) : chosen;
  if (tested.length === 0) throw new Error(`no such case; there are ${cases.map((test) => test.name).join(", ")}`);
  return tested;
};

const main = async (): Promise<void> => {
  if (flags.help) return console.log(USAGE);
  const rounds = Number(flags.rounds ?? (flags.quick ? 3 : 5));
  const chosen = chosenCases();
  const running = await Running.start(flags.quick ? QUICK_SCALE : 1);
  try {
    if (flags.profile) return await profileAll(running, chosen);
    const tested = flags["controls-only"] ? "floor" : "gateway";
    const outcomes = await measureAll(running, chosen, rounds, tested);
    if (flags.json !== undefined) writeJson(flags.json, outcomes, rounds);
    if (!flags["no-write"] && tested === "gateway") appendRow(outcomes, cases, rounds);
  } finally {
    await running.close();
  }
};

await main();
