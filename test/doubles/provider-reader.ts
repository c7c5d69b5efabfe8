// Reads HTTP/1.1 requests from the bytes of one connection, one after another, keeping every byte as it came.
// It refuses nothing that a client under test might send wrongly: what cannot be read is reported, not mended.

export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  /** In the order and the spelling of the wire. */
  readonly rawHeaders: readonly (readonly [name: string, value: string])[];
  readonly bytes: Buffer;
}

export interface ReaderEvents {
  head(head: RequestHead): void;
  /** `wire` as it came; `body` without the framing of chunks. */
  body(body: Buffer, wire: Buffer): void;
  end(): void;
  malformed(what: string): void;
}

type Framing =
  { readonly kind: "length"; left: number } | { readonly kind: "chunked"; step: "size" | "data" | "data-end" | "trailer"; left: number };

const HEAD_END = Buffer.from("\r\n\r\n");
const LINE_END = Buffer.from("\r\n");

/** States: head → body → ended → (proceed) head. Bytes that come while a request is still being answered wait. */
export class RequestReader {
  readonly #events: ReaderEvents;
  #waiting: Buffer = Buffer.alloc(0);
  #state: "head" | "body" | "ended" | "broken" = "head";
  #framing: Framing = { kind: "length", left: 0 };

  constructor(events: ReaderEvents) {
    this.#events = events;
  }

  push(bytes: Buffer): void {
    this.#waiting = this.#waiting.length === 0 ? bytes : Buffer.concat([this.#waiting, bytes]);
    this.#read();
  }

  /** The request before has been answered: the next one may be read. */
  proceed(): void {
    if (this.#state !== "ended") return;
    this.#state = "head";
    this.#read();
  }

  #read(): void {
    for (let hasMoved = true; hasMoved;) {
      if (this.#state === "head") hasMoved = this.#readHead();
      else if (this.#state === "body") hasMoved = this.#readBody();
      else hasMoved = false;
    }
  }

  #readHead(): boolean {
    const end = this.#waiting.indexOf(HEAD_END);
    if (end < 0) return false;
    const bytes = this.#take(end + HEAD_END.length);
    const [line = "", ...lines] = bytes.toString("latin1").slice(0, -4).split("\r\n");
    const [method = "", target = "", version = ""] = line.split(" ");
    if (!version.startsWith("HTTP/1.")) return this.#break(`request line ${JSON.stringify(line)}`);
    const rawHeaders = lines.map((each) => headerOf(each));
    this.#framing = framingOf(rawHeaders);
    this.#state = "body";
    this.#events.head({ method, target, version, rawHeaders, bytes });
    return true;
  }

  #readBody(): boolean {
    const framing = this.#framing;
    if (framing.kind === "chunked") return this.#readChunked(framing);
    const wire = this.#take(Math.min(framing.left, this.#waiting.length));
    framing.left -= wire.length;
    if (wire.length > 0) this.#events.body(wire, wire);
    return framing.left === 0 ? this.#end() : false;
  }

  #readChunked(framing: Extract<Framing, { kind: "chunked" }>): boolean {
    if (framing.step === "data") {
      const wire = this.#take(Math.min(framing.left, this.#waiting.length));
      framing.left -= wire.length;
      if (wire.length > 0) this.#events.body(wire, wire);
      if (framing.left === 0) framing.step = "data-end";
      return wire.length > 0;
    }
    const lineEnd = this.#waiting.indexOf(LINE_END);
    if (lineEnd < 0) return false;
    const wire = this.#take(lineEnd + LINE_END.length);
    this.#events.body(Buffer.alloc(0), wire);
    const line = wire.toString("latin1").slice(0, -2);
    if (framing.step === "trailer") return line === "" ? this.#end() : true;
    if (framing.step === "data-end") {
      framing.step = "size";
      return line === "" || this.#break(`chunk end ${JSON.stringify(line)}`);
    }
    if (!/^[0-9a-f]+\s*(?:;.*)?$/i.test(line)) return this.#break(`chunk size ${JSON.stringify(line)}`);
    framing.left = Number.parseInt(line, 16);
    framing.step = framing.left === 0 ? "trailer" : "data";
    return true;
  }

  #end(): boolean {
    this.#state = "ended";
    this.#events.end();
    return true;
  }

  #break(what: string): boolean {
    this.#state = "broken";
    this.#events.malformed(what);
    return false;
  }

  #take(length: number): Buffer {
    const taken = this.#waiting.subarray(0, length);
    this.#waiting = this.#waiting.subarray(length);
    return taken;
  }
}

function headerOf(line: string): readonly [string, string] {
  const colon = line.indexOf(":");
  return colon < 0 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 1).trim()];
}

function framingOf(headers: readonly (readonly [string, string])[]): Framing {
  const valueOf = (name: string) => headers.find(([each]) => each.toLowerCase() === name)?.[1];
  if (/\bchunked\b/i.test(valueOf("transfer-encoding") ?? "")) return { kind: "chunked", step: "size", left: 0 };
  return { kind: "length", left: Number(valueOf("content-length") ?? 0) };
}
