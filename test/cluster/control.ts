// The cluster itself, where it is one that may be broken: LLMGW_CLUSTER_CONTROL is a program that stops and starts what it
// consists of ("stop kube-apiserver") and puts its store back ("save DIRECTORY", "restore DIRECTORY").
// Somebody's real cluster has no such program, and these tests are skipped there with that reason.
import { run } from "./commands.ts";

const program = process.env.LLMGW_CLUSTER_CONTROL ?? "";

export const mayBreak = program !== "";
export const reason = mayBreak ? "" : " (skipped: LLMGW_CLUSTER_CONTROL names no program that may stop parts of this cluster)";

export const control = (...words: readonly string[]): Promise<string> => run(program, words);
