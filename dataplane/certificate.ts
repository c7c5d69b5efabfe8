// The certificate that the listener shows: two files that somebody else renews, read at the start and again every few seconds.
// What cannot be used is refused in words, and what was served before is served on. It opens no port.
import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { Clock } from "./clock.ts";

export interface CertificateFiles {
  /** PEM: the server's own certificate, its chain behind it. */
  readonly certificateFile: string;
  readonly keyFile: string;
}

export interface KeyAndCertificate {
  readonly cert: string;
  readonly key: string;
  /** Of the server's own certificate, milliseconds since 1970. */
  readonly endsAt: number;
}

export interface ServingCertificate {
  current(): KeyAndCertificate;
  /** The returned function ends it. */
  onChange(run: () => void): () => void;
}

export interface CertificateWatch extends ServingCertificate {
  close(): void;
}

export interface CertificateParts extends CertificateFiles {
  readonly clock: Pick<Clock, "now" | "after">;
  readonly onTaken: (message: string) => void;
  readonly onRefused: (message: string) => void;
}

/** Its message is for whoever set up this process. */
export class UnusableCertificate extends Error {}

/** A mounted Secret is swapped by renaming a link above it, which watching the file does not see: so it is read. */
const LOOK_MS = 10_000;
/** Two files are not renewed at one moment: what does not fit together is looked at twice before it is refused. */
const SECOND_LOOK_MS = 1000;

const CURE = "or set neither LLMGW_TLS_CERT_FILE nor LLMGW_TLS_KEY_FILE, to serve plain HTTP";

/** Rejects with an UnusableCertificate when there is nothing to begin with. */
export const watchCertificate = async (parts: CertificateParts): Promise<CertificateWatch> => {
  const first = await readPair(parts);
  if (first.endsAt <= parts.clock.now()) parts.onTaken(`the certificate in ${parts.certificateFile} ended on ${dateOf(first)}: clients refuse it until a newer one is there`);
  return new Watch(parts, first);
};

const dateOf = ({ endsAt }: KeyAndCertificate): string => new Date(endsAt).toISOString();

class Watch implements CertificateWatch {
  readonly #parts: CertificateParts;
  readonly #listeners = new Set<() => void>();
  #current: KeyAndCertificate;
  #cancel: () => void;
  #isClosed = false;
  /** Seen once; seen again it is a refusal. */
  #doubt = "";
  #refusal = "";

  constructor(parts: CertificateParts, first: KeyAndCertificate) {
    this.#parts = parts;
    this.#current = first;
    this.#cancel = parts.clock.after(LOOK_MS, () => void this.#look());
  }

  current(): KeyAndCertificate {
    return this.#current;
  }

  onChange(run: () => void): () => void {
    this.#listeners.add(run);
    return () => void this.#listeners.delete(run);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  async #look(): Promise<void> {
    const seen = await readPair(this.#parts).catch(wordsOf);
    if (this.#isClosed) return;
    const objection = typeof seen === "string" ? seen : this.#objectionTo(seen);
    if (typeof seen === "string" || objection !== "") this.#refuse(objection);
    else this.#take(seen);
    const isDoubtful = this.#doubt !== this.#refusal;
    this.#cancel = this.#parts.clock.after(isDoubtful ? SECOND_LOOK_MS : LOOK_MS, () => void this.#look());
  }

  #objectionTo(seen: KeyAndCertificate): string {
    const now = this.#parts.clock.now();
    const isWorse = seen.endsAt <= now && this.#current.endsAt > now;
    return isWorse ? `the certificate in ${this.#parts.certificateFile} ended on ${dateOf(seen)}` : "";
  }

  /** Each objection once, for as long as it holds. */
  #refuse(objection: string): void {
    const isSeenAgain = this.#doubt === objection;
    this.#doubt = objection;
    if (!isSeenAgain || this.#refusal === objection) return;
    this.#refusal = objection;
    this.#parts.onRefused(`the certificate that was served is served on, until ${dateOf(this.#current)}: ${objection}`);
  }

  #take(seen: KeyAndCertificate): void {
    this.#doubt = "";
    this.#refusal = "";
    if (seen.cert === this.#current.cert && seen.key === this.#current.key) return;
    this.#current = seen;
    for (const run of this.#listeners) run();
    this.#parts.onTaken(`the certificate in ${this.#parts.certificateFile} is a new one, and served from now on until ${dateOf(seen)}`);
  }
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : "a failure without words");

const readPair = async ({ certificateFile, keyFile }: CertificateFiles): Promise<KeyAndCertificate> => {
  const [cert, key] = await Promise.all([read("LLMGW_TLS_CERT_FILE", certificateFile), read("LLMGW_TLS_KEY_FILE", keyFile)]);
  const certificate = parsed(() => new X509Certificate(cert), `LLMGW_TLS_CERT_FILE: there is no certificate in ${certificateFile}. It must be PEM, the server's own certificate first`);
  const privateKey = parsed<KeyObject>(() => createPrivateKey(key), `LLMGW_TLS_KEY_FILE: there is no private key in ${keyFile}. It must be PEM, without a passphrase`);
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new UnusableCertificate(`LLMGW_TLS_KEY_FILE: the key in ${keyFile} does not belong to the first certificate in ${certificateFile}. Give the two that were made together, the server's own certificate before its chain`);
  }
  // What OpenSSL does not serve with, such as a key that is too short.
  parsed(() => createSecureContext({ cert, key }), `LLMGW_TLS_CERT_FILE: the certificate in ${certificateFile} cannot be served with`);
  return { cert, key, endsAt: certificate.validToDate.getTime() };
};

const read = async (setting: string, file: string): Promise<string> => {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const why = code === "ENOENT" ? `there is no file ${file}` : code === "EACCES" ? `this process may not read ${file}` : `${file} cannot be read (${code})`;
    throw new UnusableCertificate(`${setting}: ${why}. Put it there, ${CURE}`);
  }
};

const parsed = <Value>(parse: () => Value, otherwise: string): Value => {
  try {
    return parse();
  } catch (error) {
    throw new UnusableCertificate(`${otherwise} (${wordsOf(error)})`);
  }
};
