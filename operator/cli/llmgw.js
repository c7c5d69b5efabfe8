#!/usr/bin/env node
// The door that opens with any Node: it runs the command line with a Node that can run TypeScript as it is.
// Plain JavaScript of an old dialect, because it must be understood before the version is known.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const NEEDED = [24, 12];
const here = dirname(fileURLToPath(import.meta.url));
const main = join(here, "main.ts");

const [major, minor] = process.versions.node.split(".").map(Number);
const isNewEnough = major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);

const pinnedNode = () => {
  for (let folder = here; folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, "node_modules", "node", "package.json");
    if (!existsSync(file)) continue;
    const { bin } = JSON.parse(readFileSync(file, "utf8"));
    const node = join(dirname(file), typeof bin === "string" ? bin : bin.node);
    if (existsSync(node)) return node;
  }
  return undefined;
};

if (isNewEnough) {
  await import("./main.ts");
} else {
  const node = pinnedNode();
  if (node === undefined) {
    console.error(`llmgw: this is Node ${process.versions.node}; it needs ${NEEDED.join(".")} or newer. "npm ci" in the gateway's folder brings one.`);
    process.exit(1);
  }
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: "inherit" });
  // A terminal signals the child itself; whoever signals only us means the child too.
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  process.on("SIGINT", () => undefined);
  child.on("error", (error) => {
    console.error(`llmgw: ${error.message}`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
}
