// An operator with sidecars on, against an API server double: ready soon whoever has the certificate, and gone last.
import { request } from "node:https";
import { describe, expect, it } from "vitest";
import { fakeClock } from "../../doubles/clock.ts";
import { provider, route, secret } from "../kube/cluster.ts";
import { Bench, type Operating } from "../cluster/operating.ts";
import { told } from "./pods.ts";

const environment = { LLMGW_PUSH_SERVICE: "localhost", LLMGW_SIDECAR: JSON.stringify(told), LLMGW_INJECT_SERVICE: "llm-gateway-injector", LLMGW_INJECT_WEBHOOK: "webhook", LLMGW_INJECT_PORT: "0" };

const begin = async (): Promise<Bench> => {
  // TLS goes by the system's clock.
  const bench = await Bench.start(fakeClock(Date.now()));
  bench.put("secrets", secret("openai-key", "sk"));
  bench.put("providers", provider("openai"));
  bench.put("routes", route("chat", "support-chat", "openai"));
  return bench;
};

const readiness = async ({ operator }: Operating): Promise<string> => (await fetch(`http://127.0.0.1:${operator.healthPort}/readyz`)).text();

/** The names in the certificate that is shown, or why there was none. */
const shownBy = ({ operator }: Operating): Promise<string> =>
  new Promise((resolve) => {
    const asking = request({ host: "127.0.0.1", port: operator.injectPort, path: "/inject", method: "POST", rejectUnauthorized: false, agent: false }, (response) => {
      const { socket } = response;
      resolve("getPeerCertificate" in socket && typeof socket.getPeerCertificate === "function" ? String((socket.getPeerCertificate() as { subjectaltname?: string }).subjectaltname) : "");
      response.resume();
    });
    asking.on("error", (error) => resolve(error.message)).end("{}");
  });

describe("an operator with sidecars", () => {
  it("shows the API server the certificate that the leader keeps, under the name of the webhook's Service; those who stand by do too", async () => {
    const bench = await begin();
    const leader = await bench.operate("operator-0", environment);
    await bench.until(() => leader.operator.pushPort > 0, "leadership", 50);
    const other = await bench.operate("operator-1", environment);
    for (const one of [leader, other]) {
      await bench.until(async () => (await readiness(one)) === "ok\n", "readiness", 50);
      expect(await shownBy(one)).toContain("DNS:llm-gateway-injector.llm-system.svc");
    }
    expect(other.operator.pushPort).toBe(0);
  });

  it("is ready before long although nobody has made a certificate: it may be the one to make it", async () => {
    const bench = await begin();
    // Somebody leads, and makes none.
    const holder = { holderIdentity: "somebody", leaseDurationSeconds: 3600, renewTime: new Date(bench.clock.now()).toISOString(), acquireTime: new Date(bench.clock.now()).toISOString(), leaseTransitions: 1 };
    bench.put("leases", { metadata: { name: "llm-gateway-operator", namespace: "llm-system" }, spec: holder });
    const operating = await bench.operate("operator-0", environment);
    await bench.until(async () => (await readiness(operating)) === "there is no certificate to show the API server yet\n", "the wait");
    await bench.pass(10_000);
    expect(await readiness(operating)).toBe("ok\n");
    expect(await shownBy(operating)).toMatch(/alert|handshake|hang up|reset/i);
  });

  it("answers on for some seconds after it was asked to end, when it leads no more", async () => {
    const bench = await begin();
    const leader = await bench.operate("operator-0", environment);
    await bench.until(() => leader.operator.pushPort > 0, "leadership", 50);
    await bench.until(async () => (await readiness(leader)) === "ok\n", "readiness", 50);
    const isLeader = (): boolean => ((bench.get("leases", "llm-system/llm-gateway-operator")?.["spec"] ?? {}) as { holderIdentity?: string }).holderIdentity?.startsWith("operator-0") === true;
    expect(isLeader()).toBe(true);
    const stopping = leader.operator.stop();
    await bench.until(() => !isLeader(), "the end of its lead", 10);
    expect(await shownBy(leader)).toContain("DNS:llm-gateway-injector");
    await bench.pass(6000);
    await stopping;
    expect(await shownBy(leader)).toMatch(/ECONNREFUSED/);
  });
});
