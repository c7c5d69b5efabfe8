// Values that objects refer to: API keys out of Secrets, certificates out of ConfigMaps and Secrets.
// A reference is looked up in the namespace of the object that makes it, and nowhere else: there is no parameter for another.
import { Secret } from "../../dataplane/snapshot/secret.ts";
import { own } from "../world.ts";
import { finding, type Finding } from "./diagnostics.ts";
import type { Look } from "./sources.ts";

export type Looked<Value> = { value: Value; problem?: never } | { value?: never; problem: Finding };

export interface KeyRef {
  readonly name: string;
  readonly key: string;
}

/** "namespace/secret/key": what the snapshot calls a credential. */
export const credentialId = (namespace: string, reference: KeyRef): string => `${namespace}/${reference.name}/${reference.key}`;

const entryOf = (look: Look, namespace: string, reference: KeyRef, path: string): Looked<Secret> => {
  const object = look.secret(`${namespace}/${reference.name}`);
  if (object === undefined) return { problem: finding("SecretNotFound", path, { secret: reference.name, namespace }) };
  const value = own(object.data, reference.key);
  if (value !== undefined) return { value };
  const reason = own(object.missing, reference.key);
  const cause = reason === undefined ? "" : `: ${reason}`;
  return { problem: finding("SecretKeyNotFound", path, { secret: reference.name, key: reference.key, cause }) };
};

/** Why text cannot be sent as a key in an HTTP header; undefined when it can. */
export const unusableAsKey = (text: string): string | undefined => {
  if (text === "") return "it is empty";
  if (text.length > 16_384) return "it is longer than 16384 characters";
  return /^[\x21-\x7e]+$/.test(text) ? undefined : "it has a space, a line break or another character that an HTTP header cannot carry";
};

/** Key files commonly end in a line break, which is never part of the key. */
export const withoutLineEnd = (text: string): string => text.trim();

/** Why text cannot be used as a secret that is not sent in a header as it is; undefined when it can. */
export const unusableAsSecret = (text: string): string | undefined => {
  if (text === "") return "it is empty";
  return text.length > 65_536 ? "it is longer than 65536 characters" : undefined;
};

/** Whether the entry is there, or was meant to be. */
export const hasEntry = (look: Look, namespace: string, reference: KeyRef): boolean => {
  const object = look.secret(`${namespace}/${reference.name}`);
  return object !== undefined && (own(object.data, reference.key) ?? own(object.missing, reference.key)) !== undefined;
};

export const lookUpKey = (look: Look, namespace: string, reference: KeyRef, path: string, unusable = unusableAsKey): Looked<Secret> => {
  const entry = entryOf(look, namespace, reference, path);
  if (entry.problem !== undefined) return entry;
  const text = entry.value.reveal();
  const key = withoutLineEnd(text);
  const problem = unusable(key);
  if (problem !== undefined) return { problem: finding("SecretValueUnusable", path, { secret: reference.name, key: reference.key, problem }) };
  return { value: key === text ? entry.value : new Secret(key) };
};

interface CertificateRef extends KeyRef {
  readonly kind: "ConfigMap" | "Secret";
}

const CERTIFICATES_CHARACTERS_MAX = 1_048_576;

// Only whole certificates are taken over, so that a private key in the same entry stays where it is.
const certificatesIn = (text: string): string =>
  (text.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g) ?? []).map((one) => `${one}\n`).join("");

export const lookUpCertificates = (look: Look, namespace: string, reference: CertificateRef, path: string): Looked<string> => {
  const text = certificateText(look, namespace, reference, path);
  if (text.problem !== undefined) return text;
  const certificates = certificatesIn(text.value);
  if (certificates !== "" && certificates.length <= CERTIFICATES_CHARACTERS_MAX) return { value: certificates };
  return { problem: finding("CertificateInvalid", path, { key: reference.key, object: `${reference.kind} ${reference.name}` }) };
};

const certificateText = (look: Look, namespace: string, reference: CertificateRef, path: string): Looked<string> => {
  if (reference.kind === "Secret") {
    const entry = entryOf(look, namespace, reference, path);
    return entry.problem === undefined ? { value: entry.value.reveal() } : entry;
  }
  const object = look.configMap(`${namespace}/${reference.name}`);
  if (object === undefined) return { problem: finding("ConfigMapNotFound", path, { configMap: reference.name, namespace }) };
  const value = own(object.data, reference.key);
  return value === undefined ? { problem: finding("ConfigMapKeyNotFound", path, { configMap: reference.name, key: reference.key }) } : { value };
};
