// Seals bytes under a key with AES-256-GCM, and opens what was sealed under the same key for the same purpose.
// It keeps no key and touches no file. What does not open is undefined: damaged, foreign or tampered with alike.
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

export const KEY_BYTES = 32;

const MARK = Buffer.from("llmgw1\n", "latin1");
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** `purpose` is bound in, so that a file made for one use does not open in another. */
export const seal = (key: Buffer, plain: Buffer, purpose: string): Buffer => {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(Buffer.concat([MARK, Buffer.from(purpose, "utf8")]));
  const content = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([MARK, nonce, cipher.getAuthTag(), content]);
};

export const open = (key: Buffer, sealed: Buffer, purpose: string): Buffer | undefined => {
  const contentFrom = MARK.length + NONCE_BYTES + TAG_BYTES;
  if (sealed.length < contentFrom || !sealed.subarray(0, MARK.length).equals(MARK)) return undefined;
  const nonce = sealed.subarray(MARK.length, MARK.length + NONCE_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.concat([MARK, Buffer.from(purpose, "utf8")]));
  decipher.setAuthTag(sealed.subarray(MARK.length + NONCE_BYTES, contentFrom));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(contentFrom)), decipher.final()]);
  } catch {
    return undefined;
  }
};
