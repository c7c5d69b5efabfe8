// How Gemini's streams are written to a client: events as Google writes them, or one list that grows. Each chunk is a whole
// response; of those with text only the text changes, so what surrounds it is built once.
import type { Conversation } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { isEventFramed } from "./decode-request.ts";

/** A response in the framing that the client asked for. */
export interface Frames {
  chunk(json: string): string;
  /** Nothing more comes. */
  end(): string;
  /** `json`: an error in place of a response. */
  fail(json: string): string;
}

export const eventOf = (json: string): string => `data: ${json}\r\n\r\n`;

const events: Frames = { chunk: eventOf, end: () => "", fail: eventOf };

class ListFrames implements Frames {
  #hasBegun = false;

  chunk(json: string): string {
    const opening = this.#hasBegun ? ",\r\n" : "[";
    this.#hasBegun = true;
    return opening + json;
  }

  end(): string {
    return this.#hasBegun ? "\r\n]" : "[]";
  }

  fail(json: string): string {
    return `${this.chunk(json)}\r\n]`;
  }
}

export const framesIn = (isEventFraming: boolean): Frames => (isEventFraming ? events : new ListFrames());

export const framesFor = (asked: Conversation): Frames => framesIn(isEventFramed(asked));

/** What surrounds the parts of one candidate's chunks. */
export class ChunkFrame {
  readonly textBegin: string;
  readonly textEnd: string;
  readonly thoughtEnd: string;
  readonly #begin: string;
  readonly #middle: string;
  readonly #end: string;

  constructor(index: number, model: string, id: string) {
    this.#begin = '{"candidates":[{"content":{"parts":[';
    this.#middle = '],"role":"model"}';
    this.#end = `,"index":${index}}],"modelVersion":${JSON.stringify(model)},"responseId":${JSON.stringify(id)}`;
    this.textBegin = `${this.#begin}{"text":`;
    this.textEnd = `}${this.#middle}${this.#end}}`;
    this.thoughtEnd = `,"thought":true${this.textEnd}`;
  }

  /** `beside`: members of the candidate; `behind`: of the response. */
  parts(parts: readonly JsonObject[], beside: JsonObject = {}, behind: JsonObject = {}): string {
    return this.#begin + parts.map((part) => JSON.stringify(part)).join(",") + this.#middle + membersText(beside) + this.#end + membersText(behind) + "}";
  }
}

const membersText = (members: JsonObject): string => {
  const text = JSON.stringify(members);
  return text === "{}" ? "" : `,${text.slice(1, -1)}`;
};
