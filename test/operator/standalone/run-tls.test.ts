// `llmgw run` with a certificate: a first answer over HTTPS, and words for what is missing.
import { get } from "node:https";
import { expect, test } from "vitest";
import { authority, certificateOf, HOUR_MS, mounted } from "../../doubles/certificate.ts";
import { addressOf, freePort, folders, llmgw } from "./running.ts";

test.concurrent("serves HTTPS with the certificate of --tls-cert and --tls-key", async ({ onTestFinished }) => {
  const signer = await authority();
  const pair = await certificateOf(signer, Date.now() + HOUR_MS);
  const files = mounted(pair.cert, pair.key, onTestFinished);
  const running = llmgw(["run", "--state", folders(onTestFinished).state, "--port", "0", "--admin-port", "0", "--demo-port", String(await freePort()), "--tls-cert", files.certificateFile, "--tls-key", files.keyFile], {}, onTestFinished);
  const address = await addressOf(running);
  expect(address).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  const models = await new Promise((resolve, reject) => {
    get(`${address}/v1/models`, { ca: signer.certificate }, (response) => {
      let text = "";
      response.on("data", (piece: Buffer) => (text += piece.toString()));
      response.once("end", () => resolve(text));
    }).once("error", reject);
  });
  expect(models).toContain("demo-chat");
  running.child.kill("SIGTERM");
  expect(await running.exit).toBe(0);
});

test.concurrent.for([
  [["--tls-cert", "a.pem"], "--tls-cert and --tls-key belong together: a certificate is shown with its key"],
  [["--tls-cert", "no-such.pem", "--tls-key", "no-such-key.pem"], /there is no file .*no-such\.pem; give one in PEM form with --tls-cert FILE/],
] as const)("says what is wrong with %j", async ([words, said], { onTestFinished }) => {
  const running = llmgw(["run", "--state", folders(onTestFinished).state, ...words], {}, onTestFinished);
  expect(await running.exit).not.toBe(0);
  expect(running.lines.join("\n")).toMatch(said);
});
