// Stops an answer at strings that its provider does not stop at: looks for them in the text as it grows, holds back only
// what may be the beginning of one, and lets nothing of the choice through behind it. What is found does not depend on how
// the text was cut. The provider would go on: it says when all is said, and ends nothing itself.
import type { Event, Logprob } from "../ir.ts";
import type { UndoStep } from "./undo.ts";

interface Match {
  readonly start: number;
  readonly stop: string;
}

/** The one that is complete first; of several that end there, the longest. */
const firstMatch = (text: string, stops: readonly string[]): Match | null => {
  let first: Match | null = null;
  for (const stop of stops) {
    const start = text.indexOf(stop);
    if (start === -1) continue;
    const end = start + stop.length;
    const firstEnd = first === null ? Infinity : first.start + first.stop.length;
    if (end < firstEnd || (end === firstEnd && first !== null && start < first.start)) first = { start, stop };
  }
  return first;
};

/** How many characters at the end may be the beginning of a stop string. */
const heldLength = (text: string, stops: readonly string[], longest: number): number => {
  for (let length = Math.min(longest - 1, text.length); length > 0; length -= 1) {
    const tail = text.slice(text.length - length);
    if (stops.some((stop) => stop.length > length && stop.startsWith(tail))) return length;
  }
  return 0;
};

interface Line {
  readonly open: Set<number>;
  /** By index: text that waits. */
  readonly held: Map<number, { text: string; logprobs: Logprob[] }>;
  /** Stopped here. */
  isOver: boolean;
  /** Stopped here, or ended by the provider. */
  isFinished: boolean;
}

export class StopMatcher implements UndoStep {
  readonly isOfCalls = false;
  readonly #stops: readonly string[];
  readonly #longest: number;
  /** How many were asked for. */
  readonly #choices: number;
  readonly #lines = new Map<number, Line>();

  constructor(stops: readonly string[], choices: number) {
    this.#stops = stops;
    this.#choices = choices;
    this.#longest = Math.max(...stops.map(({ length }) => length));
  }

  /** Where the provider ended all by itself there is nothing to cut short: its end is on its way. */
  get isEnough(): boolean {
    const lines = [...this.#lines.values()];
    return lines.some(({ isOver }) => isOver) && lines.filter(({ isFinished }) => isFinished).length >= this.#choices;
  }

  event(event: Event): readonly Event[] {
    if (!("choice" in event)) return [event];
    let line = this.#lines.get(event.choice);
    if (line === undefined) this.#lines.set(event.choice, (line = { open: new Set(), held: new Map(), isOver: false, isFinished: false }));
    if (line.isOver) return [];
    switch (event.kind) {
      case "block-start":
        line.open.add(event.index);
        if (event.head.kind === "text") line.held.set(event.index, { text: "", logprobs: [] });
        return [event];
      case "text":
        return this.#grow(line, event);
      case "block-stop":
        return stopBlock(line, event);
      case "finish":
        line.isFinished = true;
        return [event];
      default:
        return [event];
    }
  }

  #grow(line: Line, event: Extract<Event, { kind: "text" }>): readonly Event[] {
    const held = line.held.get(event.index);
    if (held === undefined) return [event];
    held.text += event.text;
    if (event.logprobs !== undefined) held.logprobs.push(...event.logprobs);
    const match = firstMatch(held.text, this.#stops);
    if (match !== null) return this.#finish(line, event, match);
    return said(held, held.text.length - heldLength(held.text, this.#stops, this.#longest), event);
  }

  #finish(line: Line, at: Place, { start, stop }: Match): readonly Event[] {
    const { choice } = at;
    line.isOver = line.isFinished = true;
    const held = line.held.get(at.index);
    const last = held === undefined ? [] : said(held, start, at);
    const ends = [...line.open].sort((one, other) => one - other).map((index): Event => ({ kind: "block-stop", choice, index }));
    return [...last, ...ends, { kind: "finish", choice, finish: { reason: "stop-sequence", raw: "", stopSequence: stop } }];
  }
}

interface Place {
  readonly choice: number;
  readonly index: number;
}

/** Tokens whose text is said in full go with it; one that is cut goes with its beginning. */
const takeLogprobs = (held: { logprobs: Logprob[] }, characters: number): Logprob[] => {
  let sum = 0;
  let count = 0;
  while (count < held.logprobs.length && sum < characters) sum += held.logprobs[count++]?.token.length ?? 0;
  return held.logprobs.splice(0, count);
};

const said = (held: { text: string; logprobs: Logprob[] }, characters: number, { choice, index }: Place): readonly Event[] => {
  if (characters === 0) return [];
  const text = held.text.slice(0, characters);
  held.text = held.text.slice(characters);
  const logprobs = takeLogprobs(held, characters);
  return [{ kind: "text", choice, index, text, ...(logprobs.length === 0 ? {} : { logprobs }) }];
};

const stopBlock = (line: Line, event: Extract<Event, { kind: "block-stop" }>): readonly Event[] => {
  const held = line.held.get(event.index);
  line.open.delete(event.index);
  line.held.delete(event.index);
  return held === undefined || held.text === "" ? [event] : [...said(held, held.text.length, event), event];
};
