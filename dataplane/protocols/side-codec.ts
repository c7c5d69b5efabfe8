// The seam of what is asked beside conversations, embeddings and rankings: one document goes, one document comes back.
// Pure values, as in codec.ts; a client's form and a provider's meet in a question and an answer that are nobody's.
import type { ProtocolName } from "../snapshot/schema.ts";
import type { Asked, Invalid, TargetModel } from "./codec.ts";
import type { Loss } from "./ir.ts";
import type { JsonObject } from "./json-members.ts";

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

export interface Question {
  readonly protocol: ProtocolName;
  /** As the client spelt it: what it reads back. */
  readonly model: string;
  /** Members that the question does not name: no other provider is told of them. */
  readonly others: readonly string[];
}

export interface Answer {
  /** The model that the provider says it used, "" when it does not say. */
  readonly model: string;
  /** -1: the provider did not say. */
  readonly inputTokens: number;
}

export interface SideClient<Asking extends Question, Answering extends Answer> {
  decodeRequest(body: JsonObject, asked: Asked): Asking | Invalid;
  encodeReply(answer: Answering, question: Asking): JsonObject;
  /** What the question's members are called there, for the paths of losses. */
  readonly fieldNames: Readonly<Record<string, string>>;
  /** Its SDKs read a number of tokens in every answer. */
  readonly demandsUsage: boolean;
}

export interface SideRequest {
  /** Behind the provider's base URL. */
  readonly path: string;
  readonly body: JsonObject;
  readonly losses: readonly Loss[];
}

export interface SideProvider<Asking extends Question, Answering extends Answer> {
  /** Invalid: it cannot be asked this, although another could. */
  encodeRequest(question: Asking, target: TargetModel): SideRequest | Invalid;
  /** A text: why the document is no answer to the question. */
  decodeReply(document: JsonObject, question: Asking, headers: Headers): Answering | string;
}

/** One family of questions. */
export interface Side<Asking extends Question, Answering extends Answer> {
  readonly clients: { readonly [protocol in ProtocolName]?: SideClient<Asking, Answering> };
  readonly providers: { readonly [protocol in ProtocolName]?: SideProvider<Asking, Answering> };
  /** What of the question did not come to be in the answer. */
  lossesIn(answer: Answering, question: Asking): readonly Loss[];
  /** How long the texts of a question are, in characters: for when nobody counted tokens. */
  lengthOf(question: Asking): number;
}

export const isImpossible = (value: object): value is Invalid => "problem" in value;

export const loss = (path: string, reason: Loss["reason"] = "unsupported", severity: Loss["severity"] = "minor"): Loss => ({ path, reason, severity });

export const countOf = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) && value >= 0 ? Math.trunc(value) : -1);

/** Of a header that holds a number. */
export const countIn = (headers: Headers, name: string): number => {
  const value = headers[name];
  return typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : -1;
};
