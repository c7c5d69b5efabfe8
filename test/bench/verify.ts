// Before anything is measured: does each subject really do what it is measured for?
// A bench that measures errors, or a gateway with its work left out, would look very good.
import { MODEL_ASKED, MODEL_SENT, requestBody } from "./bodies.ts";
import type { Subject } from "./cases.ts";
import type { Child } from "./commands.ts";

const bodyThrough = async (load: Child, port: number, isStreaming: boolean): Promise<string> => {
  await load.ask("prepare", { port, body: "1 KB", isStreaming, connections: 1 });
  const { body, failure } = await load.ask<{ body: string; failure: string }>("once");
  await load.ask("release");
  if (failure !== "") throw new Error(`port ${port}: ${failure}`);
  return body;
};

/** Payload of a chunked body: intermediaries may cut it differently. */
const payload = (body: string): string => {
  let left = Buffer.from(body);
  let text = "";
  for (;;) {
    const end = left.indexOf("\r\n");
    const size = Number.parseInt(left.subarray(0, end).toString("latin1"), 16);
    if (!(size > 0)) return text;
    text += left.subarray(end + 2, end + 2 + size).toString("utf8");
    left = left.subarray(end + 4 + size);
  }
};

const expectEqual = (what: string, actual: string, expected: string): void => {
  if (actual !== expected) throw new Error(`${what} differs:\n${actual.slice(0, 500)}\ninstead of\n${expected.slice(0, 500)}`);
};

export const verify = async (load: Child, provider: Child, direct: Subject, subject: Subject): Promise<void> => {
  if (subject.name === "translator") return verifyTranslation(load, provider, subject);
  await provider.ask("answer", "json");
  await provider.ask("record", true);
  expectEqual(`${subject.name}: the reply`, await bodyThrough(load, subject.port, false), await bodyThrough(load, direct.port, false));
  await bodyThrough(load, subject.port, false);
  const seen = await provider.ask<string>("lastRequest");
  await provider.ask("record", false);
  const sent = requestBody("1 KB", false).toString("utf8");
  const wanted = subject.name === "gateway" ? sent.replace(`"model":"${MODEL_ASKED}"`, `"model":"${MODEL_SENT}"`) : sent;
  expectEqual(`${subject.name}: the request at the provider`, seen.slice(seen.indexOf("\r\n\r\n") + 4), wanted);
  await provider.ask("answer", "burst");
  expectEqual(`${subject.name}: the stream`, payload(await bodyThrough(load, subject.port, true)), payload(await bodyThrough(load, direct.port, true)));
  if (subject.name === "gateway") await verifyWork(subject);
};

const CONTENT = /"content":"I am sorry to hear that\./;

const verifyTranslation = async (load: Child, provider: Child, subject: Subject): Promise<void> => {
  await provider.ask("answer", "messages");
  await provider.ask("record", true);
  const reply = await bodyThrough(load, subject.port, false);
  const seen = await provider.ask<string>("lastRequest");
  await provider.ask("record", false);
  if (!reply.includes('"object":"chat.completion"') || !CONTENT.test(reply)) throw new Error(`translator: the reply is no chat completion: ${reply.slice(0, 500)}`);
  if (!seen.startsWith("POST /v1/messages ") || !seen.includes('"max_tokens":512')) throw new Error(`translator: the provider was asked otherwise: ${seen.slice(0, 500)}`);
  await provider.ask("answer", "messages-burst");
  const stream = payload(await bodyThrough(load, subject.port, true));
  if (!stream.includes('"content":" parcel"') || !stream.trimEnd().endsWith("data: [DONE]")) throw new Error(`translator: the stream is none of chunks: ${stream.slice(-500)}`);
};

const verifyWork = async ({ port, child }: Subject): Promise<void> => {
  const refused = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
    method: "POST",
    headers: { "authorization": "Bearer sk-nobody-knows-this-key", "content-type": "application/json" },
    body: new Uint8Array(requestBody("1 KB", false)),
  });
  await refused.arrayBuffer();
  if (refused.status !== 401) throw new Error(`gateway: a wrong key was answered with ${refused.status}`);
  const metrics = (await child?.ask<string>("metrics")) ?? "";
  for (const wanted of [/^gen_ai_client_token_usage_count\{[^}]*gen_ai_token_type="output"\} [1-9]/m, /^llmgw_requests_total\{[^}]*status="200",code=""\} [1-9]/m]) {
    if (!wanted.test(metrics)) throw new Error(`gateway: its metrics lack ${wanted.source}`);
  }
};
