// The certificate that is served, wherever it comes from, and how a newer one takes its place without a restart.
// Here also: one that somebody else keeps in files, cert-manager for example. Our own authority is in keep-authority.ts.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";

/** PEM; `cert` may be a chain. */
export interface KeyAndCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface ServingCertificate {
  current(): KeyAndCertificate;
  /** The returned function ends it. */
  onChange(run: () => void): () => void;
}

export class Offered implements ServingCertificate {
  #current: KeyAndCertificate;
  readonly #listeners = new Set<() => void>();

  constructor(first: KeyAndCertificate) {
    this.#current = first;
  }

  current(): KeyAndCertificate {
    return this.#current;
  }

  onChange(run: () => void): () => void {
    this.#listeners.add(run);
    return () => void this.#listeners.delete(run);
  }

  /** True when it is another one than before. */
  offer(newer: KeyAndCertificate): boolean {
    if (newer.cert === this.#current.cert && newer.key === this.#current.key) return false;
    this.#current = newer;
    for (const run of this.#listeners) run();
    return true;
  }
}

export interface CertificateFilesParts {
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly clock: { after(delayMs: number, run: () => void): () => void };
  readonly say: (message: string) => void;
}

export interface CertificateFiles extends ServingCertificate {
  close(): void;
}

/** A mounted Secret is swapped by renaming a link above it, which watching the file does not see: so it is read. */
const LOOK_MS = 10_000;

/** Rejects when there is no usable pair to begin with. */
export const watchCertificateFiles = async (parts: CertificateFilesParts): Promise<CertificateFiles> => {
  const offered = new Offered(await readPair(parts));
  let isClosed = false;
  let complaint = "";

  const look = async (): Promise<void> => {
    try {
      if (offered.offer(await readPair(parts))) parts.say(`the certificate in ${parts.certificateFile} is a new one, and served from now on`);
      complaint = "";
    } catch (error) {
      const words = error instanceof Error ? error.message : "a failure without words";
      if (words !== complaint) parts.say(`the certificate that was served is served on: ${words}`);
      complaint = words;
    }
    if (!isClosed) cancel = parts.clock.after(LOOK_MS, () => void look());
  };
  let cancel = parts.clock.after(LOOK_MS, () => void look());

  return {
    current: () => offered.current(),
    onChange: (run) => offered.onChange(run),
    close: () => {
      isClosed = true;
      cancel();
    },
  };
};

const readPair = async ({ certificateFile, keyFile }: CertificateFilesParts): Promise<KeyAndCertificate> => {
  const [cert, key] = await Promise.all([readFile(certificateFile, "utf8"), readFile(keyFile, "utf8")]);
  // Two files are not renewed at one moment: for an instant one may be the old and the other the new.
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) throw new Error(`the key in ${keyFile} does not belong to the certificate in ${certificateFile}`);
  return { cert, key };
};
