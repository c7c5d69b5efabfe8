// What one running demo provider remembers: its pace, its counter of ids, and bounded shelves of files, batches and responses.
// It refuses to grow: each shelf forgets its oldest entry when it is full.

import type { Batch, StoredFile, StoredResponse } from "./records.ts";
import type { Tokenizer } from "./tokens.ts";
import { loadTokenizer } from "./tokens.ts";
import { digest } from "./words.ts";

/** The part of the process's clock that is needed here; taken by structure, so that the caller may pass its own. */
export interface DemoClock {
  now(): number;
  sleep(durationMs: number, signal: AbortSignal): Promise<void>;
}

export interface DemoState {
  readonly files: Shelf<StoredFile>;
  readonly batches: Shelf<Batch>;
  readonly responses: Shelf<StoredResponse>;
  /** Aborted when the provider closes: background batches stop. */
  readonly closing: AbortSignal;
  tokenizer(): Promise<Tokenizer>;
  /** Unique within a run, and the same in every run that gets the same calls in the same order. */
  nextId(prefix: string, seed: string | Uint8Array): string;
  nowSeconds(): number;
  /** Waits the pause between two words; throws when the signal is aborted. */
  pause(signal: AbortSignal): Promise<void>;
}

/** Without a clock nothing waits and every answer carries this instant. */
const FIXED_NOW_MS = 1_767_225_600_000;
const WORD_DELAY_MS = 20;
const FILES_BYTES_MAX = 128 * 1024 * 1024;

export interface StateOptions {
  readonly clock?: DemoClock | undefined;
  readonly wordDelayMs?: number | undefined;
  readonly closing: AbortSignal;
}

export function makeState(options: StateOptions): DemoState {
  const { clock, closing } = options;
  const wordDelayMs = options.wordDelayMs ?? WORD_DELAY_MS;
  let issued = 0;
  return {
    files: new Shelf<StoredFile>(1000, (file) => file.content.length, FILES_BYTES_MAX),
    batches: new Shelf<Batch>(100),
    responses: new Shelf<StoredResponse>(200),
    closing,
    tokenizer: loadTokenizer,
    nextId: (prefix, seed) => {
      issued += 1;
      return prefix + digest(`${issued}:`, seed).toString("hex").slice(0, 29);
    },
    nowSeconds: () => Math.floor((clock?.now() ?? FIXED_NOW_MS) / 1000),
    pause: async (signal) => {
      signal.throwIfAborted();
      if (clock !== undefined && wordDelayMs > 0) await clock.sleep(wordDelayMs, signal);
      signal.throwIfAborted();
    },
  };
}

/** An ordered map bounded in entries and in bytes. */
export class Shelf<Item extends { readonly id: string }> {
  readonly #items = new Map<string, Item>();
  readonly #entriesMax: number;
  readonly #sizeOf: (item: Item) => number;
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(entriesMax: number, sizeOf: (item: Item) => number = () => 0, bytesMax = Infinity) {
    this.#entriesMax = entriesMax;
    this.#sizeOf = sizeOf;
    this.#bytesMax = bytesMax;
  }

  put(item: Item): void {
    this.remove(item.id);
    this.#items.set(item.id, item);
    this.#bytes += this.#sizeOf(item);
    for (const oldest of this.#items.keys()) {
      if (oldest === item.id || (this.#items.size <= this.#entriesMax && this.#bytes <= this.#bytesMax)) return;
      this.remove(oldest);
    }
  }

  get(id: string): Item | undefined {
    return this.#items.get(id);
  }

  remove(id: string): boolean {
    const item = this.#items.get(id);
    if (item === undefined) return false;
    this.#bytes -= this.#sizeOf(item);
    return this.#items.delete(id);
  }

  all(): Item[] {
    return [...this.#items.values()];
  }
}
