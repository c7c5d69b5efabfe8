// Writes the head of an HTTP/1 request. What could end a line where none ends is refused: whoever could add a line
// could add a header, or a request. It adds what frames the body, and nothing else.

/** Visible characters, spaces and what Latin-1 has beyond them. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const NAME = /^[!#$%&'*+\-.^_`|~\w]+$/;
const TARGET = /^[\x21-\x7e\x80-\xff]+$/;
const METHOD = /^[A-Z]{1,20}$/;

/** Never written as it was given: it is this connection's matter. */
const ours: ReadonlySet<string> = new Set(["content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "expect"]);

const NAMES_MAX = 1024;

export class UnfitHeader extends Error {
  override readonly name = "UnfitHeader";
  readonly code = "UNFIT_HEADER";
}

export interface RequestHead {
  readonly method: string;
  readonly path: string;
  /** Flat: name, value, name, value. */
  readonly headers: readonly string[];
}

/** `length` -1: in chunks; null: there is no body. A host among the headers is taken in place of `host`. */
export const requestHead = ({ method, path, headers }: RequestHead, host: string, length: number | null): string => {
  if (!METHOD.test(method) || !TARGET.test(path)) throw new UnfitHeader("the request's first line would not be one");
  let text = "";
  let isHostGiven = false;
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] as string;
    const value = headers[index + 1] as string;
    const kind = kindOf(name);
    if (kind === OURS) continue;
    if (!VALUE.test(value)) throw new UnfitHeader(`the value of ${name} has characters that no header may have`);
    if (kind === HOST) isHostGiven = true;
    text += `${name}: ${value}\r\n`;
  }
  const first = `${method} ${path} HTTP/1.1\r\n${isHostGiven ? "" : `host: ${host}\r\n`}connection: keep-alive\r\n`;
  return `${first}${text}${framing(method, length)}\r\n`;
};

const framing = (method: string, length: number | null): string => {
  if (length === -1) return "transfer-encoding: chunked\r\n";
  if (length !== null) return `content-length: ${length}\r\n`;
  return method === "GET" || method === "HEAD" || method === "DELETE" ? "" : "content-length: 0\r\n";
};

const PLAIN = 0;
const OURS = 1;
const HOST = 2;

const kinds = new Map<string, number>();

/** Names are few and come again and again. */
const kindOf = (name: string): number => {
  const known = kinds.get(name);
  if (known !== undefined) return known;
  if (!NAME.test(name)) throw new UnfitHeader("a header has no name");
  const lower = name.toLowerCase();
  const kind = ours.has(lower) ? OURS : lower === "host" ? HOST : PLAIN;
  if (kinds.size >= NAMES_MAX) kinds.clear();
  kinds.set(name, kind);
  return kind;
};

/** Of a body whose length the headers say; -1 when they do not. */
export const lengthSaid = (headers: readonly string[]): number => {
  for (let index = 0; index < headers.length; index += 2) {
    if ((headers[index] as string).toLowerCase() === "content-length") return Number(headers[index + 1]);
  }
  return -1;
};
