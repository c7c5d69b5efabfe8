// The way of a count of tokens asked of a server whose age nobody knows: where it turns out not to count, the gateway may.
// It says what a refusal means; who counts then is decided elsewhere.
import type { ProviderFailure } from "../protocols/ir.ts";
import type { Answered, JoinPassage, Passage, Refusal, StreamPassage } from "./passage.ts";

/** That there is no such route, that it takes no such method, that this model has none of it. */
const absent: ReadonlySet<number> = new Set([404, 405, 501]);
/** Gateways say it with any status ("messagesCountTokens is not supported by openai"). */
const UNSUPPORTED = /count[_ -]?tokens?.{0,80}\bnot (?:supported|implemented|available)\b/is;
const READ_LENGTH = 4096;

export class PerhapsCounted implements Passage {
  readonly isUntouched: boolean;
  readonly streamType: string | undefined;
  readonly #inner: Passage;
  readonly #model: string;
  #isUncounted = false;

  /** `model`: as the server calls it. */
  constructor(inner: Passage, model: string) {
    this.#inner = inner;
    this.#model = model;
    this.isUntouched = inner.isUntouched;
    this.streamType = inner.streamType;
  }

  /** The server has refused because it does not count. */
  get isUncounted(): boolean {
    return this.#isUncounted;
  }

  isStream(type: string): boolean {
    return this.#inner.isStream(type);
  }

  openStream(eventBytesMax: number, type: string): StreamPassage {
    return this.#inner.openStream(eventBytesMax, type);
  }

  openJoin(eventBytesMax: number, type: string): JoinPassage {
    return this.#inner.openJoin(eventBytesMax, type);
  }

  readReply(body: Buffer, headers: Refusal["headers"]): Answered {
    return this.#inner.readReply(body, headers);
  }

  readRefusal(refusal: Refusal): ProviderFailure | null {
    this.#isUncounted = !refusal.isOfKey && saysUncounted(refusal, this.#model);
    return this.#isUncounted ? { ...UNCOUNTED, status: refusal.status } : this.#inner.readRefusal(refusal);
  }
}

/** Never reaches a client: the gateway's own count takes its place. */
const UNCOUNTED: ProviderFailure = { kind: "not-found", status: 404, message: "", type: "", code: "", parameter: "", retryAfterSeconds: 0 };

/** A refusal that names the model is about the model: an estimate for one that is not there would hide that. */
const saysUncounted = ({ status, body }: Refusal, model: string): boolean => {
  const words = body.toString("utf8", 0, READ_LENGTH);
  if (UNSUPPORTED.test(words)) return true;
  return absent.has(status) && (model === "" || !words.includes(model));
};
