// Vectors as JSON has them and as base64 of little-endian 32-bit floats, and the list of them that an answer must have.
// It judges no number but whether it is one.
import { endianness } from "node:os";
import type { Json } from "../../wire/json.ts";
import type { EmbeddingQuestion, Vector } from "./question.ts";

const FLOAT_BYTES = 4;
const isLittleEndian = endianness() === "LE";

export const pack = (vector: Vector): string => {
  if (isLittleEndian) return Buffer.from(Float32Array.from(vector).buffer).toString("base64");
  const bytes = Buffer.allocUnsafe(vector.length * FLOAT_BYTES);
  vector.forEach((value, index) => bytes.writeFloatLE(value, index * FLOAT_BYTES));
  return bytes.toString("base64");
};

/** Null when it is no whole number of floats. */
export const unpack = (text: string): Vector | null => {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length === 0 || bytes.length % FLOAT_BYTES !== 0) return null;
  return Array.from({ length: bytes.length / FLOAT_BYTES }, (_, index) => bytes.readFloatLE(index * FLOAT_BYTES));
};

const isVector = (value: Json | undefined): value is number[] => Array.isArray(value) && value.length > 0 && value.every((number) => typeof number === "number");

/** One vector, in either form. */
const vectorOf = (value: Json | undefined): Vector | null => {
  if (typeof value === "string") return unpack(value);
  return isVector(value) ? value : null;
};

/** A text: what is wrong with them. */
export const vectorsOf = (values: readonly (Json | undefined)[], { inputs }: EmbeddingQuestion): readonly Vector[] | string => {
  const vectors = values.map(vectorOf);
  if (vectors.some((vector) => vector === null)) return "it holds something else where a vector should be";
  if (vectors.length !== inputs.length) return `it holds ${vectors.length} vectors for ${inputs.length} inputs`;
  return vectors.filter((vector) => vector !== null);
};
