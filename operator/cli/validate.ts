// llmgw validate: what is wrong with manifests, without serving them. Exit code 0 when nothing is, 1 otherwise.
// It says what a run would say; with --server, what a cluster would say. It changes nothing.
import { resolve } from "node:path";
import { compileWorld } from "../compile/compile.ts";
import { environment } from "../settings.ts";
import { complaintsOf, lineOf, type Complaint } from "../standalone/complaints.ts";
import { ManifestFolder } from "../watch/files.ts";
import { clusterFlags, withCluster } from "./cluster.ts";
import { referenceComplaints } from "./cluster-references.ts";
import type { Command, Given } from "./command.ts";
import { EXAMPLES } from "./folders.ts";
import { placeOf, readManifests } from "./manifests.ts";
import { serverVerdicts } from "./server-verdicts.ts";

export const validate: Command = {
  name: "validate",
  says: "Says what is wrong with the manifests of folders (default: the examples) or with single files. A file is judged together with the folder that it lies in, or with --server together with what the cluster has.",
  operands: "[DIR|FILE...]",
  flags: {
    json: { says: "Prints one JSON object per line instead of text." },
    warnings: { says: "Ends with 1 for notes too, not only for errors." },
    server: { says: "Asks a cluster: each manifest is sent to its API server as a dry run, which keeps nothing, and what it refers to is looked for there." },
    namespace: { value: "NAME", short: "n", says: "With --server: where objects go that name no namespace. Default: the context's." },
    ...clusterFlags,
  },
  run: async (given, terminal) => {
    const wanted = given.operands.length === 0 ? [EXAMPLES] : given.operands;
    const complaints = given.isSet("server") ? await askServer(given, wanted) : wanted.flatMap(complaintsAbout);
    for (const complaint of complaints) terminal.print(given.isSet("json") ? JSON.stringify(complaint) : lineOf(complaint));
    const errors = complaints.filter(({ severity }) => severity === "error").length;
    const notes = complaints.length - errors;
    if (!given.isSet("json")) terminal.print(`${counted(errors, "error")}, ${counted(notes, "note")}`);
    return errors > 0 || (given.isSet("warnings") && notes > 0) ? 1 : 0;
  },
};

const complaintsAbout = (given: string): Complaint[] => {
  const { folder, file } = placeOf(given);
  const complaints = ofFolder(folder);
  return file === undefined ? complaints : complaints.filter((complaint) => complaint.file !== "" && resolve(complaint.file) === file);
};

const ofFolder = (directory: string): Complaint[] => {
  const reading = new ManifestFolder({ directory, environment }).read();
  const { diagnostics } = compileWorld(reading.world);
  return complaintsOf({ directory, reading, world: reading.world, diagnostics });
};

const askServer = (given: Given, wanted: readonly string[]): Promise<Complaint[]> =>
  withCluster(given, async ({ client, namespace }) => {
    const manifests = wanted.map((one) => readManifests(one, given.text("namespace") ?? namespace));
    const objects = manifests.flatMap((one) => one.objects);
    return [...manifests.flatMap(({ complaints }) => complaints), ...(await serverVerdicts(client, objects)), ...(await referenceComplaints(client, objects))];
  });

const counted = (count: number, what: string): string => `${count === 0 ? "no" : count} ${what}${count === 1 ? "" : "s"}`;
