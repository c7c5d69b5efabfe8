// A data plane as a process of its own: what it says when it cannot begin to serve HTTPS, and that its numbers stay on a plain port.
import { spawn, type ChildProcess } from "node:child_process";
import { rmSync } from "node:fs";
import { get } from "node:https";
import { fileURLToPath } from "node:url";
import { expect, it, type TestContext } from "vitest";
import type { CertificateFiles } from "../../dataplane/certificate.ts";
import { authority, certificateOf, mounted } from "../doubles/certificate.ts";
import { eventually } from "../operator/standalone/running.ts";

const ENTRY = fileURLToPath(new URL("../../dataplane/main.ts", import.meta.url));

interface Begun {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  said(): string;
}

const begin = ({ certificateFile, keyFile }: CertificateFiles, atEnd: TestContext["onTestFinished"]): Begun => {
  const env = { LLMGW_FEED: "http://127.0.0.1:1", LLMGW_PORT: "0", LLMGW_ADMIN_PORT: "0", LLMGW_TLS_CERT_FILE: certificateFile, LLMGW_TLS_KEY_FILE: keyFile, NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] };
  const child = spawn(process.execPath, [ENTRY], { env, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece: Buffer) => (said += piece.toString()));
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  atEnd(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  return { child, exited, said: () => said };
};

// Starting takes as long as the machine lets it.
const START_MS_MAX = 60_000;

it.concurrent("a data plane whose certificate is missing does not start, and says which setting it is and what to do", async ({ onTestFinished }) => {
  const files = mounted("", "", onTestFinished);
  rmSync(files.certificateFile);
  const { exited, said } = begin(files, onTestFinished);
  expect(await exited).toBe(1);
  expect(said().trimEnd()).toBe(`llm-gateway data plane: LLMGW_TLS_CERT_FILE: there is no file ${files.certificateFile}. Put it there, or set neither LLMGW_TLS_CERT_FILE nor LLMGW_TLS_KEY_FILE, to serve plain HTTP`);
}, START_MS_MAX);

it.concurrent("a data plane with a certificate serves HTTPS, and tells when it ends on the admin port, which is plain", async ({ onTestFinished }) => {
  const signer = await authority();
  const pair = await certificateOf(signer, Date.UTC(2099, 0, 1));
  const { child, exited, said } = begin(mounted(pair.cert, pair.key, onTestFinished), onTestFinished);
  // A pipe may bring a line in pieces: it is there when its end is.
  const line = (): string | undefined => /^.*"event":"started".*(?=\n)/m.exec(said())?.[0];
  await eventually(() => line() !== undefined || child.exitCode !== null, "the start");
  const started = JSON.parse(line() ?? "{}") as { scheme: string; port: number; adminPort: number };
  expect(started.scheme).toBe("https");
  const metrics = await (await fetch(`http://127.0.0.1:${started.adminPort}/metrics`)).text();
  expect(metrics).toContain(`llmgw_listener_certificate_end_timestamp_seconds ${Date.UTC(2099, 0, 1) / 1000}\n`);
  expect(metrics).toContain("llmgw_listener_certificates_refused_total 0\n");
  const answered = await new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port: started.port, path: "/v1/models", servername: "localhost", ca: signer.certificate }, (response) => {
      response.resume();
      resolve(response.headers["x-llmgw-error"]);
    }).once("error", reject);
  });
  expect(answered).toBe("ADMIT_NO_SNAPSHOT");
  child.kill("SIGTERM");
  expect(await exited).toBe(0);
}, START_MS_MAX);
