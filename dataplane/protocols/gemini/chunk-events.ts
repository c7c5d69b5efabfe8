// What the documents of an answer mean: each is a whole response that says what is new since the last. A reply is one of them.
// There is no terminator: an answer is over when each candidate has said why it ended, and nothing more comes.
import type { Event, Finish, ProviderFailure } from "../ir.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import { broken, truncated } from "../provider-failure.ts";
import { type Json, parseJson } from "../../wire/json.ts";
import { Candidate } from "./candidate.ts";
import { failureIn } from "./failure.ts";
import { readBlock } from "./finish.ts";
import { isMembers } from "./members.ts";
import type { Told } from "./same-chunk.ts";
import { readUsage, tierIn } from "./usage.ts";

const MILLISECONDS = 1000;
const CHOICES_MAX = 128;

const secondsOf = (time: string): number => {
  const milliseconds = time === "" ? Number.NaN : Date.parse(time);
  return Number.isNaN(milliseconds) ? 0 : Math.floor(milliseconds / MILLISECONDS);
};

const blockedAt = (finish: Finish): Event => ({ kind: "finish", choice: 0, finish });

export class ChunkEvents {
  isOver = false;
  readonly #origin: string;
  readonly #charactersMax: number;
  #hasBegun = false;
  #blocked: Finish | null = null;
  #usage: Json | undefined = undefined;
  /** The last counts where they were not parsed yet. */
  #usageText = "";
  readonly #candidates = new Map<number, Candidate>();

  constructor(origin: string, charactersMax: number) {
    this.#origin = origin;
    this.#charactersMax = charactersMax;
  }

  read(document: Json): Event[] {
    if (this.isOver) return [];
    try {
      return this.#read(document);
    } catch (error) {
      // What is nested deeper than the stack goes is no answer.
      if (error instanceof RangeError) return this.fail(broken("invalid", "The provider's answer is nested too deeply to be read."));
      throw error;
    }
  }

  /** A chunk of which everything else is known: a text of the first candidate, and the counts as JSON. */
  readText({ text, isThought, usage }: Told): Event[] {
    const events: Event[] = [];
    this.#usageText = usage;
    this.#candidates.get(0)?.readText(text, isThought, events);
    return events;
  }

  /** No more will come. `isWhole`: the framing itself said that it was all. */
  end(isCut: boolean, isWhole: boolean): Event[] {
    if (this.isOver) return [];
    if (isCut || !this.#isComplete(isWhole)) return this.fail(truncated());
    this.isOver = true;
    const events: Event[] = [];
    for (const candidate of this.#candidates.values()) candidate.end(events);
    if (this.#candidates.size === 0 && this.#blocked !== null) events.push(blockedAt(this.#blocked));
    this.#tellUsage(events);
    events.push({ kind: "end" });
    return events;
  }

  fail(failure: ProviderFailure): Event[] {
    if (this.isOver) return [];
    this.isOver = true;
    return [{ kind: "failure", failure }];
  }

  #isComplete(isWhole: boolean): boolean {
    const candidates = [...this.#candidates.values()];
    if (candidates.length === 0) return this.#blocked !== null;
    if (candidates.every(({ isFinished }) => isFinished)) return true;
    return isWhole && candidates.every(({ isFinished, hasOutput }) => isFinished || hasOutput);
  }

  #read(document: Json): Event[] {
    if (Array.isArray(document)) return document.flatMap((one) => this.read(one));
    if (!isMembers(document)) return [];
    const failure = failureIn(document);
    if (failure !== null) return this.fail(failure);
    const events: Event[] = [];
    if (document["usageMetadata"] !== undefined) {
      this.#usage = document["usageMetadata"];
      this.#usageText = "";
    }
    if (!this.#hasBegun) this.#begin(document, events);
    const feedback = document["promptFeedback"];
    if (isMembers(feedback)) this.#blocked = readBlock(feedback) ?? this.#blocked;
    const candidates = document["candidates"];
    if (Array.isArray(candidates)) for (const candidate of objectsIn(candidates)) if (!this.isOver) this.#readCandidate(candidate, events);
    return events;
  }

  /** The counts of the input are known from the beginning. */
  #begin(document: JsonObject, events: Event[]): void {
    this.#hasBegun = true;
    events.push({
      kind: "start",
      id: stringOf(document["responseId"]),
      model: stringOf(document["modelVersion"]),
      createdAt: secondsOf(stringOf(document["createTime"])),
      serviceTier: tierIn(document["usageMetadata"]),
    });
    this.#tellUsage(events);
  }

  #tellUsage(events: Event[]): void {
    const usage = readUsage(this.#usageText === "" ? this.#usage : parseJson(this.#usageText));
    if (usage !== null) events.push({ kind: "usage", usage });
  }

  #readCandidate(value: JsonObject, events: Event[]): void {
    const index = value["index"];
    const choice = typeof index === "number" && Number.isInteger(index) && index > 0 ? index : 0;
    let candidate = this.#candidates.get(choice);
    if (candidate === undefined) {
      if (this.#candidates.size >= CHOICES_MAX) return void events.push(...this.fail(broken("too_large", "The provider's answer has more candidates than may be held.")));
      this.#candidates.set(choice, (candidate = new Candidate(choice, this.#origin, this.#charactersMax)));
    }
    candidate.read(value, events);
    if (candidate.isOversize) events.push(...this.fail(broken("too_large", "What belongs together in the provider's stream was larger than may be held.")));
  }
}
