// A pod that asks fifty times a second with streams open all the while, and a provider whose streams take their time.
// It counts what failed and when, each kind of client by itself. What is to be done meanwhile is the test's matter.
import { expect } from "vitest";
import { pod } from "./callers.ts";
import { apply, kubectl, run, until } from "./commands.ts";
import { CALLERS, TENANT } from "./namespaces.ts";
import { RELEASE } from "./release.ts";

export const REQUESTS_EACH_SECOND = 50;
export const STREAMS_OPEN = 10;
/** 40 words, one each 200 ms: longer than a pod takes to go, shorter than the tests' drain time. */
export const STREAM_MS = 8000;

const PACES = `
import { createServer } from "node:http";
const words = 40;
const chunk = (delta, finish_reason = null) => "data: " + JSON.stringify({ id: "x", object: "chat.completion.chunk", created: 1, model: "paced", choices: [{ index: 0, delta, finish_reason }] }) + "\\n\\n";
createServer(async (request, response) => {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  if (!JSON.parse(Buffer.concat(pieces)).stream) {
    response.writeHead(200, { "content-type": "application/json" });
    const message = { role: "assistant", content: "at once" };
    return response.end(JSON.stringify({ id: "x", object: "chat.completion", created: 1, model: "paced", choices: [{ index: 0, message, finish_reason: "stop" }], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } }));
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (let word = 0; word < words; word += 1) {
    response.write(chunk({ content: "word-" + word + " " }));
    await new Promise((resolve) => setTimeout(resolve, ${STREAM_MS / 40}));
  }
  response.end(chunk({}, "stop") + "data: [DONE]\\n\\n");
}).listen(8080, "0.0.0.0");
`;

/** Each of them keeps a connection of its own and asks over it every three seconds. */
const SELDOM = 15;

/**
 * Half of the requests go over connections that are kept, as SDKs do it, and half over a new one each. Those who ask
 * seldom come on top: their connections are idle when a pod goes.
 */
const LOADS = `
import { Agent, createServer, request } from "node:http";
const base = ${JSON.stringify(`http://${RELEASE}.llm-system.svc/v1/chat/completions`)};
const asks = (stream) => JSON.stringify({ model: "paced", stream, messages: [{ role: "user", content: "go" }] });
const headers = { "content-type": "application/json" };
const fresh = () => ({ asked: 0, failures: [], slowestMs: 0 });
const kept = { ...fresh(), open: 0 }, single = { ...fresh(), open: 0 }, seldom = { ...fresh(), open: 0 }, streams = { ...fresh(), open: 0 };
let isOver = false, tookMs = [];
const failed = (of, startedAt, error) => of.failures.push({ startedAt, at: Date.now(), how: String(error.cause?.code ?? error.cause?.message ?? error.code ?? error.message).slice(0, 200) });
const count = async (of, run) => {
  of.asked += 1;
  of.open += 1;
  const startedAt = Date.now(), tick = performance.now();
  await run().catch((error) => failed(of, startedAt, error));
  of.open -= 1;
  if (of !== streams) tookMs.push(performance.now() - tick);
  of.slowestMs = Math.max(of.slowestMs, Math.round(performance.now() - tick));
};
const judge = (status, text) => { if (status !== 200 || !text.includes("at once")) throw new Error(status + " " + text); };
const overKept = async () => {
  const answer = await fetch(base, { method: "POST", headers, body: asks(false), signal: AbortSignal.timeout(30000) });
  judge(answer.status, await answer.text());
};
const over = (agent) => new Promise((resolve, reject) => {
  const asking = request(base, { method: "POST", headers, agent, timeout: 30000 }, (answer) => {
    let text = "";
    answer.setEncoding("utf8").on("data", (piece) => (text += piece)).on("error", reject).on("end", () => { try { resolve(judge(answer.statusCode, text)); } catch (error) { reject(error); } });
  });
  asking.on("error", reject).on("timeout", () => asking.destroy(new Error("no answer within 30 s"))).end(asks(false));
});
const stream = async () => {
  const answer = await fetch(base, { method: "POST", headers, body: asks(true), signal: AbortSignal.timeout(60000) });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(answer.status + " " + text);
  if (!text.trimEnd().endsWith("data: [DONE]") || !text.includes("word-0 ") || !text.includes("word-39 ")) throw new Error("a cut stream: " + text.slice(-200));
};
let turn = 0, askedMs = 0;
const startTick = performance.now();
// A timer that is late does not make the load less.
const asking = setInterval(() => {
  if (isOver) return clearInterval(asking);
  askedMs = Math.round(performance.now() - startTick);
  for (; turn < askedMs * ${REQUESTS_EACH_SECOND / 1000}; turn += 1) void (turn % 2 === 0 ? count(kept, overKept) : count(single, () => over(false)));
}, ${1000 / REQUESTS_EACH_SECOND});
for (let index = 0; index < ${SELDOM}; index += 1) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  setTimeout(() => { const asking = setInterval(() => (isOver ? clearInterval(asking) : void count(seldom, () => over(agent))), 3000); }, index * ${Math.round(3000 / SELDOM)});
}
const streaming = async () => { while (!isOver) await count(streams, stream); };
const all = Array.from({ length: ${STREAMS_OPEN} }, async (_, index) => { await new Promise((resolve) => setTimeout(resolve, index * ${STREAM_MS / STREAMS_OPEN})); await streaming(); });
const totals = () => {
  const sorted = tookMs.toSorted((left, right) => left - right);
  return JSON.stringify({ now: Date.now(), askedMs, kept, single, seldom, streams, p50Ms: Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0), p99Ms: Math.round(sorted[Math.floor(sorted.length * 0.99)] ?? 0) });
};
createServer(async (asked, answer) => {
  if (asked.url === "/end") {
    isOver = true;
    await Promise.all(all);
    while (kept.open + single.open + seldom.open > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  answer.end(totals());
}).listen(8081, "127.0.0.1");
`;

export interface Failure {
  readonly startedAt: number;
  readonly at: number;
  readonly how: string;
}

export interface Counted {
  readonly asked: number;
  readonly open: number;
  readonly failures: readonly Failure[];
  readonly slowestMs: number;
}

export interface Totals {
  /** By the clock of the pod that loads, as the failures are. */
  readonly now: number;
  /** For how long it has asked. */
  readonly askedMs: number;
  readonly kept: Counted;
  readonly single: Counted;
  readonly seldom: Counted;
  readonly streams: Counted;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The provider, its route and everything that the load needs; in force when it resolves. */
export const startPacer = async (): Promise<void> => {
  await apply(
    pod(TENANT, "pacer", PACES),
    { apiVersion: "v1", kind: "Service", metadata: { namespace: TENANT, name: "pacer" }, spec: { selector: { app: "pacer" }, ports: [{ port: 80, targetPort: 8080 }] } },
    { apiVersion: "v1", kind: "Secret", metadata: { namespace: TENANT, name: "pacer-key" }, stringData: { "api-key": "k" } },
    { apiVersion: "llmgateway.io/v1alpha1", kind: "LLMProvider", metadata: { namespace: TENANT, name: "pacer" }, spec: { type: "OpenAICompatible", network: "Private", endpoints: [{ url: `http://pacer.${TENANT}.svc/v1` }], auth: { secretRef: { name: "pacer-key" } } } },
    { apiVersion: "llmgateway.io/v1alpha1", kind: "LLMRoute", metadata: { namespace: TENANT, name: "paced" }, spec: { models: ["paced"], targets: [{ providerRef: { name: "pacer" } }] } },
  );
  await kubectl("--namespace", TENANT, "wait", "pod/pacer", "--for=condition=Ready", "--timeout=60s");
  await kubectl("--namespace", TENANT, "wait", "llmroute/paced", "--for=condition=Programmed", "--timeout=60s");
};

const ask = async (path: string): Promise<Totals> => {
  const script = `console.log(await (await fetch("http://127.0.0.1:8081${path}")).text())`;
  return JSON.parse(await run("kubectl", ["--namespace", CALLERS, "exec", "load", "--", "node", "--input-type=module", "--eval", script])) as Totals;
};

export const totalsNow = (): Promise<Totals> => ask("/");

export const startLoad = async (): Promise<void> => {
  await kubectl("--namespace", CALLERS, "delete", "pod", "load", "--ignore-not-found", "--timeout=150s");
  await apply(pod(CALLERS, "load", LOADS));
  await kubectl("--namespace", CALLERS, "wait", "pod/load", "--for=condition=Ready", "--timeout=60s");
  await until("all streams", async () => ((await totalsNow()).streams.asked >= STREAMS_OPEN ? true : undefined));
};

/** No further requests; those that are open end first. */
export const endLoad = async (): Promise<Totals> => {
  const totals = await ask("/end");
  // Whoever loads next waits for its end; a kubelet that has lost its watch takes its time.
  await kubectl("--namespace", CALLERS, "delete", "pod", "load", "--wait=false");
  return totals;
};

export const failuresOf = ({ kept, single, seldom, streams }: Totals): Failure[] => [...kept.failures, ...single.failures, ...seldom.failures, ...streams.failures];

export const requestsOf = ({ kept, single, seldom }: Totals): number => kept.asked + single.asked + seldom.asked;

export const wordsOf = (totals: Totals): string => {
  const { kept, single, seldom, streams, p50Ms, p99Ms } = totals;
  const failed = kept.failures.length + single.failures.length + seldom.failures.length;
  return `${requestsOf(totals)} requests (${kept.asked} over kept connections, ${seldom.asked} over seldom used ones, ${single.asked} over a new one each), ${failed} failed; ${streams.asked} streams, ${streams.failures.length} cut; p50 ${p50Ms} ms, p99 ${p99Ms} ms, slowest ${Math.max(kept.slowestMs, single.slowestMs, seldom.slowestMs)} ms`;
};

export const expectNothingLost = (totals: Totals): void => {
  expect(failuresOf(totals)).toEqual([]);
  expect(totals.askedMs).toBeGreaterThan(STREAM_MS);
  expect(((totals.kept.asked + totals.single.asked) / totals.askedMs) * 1000).toBeGreaterThan(REQUESTS_EACH_SECOND * 0.95);
  expect(totals.streams.asked).toBeGreaterThan(STREAMS_OPEN);
};

/** Loads while something happens; says what came of it. */
export const underLoad = async (what: string, happen: () => Promise<unknown>): Promise<Totals> => {
  await startLoad();
  let totals: Totals;
  try {
    await happen();
  } finally {
    totals = await endLoad();
    process.stdout.write(`${what}, ${Math.round(totals.askedMs / 1000)} s: ${wordsOf(totals)}\n`);
  }
  return totals;
};
