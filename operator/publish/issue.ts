// Makes authorities and serving certificates: ECDSA P-256, as PEM. The bytes of X.509 are pkijs's matter, the keys node:crypto's.
// When one is due is decided in ca.ts; nothing is kept here.
import { randomBytes, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import { Integer, OctetString, Utf8String } from "asn1js";
import { AltName, AttributeTypeAndValue, BasicConstraints, Certificate, CryptoEngine, Extension, ExtKeyUsage, GeneralName, Time, TimeType } from "pkijs";

export interface Issued {
  readonly certificate: string;
  readonly key: string;
}

export interface Span {
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
}

const engine = new CryptoEngine({ name: "node", crypto: webcrypto });
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" } as const;
const HASH = "SHA-256";

const COMMON_NAME = "2.5.4.3";
const KEY_USAGE = "2.5.29.15";
const SUBJECT_ALT_NAME = "2.5.29.17";
const BASIC_CONSTRAINTS = "2.5.29.19";
const EXTENDED_KEY_USAGE = "2.5.29.37";
const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
const DNS_NAME = 2;
const IP_ADDRESS = 7;
/** As DER: a BIT STRING of one byte, with the number of its unused bits. */
const SIGNS_CERTIFICATES = Buffer.from([0x03, 0x02, 0x01, 0x06]);
const SIGNS_HANDSHAKES = Buffer.from([0x03, 0x02, 0x07, 0x80]);
/** From 2050 on the short form of a time is not allowed. */
const LONG_TIME_FROM = Date.UTC(2050, 0, 1);

export const makeAuthority = async (commonName: string, span: Span): Promise<Issued> => {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = blank(commonName, span);
  certificate.issuer.typesAndValues.push(named(commonName));
  certificate.extensions = [
    extension(BASIC_CONSTRAINTS, true, new BasicConstraints({ cA: true, pathLenConstraint: 0 }).toSchema().toBER()),
    extension(KEY_USAGE, true, SIGNS_CERTIFICATES),
  ];
  return signed(certificate, keys, keys.privateKey);
};

/** Signed by the authority, for these DNS names and addresses. */
export const issueLeaf = async (authority: Issued, names: readonly string[], span: Span): Promise<Issued> => {
  const issuer = Certificate.fromBER(fromPem(authority.certificate));
  const issuerKey = await webcrypto.subtle.importKey("pkcs8", fromPem(authority.key), ALGORITHM, false, ["sign"]);
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = blank(names[0] ?? "", span);
  certificate.issuer = issuer.subject;
  certificate.extensions = [
    extension(BASIC_CONSTRAINTS, true, new BasicConstraints({ cA: false }).toSchema().toBER()),
    extension(KEY_USAGE, true, SIGNS_HANDSHAKES),
    extension(EXTENDED_KEY_USAGE, false, new ExtKeyUsage({ keyPurposes: [SERVER_AUTH] }).toSchema().toBER()),
    extension(SUBJECT_ALT_NAME, false, new AltName({ altNames: names.map(generalName) }).toSchema().toBER()),
  ];
  return signed(certificate, keys, issuerKey);
};

const blank = (commonName: string, { from, to }: Span): Certificate => {
  const certificate = new Certificate();
  certificate.version = 2;
  // Positive, and never the same twice.
  const serial = randomBytes(16);
  serial[0] = ((serial[0] as number) & 0x7f) | 0x40;
  certificate.serialNumber = new Integer({ valueHex: new Uint8Array(serial).buffer });
  certificate.subject.typesAndValues.push(named(commonName));
  certificate.notBefore = timeOf(from);
  certificate.notAfter = timeOf(to);
  return certificate;
};

const timeOf = (at: number): Time => new Time({ type: at < LONG_TIME_FROM ? TimeType.UTCTime : TimeType.GeneralizedTime, value: new Date(at) });

// A common name has at most 64 characters; who verifies looks at the alternative names.
const named = (commonName: string): AttributeTypeAndValue => new AttributeTypeAndValue({ type: COMMON_NAME, value: new Utf8String({ value: commonName.slice(0, 64) }) });

const extension = (extnID: string, critical: boolean, value: ArrayBuffer | Buffer): Extension =>
  new Extension({ extnID, critical, extnValue: value instanceof ArrayBuffer ? value : new Uint8Array(value).buffer });

const generalName = (name: string): GeneralName => {
  const family = isIP(name);
  if (family === 0) return new GeneralName({ type: DNS_NAME, value: name });
  return new GeneralName({ type: IP_ADDRESS, value: new OctetString({ valueHex: addressBytes(name, family) }) });
};

const addressBytes = (address: string, family: number): ArrayBuffer => {
  if (family === 4) return new Uint8Array(address.split(".").map(Number)).buffer;
  const [head = "", tail] = address.split("::");
  const groups = (part: string | undefined): number[] => (part === undefined || part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16)));
  const [left, right] = [groups(head), groups(tail)];
  const all = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right];
  return new Uint8Array(all.flatMap((group) => [group >> 8, group & 0xff])).buffer;
};

const signed = async (certificate: Certificate, keys: webcrypto.CryptoKeyPair, signingKey: webcrypto.CryptoKey): Promise<Issued> => {
  await certificate.subjectPublicKeyInfo.importKey(keys.publicKey, engine);
  await certificate.sign(signingKey, HASH, engine);
  const key = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return { certificate: toPem("CERTIFICATE", certificate.toSchema(true).toBER()), key: toPem("PRIVATE KEY", key) };
};

const toPem = (label: string, bytes: ArrayBuffer): string => {
  const lines = Buffer.from(bytes).toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
};

const fromPem = (pem: string): ArrayBuffer => new Uint8Array(Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ""), "base64")).buffer;
