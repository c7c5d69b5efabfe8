// llmgw run: the gateway on this machine, from a folder of manifests.
// Flags become settings here; what they do is standalone's matter.
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { systemClock } from "../clock.ts";
import { environment } from "../settings.ts";
import { runStandalone, type StandaloneSettings } from "../standalone.ts";
import { Refusal } from "../terminal.ts";
import { UsageError, type Command, type Given } from "./command.ts";
import { EXAMPLES, stateFor } from "./folders.ts";

const PORT_MAX = 65_535;
const WORKERS_MAX = 64;

export const run: Command = {
  name: "run",
  says: "Serves the manifests of a folder on this machine, and follows their edits.",
  operands: "",
  flags: {
    manifests: { value: "DIR", says: "Folder of the manifests. Default: the examples that come with the gateway." },
    port: { value: "N", says: "Port for requests; 0 is any free one.", otherwise: "8080" },
    "admin-port": { value: "N", says: "Port for health, metrics and the snapshot, on 127.0.0.1; the second worker has the next one, and so on.", otherwise: "9090" },
    workers: { value: "N", says: "Processes that share the port.", otherwise: "1" },
    host: { value: "ADDRESS", says: "Address to listen on for requests.", otherwise: "127.0.0.1" },
    "tls-cert": { value: "FILE", says: "Certificate in PEM form, its chain behind it: requests come by HTTPS then. Read again when it is renewed." },
    "tls-key": { value: "FILE", says: "Its key." },
    state: { value: "DIR", says: "Folder for what outlives a run. Default: one for each manifests folder, in $XDG_STATE_HOME/llm-gateway or ~/.local/state/llm-gateway." },
    gateway: { value: "NAME", says: "Which gateway of the manifests to serve.", otherwise: "default" },
    "demo-port": { value: "N", says: "Port of the demo provider, which runs if a manifest refers to it.", otherwise: "8089" },
    "no-demo": { says: "Never starts the demo provider." },
  },
  run: async (given, terminal) => {
    await runStandalone(settingsFrom(given), { clock: systemClock, random: Math.random, environment, terminal });
    return 0;
  },
};

const settingsFrom = (given: Given): StandaloneSettings => {
  const manifests = resolve(given.text("manifests") ?? EXAMPLES);
  return Object.freeze({
    manifests,
    host: given.text("host") ?? "",
    port: given.count("port", 0, PORT_MAX),
    adminPort: given.count("admin-port", 0, PORT_MAX),
    workers: given.count("workers", 1, WORKERS_MAX),
    tls: tlsFrom(given),
    state: resolve(given.text("state") ?? stateFor(manifests)),
    gateway: given.text("gateway") ?? "",
    demoPort: given.isSet("no-demo") ? undefined : given.count("demo-port", 1, PORT_MAX),
  });
};

const tlsFrom = (given: Given): StandaloneSettings["tls"] => {
  const [certificate, key] = [given.text("tls-cert"), given.text("tls-key")];
  if (certificate === undefined && key === undefined) return undefined;
  if (certificate === undefined || key === undefined) throw new UsageError("--tls-cert and --tls-key belong together: a certificate is shown with its key");
  return { certificateFile: existing("tls-cert", certificate), keyFile: existing("tls-key", key) };
};

const existing = (flag: string, path: string): string => {
  const file = resolve(path);
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) throw new Refusal(`there is no file ${file}; give one in PEM form with --${flag} FILE`);
  return file;
};
