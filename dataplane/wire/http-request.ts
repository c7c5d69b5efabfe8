// Heads of HTTP/1 requests: written for providers, and read of clients where they are of the plainest kind.
// It adds what frames the body, and nothing else; what it does not read it leaves to a whole HTTP server.
import { checkHead, endOfLine, fieldLine, fieldName, readFields, UnfitField } from "./http-fields.ts";

const TARGET = /^[\x21-\x7e\x80-\xff]+$/;
const METHOD = /^[A-Z]{1,20}$/;

/** Never written as it was given: it is this connection's matter. */
const ours: ReadonlySet<string> = new Set(["content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "expect"]);

export interface RequestHead {
  readonly method: string;
  readonly path: string;
  /** Flat: name, value, name, value. */
  readonly headers: readonly string[];
}

/** `length` -1: in chunks; null: there is no body. A host among the headers is taken in place of `host`. */
export const requestHead = ({ method, path, headers }: RequestHead, host: string, length: number | null): string => {
  if (!METHOD.test(method) || !TARGET.test(path)) throw new UnfitField("the request's first line would not be one");
  let lines = "";
  let isHostGiven = false;
  for (let index = 0; index < headers.length; index += 2) {
    const name = fieldName(headers[index] as string);
    if (ours.has(name)) continue;
    if (name === "host") isHostGiven = true;
    lines += fieldLine(name, headers[index + 1] as string);
  }
  const first = `${method} ${path} HTTP/1.1\r\n${isHostGiven ? "" : `host: ${host}\r\n`}connection: keep-alive\r\n`;
  return `${first}${lines}${framing(method, length)}\r\n`;
};

const framing = (method: string, length: number | null): string => {
  if (length === -1) return "transfer-encoding: chunked\r\n";
  if (length !== null) return `content-length: ${length}\r\n`;
  return method === "GET" || method === "HEAD" || method === "DELETE" ? "" : "content-length: 0\r\n";
};

/** Of a body whose length the headers say; -1 when they do not. */
export const lengthSaid = (headers: readonly string[]): number => {
  for (let index = 0; index < headers.length; index += 2) {
    if ((headers[index] as string).toLowerCase() === "content-length") return Number(headers[index + 1]);
  }
  return -1;
};

const PLAIN_BEGINNING = Buffer.from("POST /");
const PLAIN_ENDING = " HTTP/1.1";
const HEAD_END = Buffer.from("\r\n\r\n");
const PLAIN_HEAD_BYTES_MAX = 16_384;
const JSON_TYPE = /^application\/json\s*(?:;|$)/i;

/** What changes how a connection goes on, or how a body is framed: not of the plainest kind. */
const unplain: ReadonlySet<string> = new Set(["transfer-encoding", "expect", "upgrade", "te", "trailer", "proxy-connection", "http2-settings"]);

/** A POST of HTTP/1.1 with a JSON body of known length, and nothing unusual about it. */
export class PlainHead {
  readonly target: string;
  readonly fields: string[];
  /** Behind the empty line. */
  readonly end: number;
  readonly bodyBytes: number;

  constructor(target: string, fields: string[], end: number, bodyBytes: number) {
    this.target = target;
    this.fields = fields;
    this.end = end;
    this.bodyBytes = bodyBytes;
  }
}

/** Null for whatever is incomplete, unusual or wrong: somebody else must judge it. */
export const readPlainHead = (bytes: Buffer): PlainHead | null => {
  if (bytes.length < PLAIN_BEGINNING.length || PLAIN_BEGINNING.compare(bytes, 0, PLAIN_BEGINNING.length) !== 0) return null;
  const end = bytes.indexOf(HEAD_END);
  if (end === -1 || end > PLAIN_HEAD_BYTES_MAX) return null;
  try {
    return plainHead(bytes.toString("latin1", 0, end), end + HEAD_END.length);
  } catch (error) {
    if (error instanceof UnfitField) return null;
    throw error;
  }
};

const plainHead = (head: string, end: number): PlainHead | null => {
  checkHead(head);
  const lineEnd = endOfLine(head, 0);
  const target = head.slice("POST ".length, lineEnd - PLAIN_ENDING.length);
  if (!head.startsWith(PLAIN_ENDING, lineEnd - PLAIN_ENDING.length) || !TARGET.test(target)) return null;
  const fields = readFields(head, lineEnd + 2);
  const bodyBytes = plainLength(fields);
  return bodyBytes === -1 ? null : new PlainHead(target, fields, end, bodyBytes);
};

/** -1 when the request is not plain. */
const plainLength = (fields: readonly string[]): number => {
  let length = -1;
  let hosts = 0;
  let isJson = false;
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index] as string;
    const value = fields[index + 1] as string;
    if (name === "content-length") {
      if (length !== -1 || !/^\d{1,10}$/.test(value)) return -1;
      length = Number(value);
    } else if (name === "host") {
      if (value !== "") hosts++;
    } else if (name === "content-type") {
      isJson = JSON_TYPE.test(value);
    } else if (name === "connection") {
      if (value !== "keep-alive" && value.toLowerCase() !== "keep-alive") return -1;
    } else if (unplain.has(name)) {
      return -1;
    }
  }
  return hosts === 1 && isJson ? length : -1;
};
