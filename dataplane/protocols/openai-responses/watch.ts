// Watches a stream of the Responses protocol: which event ends it, what that event says, whether there was an error.
// Deltas pass without being read; their number and size are kept for an estimate.
//
//   running ── response.completed, .incomplete, .failed ──▶ ended ── [DONE], only in the dialect without event names
//   An `error` event does not end the stream: response.failed follows it, or nothing does.
import { isObject, parseJson } from "../../wire/json.ts";
import type { SseScanner } from "../../wire/sse.ts";
import type { SseEvent } from "../../wire/sse-events.ts";
import type { Summary } from "../pass-through.ts";
import { typeAt, typeEnd } from "../event-type.ts";
import { stringOf } from "../json-members.ts";
import { errorFrom, errorIn } from "../openai-failure.ts";
import { addUsage, findUsage, hasUsage, noSummary, tokensIn } from "../openai-usage.ts";
import { SseWatch } from "../sse-watch.ts";
import { errorOf, summarize } from "./summary.ts";

type Kind = "response.completed" | "response.incomplete" | "response.failed" | "error";

const kinds = (["response.completed", "response.incomplete", "response.failed", "error"] as const satisfies readonly Kind[]).map((kind) => ({
  kind,
  name: Buffer.from(kind),
  quoted: Buffer.from(`${kind}"`),
}));
const DONE = Buffer.from("[DONE]");
const DONE_WORD = "[DONE]";
const MESSAGE = Buffer.from("message");
const DELTA = Buffer.from(".delta");
const OPENING_BRACKET = 91;
/** Enough of the first event for the response's id, its model and its date. */
const OPENING_BYTES = 1024;

/** "message" is what an event without a name is called. */
const isKnownName = ({ name }: SseScanner): boolean => !name.isEmpty && !name.is(MESSAGE);

export class ResponsesWatch extends SseWatch {
  #opening: Buffer | null = null;
  #terminal: Summary | null = null;
  /** The kind of a terminal event, kept in case the event was too long to be read. */
  #kind: Kind | "" = "";
  #deltas = 0;
  #deltaBytes = 0;

  seeEvent(scanner: SseScanner): void {
    const { data } = scanner;
    if (scanner.eventCount === 1) this.#opening = Buffer.from(scanner.eventText()?.subarray(0, OPENING_BYTES) ?? "");
    if (data.byteAt(0) === OPENING_BRACKET && data.startsWith(DONE)) return this.#stop(scanner);
    if (isKnownName(scanner)) return this.#seeNamed(scanner);
    const at = typeAt(data);
    if (at === -1) return this.#seeUnknown(scanner);
    const known = kinds.find(({ quoted }) => data.startsWith(quoted, at));
    if (known !== undefined) return this.#seeKind(scanner, known.kind);
    if (data.endsWith(DELTA, typeEnd(data, at))) this.#countDelta(scanner);
  }

  isWholeData(data: string): boolean {
    return data.startsWith(DONE_WORD) || parseJson(data) !== undefined;
  }

  /** The text with which the stream began, and that with which it ends so far. */
  get remains(): { opening: string; ending: string } {
    return { opening: this.#opening?.toString("utf8") ?? "", ending: this.scanner.lastText() };
  }

  get hasNames(): boolean {
    return this.scanner.hasNames || !this.scanner.hasEvent;
  }

  protected summarize(): Summary {
    const { events, cut } = this.scanner.lastEvents();
    const summary = this.#terminal ?? noSummary();
    if (this.#kind !== "" && !hasUsage(summary)) addUsage(summary, findUsage(cut));
    if (summary.finishReason === "" && this.#kind !== "") summary.finishReason = this.#kind.replace("response.", "");
    if (summary.model === "") summary.model = /"model"\s*:\s*"([^"\\]+)"/.exec(this.remains.opening)?.[1] ?? "";
    if (summary.outputTokens < 0 && summary.outputTokensEstimate === 0) summary.outputTokensEstimate = this.#estimate(events);
    return summary;
  }

  #seeNamed(scanner: SseScanner): void {
    const { name } = scanner;
    for (const known of kinds) if (name.is(known.name)) return this.#seeKind(scanner, known.kind);
    if (name.endsWith(DELTA)) this.#countDelta(scanner);
  }

  /** Without a name, and `type` not in front: an error in the shape of the chat protocol, or a dialect that must be read. */
  #seeUnknown(scanner: SseScanner): void {
    const event = scanner.readEvent();
    const document = parseJson(event?.data ?? "");
    const type = isObject(document) ? stringOf(document["type"]) : "";
    const known = kinds.find(({ kind }) => kind === type);
    if (known !== undefined) this.#seeKind(scanner, known.kind);
    else if (type.endsWith(".delta")) this.#countDelta(scanner);
    else if (type === "" && errorIn(document) !== null) this.error ??= errorIn(document);
    else if (scanner.isErrorField) this.error ??= errorFrom(event?.data ?? "", document);
  }

  #seeKind(scanner: SseScanner, kind: Kind): void {
    const event = scanner.readEvent();
    const document = parseJson(event?.data ?? "");
    if (kind === "error") {
      this.error ??= errorFrom(event?.data ?? "", document);
      return;
    }
    const isFirst = !this.hasTerminator;
    this.hasTerminator = true;
    this.isFinished = true;
    if (scanner.hasNames) scanner.stop();
    if (!isFirst) return;
    this.#kind = kind;
    const response = isObject(document) && isObject(document["response"]) ? document["response"] : null;
    if (response !== null) this.#terminal = summarize(response);
    if (kind === "response.failed") this.error ??= errorOf({ status: "failed", ...response });
  }

  #stop(scanner: SseScanner): void {
    this.hasTerminator = true;
    this.isFinished = true;
    scanner.stop();
  }

  #countDelta(scanner: SseScanner): void {
    this.#deltas++;
    this.#deltaBytes += scanner.presentBytes;
  }

  /** What surrounds the text weighs about the same in each delta, so the last ones tell it for all. */
  #estimate(events: SseEvent[]): number {
    let read = 0;
    let surroundingBytes = 0;
    let outputBytes = 0;
    for (const { name, data } of events) {
      const document = parseJson(data);
      const delta = isObject(document) && stringOf(document["type"]).endsWith(".delta") ? document["delta"] : undefined;
      if (typeof delta !== "string") continue;
      const bytes = Buffer.byteLength(delta);
      read++;
      outputBytes += bytes;
      surroundingBytes += "data: \n".length + (name === "" ? 0 : "event: \n".length + name.length) + Buffer.byteLength(data) - bytes;
    }
    if (read === 0) return 0;
    if (this.#deltas <= read) return tokensIn(outputBytes);
    return tokensIn(Math.max(outputBytes, this.#deltaBytes - (this.#deltas * surroundingBytes) / read));
  }
}
