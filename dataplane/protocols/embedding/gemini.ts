// Gemini's embeddings: for clients that ask in its form, one content or several; and for providers, where Google AI takes
// the same and Vertex AI has a form of its own for most of its models.
import type { Asked, Invalid, TargetModel } from "../codec.ts";
import type { Loss } from "../ir.ts";
import { objectsIn, stringOf, type JsonObject } from "../json-members.ts";
import { countOf, isImpossible, type SideClient, type SideProvider, type SideRequest } from "../side-codec.ts";
import { isObject, type Json } from "../../wire/json.ts";
import { googleWords, purposeOf } from "./purposes.ts";
import { always, leftOut, textsOf, tooMany, type EmbeddingAnswer, type EmbeddingQuestion, type Input } from "./question.ts";
import { vectorsOf } from "./vectors.ts";

const INPUTS_MAX = 100;
const VERTEX_INPUTS_MAX = 250;

const invalid = (problem: string, parameter: string): Invalid => ({ problem, parameter });

/** Both spellings that Google takes. */
const member = (body: JsonObject, name: string): Json | undefined => body[name] ?? body[name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)];

/** The parts of one content are one text together. */
const inputOf = (content: Json | undefined, at: string): Input | Invalid => {
  if (typeof content === "string") return { kind: "text", at, text: content };
  const parts = isObject(content) ? content["parts"] : undefined;
  const list = Array.isArray(parts) ? parts : isObject(parts) ? [parts] : [];
  if (list.length === 0) return invalid(`"${at}.parts" must hold at least one part, as {"text": "…"}.`, `${at}.parts`);
  const media = list.findIndex((part) => !isObject(part) || typeof part["text"] !== "string");
  if (media !== -1) return { kind: "media", at: `${at}.parts[${media}]` };
  return { kind: "text", at, text: objectsIn(list).map(({ text }) => stringOf(text)).join("") };
};

const known: ReadonlySet<string> = new Set(["model", "content", "taskType", "task_type", "title", "outputDimensionality", "output_dimensionality", "autoTruncate", "auto_truncate", "embedContentConfig"]);

type Asides = Pick<EmbeddingQuestion, "dimensions" | "purpose" | "title" | "truncate" | "others">;

const readAsides = (body: JsonObject): Asides | Invalid => {
  const inner = isObject(body["embedContentConfig"]) ? body["embedContentConfig"] : {};
  const said = { ...inner, ...body };
  const dimensions = member(said, "outputDimensionality") ?? null;
  if (dimensions !== null && (typeof dimensions !== "number" || !Number.isInteger(dimensions) || dimensions < 1)) return invalid('"outputDimensionality" must be a positive whole number.', "outputDimensionality");
  const task = stringOf(member(said, "taskType"));
  const purpose = purposeOf(task);
  const truncates = member(said, "autoTruncate");
  const strange = task !== "" && purpose === null && task !== "TASK_TYPE_UNSPECIFIED" ? ["taskType"] : [];
  return {
    dimensions,
    purpose,
    title: stringOf(said["title"]) === "" ? null : stringOf(said["title"]),
    truncate: typeof truncates === "boolean" ? (truncates ? "end" : "none") : null,
    others: [...strange, ...Object.keys(said).filter((key) => !known.has(key) && said[key] !== null)],
  };
};

const same = (left: Asides, right: Asides): boolean => left.dimensions === right.dimensions && left.purpose === right.purpose && left.title === right.title && left.truncate === right.truncate;

const NOT_ALIKE = "The requests must agree on taskType, outputDimensionality and title: the provider behind this model takes one of each for all. Send those that differ by themselves.";

const question = (model: string, isSingle: boolean, inputs: readonly Input[], asides: Asides): EmbeddingQuestion =>
  ({ protocol: "gemini", model, inputs, isSingle, isPacked: false, userId: null, truncateUsual: "end", ...asides });

interface One {
  readonly input: Input;
  readonly asides: Asides;
}

const readOne = (body: JsonObject, at: string): One | Invalid => {
  const input = inputOf(body["content"], at === "" ? "content" : `${at}.content`);
  if (isImpossible(input)) return input;
  const asides = readAsides(body);
  return isImpossible(asides) ? asides : { input, asides };
};

const decodeRequest = (body: JsonObject, { model }: Asked): EmbeddingQuestion | Invalid => {
  const requests = body["requests"];
  if (requests === undefined) {
    const one = readOne(body, "");
    return isImpossible(one) ? one : question(model, true, [one.input], one.asides);
  }
  if (!Array.isArray(requests) || requests.length === 0) return invalid('"requests" must be a list of requests, each with its "content".', "requests");
  const read = requests.map((request, index) => (isObject(request) ? readOne(request, `requests[${index}]`) : invalid(`"requests[${index}]" must be an object.`, `requests[${index}]`)));
  const wrong = read.find(isImpossible);
  if (wrong !== undefined) return wrong;
  const all = read.filter((one): one is One => !isImpossible(one));
  const first = all[0]?.asides as Asides;
  const other = all.findIndex(({ asides }) => !same(first, asides));
  return other === -1 ? question(model, false, all.map(({ input }) => input), first) : invalid(NOT_ALIKE, `requests[${other}]`);
};

const encodeReply = ({ vectors, inputTokens }: EmbeddingAnswer, { isSingle }: EmbeddingQuestion): JsonObject => {
  const embeddings = vectors.map((values) => ({ values: [...values] }));
  return {
    ...(isSingle ? { embedding: embeddings[0] ?? {} } : { embeddings }),
    ...(inputTokens < 0 ? {} : { usageMetadata: { promptTokenCount: inputTokens, totalTokenCount: inputTokens } }),
  };
};

export const geminiClient: SideClient<EmbeddingQuestion, EmbeddingAnswer> = {
  decodeRequest,
  encodeReply,
  fieldNames: { dimensions: "outputDimensionality", purpose: "taskType", title: "title", userId: "labels", truncate: "autoTruncate", inputs: "requests" },
  demandsUsage: false,
};

const placeOf = (model: string): string => model.replace(/^models\//, "");
const pathOf = (model: string, action: string): string => `/models/${encodeURIComponent(placeOf(model))}:${action}`;

const taskOf = ({ purpose }: EmbeddingQuestion): string | undefined => (purpose === null ? undefined : googleWords[purpose]);

const present = (members: Readonly<Record<string, Json | undefined>>): JsonObject =>
  Object.fromEntries(Object.entries(members).filter((entry): entry is [string, Json] => entry[1] !== undefined && entry[1] !== null));

/** Google AI cuts what is too long, and nobody can keep it from that. */
const googleRequest = (asked: EmbeddingQuestion, texts: readonly string[], model: string): SideRequest | Invalid => {
  const refused = tooMany(asked, INPUTS_MAX, "inputs");
  if (refused !== null) return refused;
  const requests = texts.map((text) => present({
    model: `models/${placeOf(model)}`, content: { parts: [{ text }] }, taskType: taskOf(asked), title: asked.title, outputDimensionality: asked.dimensions,
  }));
  const losses: Loss[] = [...leftOut(asked, ["userId"]), ...always(asked, "end")];
  return requests.length === 1 ? { path: pathOf(model, "embedContent"), body: requests[0] ?? {}, losses } : { path: pathOf(model, "batchEmbedContents"), body: { requests }, losses };
};

/** Of Vertex AI's models the later ones of Gemini take one content, and the rest instances of a prediction (seen 2026-11). */
const takesContent = (model: string): boolean => /gemini|maas/.test(model) && !isFirst(model);
const isFirst = (model: string): boolean => placeOf(model) === "gemini-embedding-001";

const vertexRequest = (asked: EmbeddingQuestion, texts: readonly string[], model: string): SideRequest | Invalid => {
  const isOne = takesContent(model);
  const refused = tooMany(asked, isOne || isFirst(model) ? 1 : VERTEX_INPUTS_MAX, "inputs");
  if (refused !== null) return refused;
  const { dimensions, title, truncate, truncateUsual } = asked;
  const losses = leftOut(asked, ["userId"]);
  const autoTruncate = (truncate ?? truncateUsual) !== "none";
  if (isOne) {
    const embedContentConfig = present({ taskType: taskOf(asked), title, outputDimensionality: dimensions, autoTruncate });
    return { path: pathOf(model, "embedContent"), body: { content: { parts: [{ text: texts[0] ?? "" }] }, embedContentConfig }, losses };
  }
  const instances = texts.map((content) => present({ content, task_type: taskOf(asked), title }));
  return { path: pathOf(model, "predict"), body: { instances, parameters: present({ outputDimensionality: dimensions, autoTruncate }) }, losses };
};

const encodeRequest = (asked: EmbeddingQuestion, { model, dialect }: TargetModel): SideRequest | Invalid => {
  const texts = textsOf(asked);
  if (isImpossible(texts)) return texts;
  return dialect.sideForm === "vertex" ? vertexRequest(asked, texts, model) : googleRequest(asked, texts, model);
};

const listIn = ({ embedding, embeddings, predictions }: JsonObject): readonly JsonObject[] | null => {
  if (isObject(embedding)) return [embedding];
  if (Array.isArray(embeddings)) return objectsIn(embeddings);
  return Array.isArray(predictions) ? objectsIn(predictions).map((prediction) => (isObject(prediction["embeddings"]) ? prediction["embeddings"] : {})) : null;
};

const tokensOf = ({ statistics }: JsonObject): number => (isObject(statistics) ? countOf(member(statistics, "tokenCount")) : -1);

const tokensIn = ({ usageMetadata }: JsonObject, list: readonly JsonObject[]): number => {
  if (isObject(usageMetadata)) return countOf(usageMetadata["promptTokenCount"]);
  const counts = list.map(tokensOf);
  return counts.includes(-1) ? -1 : counts.reduce((sum, count) => sum + count, 0);
};

const decodeReply = (document: JsonObject, asked: EmbeddingQuestion): EmbeddingAnswer | string => {
  const list = listIn(document);
  if (list === null) return "it holds no vectors";
  const vectors = vectorsOf(list.map(({ values }) => values), asked);
  return typeof vectors === "string" ? vectors : { vectors, inputTokens: tokensIn(document, list), model: "" };
};

export const geminiProvider: SideProvider<EmbeddingQuestion, EmbeddingAnswer> = { encodeRequest, decodeReply };
