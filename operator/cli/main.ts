// The command line: finds the command, reads its flags, turns signals into an ending and failures into words.
// One row for each command; a command's own file says what it does.
import { enableCompileCache } from "node:module";
import { systemClock } from "../clock.ts";
import { build, compileCache } from "../settings.ts";
import { Refusal, type Terminal } from "../terminal.ts";
import { helpOf, meant, readArguments, UsageError, type Command } from "./command.ts";

/** Loaded when asked for: the demo provider alone need not read the compiler. */
const commands: readonly { name: string; says: string; load: () => Promise<Command> }[] = [
  { name: "run", says: "Serves the manifests of a folder on this machine, and follows their edits.", load: async () => (await import("./run.ts")).run },
  { name: "validate", says: "Says what is wrong with manifests, without serving them.", load: async () => (await import("./validate.ts")).validate },
  { name: "status", says: "Says which pods of a cluster run which version, since when, and what they refused.", load: async () => (await import("./status.ts")).status },
  { name: "stop", says: "Ends a run on this machine.", load: async () => (await import("./stop.ts")).stop },
  { name: "translate", says: "Shows what a request becomes for another provider, and what it loses.", load: async () => (await import("./translate.ts")).translate },
  { name: "demo", says: "Runs the demo provider alone.", load: async () => (await import("./demo.ts")).demo },
];

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const ONE_WISH_MS = 500;

const overview = (): string[] => [
  "llmgw COMMAND [flags]",
  "",
  ...commands.map(({ name, says }) => `  ${name.padEnd(10)}${says}`),
  "",
  "  llmgw COMMAND --help says more; llmgw --version prints the version.",
];

const main = async (words: readonly string[]): Promise<number> => {
  const terminal = makeTerminal();
  const [name = "--help", ...rest] = words;
  const row = commands.find((known) => known.name === name);
  try {
    if (name === "--version" || name === "version") return show(terminal, [build]);
    if (name === "--help" || name === "-h" || name === "help") return show(terminal, overview());
    if (row === undefined) throw new UsageError(`unknown command ${name}.${meant(name, commands.map((known) => known.name))}`);
    enableCompileCache(compileCache());
    const command = await row.load();
    if (rest.includes("--help") || rest.includes("-h")) return show(terminal, helpOf(command));
    return await command.run(readArguments(command, rest), terminal);
  } catch (error) {
    terminal.complain(wordsOf(error));
    if (!(error instanceof UsageError)) return EXIT_FAILED;
    terminal.complain(`llmgw ${row === undefined ? "" : `${row.name} `}--help says what there is.`);
    return EXIT_USAGE;
  }
};

const wordsOf = (error: unknown): string => {
  if (error instanceof Refusal) return `llmgw: ${error.message}`;
  return `llmgw: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
};

const show = (terminal: Terminal, lines: readonly string[]): number => {
  for (const line of lines) terminal.print(line);
  return 0;
};

const makeTerminal = (): Terminal => {
  const [stop, stopNow] = [new AbortController(), new AbortController()];
  let askedTick = -Infinity;
  const ask = (): void => {
    const tick = systemClock.tick();
    // npm passes on the signal that the terminal has sent us already: that is one wish, not two.
    if (stop.signal.aborted && tick - askedTick >= ONE_WISH_MS) stopNow.abort();
    if (!stop.signal.aborted) askedTick = tick;
    stop.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, ask);
  // Whoever read our output may be gone; that is no reason to end in the middle of something.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  return {
    print: (line) => void process.stdout.write(`${line}\n`),
    complain: (line) => void process.stderr.write(`${line}\n`),
    stop: stop.signal,
    stopNow: stopNow.signal,
  };
};

process.exitCode = await main(process.argv.slice(2));
