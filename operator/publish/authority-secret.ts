// The authority as it lies in a Secret: what can be read out of it, and what it looks like after the steps of a plan.
// It trusts nothing that it finds: a certificate without its key, or one that cannot be parsed, is not there.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { BACKDATE_MS, type Lives, type Seen, type SeenAuthority, type SeenLeaf, type Step } from "./ca.ts";
import { issueLeaf, makeAuthority, type Issued } from "./issue.ts";

/** PEM by key. */
export type AuthorityData = Readonly<Record<string, string>>;

export const SERVING_CERTIFICATE = "tls.crt";
export const SERVING_KEY = "tls.key";
/** Whom data planes trust: those that sign now, those that will, and those that did. */
export const BUNDLE = "ca.crt";

const SIGNING = "signing";
const NEXT = "next";
const FORMER = "former.crt";
const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

export const readAuthority = (data: AuthorityData): SeenAuthority => {
  const signing = pairOf(data, `${SIGNING}.crt`, `${SIGNING}.key`);
  const next = pairOf(data, `${NEXT}.crt`, `${NEXT}.key`);
  const former = certificatesIn(data[FORMER] ?? "").filter((certificate) => certificate.ca);
  const leaf = pairOf(data, SERVING_CERTIFICATE, SERVING_KEY);
  const authorities = [signing, next, ...former].filter((certificate) => certificate !== undefined);
  return {
    signing: signing?.ca === true ? seenOf(signing) : undefined,
    next: next?.ca === true ? seenOf(next) : undefined,
    former: former.map(seenOf),
    leaf: leaf === undefined ? undefined : seenLeaf(leaf, authorities),
  };
};

/** Every authority that somebody may still have to trust, the one that signs first. */
export const bundleOf = (data: AuthorityData): string => {
  const found = [data[`${SIGNING}.crt`], data[`${NEXT}.crt`], data[FORMER]].flatMap((text) => certificatesIn(text ?? "")).filter((certificate) => certificate.ca);
  return [...new Map(found.map((certificate) => [certificate.fingerprint256, certificate.toString()])).values()].join("");
};

export const carryOut = async (data: AuthorityData, steps: readonly Step[], now: number, names: readonly string[], lives: Lives): Promise<AuthorityData> => {
  let kept = data;
  for (const step of steps) kept = await carryOutStep(kept, step, now, names, lives);
  return { ...kept, [BUNDLE]: bundleOf(kept) };
};

const carryOutStep = async (data: AuthorityData, step: Step, now: number, names: readonly string[], lives: Lives): Promise<AuthorityData> => {
  const from = now - BACKDATE_MS;
  switch (step.what) {
    case "make-signing":
      return withPair(retired(data, now), SIGNING, await makeAuthority(commonName(now), { from, to: now + lives.authorityMs }));
    case "make-next":
      return withPair(data, NEXT, await makeAuthority(commonName(now), { from, to: now + lives.authorityMs }));
    case "take-over":
      return without(withPair(retired(data, now), SIGNING, { certificate: data[`${NEXT}.crt`] ?? "", key: data[`${NEXT}.key`] ?? "" }), `${NEXT}.crt`, `${NEXT}.key`);
    case "drop-next":
      return without(data, `${NEXT}.crt`, `${NEXT}.key`);
    case "drop-former":
      return { ...data, [FORMER]: textOf(certificatesIn(data[FORMER] ?? "").filter((certificate) => certificate.fingerprint256 !== step.fingerprint)) };
    case "issue-leaf":
      return withLeaf(data, now, names, lives);
  }
};

// Two of our authorities are told apart by it when one has to choose whom a signature is by.
const commonName = (now: number): string => `llm-gateway ${new Date(now).toISOString()}`;

const withPair = (data: AuthorityData, name: string, { certificate, key }: Issued): AuthorityData => ({ ...data, [`${name}.crt`]: certificate, [`${name}.key`]: key });

const without = (data: AuthorityData, ...names: readonly string[]): AuthorityData => Object.fromEntries(Object.entries(data).filter(([name]) => !names.includes(name)));

/** What signed until now signs no more, but is trusted until its end. */
const retired = (data: AuthorityData, now: number): AuthorityData => {
  const former = [...certificatesIn(data[`${SIGNING}.crt`] ?? ""), ...certificatesIn(data[FORMER] ?? "")];
  return { ...data, [FORMER]: textOf(former.filter((certificate) => certificate.ca && certificate.validToDate.getTime() > now)) };
};

const withLeaf = async (data: AuthorityData, now: number, names: readonly string[], lives: Lives): Promise<AuthorityData> => {
  const authority = { certificate: data[`${SIGNING}.crt`] ?? "", key: data[`${SIGNING}.key`] ?? "" };
  const [signing] = certificatesIn(authority.certificate);
  const to = Math.min(now + lives.leafMs, signing?.validToDate.getTime() ?? Infinity);
  const { certificate, key } = await issueLeaf(authority, names, { from: now - BACKDATE_MS, to });
  return { ...data, [SERVING_CERTIFICATE]: certificate, [SERVING_KEY]: key };
};

const textOf = (certificates: readonly X509Certificate[]): string => certificates.map((certificate) => certificate.toString()).join("");

const certificatesIn = (text: string): X509Certificate[] =>
  [...text.matchAll(PEM)].flatMap(([pem]) => {
    try {
      return [new X509Certificate(pem)];
    } catch {
      return [];
    }
  });

const pairOf = (data: AuthorityData, certificateName: string, keyName: string): X509Certificate | undefined => {
  const [certificate] = certificatesIn(data[certificateName] ?? "");
  try {
    return certificate?.checkPrivateKey(createPrivateKey(data[keyName] ?? "")) === true ? certificate : undefined;
  } catch {
    return undefined;
  }
};

const seenOf = (certificate: X509Certificate): Seen => ({
  fingerprint: certificate.fingerprint256,
  notBefore: certificate.validFromDate.getTime(),
  notAfter: certificate.validToDate.getTime(),
});

const seenLeaf = (leaf: X509Certificate, authorities: readonly X509Certificate[]): SeenLeaf => ({
  ...seenOf(leaf),
  issuer: authorities.find((authority) => leaf.checkIssued(authority) && leaf.verify(authority.publicKey))?.fingerprint256,
  names: (leaf.subjectAltName ?? "").split(", ").map((name) => name.replace(/^(?:DNS|IP Address):/, "")),
});
