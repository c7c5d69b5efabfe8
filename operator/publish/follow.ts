// The certificate and the bundle as they are kept now, for those who keep neither: every operator serves with them, one keeps them.
// It looks now and then and writes nothing. What cannot be read, or does not fit together, leaves what was known in force.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { bundleOf, SERVING_CERTIFICATE, SERVING_KEY } from "./authority-secret.ts";
import type { AuthorityStore } from "./keep-authority.ts";

/** PEM. */
export interface Credentials {
  readonly cert: string;
  readonly key: string;
  /** Whom to trust so that this certificate, and the next one, are believed. */
  readonly bundle: string;
}

export interface FollowParts {
  /** Undefined: nobody has made one yet. */
  readonly read: () => Promise<Credentials | undefined>;
  /** With the first ones, and whenever they are others. */
  readonly onChange: (credentials: Credentials) => void;
  readonly clock: { after(delayMs: number, run: () => void): () => void };
  readonly say: (message: string) => void;
}

export interface Following {
  /** Undefined until there are some. */
  current(): Credentials | undefined;
  /** Now, rather than at the next turn. */
  look(): Promise<void>;
  close(): void;
}

/** Shorter by far than an authority is trusted before it signs. */
const LOOK_MS = 10_000;
const FIRST_LOOK_MS = 500;

export const follow = ({ read, onChange, clock, say }: FollowParts): Following => {
  let current: Credentials | undefined;
  let complaint = "";
  let isClosed = false;
  let cancel = (): void => undefined;

  const look = async (): Promise<void> => {
    cancel();
    try {
      const seen = await read();
      if (isClosed) return;
      if (seen !== undefined && !isSame(seen, current)) onChange((current = fitting(seen)));
      complaint = "";
    } catch (error) {
      const words = error instanceof Error ? error.message : "a failure without words";
      if (words !== complaint) say(`the certificate cannot be read: ${words}`);
      complaint = words;
    }
    cancel();
    if (!isClosed) cancel = clock.after(current === undefined ? FIRST_LOOK_MS : LOOK_MS, () => void look());
  };
  void look();

  return {
    current: () => current,
    look,
    close: () => {
      isClosed = true;
      cancel();
    },
  };
};

const isSame = (left: Credentials, right: Credentials | undefined): boolean => left.cert === right?.cert && left.key === right.key && left.bundle === right.bundle;

// Files are not renewed at one moment: for an instant one may be the old and the other the new.
const fitting = (credentials: Credentials): Credentials => {
  if (!new X509Certificate(credentials.cert).checkPrivateKey(createPrivateKey(credentials.key))) throw new Error("the key does not belong to the certificate");
  return credentials;
};

/** Our own authority, in its Secret. */
export const inSecret =
  (store: Pick<AuthorityStore, "read">, secretName: string): FollowParts["read"] =>
  async () => {
    const { data = {} } = (await store.read("Secret", secretName)) ?? {};
    const { [SERVING_CERTIFICATE]: cert = "", [SERVING_KEY]: key = "" } = data;
    return cert === "" || key === "" ? undefined : { cert, key, bundle: bundleOf(data) };
  };

/** Somebody else's, in mounted files. */
export const inFiles =
  (files: { readonly certificateFile: string; readonly keyFile: string; readonly caFile: string }): FollowParts["read"] =>
  async () => {
    const [cert, key, bundle] = await Promise.all([files.certificateFile, files.keyFile, files.caFile].map((file) => readFile(file, "utf8")));
    return { cert: cert ?? "", key: key ?? "", bundle: bundle ?? "" };
  };
