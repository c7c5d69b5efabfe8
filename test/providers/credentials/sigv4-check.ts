// AWS Signature Version 4 worked out anew from a request as it arrived, with nothing but node:crypto: what AWS does with it.
// Written from the specification; it shares no code with the signer.
import { createHash, createHmac } from "node:crypto";

export interface Arrived {
  readonly method: string;
  /** As on the wire, with its query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string | Buffer;
}

const sha256 = (data: string | Buffer): string => createHash("sha256").update(data).digest("hex");
const hmac = (key: string | Buffer, data: string): Buffer => createHmac("sha256", key).update(data).digest();

const escaped = (text: string): string => encodeURIComponent(text).replaceAll(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);

const canonicalQuery = (query: string): string =>
  [...new URLSearchParams(query)].map(([name, value]) => `${escaped(name)}=${escaped(value)}`).toSorted().join("&");

export interface Verdict {
  readonly isGood: boolean;
  readonly keyId: string;
  readonly scope: string;
  readonly signed: readonly string[];
}

export const checkSignature = ({ method, path, headers, body }: Arrived, secretAccessKey: string): Verdict => {
  const text = (name: string): string => String(headers[name] ?? "");
  const parts = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(text("authorization"));
  if (parts === null) throw new Error(`no signature: ${text("authorization")}`);
  const [, keyId = "", scope = "", names = "", signature = ""] = parts;
  const [date = "", region = "", service = ""] = scope.split("/");
  const [bare = "", query = ""] = path.split("?");
  const payload = headers["x-amz-content-sha256"] ?? sha256(body);
  const canonical = [
    method,
    // Every service but S3: what is escaped on the wire is escaped once more.
    bare.split("/").map(escaped).join("/"),
    canonicalQuery(query),
    ...names.split(";").map((name) => `${name}:${text(name).trim().replaceAll(/ +/g, " ")}`),
    "",
    names,
    payload,
  ].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", text("x-amz-date"), scope, sha256(canonical)].join("\n");
  const key = hmac(hmac(hmac(hmac(`AWS4${secretAccessKey}`, date), region), service), "aws4_request");
  const isGood = payload === sha256(body) && text("x-amz-date").startsWith(date) && hmac(key, toSign).toString("hex") === signature;
  return { isGood, keyId, scope, signed: names.split(";") };
};
