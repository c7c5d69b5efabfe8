// An answer of Ollama's, line by line; a whole reply is one line that is also the last. It reads no bytes.
import { isObject } from "../../wire/json.ts";
import type { Event, ProviderFailure } from "../ir.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import { Telling } from "../telling.ts";
import { readFinish, readLogprobs, readTime, readUsage } from "./words.ts";

export class Answer {
  isOver = false;
  readonly #telling = new Telling(0);
  #hasStarted = false;

  read(line: JsonObject, events: Event[]): void {
    if (!this.#hasStarted) {
      this.#hasStarted = true;
      events.push({ kind: "start", id: "", model: stringOf(line["model"]), createdAt: readTime(line["created_at"]), serviceTier: "" });
    }
    const { message, logprobs } = line;
    if (isObject(message)) this.#readMessage(message, logprobs === undefined ? undefined : readLogprobs(logprobs), events);
    if (line["done"] === true) this.#end(line, events);
  }

  fail(failure: ProviderFailure, events: Event[]): void {
    if (this.isOver) return;
    this.isOver = true;
    events.push({ kind: "failure", failure });
  }

  #readMessage({ content, thinking, tool_calls: calls, images }: JsonObject, logprobs: ReturnType<typeof readLogprobs>, events: Event[]): void {
    const telling = this.#telling;
    if (typeof thinking === "string") telling.say("reasoning", thinking, events);
    if (typeof content === "string" && content !== "") telling.say("text", content, events, logprobs);
    for (const data of Array.isArray(images) ? images : []) {
      if (typeof data === "string") telling.put({ kind: "image", at: "", source: { kind: "bytes", data, mediaType: "" } }, events);
    }
    if (calls !== undefined) for (const call of objectsIn(calls)) this.#readCall(call, events);
  }

  /** It comes whole. */
  #readCall({ id, function: called }: JsonObject, events: Event[]): void {
    if (!isObject(called)) return;
    const { name, arguments: given } = called;
    const open = this.#telling.beginCall(stringOf(id), stringOf(name), events);
    this.#telling.write(open, isObject(given) ? JSON.stringify(given) : stringOf(given), events);
    this.#telling.endCall(open, events);
  }

  #end(line: JsonObject, events: Event[]): void {
    const usage = readUsage(line);
    if (usage !== null) events.push({ kind: "usage", usage });
    this.#telling.finish(readFinish(line["done_reason"], this.#telling.hasCalls), events);
    events.push({ kind: "end" });
    this.isOver = true;
  }
}
