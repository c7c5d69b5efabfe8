// Values that are nested deeper than the stack goes. To look for them in everything that is read would cost a third of the
// reading; the stack tells of them by itself, so what it tells is made a refusal or a failure here. It knows no protocol.
import type { Invalid, ProviderCodec, StreamDecoder } from "./codec.ts";
import { type Event, noUsage, type ProviderFailure } from "./ir.ts";
import type { PassThrough } from "./pass-through.ts";

export const isTooDeep = (error: unknown): boolean => error instanceof RangeError && error.message.includes("call stack");

export const TOO_DEEP: Invalid = { problem: "The body's values are nested too deeply to be translated. Send arguments and schemas that are less deep.", parameter: "" };

const failure: ProviderFailure = {
  kind: "internal", status: 0, message: "The provider's answer is nested too deeply to be read.", type: "", code: "too_deep", parameter: "", retryAfterSeconds: 0, isFoundHere: true,
};

const orTooDeep = <Result>(read: () => Result, tooDeep: () => Result): Result => {
  try {
    return read();
  } catch (error) {
    if (isTooDeep(error)) return tooDeep();
    throw error;
  }
};

class GuardedDecoder implements StreamDecoder {
  readonly #decoder: StreamDecoder;
  #isOver = false;

  constructor(decoder: StreamDecoder) {
    this.#decoder = decoder;
  }

  push(bytes: Buffer): Event[] {
    if (this.#isOver) return [];
    try {
      return this.#decoder.push(bytes);
    } catch (error) {
      return this.#fail(error);
    }
  }

  end(): Event[] {
    if (this.#isOver) return [];
    try {
      return this.#decoder.end();
    } catch (error) {
      return this.#fail(error);
    }
  }

  #fail(error: unknown): Event[] {
    if (!isTooDeep(error)) throw error;
    this.#isOver = true;
    return [{ kind: "failure", failure }];
  }
}

/** The same codec, whose readers give a failure where the stack ends. */
export const guarded = (codec: ProviderCodec): ProviderCodec => ({
  ...codec,
  decodeReply: (body, target) => orTooDeep(() => codec.decodeReply(body, target), () => failure),
  decodeStream: (target, eventBytesMax) => new GuardedDecoder(codec.decodeStream(target, eventBytesMax)),
});

/** Likewise for bytes that pass: what cannot be read is no whole reply, and what cannot be made of it is not made. */
export const guardedPassage = (protocol: PassThrough): PassThrough => ({
  ...protocol,
  readReply: (body) => orTooDeep(() => protocol.readReply(body), () => ({ summary: { ...noUsage(), finishReason: "", model: "", outputTokensEstimate: 0 }, error: null, isWhole: false })),
  replyToStream: (body, wants) => orTooDeep(() => protocol.replyToStream(body, wants), () => null),
  streamToReply: (stream) => orTooDeep(() => protocol.streamToReply(stream), () => null),
});
