// llmgw stop: ends a run on this machine, or what a run that was killed left behind. Exit code 0 when nothing runs any more.
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { systemClock } from "../clock.ts";
import { stateHome } from "../settings.ts";
import { endRun } from "../standalone/end-run.ts";
import { StateFolder } from "../standalone/state.ts";
import type { Command } from "./command.ts";
import { EXAMPLES, stateFor } from "./folders.ts";

export const stop: Command = {
  name: "stop",
  says: "Ends a run on this machine, when open requests are done, and what a run that was killed left behind.",
  operands: "",
  flags: {
    manifests: { value: "DIR", says: "Folder of the manifests that it serves. Default: the examples that come with the gateway." },
    state: { value: "DIR", says: "The run's state folder, where it was given one." },
    now: { says: "Cuts open requests off." },
  },
  run: async (given, terminal) => {
    const manifests = resolve(given.text("manifests") ?? EXAMPLES);
    const folder = resolve(given.text("state") ?? stateFor(manifests));
    const state = existsSync(folder) ? new StateFolder(folder) : undefined;
    const hasRun = state !== undefined && (await endRun({ state, isNow: given.isSet("now"), clock: systemClock, stop: terminal.stop, say: terminal.print }));
    if (hasRun) terminal.print("it has ended");
    else terminal.print(`nothing runs ${given.text("state") === undefined ? `for the manifests ${manifests}` : `from the state folder ${folder}`}`);
    if (!hasRun) for (const line of others(folder)) terminal.print(line);
    return 0;
  },
};

/** Whoever stopped the wrong one is told of the right one. */
const others = (folder: string): string[] => {
  const home = stateHome();
  const folders = existsSync(home) ? readdirSync(home, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => join(home, name)) : [];
  return folders.filter((other) => other !== folder).flatMap((other) => {
    const state = new StateFolder(other);
    const run = state.run();
    if (run !== undefined) return [`a run of ${run.told["manifests"] ?? "other manifests"} goes on: llmgw stop --state ${other}`];
    const isAnyLeft = state.names().some((name) => state.living(name) !== undefined);
    return isAnyLeft ? [`what an earlier run left behind goes on: llmgw stop --state ${other}`] : [];
  });
};
