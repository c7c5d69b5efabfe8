// A gateway with a certificate of its own: HTTPS from a pod of another namespace, and a renewed Secret without a restart.
import { X509Certificate } from "node:crypto";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { authority, HOUR_MS } from "../doubles/certificate.ts";
import { issueLeaf, type Issued } from "../../operator/publish/issue.ts";
import { startCaller } from "./callers.ts";
import { apply, helm, run, until } from "./commands.ts";
import { collectEvidence } from "./evidence.ts";
import { CALLERS, SYSTEM } from "./namespaces.ts";
import { podsOf } from "./pods.ts";
import { RELEASE, upgrade, words } from "./release.ts";

const HOST = `${RELEASE}.${SYSTEM}.svc`;
const CHAT = JSON.stringify({ model: "demo-chat", stream: true, messages: [{ role: "user", content: "Say something about the sea" }] });

interface Seen {
  readonly status: number;
  readonly text: string;
  /** Of the certificate that was shown; "" without one. */
  readonly serial: string;
}

const ASKS = `
import { request } from "node:https";
import { request as plainRequest } from "node:http";
const { url, ca, body } = JSON.parse(process.argv[1]);
const asked = (url.startsWith("https:") ? request : plainRequest)(url, { method: "POST", ca, agent: false, headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) } }, (answer) => {
  const serial = answer.socket.getPeerCertificate?.().serialNumber ?? "";
  let text = "";
  answer.setEncoding("utf8").on("data", (piece) => (text += piece)).on("end", () => console.log(JSON.stringify({ status: answer.statusCode, text, serial })));
});
asked.on("error", (error) => console.log(JSON.stringify({ status: 0, text: String(error.code ?? error), serial: "" })));
asked.end(body);
`;

const ask = async (url: string, ca: string): Promise<Seen> =>
  JSON.parse(await run("kubectl", ["--namespace", CALLERS, "exec", "caller", "--", "node", "--input-type=module", "--eval", ASKS, "--", JSON.stringify({ url, ca, body: CHAT })])) as Seen;

const URL_PATH = "/v1/chat/completions";

const bringSecret = async (signer: Issued): Promise<string> => {
  const { certificate, key } = await issueLeaf(signer, [HOST], { from: Date.now() - HOUR_MS, to: Date.now() + 24 * HOUR_MS });
  await apply({ apiVersion: "v1", kind: "Secret", type: "kubernetes.io/tls", metadata: { namespace: SYSTEM, name: "secured-tls" }, stringData: { "tls.crt": certificate, "tls.key": key, "ca.crt": signer.certificate } });
  return new X509Certificate(certificate).serialNumber;
};

beforeEach(({ onTestFailed, task }) => {
  onTestFailed(async () => {
    process.stdout.write(`evidence: ${await collectEvidence(task.name)}\n`);
  });
});

describe("a gateway with a certificate", () => {
  let signer: Issued;
  let serial = "";

  beforeAll(async () => {
    signer = await authority();
    serial = await bringSecret(signer);
    await upgrade("gateways.default.tls.secretName=secured-tls");
    await startCaller();
  });

  it("streams over HTTPS to a pod of another namespace that trusts its authority", async () => {
    const answer = await until("an answer", async () => {
      const seen = await ask(`https://${HOST}${URL_PATH}`, signer.certificate);
      return seen.status === 0 ? undefined : seen;
    });
    expect(answer).toMatchObject({ status: 200, serial });
    expect(answer.text.trimEnd().endsWith("data: [DONE]")).toBe(true);
  });

  it("is not trusted by who knows another authority only", async () => {
    expect(await ask(`https://${HOST}${URL_PATH}`, (await authority()).certificate)).toMatchObject({ status: 0 });
  });

  it("tells who speaks plain HTTP to it what to do", async () => {
    const { status, text } = await ask(`http://${HOST}:443${URL_PATH}`, "");
    expect(status).toBe(400);
    expect(text).toContain("https://");
  });

  it("passes helm test, which trusts what the Secret brings", async () => {
    expect(await helm(...words.test)).toContain("Phase:          Succeeded");
  });

  it("shows the renewed certificate without a restart", async () => {
    const before = (await podsOf("dataplane")).map(({ metadata }) => metadata.uid).toSorted();
    const renewed = await bringSecret(signer);
    expect(renewed).not.toBe(serial);
    // The kubelet brings what is mounted within a minute or so.
    await until("the renewed certificate", async () => ((await ask(`https://${HOST}${URL_PATH}`, signer.certificate)).serial === renewed ? true : undefined), 150_000, 1000);
    expect((await podsOf("dataplane")).map(({ metadata }) => metadata.uid).toSorted()).toEqual(before);
  });
});
