// A command of the command line in the test's own process, against an API server double or whatever a kubeconfig leads to.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dump } from "js-yaml";
import { onTestFinished } from "vitest";
import { readArguments, type Command } from "../../../operator/cli/command.ts";

export const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), "llmgw-cli-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
};

interface Way {
  readonly server: string;
  readonly namespace?: string;
  readonly user?: object;
  readonly ca?: string;
  readonly isUnverified?: boolean;
}

export const kubeconfigFor = ({ server, namespace = "team-a", user = {}, ca, isUnverified = server.startsWith("http:") }: Way): string => {
  const file = join(folder(), "kubeconfig");
  // Without encryption there is nothing to verify, and that must be said.
  const cluster = { server, ...(isUnverified && { "insecure-skip-tls-verify": true }), ...(ca !== undefined && { "certificate-authority-data": Buffer.from(ca).toString("base64") }) };
  writeFileSync(file, dump({
    apiVersion: "v1", kind: "Config", "current-context": "here",
    clusters: [{ name: "here", cluster }], users: [{ name: "me", user }], contexts: [{ name: "here", context: { cluster: "here", user: "me", namespace } }],
  }));
  return file;
};

/** The exit code and what was printed; a refusal is thrown. */
export const perform = async (command: Command, words: readonly string[]): Promise<{ readonly code: number; readonly lines: string[] }> => {
  const lines: string[] = [];
  const never = new AbortController().signal;
  const code = await command.run(readArguments(command, words), { print: (line) => lines.push(line), complain: (line) => lines.push(line), stop: never, stopNow: never });
  return { code, lines };
};
