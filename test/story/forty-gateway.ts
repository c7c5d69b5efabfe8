// What the forty runs and their errors share: a gateway and its demo provider as `npm start` starts them, and a table.
// With LLMGW_FORTY_GATEWAY=http://127.0.0.1:8080 and LLMGW_FORTY_DEMO=http://127.0.0.1:8089 it is one that runs already.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { loadAll } from "js-yaml";
import { afterAll, beforeAll } from "vitest";
import { freePort } from "../doubles/ports.ts";
import { addressOf, folders, llmgw, portFlags, type Folders } from "../operator/standalone/running.ts";

/** The routes "demo-PROTOCOL" of the examples. */
export const PROVIDERS = ["chat", "responses", "anthropic", "gemini", "bedrock", "cohere", "dashscope", "ollama"];

export interface Served {
  readonly url: string;
  /** The demo provider itself, with nothing in between. */
  readonly demoUrl: string;
}

const EXAMPLES = resolve(import.meta.dirname, "../../examples");
const START_MS_MAX = 60_000;

interface Manifest {
  readonly kind?: string;
  readonly spec?: object;
  readonly gateways?: { readonly default: object };
}

/** Hundreds of failures in a row are meant here: nothing is to be tried again, nothing to be left alone or refused instead. */
const unguarded = (manifest: Manifest): Manifest => {
  if (manifest.gateways !== undefined) return { gateways: { default: { ...manifest.gateways.default, limits: { eventLoopLag: "1h" } } } };
  if (manifest.kind === "LLMProvider") return { ...manifest, spec: { ...manifest.spec, breaker: { consecutiveFailures: 10_000, minimumRequests: 1_000_000 } } };
  return manifest.kind === "LLMRoute" ? { ...manifest, spec: { ...manifest.spec, retry: { attempts: 0 } } } : manifest;
};

const writeUnguarded = ({ manifests }: Folders): void => {
  for (const file of readdirSync(EXAMPLES)) {
    const documents = (loadAll(readFileSync(join(EXAMPLES, file), "utf8")) as Manifest[]).map((manifest) => JSON.stringify(unguarded(manifest)));
    writeFileSync(join(manifests, file), documents.join("\n---\n"));
  }
};

const start = async (isGuarded: boolean, atEnd: (end: () => Promise<void>) => void): Promise<Served> => {
  const { LLMGW_FORTY_GATEWAY: url, LLMGW_FORTY_DEMO: demoUrl } = process.env;
  if (isGuarded && url !== undefined && demoUrl !== undefined) return { url, demoUrl };
  const where = folders(atEnd);
  if (!isGuarded) writeUnguarded(where);
  const demoPort = await freePort();
  const words = ["--state", where.state, ...(await portFlags()), "--demo-port", String(demoPort), ...(isGuarded ? [] : ["--manifests", where.manifests])];
  const running = llmgw(["run", ...words], {}, atEnd);
  return { url: await addressOf(running), demoUrl: `http://127.0.0.1:${demoPort}` };
};

/** `isGuarded: false`: the examples but for what spares a provider that fails. */
export const servedExamples = ({ isGuarded }: { readonly isGuarded: boolean }): Served => {
  let served: Served | undefined;
  const ends: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    served = await start(isGuarded, (end) => void ends.unshift(end));
  }, START_MS_MAX);
  afterAll(async () => {
    for (const end of ends) await end();
  }, START_MS_MAX);
  return {
    get demoUrl() {
      return served?.demoUrl ?? "";
    },
    get url() {
      return served?.url ?? "";
    },
  };
};

export const printTable = (rows: readonly (readonly string[])[]): void => {
  const widths = rows[0]?.map((_cell, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0))) ?? [];
  process.stdout.write(`\n${rows.map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ").trimEnd()).join("\n")}\n\n`);
};
