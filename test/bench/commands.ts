// Questions and answers between the bench and its processes, over Node's IPC channel; the same on both ends.
// Knows nothing of what is asked.
import type { ChildProcess } from "node:child_process";

interface Question {
  readonly id: number;
  readonly command: string;
  readonly argument: unknown;
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

export type Commands = Readonly<Record<string, (argument: never) => unknown>>;

/** In a child: answers until it is asked to stop, or until the bench is gone. */
export const serveCommands = (commands: Commands): void => {
  const answer = async ({ id, command, argument }: Question): Promise<void> => {
    try {
      const run = commands[command];
      if (run === undefined) throw new Error(`unknown command ${command}`);
      process.send?.({ id, result: await run(argument as never) });
    } catch (error) {
      process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  };
  process.on("message", (message) => void answer(message as Question));
  process.on("disconnect", () => process.exit());
  process.send?.({ id: 0, result: "up" });
};

/** What every measured process answers. */
export interface Usage {
  readonly cpuMicros: number;
  readonly rssBytes: number;
}

export const usage = (): Usage => {
  const { user, system } = process.cpuUsage();
  return { cpuMicros: user + system, rssBytes: process.memoryUsage.rss() };
};

/** Gives memory back before it is measured; only where the process was started with --expose-gc. */
export const collectGarbage = (): void => {
  for (let pass = 0; pass < 3; pass += 1) globalThis.gc?.();
};

/** Longer than any measurement: an answer that takes longer never comes. */
const ANSWER_MS_MAX = 90_000;

/** In the bench: one of its processes. */
export class Child {
  readonly process: ChildProcess;
  readonly #name: string;
  readonly #waiting = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>();
  #count = 0;

  constructor(name: string, child: ChildProcess) {
    this.process = child;
    this.#name = name;
    child.on("message", (message) => this.#take(message as Answer));
    child.on("exit", (code) => this.#fail(new Error(`${name} ended with ${code}`)));
  }

  /** Resolves when the child's commands are served. */
  up(): Promise<string> {
    return new Promise((resolve, reject) => this.#waiting.set(0, { resolve, reject }));
  }

  ask<Result>(command: string, argument: unknown = null): Promise<Result> {
    this.#count += 1;
    const id = this.#count;
    return new Promise((resolve, reject) => {
      const giveUp = setTimeout(() => this.#take({ id, error: `no answer to ${command} within ${ANSWER_MS_MAX} ms` }), ANSWER_MS_MAX);
      const settled = <Value>(settle: (value: Value) => void): ((value: Value) => void) => (value) => {
        clearTimeout(giveUp);
        settle(value);
      };
      this.#waiting.set(id, { resolve: settled(resolve), reject: settled(reject) });
      this.process.send({ id, command, argument });
    });
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      if (this.process.exitCode !== null || this.process.signalCode !== null) return resolve();
      this.process.removeAllListeners("exit");
      this.process.once("exit", () => resolve());
      this.process.disconnect();
    });
  }

  #take(answer: Answer): void {
    const asker = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.error === undefined) asker?.resolve(answer.result as never);
    else asker?.reject(new Error(`${this.#name}: ${answer.error}`));
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
