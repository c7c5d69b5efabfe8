// Keeps our own authority in a Secret and its bundle where data planes mount it, and hands out the serving certificate.
// For the leader alone. What is due is planned in ca.ts; of two leaders at one moment the slower one's write is refused, and it looks again.
import { BUNDLE, bundleOf, carryOut, readAuthority, SERVING_CERTIFICATE, SERVING_KEY, type AuthorityData } from "./authority-secret.ts";
import { defaultLives, planAuthority, type Lives } from "./ca.ts";
import { Offered, type KeyAndCertificate, type ServingCertificate } from "./tls.ts";

/** An object as it is kept, its values as text. */
export interface Kept {
  readonly data: Readonly<Record<string, string>>;
  readonly resourceVersion: string;
}

/** The operator's own Secret and ConfigMap; rejects when the store cannot be asked. */
export interface AuthorityStore {
  read(kind: "Secret" | "ConfigMap", name: string): Promise<Kept | undefined>;
  /** Replaces what has this resourceVersion, creates without one; false when somebody else was there first. */
  write(kind: "Secret" | "ConfigMap", name: string, data: Readonly<Record<string, string>>, resourceVersion: string | undefined): Promise<boolean>;
}

export interface AuthorityParts {
  readonly store: AuthorityStore;
  readonly secretName: string;
  readonly bundleName: string;
  /** What data planes may call the operator: see `serviceNames`. */
  readonly names: readonly string[];
  readonly lives?: Lives;
  readonly clock: { now(): number; after(delayMs: number, run: () => void): () => void };
  readonly say: (message: string) => void;
}

export interface KeptAuthority extends ServingCertificate {
  /** Milliseconds since 1970: when the certificate that is served ends. */
  endsAt(): number;
  close(): void;
}

/** Somebody may have changed or deleted what we keep, and a clock may have been set. */
const LOOK_MS_MAX = 300_000;
const RETRY_MS = 5000;
const ATTEMPTS_MAX = 5;

/** The forms in which a Service is called from inside a cluster. */
export const serviceNames = (service: string, namespace: string, domain = "cluster.local"): string[] => [
  `${service}.${namespace}.svc`, `${service}.${namespace}.svc.${domain}`, `${service}.${namespace}`, service,
];

/** Resolves when there is a certificate to serve. */
export const keepAuthority = async (parts: AuthorityParts): Promise<KeptAuthority> => {
  const first = await look(parts);
  const offered = new Offered(servedFrom(first.data));
  let endsAt = readAuthority(first.data).leaf?.notAfter ?? 0;
  let isClosed = false;
  let cancel = (): void => undefined;

  const again = async (): Promise<void> => {
    let lookAgainAt = parts.clock.now() + RETRY_MS;
    try {
      const looked = await look(parts);
      if (isClosed) return;
      lookAgainAt = looked.lookAgainAt;
      endsAt = readAuthority(looked.data).leaf?.notAfter ?? 0;
      offered.offer(servedFrom(looked.data));
    } catch (error) {
      parts.say(`the certificate authority could not be looked after, the certificate that is served ends ${new Date(endsAt).toISOString()}: ${wordsOf(error)}`);
    }
    if (!isClosed) schedule(lookAgainAt);
  };
  const schedule = (at: number): void => {
    const delayMs = Math.max(RETRY_MS, Math.min(LOOK_MS_MAX, at - parts.clock.now()));
    cancel = parts.clock.after(delayMs, () => void again());
  };

  schedule(first.lookAgainAt);
  return {
    current: () => offered.current(),
    onChange: (run) => offered.onChange(run),
    endsAt: () => endsAt,
    close: () => {
      isClosed = true;
      cancel();
    },
  };
};

const servedFrom = (data: AuthorityData): KeyAndCertificate => ({ cert: data[SERVING_CERTIFICATE] ?? "", key: data[SERVING_KEY] ?? "" });

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : "a failure without words");

const look = async (parts: AuthorityParts): Promise<{ data: AuthorityData; lookAgainAt: number }> => {
  const { store, secretName, names, clock, say, lives = defaultLives } = parts;
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const kept = await store.read("Secret", secretName);
    const now = clock.now();
    const { steps, lookAgainAt } = planAuthority(readAuthority(kept?.data ?? {}), now, names, lives);
    const data = steps.length === 0 ? (kept?.data ?? {}) : await carryOut(kept?.data ?? {}, steps, now, names, lives);
    if (steps.length === 0 || (await store.write("Secret", secretName, data, kept?.resourceVersion))) {
      for (const { what, why } of steps) say(`certificates: ${what}: ${why}`);
      await publishBundle(parts, bundleOf(data));
      const next = steps.length === 0 ? lookAgainAt : planAuthority(readAuthority(data), now, names, lives).lookAgainAt;
      return { data, lookAgainAt: next };
    }
  }
  throw new Error(`somebody else keeps changing the Secret ${secretName}`);
};

// Whoever edits the bundle gets it back at the next look; what is right already is not written.
const publishBundle = async ({ store, bundleName }: AuthorityParts, bundle: string): Promise<void> => {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const kept = await store.read("ConfigMap", bundleName);
    if (kept?.data[BUNDLE] === bundle) return;
    if (await store.write("ConfigMap", bundleName, { ...kept?.data, [BUNDLE]: bundle }, kept?.resourceVersion)) return;
  }
  throw new Error(`somebody else keeps changing the ConfigMap ${bundleName}`);
};
