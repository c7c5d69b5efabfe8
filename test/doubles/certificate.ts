// An authority of a test's own, and certificates that it signs for this machine; in memory, or as files that are swapped as the
// kubelet swaps a mounted Secret.
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { CertificateFiles, KeyAndCertificate, ServingCertificate } from "../../dataplane/certificate.ts";
import { issueLeaf, makeAuthority, type Issued } from "../../operator/publish/issue.ts";

export const HOUR_MS = 3_600_000;

/** Trusted since an hour, and for a day. */
export const authority = (now = Date.now(), name = "authority of a test"): Promise<Issued> => makeAuthority(name, { from: now - HOUR_MS, to: now + 24 * HOUR_MS });

export const certificateOf = async (signer: Issued, endsAt: number): Promise<KeyAndCertificate> => {
  const { certificate: cert, key } = await issueLeaf(signer, ["localhost", "127.0.0.1"], { from: 0, to: endsAt });
  return { cert, key, endsAt };
};

export interface Swapped extends ServingCertificate {
  swap(next: KeyAndCertificate): void;
}

export const swapped = (first: KeyAndCertificate): Swapped => {
  let current = first;
  const listeners = new Set<() => void>();
  return {
    current: () => current,
    onChange: (run) => {
      listeners.add(run);
      return () => void listeners.delete(run);
    },
    swap: (next) => {
      current = next;
      for (const run of listeners) run();
    },
  };
};

export interface Mounted extends CertificateFiles {
  /** Both files at one moment. */
  swap(cert: string, key: string): void;
}

/** The files are links into a folder that is itself a link, and that link is what is replaced. */
export const mounted = (cert: string, key: string, atEnd: (end: () => void) => void = onTestFinished): Mounted => {
  const folder = mkdtempSync(join(tmpdir(), "llmgw-certificate-"));
  atEnd(() => rmSync(folder, { recursive: true }));
  let turn = 0;
  const swap = (newCert: string, newKey: string): void => {
    const name = `..${(turn += 1)}`;
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "tls.crt"), newCert);
    writeFileSync(join(folder, name, "tls.key"), newKey);
    symlinkSync(name, join(folder, "..data_tmp"));
    renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
    if (turn > 1) rmSync(join(folder, `..${turn - 1}`), { recursive: true });
  };
  swap(cert, key);
  for (const name of ["tls.crt", "tls.key"]) symlinkSync(`..data/${name}`, join(folder, name));
  return { certificateFile: join(folder, "tls.crt"), keyFile: join(folder, "tls.key"), swap };
};
