// The way of an answer that is one document and is written anew for the client: vectors, ranks, a number of tokens.
// It never is a stream. What the document means is read elsewhere.
import type { ProviderCodec } from "../protocols/codec.ts";
import type { ProviderFailure } from "../protocols/ir.ts";
import type { JsonObject } from "../protocols/json-members.ts";
import { errorIn } from "../protocols/openai-failure.ts";
import { noSummary } from "../protocols/openai-usage.ts";
import type { ReportedError } from "../protocols/pass-through.ts";
import { isObject, parseJson } from "../wire/json.ts";
import type { Answered, JoinPassage, Passage, Refusal, StreamPassage } from "./passage.ts";

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** What became of a document. */
export interface Read {
  readonly body: JsonObject;
  readonly inputTokens: number;
  readonly model: string;
}

export interface Reading {
  /** A text: why it is no answer. */
  read(document: JsonObject, headers: Headers): Read | string;
  readonly decodeFailure: ProviderCodec["decodeFailure"];
}

const NOTHING = Buffer.alloc(0);
const JSON_TYPE = "application/json";

export class DocumentPassage implements Passage {
  readonly isUntouched = false;
  readonly streamType = undefined;
  readonly #reading: Reading;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  isStream(): boolean {
    return false;
  }

  openStream(): StreamPassage {
    throw new Error("a document does not come as a stream");
  }

  openJoin(): JoinPassage {
    throw new Error("a document does not come as a stream");
  }

  readReply(body: Buffer, headers: Headers): Answered {
    const document = parseJson(body.toString("utf8"));
    if (!isObject(document)) return { ...failed, isWhole: document !== undefined, problem: "it is no JSON object" };
    const read = this.#reading.read(document, headers);
    if (typeof read !== "string") return { ...failed, summary: { ...noSummary(), inputTokens: read.inputTokens, outputTokens: 0, model: read.model }, body: Buffer.from(JSON.stringify(read.body)) };
    return saysError(document) ? { ...failed, error: reported(this.#reading.decodeFailure(0, headers, body)) } : { ...failed, problem: read };
  }

  readRefusal({ status, headers, body }: Refusal): ProviderFailure {
    return this.#reading.decodeFailure(status, headers, body);
  }
}

const failed: Answered = { summary: noSummary(), error: null, isWhole: true, body: NOTHING, type: JSON_TYPE };

/** An error in the clothes of a success, in any vendor's shape. */
const saysError = (document: JsonObject): boolean => errorIn(document) !== null || typeof document["message"] === "string";

const reported = ({ message, type, code, kind, retryAfterSeconds }: ProviderFailure): ReportedError => ({ message, type, code, kind, retryAfterSeconds });
