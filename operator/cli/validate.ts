// llmgw validate: what is wrong with manifests, without serving them. Exit code 0 when nothing is, 1 otherwise.
// It says what a run would say, and nothing that a run would not.
import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { compileWorld } from "../compile/compile.ts";
import { environment } from "../settings.ts";
import { complaintsOf, lineOf, type Complaint } from "../standalone/complaints.ts";
import { Refusal } from "../terminal.ts";
import { ManifestFolder } from "../watch/files.ts";
import type { Command } from "./command.ts";

const EXAMPLES = fileURLToPath(new URL("../../examples", import.meta.url));

export const validate: Command = {
  name: "validate",
  says: "Says what is wrong with the manifests of folders (default: the examples) or with single files. A file is judged together with the folder that it lies in.",
  operands: "[DIR|FILE...]",
  flags: {
    json: { says: "Prints one JSON object per line instead of text." },
    warnings: { says: "Ends with 1 for notes too, not only for errors." },
  },
  run: async (given, terminal) => {
    const wanted = given.operands.length === 0 ? [EXAMPLES] : given.operands;
    const complaints = wanted.flatMap(complaintsAbout);
    for (const complaint of complaints) terminal.print(given.isSet("json") ? JSON.stringify(complaint) : lineOf(complaint));
    const errors = complaints.filter(({ severity }) => severity === "error").length;
    const notes = complaints.length - errors;
    if (!given.isSet("json")) terminal.print(`${counted(errors, "error")}, ${counted(notes, "note")}`);
    return errors > 0 || (given.isSet("warnings") && notes > 0) ? 1 : 0;
  },
};

const complaintsAbout = (given: string): Complaint[] => {
  const location = resolve(given);
  const status = statSync(location, { throwIfNoEntry: false });
  if (status === undefined) throw new Refusal(`there is no file or folder ${given}`);
  if (status.isDirectory()) return ofFolder(location);
  if (!/\.(?:yaml|yml|json)$/.test(location)) throw new Refusal(`${given} is no manifest: its name must end in .yaml, .yml or .json`);
  return ofFolder(dirname(location)).filter(({ file }) => file !== "" && resolve(file) === location);
};

const ofFolder = (directory: string): Complaint[] => {
  const reading = new ManifestFolder({ directory, environment }).read();
  const { diagnostics } = compileWorld(reading.world);
  return complaintsOf({ directory, reading, world: reading.world, diagnostics });
};

const counted = (count: number, what: string): string => `${count === 0 ? "no" : count} ${what}${count === 1 ? "" : "s"}`;
