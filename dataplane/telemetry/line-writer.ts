// Puts numbers, times and short texts into a buffer without making strings of them first.
// Whoever calls makes sure that there is room; it checks nothing.

const ZERO = 48;
const POINT = 46;
const MS_PER_SECOND = 1000;
const SMALL_MAX = 2_147_483_647;

/** A plain array of bytes and no Buffer: `set` from one of these costs half. */
export const asciiBytes = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(text, (character) => character.charCodeAt(0));

export const writeBytes = (from: Uint8Array, into: Uint8Array, offset: number): number => {
  into.set(from, offset);
  return offset + from.length;
};

const digitsOf = (amount: number): number => {
  let digits = 1;
  for (let power = 10; power <= amount; power *= 10) digits += 1;
  return digits;
};

/** For what is not negative. */
export const writeInteger = (amount: number, into: Uint8Array, offset: number): number => {
  const end = offset + digitsOf(amount);
  if (amount > SMALL_MAX) return writeLarge(amount, into, offset, end);
  // Below 2^31 the operators of 32 bits do, and are three times as fast as Math.floor.
  let rest = amount | 0;
  for (let index = end - 1; index >= offset; index -= 1) {
    const tenth = (rest / 10) | 0;
    into[index] = ZERO + (rest - tenth * 10);
    rest = tenth;
  }
  return end;
};

const writeLarge = (amount: number, into: Uint8Array, offset: number, end: number): number => {
  let rest = amount;
  for (let index = end - 1; index >= offset; index -= 1) {
    const tenth = Math.floor(rest / 10);
    into[index] = ZERO + (rest - tenth * 10);
    rest = tenth;
  }
  return end;
};

const writeThreeDigits = (amount: number, into: Uint8Array, offset: number): number => {
  const hundreds = (amount / 100) | 0;
  const tens = ((amount / 10) | 0) - hundreds * 10;
  into[offset] = ZERO + hundreds;
  into[offset + 1] = ZERO + tens;
  into[offset + 2] = ZERO + amount - hundreds * 100 - tens * 10;
  return offset + 3;
};

/** With three decimals; what is negative, which a clock set back could make it, is 0. */
export const writeMilliseconds = (ms: number, into: Uint8Array, offset: number): number => {
  const micros = ms > 0 ? Math.round(ms * 1000) : 0;
  const whole = Math.floor(micros / 1000);
  const point = writeInteger(whole, into, offset);
  into[point] = POINT;
  return writeThreeDigits(micros - whole * 1000, into, point + 1);
};

let secondOfPrefix = -1;
let prefix = new Uint8Array(0);

/** RFC 3339 in UTC, to the millisecond; the part down to the second is made once per second. */
export const writeTime = (nowMs: number, into: Uint8Array, offset: number): number => {
  const wholeMs = Math.floor(nowMs);
  const second = Math.floor(wholeMs / MS_PER_SECOND);
  if (second !== secondOfPrefix) {
    secondOfPrefix = second;
    prefix = asciiBytes(new Date(second * MS_PER_SECOND).toISOString().slice(0, -4));
  }
  const end = writeThreeDigits(wholeMs - second * MS_PER_SECOND, into, writeBytes(prefix, into, offset));
  into[end] = 90; // Z
  return end + 1;
};

/** True when a JSON string may hold the text as it is, one byte for each character. */
export const isPlain = (text: string): boolean => {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) return false;
  }
  return true;
};

export const writePlain = (text: string, into: Uint8Array, offset: number): number => {
  for (let index = 0; index < text.length; index += 1) into[offset + index] = text.charCodeAt(index);
  return offset + text.length;
};
