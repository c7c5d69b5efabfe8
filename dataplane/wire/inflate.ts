// Undoes a content-encoding that was not asked for: bytes in, plain bytes out, with backpressure.
// Used only where a provider ignores "accept-encoding: identity".
import type { Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from "node:zlib";

const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

/** Null when the encoding is not one of those. */
export const openInflate = (encoding: string): Transform | null => decoders[encoding.trim().toLowerCase()]?.() ?? null;
