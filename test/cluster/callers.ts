// Pods of the tests: one that calls the gateway from a namespace of its own, and a provider that tells which key it was shown.
// Both run in the data plane's image, because that one is on the nodes.
import { apply, kubectl, run } from "./commands.ts";
import { CALLERS, TENANT } from "./namespaces.ts";
import { DATAPLANE_IMAGE } from "./release.ts";

const restricted = {
  securityContext: { runAsNonRoot: true, runAsUser: 65_532, runAsGroup: 65_532, seccompProfile: { type: "RuntimeDefault" } },
  automountServiceAccountToken: false,
  terminationGracePeriodSeconds: 1,
};

const container = (name: string, script: string) => ({
  name,
  image: DATAPLANE_IMAGE,
  imagePullPolicy: "IfNotPresent",
  command: ["/usr/local/bin/node", "--input-type=module", "--eval", script],
  securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
});

export const pod = (namespace: string, name: string, script: string) => ({
  apiVersion: "v1", kind: "Pod", metadata: { namespace, name, labels: { app: name } }, spec: { ...restricted, containers: [container(name, script)] },
});

const WAITS = "setInterval(() => undefined, 2 ** 30);";

/** Speaks the OpenAI chat protocol; its answer is the credential that it was shown. */
const TELLS = `
import { createServer } from "node:http";
createServer((request, response) => {
  request.resume().on("end", () => {
    const content = request.headers.authorization ?? "nothing";
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ id: "x", object: "chat.completion", created: 1, model: "tells", choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } }));
  });
}).listen(8080, "0.0.0.0");
`;

export const startCaller = async (): Promise<void> => {
  await apply(pod(CALLERS, "caller", WAITS));
  await kubectl("--namespace", CALLERS, "wait", "pod/caller", "--for=condition=Ready", "--timeout=60s");
};

export const startTeller = async (): Promise<void> => {
  await apply(pod(TENANT, "teller", TELLS), {
    apiVersion: "v1", kind: "Service", metadata: { namespace: TENANT, name: "teller" }, spec: { selector: { app: "teller" }, ports: [{ port: 80, targetPort: 8080 }] },
  });
  await kubectl("--namespace", TENANT, "wait", "pod/teller", "--for=condition=Ready", "--timeout=60s");
  // The nodes hear of a new Service a moment later.
  await startCaller();
  await askOne({ base: `http://teller.${TENANT}.svc/v1`, model: "any" }, "200");
};

export interface Question {
  /** Up to and with /v1. */
  readonly base: string;
  readonly model: string;
  readonly isStreaming?: boolean;
  readonly key?: string;
}

export interface Answer {
  readonly status: number;
  /** The gateway's own error code, or "". */
  readonly code: string;
  readonly text: string;
  readonly events: number;
  readonly content: string;
}

/** Asks every question once, at the same time; `wanted` asks again until the content holds it, and gives up after a minute. */
const ASKS = `
const [questions, wanted] = JSON.parse(process.argv[1]);
const ask = async ({ base, model, isStreaming = false, key }) => {
  const headers = { "content-type": "application/json", ...(key && { authorization: "Bearer " + key }) };
  const body = JSON.stringify({ model, stream: isStreaming, messages: [{ role: "user", content: "Say something about the sea" }] });
  const answer = await fetch(base + "/chat/completions", { method: "POST", headers, body, signal: AbortSignal.timeout(30000) });
  const text = await answer.text();
  const lines = text.split("\\n").filter((line) => line.startsWith("data: {")).map((line) => JSON.parse(line.slice(6)));
  const content = isStreaming ? lines.map((event) => event.choices?.[0]?.delta?.content ?? "").join("") : (JSON.parse(text).choices?.[0]?.message?.content ?? "");
  return { status: answer.status, code: answer.headers.get("x-llmgw-error") ?? "", text, events: lines.length, content };
};
const asked = () => Promise.all(questions.map((question) => ask(question).catch((error) => ({ status: 0, code: error.cause?.code ?? error.message, text: String(error), events: 0, content: "" }))));
const isEnough = (answers) => wanted === undefined || answers.every(({ status, content }) => String(status) === wanted || content.includes(wanted));
const until = Date.now() + 60000;
let answers = await asked();
while (!isEnough(answers) && Date.now() < until) { await new Promise((resolve) => setTimeout(resolve, 25)); answers = await asked(); }
console.log(JSON.stringify(answers));
`;

/** From the caller's pod. `wanted`: words that each answer holds, or its status. */
export const ask = async (questions: readonly Question[], wanted?: string): Promise<Answer[]> => {
  const words = ["--namespace", CALLERS, "exec", "caller", "--", "node", "--input-type=module", "--eval", ASKS, "--", JSON.stringify(wanted === undefined ? [questions] : [questions, wanted])];
  return JSON.parse(await run("kubectl", words)) as Answer[];
};

export const askOne = async (question: Question, wanted?: string): Promise<Answer> => {
  const [answer] = await ask([question], wanted);
  if (answer === undefined) throw new Error("no answer");
  return answer;
};
