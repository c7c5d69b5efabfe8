// A gateway as `npm start` runs it, before the demo provider and fault providers, and callers who ask in every way that leaves a trace:
// with and without a team, streamed and whole, rightly and wrongly, to the end and not. Goes on until the test is over.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { chatCompletion, chatEvents } from "../doubles/provider-bytes.ts";
import { bodyOf, brokenStream, eventStream, failure, json, tooManyRequests } from "../doubles/provider-replies.ts";
import { startProvider, type Behaviour, type Script } from "../doubles/provider.ts";
import { addressOf, folders, freePort, run, type Running } from "../operator/standalone/running.ts";

const USAGE = { input: 120, output: 30, cached: 40 };
const WORDS = Array.from({ length: 30 }, (_, index) => `word${index} `);

const events = chatEvents({ words: WORDS, usage: USAGE });
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Streams or answers at once, as it is asked. */
const wellBehaved = (firstTokenMs: number): Behaviour => async (exchange) => {
  const { stream } = JSON.parse((await bodyOf(exchange)).toString()) as { stream?: boolean };
  await pause(firstTokenMs);
  return stream === true ? eventStream(events)(exchange) : json(chatCompletion({ text: "whole", usage: USAGE }).toString())(exchange);
};

const untold = json(chatCompletion({ text: "an answer whose tokens nobody counted" }).toString());
/** One event, and then nothing until the caller leaves. */
const endless: Behaviour = async (exchange) => {
  await bodyOf(exchange);
  await exchange.sendHead({ headers: { "content-type": "text/event-stream" } });
  await exchange.sendChunk(events[1] ?? "");
};

/** In turn; the provider double repeats the last one only. */
const inTurn = (...behaviours: readonly Behaviour[]): Script => {
  let asked = 0;
  return (exchange) => behaviours[asked++ % behaviours.length]?.(exchange);
};

const scripts: Readonly<Record<string, Script>> = {
  steady: wellBehaved(20),
  slow: wellBehaved(400),
  // As many as no round asks for: whoever always asks in the same place meets each of them in the end.
  shaky: inTurn(wellBehaved(40), failure(503), wellBehaved(60), tooManyRequests(), wellBehaved(50)),
  broken: inTurn(failure(500), brokenStream(events.slice(0, 5)), tooManyRequests(), failure(400)),
  untold,
  endless,
};

const routes: Readonly<Record<string, { readonly models: readonly string[]; readonly targets: readonly string[] }>> = {
  support: { models: ["support-chat", "support-fast"], targets: ["shaky", "steady"] },
  research: { models: ["research-deep"], targets: ["slow"] },
  legacy: { models: ["legacy-chat"], targets: ["broken"] },
  plain: { models: ["plain-chat"], targets: ["untold"] },
  endless: { models: ["endless-chat"], targets: ["endless"] },
  demo: { models: ["demo-chat"], targets: ["demo"] },
};

const KEYS = { search: "sk-caller-of-search-0123456789", support: "sk-caller-of-support-0123456789" } as const;

const manifests = (addresses: Readonly<Record<string, string>>): object[] => [
  ...Object.entries(addresses).map(([name, url]) => ({
    apiVersion: "llmgateway.io/v1alpha1", kind: "LLMProvider", metadata: { name, ...(name === "demo" ? { annotations: { "llmgateway.io/demo": "true" } } : {}) },
    spec: { type: "OpenAICompatible", network: "Private", endpoints: [{ url }], auth: { type: "None" }, protocols: ["OpenAIChat"] },
  })),
  ...Object.entries(routes).map(([name, { models, targets }]) => ({
    apiVersion: "llmgateway.io/v1alpha1", kind: "LLMRoute", metadata: { name }, spec: { models, targets: targets.map((provider, priority) => ({ providerRef: { name: provider }, priority })) },
  })),
  ...Object.entries(KEYS).map(([team, key]) => ({
    apiVersion: "v1", kind: "Secret", metadata: { name: `caller-${team}`, labels: { "llmgateway.io/caller-key": "true", "llmgateway.io/team": team } }, stringData: { "api-key": key },
  })),
];

export interface UnderTraffic {
  readonly running: Running;
  /** host:port of each data plane's metrics. */
  readonly admin: readonly string[];
  /** How often callers got which status and code of ours. */
  readonly seen: ReadonlyMap<string, number>;
}

const ask = async (seen: Map<string, number>, address: string, model: string, more: { readonly key?: string; readonly isStreaming?: boolean; readonly leaveAfterMs?: number } = {}): Promise<void> => {
  const leave = new AbortController();
  const timer = more.leaveAfterMs === undefined ? undefined : setTimeout(() => leave.abort(), more.leaveAfterMs);
  const headers = { "content-type": "application/json", ...(more.key === undefined ? {} : { authorization: `Bearer ${more.key}` }) };
  const body = JSON.stringify({ model, stream: more.isStreaming ?? false, messages: [{ role: "user", content: "Say something about the sea" }] });
  try {
    const answer = await fetch(`${address}/v1/chat/completions`, { method: "POST", headers, body, signal: leave.signal });
    const got = `${answer.status} ${answer.headers.get("x-llmgw-error") ?? ""}`.trim();
    seen.set(got, (seen.get(got) ?? 0) + 1);
    await answer.text();
  } catch {
    // Left, or was left.
  } finally {
    clearTimeout(timer);
  }
};

const round = (seen: Map<string, number>, address: string): Promise<void>[] => [
  ask(seen, address, "support-chat", { key: KEYS.support, isStreaming: true }),
  ask(seen, address, "support-fast", { key: KEYS.support, isStreaming: true }),
  ask(seen, address, "support-chat", { key: KEYS.search }),
  ask(seen, address, "research-deep", { key: KEYS.search, isStreaming: true }),
  ask(seen, address, "legacy-chat", { isStreaming: true }),
  ask(seen, address, "plain-chat", { key: KEYS.search }),
  ask(seen, address, "demo-chat", { isStreaming: true }),
  ask(seen, address, "endless-chat", { isStreaming: true, leaveAfterMs: 150 }),
  ask(seen, address, "no-such-model", { key: KEYS.support }),
  ask(seen, address, "support-chat", { key: "sk-nobody-knows-this-key" }),
];

const ROUND_MS = 250;

export const startTraffic = async (): Promise<UnderTraffic> => {
  const addresses: Record<string, string> = { demo: "http://127.0.0.1:8089/v1" };
  for (const [name, script] of Object.entries(scripts)) {
    const provider = await startProvider(script, { bodyBytesKept: 65_536 });
    onTestFinished(() => provider.kill());
    addresses[name] = `${provider.url}/v1`;
  }
  const where = folders();
  const extra = mkdtempSync(join(tmpdir(), "llmgw-traffic-"));
  onTestFinished(() => rmSync(extra, { recursive: true }));
  writeFileSync(join(where.manifests, "gateway.yaml"), JSON.stringify({ gateways: { default: { anonymous: true, privateRanges: ["127.0.0.0/8"], drainTime: "1s" } } }));
  for (const [index, manifest] of manifests(addresses).entries()) writeFileSync(join(where.manifests, `object-${index}.yaml`), JSON.stringify(manifest));
  const running = await run(where, "--workers", "2", "--demo-port", String(await freePort()));
  const address = await addressOf(running);
  const admin = (await running.said("  admin  ")).match(/127\.0\.0\.1:\d+/g) ?? [];
  const seen = new Map<string, number>();
  keepAsking(seen, address);
  return { running, admin, seen };
};

const keepAsking = (seen: Map<string, number>, address: string): void => {
  let isOver = false;
  const rounds = (async (): Promise<void> => {
    while (!isOver) await Promise.all([...round(seen, address), pause(ROUND_MS)]);
  })();
  onTestFinished(async () => {
    isOver = true;
    await rounds;
  });
};
