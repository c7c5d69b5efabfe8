// Both ends over TLS with real certificates: whom a data plane trusts, what it shows, and certificates that change under an open stream.
// Time is a fake clock's.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { FromDataPlane } from "../../dataplane/snapshot/messages.ts";
import { issueLeaf, makeAuthority, type Issued, type Span } from "../../operator/publish/issue.ts";
import { Offered, watchCertificateFiles } from "../../operator/publish/tls.ts";
import { fakeClock, type FakeClock } from "../doubles/clock.ts";
import { feed, handOperator, publisher, until, type RunningFeed } from "./ends.ts";
import { numbered, version } from "./snapshots.ts";

const HOUR = 3_600_000;
const now = Date.now();
const span: Span = { from: now - HOUR, to: now + HOUR };

const made: Record<"old" | "new" | "foreign", Issued> = { old: { certificate: "", key: "" }, new: { certificate: "", key: "" }, foreign: { certificate: "", key: "" } };

beforeAll(async () => {
  for (const name of ["old", "new", "foreign"] as const) made[name] = await makeAuthority(`authority ${name}`, span);
});

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), "llmgw-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
};

const served = async (authority: Issued, names: readonly string[] = ["localhost", "127.0.0.1", "::1"]) => {
  const { certificate, key } = await issueLeaf(authority, names, span);
  return { cert: certificate, key };
};

const trusting = (...authorities: readonly Issued[]): string => {
  const file = join(folder(), "ca.crt");
  writeFileSync(file, authorities.map(({ certificate }) => certificate).join(""));
  return file;
};

const addressOf = (port: number, caFile: string) => ({ url: new URL(`https://localhost:${port}`), caFile });

/** Only there to fail. */
const DEADLINE_MS = 30_000;

const redial = async (clock: FakeClock, running: RunningFeed, condition: () => boolean): Promise<void> => {
  const deadline = performance.now() + DEADLINE_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within ${DEADLINE_MS / 1000} s: ${running.state().lastError}`);
    // The handshake takes real time; the clock must not run out under it.
    clock.advance(100);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

describe("a feed over TLS", () => {
  test("brings a snapshot to whoever trusts the operator's authority", async () => {
    const clock = fakeClock();
    const operator = await publisher(clock, { tls: new Offered(await served(made.old)) });
    operator.publish([numbered(1)]);
    const running = feed(clock, addressOf(operator.port, trusting(made.old)));
    await until(() => running.state().version === version(numbered(1)));
  });

  test.each([
    ["is signed by somebody else", "foreign", ["localhost"], /unable to verify|self-signed|signed certificate/],
    ["is for another name", "old", ["operator.other.svc"], /altnames|Hostname/i],
  ] as const)("brings nothing when the certificate %s, and shows it no token", async (_, authority, names, reason) => {
    const clock = fakeClock();
    let shown = 0;
    const operator = await publisher(clock, { tls: new Offered(await served(made[authority], names)), authorize: async () => ((shown += 1), {}) });
    operator.publish([numbered(1)]);
    const running = feed(clock, addressOf(operator.port, trusting(made.old)), { token: async () => "t0ken" });
    await until(() => running.state().lastError !== "");
    expect(running.state().lastError).toMatch(reason);
    expect(shown).toBe(0);
    expect(running.applied).toEqual([]);
  });

  test("keeps its stream when the certificate is replaced, and the next handshake sees the new one", async () => {
    const clock = fakeClock();
    const certificate = new Offered(await served(made.old));
    const operator = await publisher(clock, { tls: certificate });
    operator.publish([numbered(1)]);
    const before = feed(clock, addressOf(operator.port, trusting(made.old)));
    await until(() => before.applied.length === 1);
    expect(certificate.offer(await served(made.new))).toBe(true);
    operator.publish([numbered(2)]);
    await until(() => before.applied.length === 2);
    expect(before.state().connects).toBe(1);
    const after = feed(clock, addressOf(operator.port, trusting(made.new)), { identity: { pod: "pod-b", uid: "uid-b", boot: "boot-b", gateway: "default", build: "test" } });
    await until(() => after.applied.length === 1);
  });

  test("reads whom it trusts before each attempt: an authority that is replaced with overlap is never missed", async () => {
    const clock = fakeClock();
    const certificate = new Offered(await served(made.old));
    const operator = await publisher(clock, { tls: certificate });
    operator.publish([numbered(1)]);
    const caFile = trusting(made.old);
    const running = feed(clock, addressOf(operator.port, caFile));
    await until(() => running.applied.length === 1);
    writeFileSync(caFile, made.old.certificate + made.new.certificate);
    certificate.offer(await served(made.new));
    const port = operator.port;
    const closing = operator.close();
    clock.advance(1000);
    await closing;
    const next = await publisher(clock, { tls: certificate, listen: { host: "127.0.0.1", port }, epoch: 6 });
    next.publish([numbered(2)]);
    await redial(clock, running, () => running.applied.length === 2);
    expect(running.state().connects).toBe(2);
  });

  test("says what is missing while there is no file with authorities, and connects when it is there", async () => {
    const clock = fakeClock();
    const operator = await publisher(clock, { tls: new Offered(await served(made.old)) });
    operator.publish([numbered(1)]);
    const caFile = join(folder(), "not-there-yet.crt");
    const running = feed(clock, addressOf(operator.port, caFile));
    await until(() => running.state().lastError.includes("authority cannot be read"));
    writeFileSync(caFile, made.old.certificate);
    await redial(clock, running, () => running.applied.length === 1);
  });

  test("does not speak to an older TLS, nor to anything but HTTP/2", async () => {
    const clock = fakeClock();
    const operator = await publisher(clock, { tls: new Offered(await served(made.old)) });
    const { connect } = await import("node:tls");
    const attempt = (options: object): Promise<string> =>
      new Promise((resolve) => {
        const socket = connect({ port: operator.port, host: "127.0.0.1", servername: "localhost", ca: made.old.certificate, ALPNProtocols: ["h2"], ...options });
        socket.once("secureConnect", () => resolve(`${socket.getProtocol()} ${String(socket.alpnProtocol)}`));
        socket.once("error", (error) => resolve(error.message));
        onTestFinished(() => void socket.destroy());
      });
    expect(await attempt({})).toBe("TLSv1.3 h2");
    expect(await attempt({ maxVersion: "TLSv1.2" })).toMatch(/alert|protocol/i);
    expect(await attempt({ ALPNProtocols: ["http/1.1"] })).toMatch(/alert|protocol/i);
  });
});

describe("a data plane's token", () => {
  test("is read before each attempt, and a newer one is shown on the open stream", async () => {
    const clock = fakeClock();
    const operator = await handOperator();
    let token = "first";
    const running = feed(clock, { url: operator.url }, { token: async () => token });
    await until(() => operator.streams[0]?.heard.length === 1);
    const [stream] = operator.streams;
    const renewals = (): FromDataPlane[] => stream?.heard.filter((message) => message.type === "renew") ?? [];
    const beat = async (): Promise<void> => {
      for (let ten = 0; ten < 6; ten += 1) {
        const before = stream?.heard.length ?? 0;
        clock.advance(10_000);
        await until(() => (stream?.heard.length ?? 0) > before);
        stream?.send({ type: "pong" });
        stream?.send({ type: "ping" });
        await until(() => stream?.heard.some((message, index) => index > before && message.type === "pong") === true);
      }
    };
    await beat();
    expect(renewals()).toEqual([]);
    token = "second";
    await beat();
    await until(() => renewals().length === 1);
    expect(renewals()).toEqual([{ type: "renew", token: "second" }]);
    await beat();
    expect(renewals()).toHaveLength(1);
    stream?.session?.destroy();
    await until(() => !running.state().isConnected);
    token = "third";
    clock.advance(5000);
    await until(() => operator.streams.length === 2);
    expect(operator.streams[1]?.headers.authorization).toBe("Bearer third");
  });

  test("that is refused is refused by name", async () => {
    const clock = fakeClock();
    const operator = await publisher(clock, { authorize: async () => ({ refusal: "other-audience", message: "no" }) });
    const running = feed(clock, { url: operator.url }, { token: async () => "t0ken" });
    await until(() => running.state().lastError !== "");
    expect(running.state().lastError).toBe("the operator answered with status 401: other-audience");
    expect(running.said.join()).not.toContain("t0ken");
  });
});

describe("a certificate that somebody else keeps in files", () => {
  const written = async (path: string, authority: Issued): Promise<{ cert: string; key: string }> => {
    const pair = await served(authority);
    writeFileSync(join(path, "tls.crt"), pair.cert);
    writeFileSync(join(path, "tls.key"), pair.key);
    return pair;
  };
  const watched = async (clock: FakeClock, path: string) => {
    const said: string[] = [];
    const files = await watchCertificateFiles({ certificateFile: join(path, "tls.crt"), keyFile: join(path, "tls.key"), clock, say: (message) => said.push(message) });
    onTestFinished(() => files.close());
    return { files, said };
  };

  test("is served anew when they change", async () => {
    const clock = fakeClock();
    const path = folder();
    await written(path, made.old);
    const { files } = await watched(clock, path);
    let changes = 0;
    files.onChange(() => (changes += 1));
    const newer = await written(path, made.new);
    clock.advance(10_000);
    await until(() => changes === 1);
    expect(files.current()).toEqual(newer);
  });

  test("stays as it was while the two files do not belong together, and says so once", async () => {
    const clock = fakeClock();
    const path = folder();
    const before = await written(path, made.old);
    const { files, said } = await watched(clock, path);
    writeFileSync(join(path, "tls.key"), (await served(made.new)).key);
    for (let look = 0; look < 3; look += 1) {
      clock.advance(10_000);
      await until(() => clock.pending > 0);
    }
    expect(files.current()).toEqual(before);
    expect(said).toEqual([expect.stringContaining("does not belong to the certificate")]);
  });

  test("that is not there is no certificate to begin with", async () => {
    await expect(watched(fakeClock(), folder())).rejects.toThrow("ENOENT");
  });
});
