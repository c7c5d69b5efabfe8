// A provider's stream of frames, into neutral events. What the events mean is read elsewhere; here is what carries them:
// frames that are broken or too long, exceptions in the place of events, an end in the middle of a frame.
import type { StreamDecoder, TargetModel } from "../codec.ts";
import type { Event } from "../ir.ts";
import { broken } from "../provider-failure.ts";
import { parseJson } from "../../wire/json.ts";
import { type Headers, wordIn } from "../../wire/aws-event-headers.ts";
import { type FrameReader, FrameScanner } from "../../wire/aws-event-stream.ts";
import { failureInFrame } from "./failure.ts";
import { StreamEvents } from "./stream-events.ts";

class ConverseStreamDecoder implements StreamDecoder, FrameReader {
  readonly #scanner: FrameScanner;
  readonly #meaning: StreamEvents;

  constructor(origin: string, eventBytesMax: number) {
    this.#scanner = new FrameScanner(eventBytesMax, this);
    this.#meaning = new StreamEvents(origin, eventBytesMax);
  }

  push(bytes: Buffer): Event[] {
    if (this.#meaning.isOver) return [];
    this.#scanner.push(bytes);
    const { isOversize, problem } = this.#scanner;
    if (isOversize) this.#meaning.fail(broken("too_large", "An event of the provider's stream was larger than may be held."));
    else if (problem !== "") this.#meaning.fail(broken("broken_frame", `The provider's stream is broken: ${problem}.`));
    return this.#meaning.take();
  }

  end(): Event[] {
    this.#meaning.end(!this.#scanner.isBetweenFrames);
    return this.#meaning.take();
  }

  wants(): boolean {
    return true;
  }

  see(headers: Headers, payload: Buffer | null): void {
    const text = payload?.toString("utf8") ?? "";
    if (wordIn(headers, ":message-type") === "event") return this.#meaning.read(wordIn(headers, ":event-type"), parseJson(text));
    const failure = failureInFrame(headers, text);
    if (failure !== null) this.#meaning.fail(failure);
  }
}

export const decodeStream = ({ origin }: TargetModel, eventBytesMax: number): StreamDecoder => new ConverseStreamDecoder(origin, eventBytesMax);
