// The headers of a frame of Amazon's event stream: names with values of ten types, as bytes and as values.
// It knows no name.

export type HeaderValue =
  | { readonly type: "boolean"; readonly value: boolean }
  | { readonly type: "byte" | "short" | "integer"; readonly value: number }
  /** A timestamp is in milliseconds since 1970. */
  | { readonly type: "long" | "timestamp"; readonly value: bigint }
  | { readonly type: "binary"; readonly value: Buffer }
  | { readonly type: "string" | "uuid"; readonly value: string };

export type Headers = ReadonlyMap<string, HeaderValue>;

const TRUE = 0;
const FALSE = 1;
const codes = { byte: 2, short: 3, integer: 4, long: 5, binary: 6, string: 7, timestamp: 8, uuid: 9 } as const;
const UUID_BYTES = 16;

/** "" when there is none, or none of words. */
export const wordIn = (headers: Headers, name: string): string => {
  const header = headers.get(name);
  return header?.type === "string" ? header.value : "";
};

export const words = (pairs: Readonly<Record<string, string>>): Headers =>
  new Map(Object.entries(pairs).map(([name, value]): [string, HeaderValue] => [name, { type: "string", value }]));

const sized = (value: Buffer): Buffer => {
  const size = Buffer.allocUnsafe(2);
  size.writeUInt16BE(value.length);
  return Buffer.concat([size, value]);
};

const numberBytes = (bytes: number, write: (buffer: Buffer) => void): Buffer => {
  const buffer = Buffer.allocUnsafe(bytes);
  write(buffer);
  return buffer;
};

const writeValue = (header: HeaderValue): [code: number, bytes: Buffer] => {
  switch (header.type) {
    case "boolean":
      return [header.value ? TRUE : FALSE, Buffer.alloc(0)];
    case "byte":
      return [codes.byte, numberBytes(1, (buffer) => buffer.writeInt8(header.value))];
    case "short":
      return [codes.short, numberBytes(2, (buffer) => buffer.writeInt16BE(header.value))];
    case "integer":
      return [codes.integer, numberBytes(4, (buffer) => buffer.writeInt32BE(header.value))];
    case "long":
    case "timestamp":
      return [codes[header.type], numberBytes(8, (buffer) => buffer.writeBigInt64BE(header.value))];
    case "binary":
      return [codes.binary, sized(header.value)];
    case "string":
      return [codes.string, sized(Buffer.from(header.value))];
    case "uuid":
      return [codes.uuid, Buffer.from(header.value.replaceAll("-", ""), "hex")];
  }
};

export const writeHeaders = (headers: Headers): Buffer =>
  Buffer.concat(
    [...headers].flatMap(([name, header]) => {
      const written = Buffer.from(name);
      const [code, value] = writeValue(header);
      return [Buffer.from([written.length]), written, Buffer.from([code]), value];
    }),
  );

const uuidOf = (bytes: Buffer): string => bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");

interface Read {
  readonly header: HeaderValue;
  readonly bytes: number;
}

/** How many bytes a value has; for those that say it themselves, with the two that say it. -1: there is no such type. */
const bytesOf = (code: number, rest: Buffer): number => {
  if (code === TRUE || code === FALSE) return 0;
  if (code === codes.byte) return 1;
  if (code === codes.short) return 2;
  if (code === codes.integer) return 4;
  if (code === codes.long || code === codes.timestamp) return 8;
  if (code === codes.uuid) return UUID_BYTES;
  if (code !== codes.binary && code !== codes.string) return -1;
  return rest.length < 2 ? 2 : 2 + rest.readUInt16BE(0);
};

const valueOf = (code: number, value: Buffer): HeaderValue => {
  switch (code) {
    case TRUE:
    case FALSE:
      return { type: "boolean", value: code === TRUE };
    case codes.byte:
      return { type: "byte", value: value.readInt8(0) };
    case codes.short:
      return { type: "short", value: value.readInt16BE(0) };
    case codes.integer:
      return { type: "integer", value: value.readInt32BE(0) };
    case codes.long:
      return { type: "long", value: value.readBigInt64BE(0) };
    case codes.timestamp:
      return { type: "timestamp", value: value.readBigInt64BE(0) };
    case codes.uuid:
      return { type: "uuid", value: uuidOf(value) };
    case codes.binary:
      return { type: "binary", value: Buffer.from(value.subarray(2)) };
    default:
      return { type: "string", value: value.toString("utf8", 2) };
  }
};

const readValue = (code: number, rest: Buffer): Read | null => {
  const bytes = bytesOf(code, rest);
  return bytes === -1 || bytes > rest.length ? null : { header: valueOf(code, rest.subarray(0, bytes)), bytes };
};

/** Null when the bytes are no headers. Of two with one name the last counts. */
export const readHeaders = (bytes: Buffer): Headers | null => {
  const headers = new Map<string, HeaderValue>();
  for (let at = 0; at < bytes.length; ) {
    const nameEnd = at + 1 + (bytes[at] as number);
    // Behind the name stands the type, which every header has.
    if (nameEnd >= bytes.length || nameEnd === at + 1) return null;
    const read = readValue(bytes[nameEnd] as number, bytes.subarray(nameEnd + 1));
    if (read === null) return null;
    headers.set(bytes.toString("utf8", at + 1, nameEnd), read.header);
    at = nameEnd + 1 + read.bytes;
  }
  return headers;
};
