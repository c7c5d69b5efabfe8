// Makes a valid PNG of 64 by 64 pixels out of 32 bytes: 8 by 8 mirrored squares in two colours.
// It refuses options: one size, one colour type, no metadata.

import { crc32, deflateSync } from "node:zlib";

const SIDE = 64;
const SQUARE = 8;
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

export function picture(seed: Buffer): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(SIDE, 0);
  header.writeUInt32BE(SIDE, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([SIGNATURE, block("IHDR", header), block("IDAT", deflateSync(pixels(seed))), block("IEND", Buffer.alloc(0))]);
}

function pixels(seed: Buffer): Buffer {
  const rows = Buffer.alloc(SIDE * (1 + SIDE * 3));
  for (let y = 0; y < SIDE; y += 1) {
    for (let x = 0; x < SIDE; x += 1) rows.set(colourAt(seed, x, y), y * (1 + SIDE * 3) + 1 + x * 3);
  }
  return rows;
}

function colourAt(seed: Buffer, x: number, y: number): Buffer {
  const column = Math.floor(x / SQUARE);
  const mirrored = Math.min(column, SIDE / SQUARE - 1 - column);
  const cell = Math.floor(y / SQUARE) * 4 + mirrored;
  const isSet = ((seed[cell] ?? 0) & 1) === 1;
  return seed.subarray(isSet ? 0 : 3, isSet ? 3 : 6);
}

function block(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  framed.set(body, 4);
  framed.writeUInt32BE(crc32(body), 4 + body.length);
  return framed;
}
