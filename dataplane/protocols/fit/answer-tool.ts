// Undoes the tool that stands for a schema: its call becomes the text of the answer, and who only called it did not call.
import { isObject, parseExact } from "../../wire/json.ts";
import type { Event } from "../ir.ts";
import type { UndoStep } from "./undo.ts";

class AnswerBack implements UndoStep {
  readonly isOfCalls = true;
  readonly #name: string;
  readonly #isWrapped: boolean;
  /** By choice and index: the call's beginning, and all of it when it is wrapped and so is told at its end only. */
  readonly #open = new Map<string, string>();
  readonly #answered = new Set<number>();
  /** Choices in which a tool of the client's own was called. */
  readonly #called = new Set<number>();

  constructor(name: string, isWrapped: boolean) {
    this.#name = name;
    this.#isWrapped = isWrapped;
  }

  event(event: Event): readonly Event[] {
    switch (event.kind) {
      case "block-start":
        return [this.#begin(event)];
      case "text":
        return this.#grow(event);
      case "block-stop":
        return this.#stop(event);
      case "finish": {
        const { reason } = event.finish;
        if (reason !== "tool-calls" || !this.#answered.has(event.choice) || this.#called.has(event.choice)) return [event];
        return [{ ...event, finish: { ...event.finish, reason: "stop" } }];
      }
      default:
        return [event];
    }
  }

  #begin(event: Extract<Event, { kind: "block-start" }>): Event {
    if (event.head.kind !== "tool-call") return event;
    if (event.head.name !== this.#name) {
      this.#called.add(event.choice);
      return event;
    }
    this.#answered.add(event.choice);
    this.#open.set(`${event.choice}/${event.index}`, "");
    return { ...event, head: { kind: "text" } };
  }

  #grow(event: Extract<Event, { kind: "text" }>): readonly Event[] {
    const key = `${event.choice}/${event.index}`;
    const held = this.#open.get(key);
    if (held === undefined) return [event];
    if (this.#isWrapped || held === "") this.#open.set(key, held + event.text);
    return this.#isWrapped ? [] : [event];
  }

  #stop(event: Extract<Event, { kind: "block-stop" }>): readonly Event[] {
    const { choice, index } = event;
    const held = this.#open.get(`${choice}/${index}`);
    if (held === undefined) return [event];
    if (this.#isWrapped) return [{ kind: "text", choice, index, text: unwrapAnswer(held) }, event];
    return held === "" ? [{ kind: "text", choice, index, text: "{}" }, event] : [event];
  }
}

/** A call that was cut off is given as it is. */
const unwrapAnswer = (text: string): string => {
  const value = parseExact(text);
  return isObject(value) && value["answer"] !== undefined ? JSON.stringify(value["answer"]) : text;
};

export const answerBack = (name: string, isWrapped: boolean): UndoStep => new AnswerBack(name, isWrapped);
