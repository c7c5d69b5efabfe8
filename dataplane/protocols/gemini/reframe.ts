// A stream in the other framing than the client asked for: some relays know only one of the two. Each response goes as it is,
// but for the ends of lines in it, which are white space in JSON and would cut an event.
import type { Failure } from "../../errors.ts";
import { SseReader } from "../../wire/sse-reader.ts";
import { isEventStream, type Reframer } from "../pass-through.ts";
import { isEventQuery } from "./decode-request.ts";
import { failureBody } from "./failure.ts";
import { JsonElements } from "./json-elements.ts";
import { type Frames, framesIn } from "./stream-frames.ts";

const LINE_ENDS = /[\r\n]+/g;
const DONE = "[DONE]";

type Read = (bytes: Buffer) => readonly string[];

const eventsIn = (eventBytesMax: number): Read => {
  const reader = new SseReader(eventBytesMax);
  return (bytes) => reader.push(bytes).map(({ data }) => data).filter((data) => data !== "" && data !== DONE);
};

const elementsIn = (eventBytesMax: number): Read => {
  const elements = new JsonElements(eventBytesMax);
  return (bytes) => elements.push(bytes).map((element) => element.toString("utf8"));
};

class GeminiReframer implements Reframer {
  readonly type: string;
  readonly #read: Read;
  readonly #frames: Frames;

  constructor(isToEvents: boolean, eventBytesMax: number) {
    this.type = isToEvents ? "text/event-stream" : "application/json; charset=UTF-8";
    this.#read = isToEvents ? elementsIn(eventBytesMax) : eventsIn(eventBytesMax);
    this.#frames = framesIn(isToEvents);
  }

  push(bytes: Buffer): Buffer {
    return Buffer.from(this.#read(bytes).map((response) => this.#frames.chunk(response.replaceAll(LINE_ENDS, " "))).join(""));
  }

  end(): Buffer {
    return Buffer.from(this.#frames.end());
  }

  fail(failure: Failure): Buffer {
    return Buffer.from(this.#frames.fail(JSON.stringify({ error: failureBody(failure) })));
  }
}

/** Null: it comes as it was asked for. */
export const reframe = (query: string, type: string, eventBytesMax: number): Reframer | null => {
  const isToEvents = isEventQuery(query);
  return isToEvents === isEventStream(type) ? null : new GeminiReframer(isToEvents, eventBytesMax);
};
