// The certificate's two files: what is taken, what is refused and in which words, and when they are looked at. Time is a fake clock's.
import { createPrivateKey } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { UnusableCertificate, watchCertificate, type CertificateFiles, type CertificateWatch, type KeyAndCertificate } from "../../dataplane/certificate.ts";
import type { Issued } from "../../operator/publish/issue.ts";
import { authority, certificateOf, HOUR_MS, mounted } from "../doubles/certificate.ts";
import { fakeClock, type FakeClock } from "../doubles/clock.ts";

const NOW = Date.UTC(2030, 0, 1);
const LOOK_MS = 10_000;
const SECOND_LOOK_MS = 1000;

let signer: Issued;
let one: KeyAndCertificate;
let two: KeyAndCertificate;
let over: KeyAndCertificate;

beforeAll(async () => {
  signer = await authority(NOW);
  [one, two, over] = await Promise.all([certificateOf(signer, NOW + HOUR_MS), certificateOf(signer, NOW + 3 * HOUR_MS), certificateOf(signer, NOW - HOUR_MS)]);
});

interface Watched {
  readonly clock: FakeClock;
  readonly watch: CertificateWatch;
  readonly taken: string[];
  readonly refused: string[];
  readonly changes: () => number;
  /** So much later, when that look is over. */
  later(ms: number): Promise<void>;
}

const watched = async (files: CertificateFiles): Promise<Watched> => {
  const clock = fakeClock(NOW);
  const [taken, refused]: [string[], string[]] = [[], []];
  let changed = 0;
  const watch = await watchCertificate({ certificateFile: files.certificateFile, keyFile: files.keyFile, clock, onTaken: (message) => taken.push(message), onRefused: (message) => refused.push(message) });
  watch.onChange(() => (changed += 1));
  onTestFinished(() => watch.close());
  const later = async (ms: number): Promise<void> => {
    clock.advance(ms);
    // The next look is arranged when this one is over.
    while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
  };
  return { clock, watch, taken, refused, changes: () => changed, later };
};

const refusalOf = (files: CertificateFiles): Promise<unknown> => watched(files).then(() => "taken", (error: unknown) => error);

describe("the certificate's files", () => {
  it("are read again every ten seconds, and a new pair is taken once", async () => {
    const files = mounted(one.cert, one.key);
    const { watch, taken, changes, later } = await watched(files);
    expect(watch.current()).toEqual(one);
    files.swap(two.cert, two.key);
    await later(LOOK_MS - 1);
    expect(watch.current()).toEqual(one);
    await later(1);
    expect(watch.current()).toEqual(two);
    await later(LOOK_MS);
    expect([changes(), taken]).toEqual([1, [`the certificate in ${files.certificateFile} is a new one, and served from now on until ${new Date(two.endsAt).toISOString()}`]]);
  });

  it("are refused once when they are broken, the former pair stays, and what is good again is taken", async () => {
    const files = mounted(one.cert, one.key);
    const { watch, taken, refused, changes, later } = await watched(files);
    files.swap("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n", two.key);
    await later(LOOK_MS);
    expect(refused).toEqual([]);
    await later(SECOND_LOOK_MS);
    await later(LOOK_MS);
    await later(LOOK_MS);
    expect(refused).toEqual([expect.stringContaining(`the certificate that was served is served on, until ${new Date(one.endsAt).toISOString()}: LLMGW_TLS_CERT_FILE: there is no certificate in ${files.certificateFile}`)]);
    files.swap(two.cert, one.key);
    await later(LOOK_MS);
    await later(SECOND_LOOK_MS);
    expect(refused[1]).toContain("does not belong to the first certificate");
    expect([watch.current(), changes(), taken]).toEqual([one, 0, []]);
    files.swap(two.cert, two.key);
    await later(LOOK_MS);
    expect([watch.current(), changes(), refused.length]).toEqual([two, 1, 2]);
    files.swap("", "");
    await later(LOOK_MS);
    await later(SECOND_LOOK_MS);
    expect([watch.current(), refused.length]).toEqual([two, 3]);
  });

  it("may be written one after the other without a complaint", async () => {
    const files = mounted(one.cert, one.key);
    const { watch, refused, later } = await watched(files);
    files.swap(two.cert, one.key);
    await later(LOOK_MS);
    files.swap(two.cert, two.key);
    await later(SECOND_LOOK_MS);
    await later(LOOK_MS);
    expect([watch.current(), refused]).toEqual([two, []]);
  });

  it("may vanish without harm", async () => {
    const files = mounted(one.cert, one.key);
    const { watch, refused, later } = await watched(files);
    rmSync(files.keyFile);
    await later(LOOK_MS);
    await later(SECOND_LOOK_MS);
    expect([watch.current(), refused]).toEqual([one, [expect.stringContaining(`LLMGW_TLS_KEY_FILE: there is no file ${files.keyFile}`)]]);
  });

  it("with a certificate that is over do not replace one that is not, and are better than another one that is over", async () => {
    const files = mounted(one.cert, one.key);
    const { watch, refused, later, clock } = await watched(files);
    files.swap(over.cert, over.key);
    await later(LOOK_MS);
    await later(SECOND_LOOK_MS);
    expect([watch.current(), refused]).toEqual([one, [expect.stringContaining(`ended on ${new Date(over.endsAt).toISOString()}`)]]);
    await later(HOUR_MS);
    await later(LOOK_MS);
    expect(clock.now()).toBeGreaterThan(one.endsAt);
    expect(watch.current()).toEqual(over);
  });

  it("with a certificate that is over are begun with, which is said", async () => {
    const { watch, taken } = await watched(mounted(over.cert, over.key));
    expect([watch.current(), taken]).toEqual([over, [expect.stringContaining("clients refuse it until a newer one is there")]]);
  });

  it("are left alone when the watch is closed, also in the middle of a look", async () => {
    const files = mounted(one.cert, one.key);
    const { watch, clock, changes } = await watched(files);
    files.swap(two.cert, two.key);
    clock.advance(LOOK_MS);
    watch.close();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([watch.current(), changes(), clock.pending]).toEqual([one, 0, 0]);
  });
});

describe("files that cannot be begun with are refused with the setting's name and the cure:", () => {
  it("not there", async () => {
    const files = mounted(one.cert, one.key);
    rmSync(files.certificateFile);
    const error = await refusalOf(files);
    expect(error).toBeInstanceOf(UnusableCertificate);
    expect(String(error)).toContain(`LLMGW_TLS_CERT_FILE: there is no file ${files.certificateFile}. Put it there, or set neither LLMGW_TLS_CERT_FILE nor LLMGW_TLS_KEY_FILE, to serve plain HTTP`);
  });

  it("a folder", async () => {
    const files = mounted(one.cert, one.key);
    expect(String(await refusalOf({ ...files, keyFile: "/" }))).toContain("LLMGW_TLS_KEY_FILE: / cannot be read (EISDIR)");
  });

  it("the two in each other's place", async () => {
    const { certificateFile, keyFile } = mounted(one.cert, one.key);
    expect(String(await refusalOf({ certificateFile: keyFile, keyFile: certificateFile }))).toContain(`LLMGW_TLS_CERT_FILE: there is no certificate in ${keyFile}. It must be PEM`);
  });

  it("a key with a passphrase", async () => {
    const files = mounted(one.cert, createPrivateKey(one.key).export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "secret" }).toString());
    expect(String(await refusalOf(files))).toContain(`LLMGW_TLS_KEY_FILE: there is no private key in ${files.keyFile}. It must be PEM, without a passphrase`);
  });

  it("a chain that begins with its authority", async () => {
    const files = mounted(signer.certificate + one.cert, one.key);
    expect(String(await refusalOf(files))).toContain("Give the two that were made together, the server's own certificate before its chain");
    writeFileSync(files.certificateFile, one.cert + signer.certificate);
    expect(await refusalOf(files)).toBe("taken");
  });
});
