// OpenAI's embeddings: for clients that ask in its form, and for the many providers that answer in it.
// Vectors are asked for as numbers, which every one of them gives.
import type { Asked, Invalid, TargetModel } from "../codec.ts";
import { objectsIn, stringOf, type JsonObject } from "../json-members.ts";
import { countOf, isImpossible, type SideClient, type SideProvider, type SideRequest } from "../side-codec.ts";
import { isObject, type Json } from "../../wire/json.ts";
import { purposeOf } from "./purposes.ts";
import { always, type Aside, leftOut, NO_TEXT, tooMany, type EmbeddingAnswer, type EmbeddingQuestion, type Input, type Purpose, type Truncation } from "./question.ts";
import { pack, vectorsOf } from "./vectors.ts";

const PATH = "/embeddings";
const INPUTS_MAX = 2048;

const invalid = (problem: string, parameter: string): Invalid => ({ problem, parameter });

const isTokens = (value: Json | undefined): value is number[] => Array.isArray(value) && value.length > 0 && value.every((token) => typeof token === "number");

const inputOf = (value: Json, at: string): Input | null => {
  if (typeof value === "string") return { kind: "text", at, text: value };
  return isTokens(value) ? { kind: "tokens", at, tokens: value } : null;
};

const WANTED = '"input" must be a string, a list of strings, a list of token ids, or a list of such lists.';

const readInputs = (value: Json | undefined): readonly Input[] | Invalid => {
  const whole = value === undefined ? null : inputOf(value, "input");
  if (whole !== null) return [whole];
  if (!Array.isArray(value) || value.length === 0) return invalid(WANTED, "input");
  const inputs = value.map((one, index) => inputOf(one, `input[${index}]`));
  const wrong = inputs.indexOf(null);
  return wrong === -1 ? inputs.filter((input) => input !== null) : invalid(WANTED, `input[${wrong}]`);
};

/** Members under which clients say what the vectors are for, as one vendor or the other calls it. */
const purposeMembers = ["input_type", "task_type", "taskType", "text_type", "task"] as const;

const known: ReadonlySet<string> = new Set(["model", "input", "dimensions", "encoding_format", "user", "truncate", "stream"]);

const readPurpose = (body: JsonObject): { readonly purpose: Purpose | null; readonly member: string } => {
  for (const member of purposeMembers) {
    const purpose = purposeOf(stringOf(body[member]));
    if (purpose !== null) return { purpose, member };
  }
  return { purpose: null, member: "" };
};

const truncations: Readonly<Record<string, Truncation>> = { none: "none", start: "start", end: "end", true: "end", false: "none" };

/** OpenAI itself refuses what is too long; others have a switch for it, which clients may know. */
const readTruncation = (value: Json | undefined): Truncation | null => {
  const word = String(value ?? "").toLowerCase();
  return Object.hasOwn(truncations, word) ? (truncations[word] ?? null) : null;
};

const decodeRequest = (body: JsonObject, { model }: Asked): EmbeddingQuestion | Invalid => {
  const inputs = readInputs(body["input"]);
  if (isImpossible(inputs)) return inputs;
  const { dimensions = null, encoding_format: form = null } = body;
  if (dimensions !== null && (typeof dimensions !== "number" || !Number.isInteger(dimensions) || dimensions < 1)) return invalid('"dimensions" must be a positive whole number.', "dimensions");
  if (form !== null && form !== "float" && form !== "base64") return invalid('"encoding_format" must be "float" or "base64".', "encoding_format");
  const { purpose, member } = readPurpose(body);
  return {
    protocol: "embeddings",
    model,
    inputs,
    isSingle: false,
    isPacked: form === "base64",
    dimensions,
    purpose,
    title: null,
    userId: typeof body["user"] === "string" ? body["user"] : null,
    truncate: readTruncation(body["truncate"]),
    truncateUsual: "none",
    others: Object.keys(body).filter((key) => !known.has(key) && key !== member && body[key] !== null),
  };
};

const encodeReply = ({ vectors, inputTokens }: EmbeddingAnswer, { model, isPacked }: EmbeddingQuestion): JsonObject => ({
  object: "list",
  data: vectors.map((vector, index) => ({ object: "embedding", index, embedding: isPacked ? pack(vector) : [...vector] })),
  model,
  usage: { prompt_tokens: inputTokens, total_tokens: inputTokens },
});

export const openaiClient: SideClient<EmbeddingQuestion, EmbeddingAnswer> = {
  decodeRequest,
  encodeReply,
  fieldNames: { dimensions: "dimensions", purpose: "input_type", title: "title", userId: "user", truncate: "truncate", inputs: "input" },
  demandsUsage: true,
};

const inDialect = (body: JsonObject, { dialect: { refuses = [], renames = {}, adds, omitsModel } }: TargetModel): JsonObject => {
  const members = Object.entries(body).filter(([key]) => !refuses.includes(key) && !(omitsModel === true && key === "model"));
  return { ...Object.fromEntries(members.map(([key, value]) => [Object.hasOwn(renames, key) ? (renames[key] ?? key) : key, value])), ...adds };
};

const asides: readonly (readonly [string, Aside])[] = [["dimensions", "dimensions"], ["user", "userId"]];

const refusedAsides = ({ dialect: { refuses = [] } }: TargetModel): Aside[] => asides.flatMap(([member, aside]) => (refuses.includes(member) ? [aside] : []));

const encodeRequest = (question: EmbeddingQuestion, target: TargetModel): SideRequest | Invalid => {
  const { inputs, dimensions, userId } = question;
  const media = inputs.find(({ kind }) => kind === "media");
  if (media !== undefined) return invalid(NO_TEXT, media.at);
  const refused = tooMany(question, INPUTS_MAX, "inputs");
  if (refused !== null) return refused;
  const losses = [...leftOut(question, ["purpose", "title", ...refusedAsides(target)]), ...always(question, "none")];
  const input = inputs.map((one): Json => (one.kind === "text" ? one.text : one.kind === "tokens" ? [...one.tokens] : null));
  const body = { model: target.model, input, encoding_format: "float", ...(dimensions === null ? {} : { dimensions }), ...(userId === null ? {} : { user: userId }) };
  return { path: PATH, body: inDialect(body, target), losses };
};

/** Vendors give the list in order; OpenAI numbers it. */
const inOrder = (data: readonly JsonObject[]): readonly JsonObject[] =>
  data.every(({ index }) => typeof index === "number") ? data.toSorted((left, right) => Number(left["index"]) - Number(right["index"])) : data;

const decodeReply = (document: JsonObject, question: EmbeddingQuestion): EmbeddingAnswer | string => {
  if (!Array.isArray(document["data"])) return "it holds no vectors";
  const vectors = vectorsOf(inOrder(objectsIn(document["data"])).map(({ embedding }) => embedding), question);
  if (typeof vectors === "string") return vectors;
  const { usage } = document;
  const inputTokens = isObject(usage) ? Math.max(countOf(usage["prompt_tokens"]), countOf(usage["total_tokens"])) : -1;
  return { vectors, inputTokens, model: stringOf(document["model"]) };
};

export const openaiProvider: SideProvider<EmbeddingQuestion, EmbeddingAnswer> = { encodeRequest, decodeReply };
