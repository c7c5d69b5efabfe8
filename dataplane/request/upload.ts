// The body of an upload on its way: read up to the part that names the model, then passed on as it comes, with that one
// value replaced. Memory stays flat and each side waits for the other. It chooses no model and sends nothing itself.
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { Details, ErrorCode } from "../errors.ts";
import { HeldBytes } from "../wire/held-bytes.ts";
import { MultipartScanner } from "../wire/multipart.ts";

/** Up to this size what was passed on is kept, so that another target can be sent the same. */
const REPLAY_BYTES_MAX = 1_048_576;
const PIPE_BYTES_MAX = 65_536;

export interface UploadParts {
  readonly request: IncomingMessage;
  /** Null: there is no model to look for and the bytes are nobody's business. */
  readonly boundary: string | null;
  /** Most bytes that are held while the model has not been found. */
  readonly heldBytesMax: number;
  readonly totalBytesMax: number;
}

export interface Refusal {
  readonly code: ErrorCode;
  readonly details: Details;
}

/** `model` is null when the whole body names none. */
export type Found = { readonly model: string | null; readonly refusal?: never } | { readonly model?: never; readonly refusal: Refusal };

/** What a body that was being passed on is destroyed with. */
export class UploadBroken extends Error {
  override readonly name = "UploadBroken";
  readonly code: ErrorCode;
  readonly details: Details;

  constructor(refusal: Refusal) {
    super(`the upload broke off: ${refusal.code}`);
    this.code = refusal.code;
    this.details = refusal.details;
  }
}

/*
 * looking ── model, or end ──▶ ready ── open ──▶ passing ── end of the client's body ──▶ whole
 *    │                           ▲                  │ the upstream failed, everything still held
 *    │                           └──────────────────┘
 *    └── refusal (in any state but whole) ──▶ broken: the body at hand is destroyed with it
 * The client's socket is read only while looking, and while passing if the body at hand asks for more.
 */
export class Upload {
  readonly modelFound: Promise<Found>;
  /** How much has come from the client. */
  bytes = 0;
  readonly #parts: UploadParts;
  readonly #scanner: MultipartScanner | null;
  readonly #announcedBytes: number | null;
  readonly #settle: (found: Found) => void;
  readonly #onData = (chunk: Buffer): void => this.#take(chunk);
  readonly #onEnd = (): void => this.#end();
  readonly #onGone = (): void => this.#break("ACCEPT_LENGTH_MISMATCH");
  /** Everything from the first byte on; null when that is over. */
  #held: HeldBytes | null = new HeldBytes();
  #body: UploadBody | null = null;
  #refusal: Refusal | null = null;
  #isLooking = true;
  #isWhole = false;

  constructor(parts: UploadParts) {
    const { request, boundary } = parts;
    const { promise, resolve } = Promise.withResolvers<Found>();
    this.#parts = parts;
    this.modelFound = promise;
    this.#settle = resolve;
    this.#scanner = boundary === null ? null : new MultipartScanner(boundary);
    const announced = Number(request.headers["content-length"] ?? NaN);
    this.#announcedBytes = Number.isSafeInteger(announced) ? announced : null;
    // A listener for data sets the stream flowing; where nothing is looked for, nothing is read before somebody wants it.
    if (this.#scanner === null) request.pause();
    request.on("data", this.#onData).on("end", this.#onEnd).on("error", this.#onGone).on("close", this.#onGone);
    if (request.destroyed) this.#break("ACCEPT_LENGTH_MISMATCH");
    if ((this.#announcedBytes ?? 0) > parts.totalBytesMax) this.#breakAtTotal();
    if (this.#scanner === null) this.#found(null);
  }

  /** The same body can be opened (again), since all that came is still held. */
  get isReplayable(): boolean {
    return this.#held !== null;
  }

  /** What is in memory of the body. */
  get heldBytes(): number {
    return (this.#held?.length ?? 0) + (this.#body?.readableLength ?? 0);
  }

  /** The body as it is to be sent, from its first byte; a body opened before is given up. Null leaves the model as it is. */
  open(newModel: string | null): Readable {
    if (this.#isLooking) throw new Error("the model has not been looked for to the end");
    if (this.#held === null && this.#refusal === null) throw new Error("the upload has passed by and cannot be sent again");
    this.#body?.destroy();
    const body = new UploadBody(this.#held?.pieces() ?? [], this.#spliceOf(newModel), this);
    // A request that waits for a connection has nobody yet who listens for the body's end.
    body.on("error", () => {});
    this.#body = body;
    if (this.#refusal !== null) body.destroy(new UploadBroken(this.#refusal));
    return body;
  }

  /** How long the body is that `open` gives; null when the client did not say and has not ended. */
  contentLength(newModel: string | null): number | null {
    const bytes = this.#isWhole ? this.bytes : this.#announcedBytes;
    const splice = this.#spliceOf(newModel);
    return bytes === null || splice === null ? bytes : bytes + splice.bytes.length - (splice.end - splice.start);
  }

  /** Forgets everything; what the client still sends is read and thrown away, so that it gets to its answer. */
  close(): void {
    const { request } = this.#parts;
    this.#break("ACCEPT_LENGTH_MISMATCH");
    this.#held = null;
    this.#body?.destroy();
    request.off("data", this.#onData).off("end", this.#onEnd).off("close", this.#onGone);
    request.resume();
  }

  /** For the body at hand: it has passed on what it had. */
  more(body: UploadBody): void {
    if (this.#body !== body) return;
    if (this.#isWhole) body.finish();
    else if (this.#refusal === null) this.#parts.request.resume();
  }

  /** For the body at hand: nobody wants the rest of it. */
  leave(body: UploadBody): void {
    if (this.#body !== body) return;
    this.#body = null;
    this.#parts.request.pause();
  }

  #take(chunk: Buffer): void {
    if (this.#refusal !== null) return;
    this.bytes += chunk.length;
    if (this.bytes > this.#parts.totalBytesMax) return this.#breakAtTotal();
    this.#scanner?.push(chunk);
    if (this.#hasProblem()) return;
    if (!this.#isLooking && this.#held !== null && this.#held.length + chunk.length > REPLAY_BYTES_MAX) this.#held = null;
    this.#held?.append(chunk);
    if (this.#isLooking) this.#look();
    else if (this.#body?.pour(chunk) !== true) this.#parts.request.pause();
  }

  #look(): void {
    const { heldBytesMax, request } = this.#parts;
    const model = this.#scanner?.model ?? null;
    if (model !== null) {
      request.pause();
      this.#found(model.value);
    } else if (this.bytes > heldBytesMax) {
      this.#break("ACCEPT_BODY_TOO_LARGE", { bytesMax: heldBytesMax, setting: "limits.bodyBytes, or put the model part before the file" });
    }
  }

  #found(model: string | null): void {
    this.#isLooking = false;
    this.#settle({ model });
  }

  #end(): void {
    if (this.#refusal !== null) return;
    this.#scanner?.end();
    if (this.#hasProblem()) return;
    this.#isWhole = true;
    if (this.#isLooking) this.#found(null);
    this.#body?.finish();
  }

  #hasProblem(): boolean {
    const reason = this.#scanner?.problem ?? "";
    if (reason !== "") this.#break("REQUEST_INVALID_MULTIPART", { reason });
    return reason !== "";
  }

  #breakAtTotal(): void {
    this.#break("ACCEPT_BODY_TOO_LARGE", { bytesMax: this.#parts.totalBytesMax, setting: "limits.uploadBytes" });
  }

  #break(code: ErrorCode, details: Details = {}): void {
    if (this.#refusal !== null || this.#isWhole) return;
    const refusal: Refusal = { code, details };
    const body = this.#body;
    this.#refusal = refusal;
    this.#held = null;
    this.#isLooking = false;
    this.#parts.request.pause();
    this.#settle({ refusal });
    body?.destroy(new UploadBroken(refusal));
  }

  #spliceOf(newModel: string | null): Splice | null {
    if (newModel === null) return null;
    if (/[\r\n]/.test(newModel)) throw new RangeError("a model's name has no line ends");
    if (this.#scanner === null) throw new RangeError("there is no form to name a model in");
    const { model, firstBoundary } = this.#scanner;
    if (model !== null) return { start: model.start, end: model.end, bytes: Buffer.from(newModel) };
    const part = `--${this.#parts.boundary}\r\ncontent-disposition: form-data; name="model"\r\n\r\n${newModel}\r\n`;
    return { start: firstBoundary, end: firstBoundary, bytes: Buffer.from(part) };
  }
}

/** The bytes of the client's body at [start, end) become others. */
interface Splice {
  readonly start: number;
  readonly end: number;
  readonly bytes: Buffer;
}

/** One pass over the body: first what is held, then what comes. */
class UploadBody extends Readable {
  readonly #backlog: Buffer[];
  readonly #splice: Splice | null;
  readonly #upload: Upload;
  /** Offset in the client's body of what comes next. */
  #offset = 0;

  constructor(held: Buffer[], splice: Splice | null, upload: Upload) {
    super({ highWaterMark: PIPE_BYTES_MAX });
    this.#backlog = held.toReversed();
    this.#splice = splice;
    this.#upload = upload;
  }

  override _read(): void {
    for (let piece = this.#backlog.pop(); piece !== undefined; piece = this.#backlog.pop()) {
      if (!this.#pass(piece)) return;
    }
    this.#upload.more(this);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#backlog.length = 0;
    this.#upload.leave(this);
    callback(error);
  }

  /** Takes what just came; false when it has enough for now. */
  pour(chunk: Buffer): boolean {
    if (this.#backlog.length === 0) return this.#pass(chunk);
    this.#backlog.unshift(chunk);
    return false;
  }

  /** The client's body has ended. */
  finish(): void {
    if (this.#backlog.length === 0) this.push(null);
  }

  #pass(chunk: Buffer): boolean {
    const from = this.#offset;
    const to = from + chunk.length;
    this.#offset = to;
    const splice = this.#splice;
    if (splice === null || splice.end < from || splice.start >= to) return this.push(chunk);
    let wantsMore = true;
    const parts = [chunk.subarray(0, Math.max(0, splice.start - from)), splice.start >= from ? splice.bytes : EMPTY, chunk.subarray(Math.max(0, splice.end - from))];
    for (const part of parts) if (part.length > 0) wantsMore = this.push(part);
    return wantsMore;
  }
}

const EMPTY: Buffer = Buffer.alloc(0);
