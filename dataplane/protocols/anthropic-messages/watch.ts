// Watches a stream of Anthropic's protocol while it passes: the counts in its beginning and at its end, why it stopped,
// whether there was an error. Deltas pass without being read; their number and size are kept for an estimate.
//
//   running ── message_delta with a stop_reason ──▶ finished ── message_stop, or the [DONE] of a relay ──▶ ended
//   An `error` event is the last of its stream.
import { isObject, parseJson } from "../../wire/json.ts";
import type { SseScanner } from "../../wire/sse.ts";
import type { SseEvent } from "../../wire/sse-events.ts";
import type { Summary } from "../pass-through.ts";
import { typeAt, typeEnd } from "../event-type.ts";
import { updateUsage } from "../ir.ts";
import { type JsonObject, stringOf } from "../json-members.ts";
import { SseWatch } from "../sse-watch.ts";
import { objectOf } from "./members.ts";
import { bytesOf, errorIn, noSummary, tokensIn } from "./summary.ts";
import { laterUsage, readUsage } from "./usage.ts";

type Kind = "message_start" | "message_delta" | "message_stop" | "error" | "content_block_delta";

const kinds = (["content_block_delta", "message_start", "message_delta", "message_stop", "error"] as const satisfies readonly Kind[]).map((kind) => ({ kind, name: Buffer.from(kind), quoted: Buffer.from(`${kind}"`) }));
const DONE = Buffer.from("[DONE]");
const DONE_WORD = "[DONE]";
const OPENING_BRACKET = 91;
/** More than a delta of text has in practice: what is larger is looked at before it is counted as text. */
const LONG_DELTA_BYTES = 600;
const SIGNATURE = "signature_delta";

export class MessagesWatch extends SseWatch {
  #usage: JsonObject = {};
  #hasLastUsage = false;
  #model = "";
  #stopReason = "";
  #deltas = 0;
  #deltaBytes = 0;

  seeEvent(scanner: SseScanner): void {
    const { data, name } = scanner;
    if (data.byteAt(0) === OPENING_BRACKET && data.startsWith(DONE)) return this.#seeDone(scanner);
    for (const known of kinds) if (name.is(known.name)) return this.#seeKind(scanner, known.kind);
    if (scanner.isErrorField) return this.#seeKind(scanner, "error");
    // The API's own other events have their type in front; dialects without names, or with others, are asked for it.
    const at = typeAt(data);
    if (at === -1) return this.#seeUnknown(scanner);
    const end = typeEnd(data, at);
    for (const known of kinds) if (end - at === known.name.length && data.startsWith(known.quoted, at)) return this.#seeKind(scanner, known.kind);
  }

  isWholeData(data: string): boolean {
    return data.startsWith(DONE_WORD) || parseJson(data) !== undefined;
  }

  protected summarize(): Summary {
    if (this.#stopReason !== "" && this.error === null && !this.scanner.isCut) this.isFinished = true;
    const summary = noSummary();
    updateUsage(summary, readUsage(this.#usage));
    // What the beginning says of the output is not what was written since.
    if (!this.#hasLastUsage) summary.outputTokens = -1;
    summary.model = this.#model;
    summary.finishReason = this.#stopReason;
    if (summary.outputTokens < 0) summary.outputTokensEstimate = this.#estimate(this.scanner.lastEvents().events);
    return summary;
  }

  #seeUnknown(scanner: SseScanner): void {
    const event = scanner.readEvent();
    const document = parseJson(event?.data ?? "");
    const type = isObject(document) ? stringOf(document["type"]) : "";
    const known = kinds.find(({ kind }) => kind === type);
    if (known !== undefined) this.#seeKind(scanner, known.kind);
    else this.error ??= errorIn(document, event?.data ?? "", false);
  }

  #seeKind(scanner: SseScanner, kind: Kind): void {
    if (kind === "content_block_delta") return this.#countDelta(scanner);
    if (kind === "message_stop") return this.#seeDone(scanner);
    const text = scanner.readEvent()?.data ?? "";
    const document = parseJson(text);
    if (kind === "error") this.error ??= errorIn(document, text, true);
    else if (isObject(document)) this.#seeMessage(kind, document);
  }

  #seeMessage(kind: "message_start" | "message_delta", event: JsonObject): void {
    const message = objectOf(event["message"]);
    const usage = objectOf(kind === "message_start" ? message["usage"] : event["usage"]);
    this.#usage = laterUsage(this.#usage, usage);
    if (kind === "message_start") this.#model = stringOf(message["model"]);
    const reason = stringOf((kind === "message_start" ? message : objectOf(event["delta"]))["stop_reason"]);
    // What is there at once tells its reason, and all of its usage, in the beginning.
    if (typeof usage["output_tokens"] === "number" && (kind === "message_delta" || reason !== "")) this.#hasLastUsage = true;
    if (reason !== "") this.#stopReason = reason;
  }

  /** Nothing behind it is read by the API's own clients, and a relay's [DONE] makes one of them fail. */
  #seeDone(scanner: SseScanner): void {
    this.hasTerminator = true;
    this.isFinished = this.error === null;
    scanner.stop();
  }

  #countDelta(scanner: SseScanner): void {
    if (scanner.presentBytes > LONG_DELTA_BYTES && scanner.data.toString().includes(SIGNATURE)) return;
    this.#deltas++;
    this.#deltaBytes += scanner.presentBytes;
  }

  /** What surrounds the text weighs about the same in each delta, so the last ones tell it for all. */
  #estimate(events: readonly SseEvent[]): number {
    let read = 0;
    let surroundingBytes = 0;
    let outputBytes = 0;
    for (const { name, data } of events) {
      const document = parseJson(data);
      const delta = isObject(document) && document["type"] === "content_block_delta" ? objectOf(document["delta"]) : null;
      if (delta === null || delta["type"] === SIGNATURE) continue;
      const bytes = bytesOf(delta);
      read++;
      outputBytes += bytes;
      surroundingBytes += "data: \n".length + (name === "" ? 0 : "event: \n".length + name.length) + Buffer.byteLength(data) - bytes;
    }
    if (read === 0) return 0;
    if (this.#deltas <= read) return tokensIn(outputBytes);
    return tokensIn(Math.max(outputBytes, this.#deltaBytes - (this.#deltas * surroundingBytes) / read));
  }
}
