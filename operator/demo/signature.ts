// Signatures of thinking: a keyed hash of the text, so that the demo provider knows its own words when they are sent back.
// It refuses secrecy: the key stands here for all to read; only mistakes are to be found by it, not malice.

import { createHmac } from "node:crypto";

const KEY = "the demo provider's signatures prove that nothing was lost on the way";
const SEAL_BYTES = 32;

/** `kind` keeps a signature of one thing from passing for that of another. */
export function signatureOf(kind: string, text: string): string {
  return hash(kind, text).toString("base64");
}

export function isSignatureOf(kind: string, text: string, signature: string): boolean {
  return signature === signatureOf(kind, text);
}

/** Text that the client keeps without reading it. */
export function sealed(kind: string, text: string): string {
  return Buffer.concat([hash(kind, text), Buffer.from(text)]).toString("base64");
}

export function unsealed(kind: string, opaque: string): string | undefined {
  const bytes = Buffer.from(opaque, "base64");
  const text = bytes.subarray(SEAL_BYTES).toString("utf8");
  return sealed(kind, text) === opaque ? text : undefined;
}

function hash(kind: string, text: string): Buffer {
  return createHmac("sha256", KEY).update(`${kind}\0${text}`).digest();
}
