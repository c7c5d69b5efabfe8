// AWS Signature Version 4 of one request, by the SDK's own signer: the path is escaped a second time for the signature, as
// every AWS service but S3 expects, and the body's hash is part of it. Keys are handed in; none is kept.
import { createHash, createHmac, type Hash, type Hmac } from "node:crypto";
import { Readable } from "node:stream";
import type { SignatureV4 } from "@smithy/signature-v4";
import type { Clock } from "../../clock.ts";
import { CredentialUnavailable, type Live, type Unsigned } from "./authorization.ts";

export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Where the keys are, at this moment. */
export interface AwsKeySource {
  now(): AwsKeys | null;
  get(): Promise<AwsKeys>;
  doubt(): void;
  close(): void;
}

type Bytes = string | ArrayBuffer | ArrayBufferView;

/** What the signer wants for hashing. */
class Sha256 {
  readonly #hash: Hash | Hmac;

  constructor(key?: Bytes) {
    this.#hash = key === undefined ? createHash("sha256") : createHmac("sha256", viewOf(key));
  }

  update(data: Bytes): void {
    this.#hash.update(viewOf(data));
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
}

const viewOf = (data: Bytes): string | Uint8Array => {
  if (typeof data === "string") return data;
  return data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
};

const CONTENT_HASH = "x-amz-content-sha256";
/** The signer's additions; what was there before stays as it is. */
const ADDED = ["x-amz-date", "x-amz-security-token", CONTENT_HASH, "authorization"] as const;

export class Signing implements Live {
  readonly #keys: AwsKeySource;
  readonly #clock: Clock;
  readonly #region: string;
  readonly #service: string;
  #signer: Promise<SignatureV4> | null = null;

  constructor({ keys, clock, region, service }: { keys: AwsKeySource; clock: Clock; region: string; service: string }) {
    this.#keys = keys;
    this.#clock = clock;
    this.#region = region;
    this.#service = service;
  }

  now(): null {
    return null;
  }

  async authorize(unsigned: Unsigned): Promise<readonly string[]> {
    this.#signer ??= this.#openSigner();
    const signer = await this.#signer;
    // Before the body is hashed: without keys that would be in vain.
    if (this.#keys.now() === null) await this.#keys.get();
    const { headers } = await signer.sign(signable(unsigned), { signingDate: new Date(this.#clock.now()) });
    return ADDED.flatMap((name) => {
      const value = headers[name];
      return value === undefined ? [] : [name, value];
    });
  }

  refused(): void {
    this.#keys.doubt();
  }

  close(): void {
    this.#keys.close();
  }

  async #openSigner(): Promise<SignatureV4> {
    const { SignatureV4 } = await import("@smithy/signature-v4");
    const credentials = async (): Promise<AwsKeys> => this.#keys.now() ?? this.#keys.get();
    return new SignatureV4({ service: this.#service, region: this.#region, credentials, sha256: Sha256 });
  }
}

const signable = ({ method, origin, path, headers, body }: Unsigned) => {
  const { protocol, hostname, port, host } = new URL(origin);
  const question = path.indexOf("?");
  const signed: Record<string, string> = { host, [CONTENT_HASH]: hashOf(body) };
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = (headers[at] as string).toLowerCase();
    // Whatever else is on the way may be changed on it, and needs no signature.
    if (name === "content-type" || name.startsWith("x-amz")) signed[name] = headers[at + 1] as string;
  }
  return {
    method,
    protocol,
    hostname,
    ...(port !== "" && { port: Number(port) }),
    path: question === -1 ? path : path.slice(0, question),
    query: question === -1 ? {} : queryOf(path.slice(question + 1)),
    headers: signed,
  };
};

const queryOf = (text: string): Record<string, string[]> => {
  const query: Record<string, string[]> = Object.create(null);
  for (const [name, value] of new URLSearchParams(text)) (query[name] ??= []).push(value);
  return query;
};

const hashOf = (body: Unsigned["body"]): string => {
  if (body instanceof Readable) throw new CredentialUnavailable("an upload that is passed on as it comes cannot be signed");
  const hashing = createHash("sha256");
  for (const piece of body ?? []) hashing.update(piece);
  return hashing.digest("hex");
};
