// Messages as Bedrock streams them when it is invoked: Amazon's frames, in each of them one event in base64, or an exception.
// They become the server-sent events that Anthropic itself would have sent. It keeps nothing but the frame that is not whole.
import { wordIn, type Headers } from "../../wire/aws-event-headers.ts";
import { FrameScanner, type FrameReader } from "../../wire/aws-event-stream.ts";
import { isObject, parseJson } from "../../wire/json.ts";
import { encodeEvent } from "../../wire/sse-events.ts";
import { stringOf } from "../json-members.ts";
import type { Unframer } from "../pass-through.ts";

const NOTHING = Buffer.alloc(0);

/** Amazon's words for what happened inside a stream. */
const errorTypes: Readonly<Record<string, string>> = {
  throttlingException: "rate_limit_error",
  serviceUnavailableException: "overloaded_error",
  validationException: "invalid_request_error",
  modelTimeoutException: "timeout_error",
};

export class FramedMessages implements Unframer, FrameReader {
  readonly #scanner: FrameScanner;
  #text = "";
  #isBroken = false;

  constructor(eventBytesMax: number) {
    this.#scanner = new FrameScanner(eventBytesMax, this);
  }

  get isOversize(): boolean {
    return this.#scanner.isOversize;
  }

  push(bytes: Buffer): Buffer {
    this.#scanner.push(bytes);
    if (this.#scanner.problem !== "" && !this.#isBroken) {
      this.#isBroken = true;
      this.#text += errorEvent("modelStreamErrorException", `The provider's stream is broken: ${this.#scanner.problem}.`);
    }
    const text = this.#text;
    this.#text = "";
    return text === "" ? NOTHING : Buffer.from(text);
  }

  wants(): boolean {
    return true;
  }

  see(headers: Headers, payload: Buffer | null): void {
    const document = parseJson(payload?.toString("utf8") ?? "");
    const members = isObject(document) ? document : {};
    const exception = wordIn(headers, ":exception-type") || wordIn(headers, ":error-code");
    this.#text += exception === "" ? eventIn(stringOf(members["bytes"])) : errorEvent(exception, stringOf(members["message"]) || wordIn(headers, ":error-message"));
  }
}

/** The event as it was, under its own name. */
const eventIn = (base64: string): string => {
  const data = Buffer.from(base64, "base64").toString("utf8");
  const event = parseJson(data);
  // Between tokens a line break is space like any other.
  return isObject(event) ? encodeEvent(data.replaceAll(/[\r\n]/g, " "), stringOf(event["type"])) : "";
};

const errorEvent = (exception: string, message: string): string =>
  encodeEvent(JSON.stringify({ type: "error", error: { type: errorTypes[exception] ?? "api_error", message: message === "" ? exception : message } }), "error");
