// What the bench says to its processes and what they say back, by the channel that Node opens between parent and child.
import { fork, type ChildProcess } from "node:child_process";
import { join } from "node:path";

export interface OperatorStart {
  readonly port: number;
  readonly routes: number;
  /** How often the world was edited before this operator looked at it. */
  readonly edits: number;
  readonly epoch: number;
  readonly cert: string;
  readonly key: string;
}

export interface PlanesStart {
  readonly url: string;
  readonly caFile: string;
  readonly first: number;
  readonly count: number;
}

export type ToChild =
  | { readonly type: "operator"; readonly start: OperatorStart }
  | { readonly type: "planes"; readonly start: PlanesStart }
  /** Waits until so many data planes run the newest version. */
  | { readonly type: "settle"; readonly planes: number }
  /** Waits until every status is written. */
  | { readonly type: "tell" }
  | { readonly type: "edit"; readonly planes: number }
  | { readonly type: "usage" };

export interface Edited {
  readonly totalMs: number;
  readonly compileMs: number;
  readonly publishMs: number;
  /** From the last byte that was handed to a socket to the last answer. */
  readonly answersMs: number;
  /** From the edit to its status saying that every data plane runs it. */
  readonly toldMs: number;
}

export interface Usage {
  readonly rssMiB: number;
  readonly peakRssMiB: number;
  readonly heapMiB: number;
  readonly cpuMs: number;
}

export type FromChild =
  | { readonly type: "up"; readonly port: number }
  | { readonly type: "settled"; readonly objects: number }
  | { readonly type: "told"; readonly writes: number }
  | { readonly type: "edited"; readonly edited: Edited }
  | { readonly type: "usage"; readonly usage: Usage };

/** One at a time: what it is told, and the answer to that. */
export class Child {
  readonly process: ChildProcess;

  constructor(file: string, flags: readonly string[] = [], environment: Readonly<Record<string, string>> = {}) {
    this.process = fork(join(import.meta.dirname, file), { execArgv: [...flags], env: { ...process.env, ...environment }, stdio: ["ignore", "inherit", "inherit", "ipc"] });
  }

  ask<Type extends FromChild["type"]>(command: ToChild, type: Type): Promise<Extract<FromChild, { type: Type }>> {
    return new Promise((resolve, reject) => {
      const gone = (code: number | null): void => reject(new Error(`a process of the bench ended with ${code}`));
      this.process.once("exit", gone);
      this.process.once("message", (answer: FromChild) => {
        this.process.off("exit", gone);
        if (answer.type === type) resolve(answer as Extract<FromChild, { type: Type }>);
        else reject(new Error(`expected ${type}, got ${answer.type}`));
      });
      this.process.send(command);
    });
  }

  /** At once, so that nobody hears of it. */
  kill(): Promise<void> {
    return this.#over(() => void this.process.kill("SIGKILL"));
  }

  /** It ends when nobody speaks to it any more. */
  end(): Promise<void> {
    return this.#over(() => this.process.disconnect());
  }

  #over(begin: () => void): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => {
      this.process.once("exit", () => resolve());
      begin();
    });
  }
}

export const answer = (told: FromChild): void => void process.send?.(told);
