// Frames of the AWS event stream: lengths, a checksum of them, headers, payload, a checksum of all; big-endian.
// It refuses headers other than strings: no message here needs one.
import { crc32 } from "node:zlib";

const PRELUDE_BYTES = 12;
const CHECKSUM_BYTES = 4;
const STRING = 7;

export function frame(headers: Readonly<Record<string, string>>, payload: object): Buffer {
  const head = Buffer.concat(Object.entries(headers).map(([name, value]) => header(name, value)));
  const body = Buffer.from(JSON.stringify(payload));
  const whole = Buffer.alloc(PRELUDE_BYTES + head.length + body.length + CHECKSUM_BYTES);
  whole.writeUInt32BE(whole.length, 0);
  whole.writeUInt32BE(head.length, 4);
  whole.writeUInt32BE(crc32(whole.subarray(0, 8)), 8);
  head.copy(whole, PRELUDE_BYTES);
  body.copy(whole, PRELUDE_BYTES + head.length);
  whole.writeUInt32BE(crc32(whole.subarray(0, -CHECKSUM_BYTES)), whole.length - CHECKSUM_BYTES);
  return whole;
}

export function eventFrame(type: string, payload: object): Buffer {
  return frame({ ":event-type": type, ":content-type": "application/json", ":message-type": "event" }, payload);
}

export function exceptionFrame(type: string, message: string): Buffer {
  return frame({ ":exception-type": type, ":content-type": "application/json", ":message-type": "exception" }, { message });
}

function header(name: string, value: string): Buffer {
  const [nameBytes, valueBytes] = [Buffer.from(name), Buffer.from(value)];
  const length = Buffer.alloc(2);
  length.writeUInt16BE(valueBytes.length);
  return Buffer.concat([Buffer.from([nameBytes.length]), nameBytes, Buffer.from([STRING]), length, valueBytes]);
}
