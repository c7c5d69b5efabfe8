// Reads a multipart/form-data body that is already whole and bounded.
// It refuses what is not exactly such a body: a missing boundary, part, name or closing line is an error, never a guess.

import type { Call } from "./exchange.ts";
import { Failure, invalid } from "./failure.ts";

export interface Part {
  readonly name: string;
  readonly filename: string | undefined;
  readonly contentType: string;
  readonly body: Buffer;
}

export interface Form {
  text(name: string): string | undefined;
  required(name: string): string;
  /** Files sent under the name or, as SDKs send several, under `name[]`. */
  files(name: string): Part[];
}

const PARTS_MAX = 100;
const HEAD_BYTES_MAX = 8 * 1024;
const LINE_END = Buffer.from("\r\n");
const HEAD_END = Buffer.from("\r\n\r\n");

export function readForm(call: Call): Form {
  const boundary = /^multipart\/form-data\s*;.*?\bboundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(call.contentType);
  const mark = boundary?.[1] ?? boundary?.[2];
  if (mark === undefined)
    throw new Failure(400, `This endpoint takes multipart/form-data, not '${call.contentType}'.`, { code: "unsupported_content_type" });
  const parts = splitParts(call.body, Buffer.from(`--${mark}`, "latin1"));
  const text = (name: string) => parts.find((part) => part.name === name && part.filename === undefined)?.body.toString("utf8");
  return {
    text,
    required: (name) => {
      const value = text(name);
      if (value === undefined) throw invalid(name, `Missing required parameter: '${name}'.`, "missing_required_parameter");
      return value;
    },
    files: (name) => parts.filter((part) => part.filename !== undefined && (part.name === name || part.name === `${name}[]`)),
  };
}

export function splitParts(body: Buffer, delimiter: Buffer): Part[] {
  const parts: Part[] = [];
  let at = body.indexOf(delimiter);
  // A preamble before the first delimiter is legal when it ends with its line.
  if (at < 0 || (at > 0 && !isLineEnd(body, at - 2))) throw malformed("the first boundary is missing");
  const nextDelimiter = Buffer.concat([LINE_END, delimiter]);
  for (;;) {
    at += delimiter.length;
    if (body.subarray(at, at + 2).toString("latin1") === "--") return parts;
    if (!isLineEnd(body, at)) throw malformed("a boundary does not end its line");
    const headEnd = body.indexOf(HEAD_END, at);
    const end = body.indexOf(nextDelimiter, headEnd);
    if (headEnd < 0 || end < 0) throw malformed("the closing boundary is missing");
    if (headEnd - at > HEAD_BYTES_MAX) throw malformed("the head of a part is too long");
    parts.push(partOf(body.subarray(at + 2, headEnd).toString("utf8"), body.subarray(headEnd + HEAD_END.length, end)));
    if (parts.length > PARTS_MAX) throw malformed(`there are more than ${PARTS_MAX} parts`);
    at = end + LINE_END.length;
  }
}

function isLineEnd(body: Buffer, at: number): boolean {
  return at >= 0 && body.subarray(at, at + LINE_END.length).equals(LINE_END);
}

function partOf(head: string, body: Buffer): Part {
  const lines = head.split("\r\n");
  const disposition = headerOf(lines, "content-disposition") ?? "";
  const name = parameterOf(disposition, "name");
  if (!/^form-data\b/i.test(disposition) || name === undefined) throw malformed("a part has no name");
  return { name, filename: parameterOf(disposition, "filename"), contentType: headerOf(lines, "content-type") ?? "text/plain", body };
}

function headerOf(lines: readonly string[], name: string): string | undefined {
  const line = lines.find((each) => each.toLowerCase().startsWith(`${name}:`));
  return line?.slice(name.length + 1).trim();
}

/** Browsers and SDKs write a quote inside a quoted value as %22, older clients as \". */
function parameterOf(disposition: string, name: string): string | undefined {
  const found = new RegExp(`;\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]+))`, "i").exec(disposition);
  const value = found?.[1]?.replaceAll(/\\(["\\])/g, "$1") ?? found?.[2];
  return value?.replaceAll("%22", '"');
}

function malformed(what: string): Failure {
  return new Failure(400, `The multipart body cannot be read: ${what}.`, { code: "invalid_multipart" });
}
