// Bounds the log of a data plane that this process only watches: what is in it goes into a second file, and it begins anew.
// The writer holds the file open and appends to it, so that the file cannot be renamed under it, only cut.
import { appendFileSync, closeSync, copyFileSync, fstatSync, ftruncateSync, openSync, readSync } from "node:fs";

const PIECE_BYTES = 1_048_576;

/** What is written while the bulk is copied is taken along too; only what comes in the moment of the cut itself is lost. */
export const turnOver = (file: string, copy: (from: string, to: string) => void = copyFileSync): void => {
  const former = `${file}.1`;
  const log = openSync(file, "r+");
  try {
    copy(file, former);
    let taken = sizeOf(former);
    const piece = Buffer.allocUnsafe(PIECE_BYTES);
    for (let length = readSync(log, piece, 0, PIECE_BYTES, taken); length > 0; length = readSync(log, piece, 0, PIECE_BYTES, taken)) {
      appendFileSync(former, piece.subarray(0, length));
      taken += length;
    }
    ftruncateSync(log, 0);
  } finally {
    closeSync(log);
  }
};

const sizeOf = (file: string): number => {
  const opened = openSync(file, "r");
  try {
    return fstatSync(opened).size;
  } finally {
    closeSync(opened);
  }
};
