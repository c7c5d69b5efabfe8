// Many light data planes in one process: each has a connection and a token of its own and says what a real one says,
// but it takes every push on trust, so that what is measured is the operator and the way to them.
import { systemClock as clock } from "../../../dataplane/clock.ts";
import { startFeed } from "../../../dataplane/feed/connect.ts";
import { Current } from "../../../dataplane/feed/current.ts";
import { Journal } from "../../../dataplane/feed/journal.ts";
import type { Ack, Push } from "../../../dataplane/snapshot/messages.ts";
import { answer, type PlanesStart, type ToChild } from "./commands.ts";

class Trusting extends Current {
  #version = "";
  #epoch = 0;

  constructor() {
    super({ gateway: "default", apply: () => [], keep: () => undefined });
  }

  override get version(): string {
    return this.#version;
  }

  override get epoch(): number {
    return this.#epoch;
  }

  override take(push: Push): Ack {
    this.#version = push.version;
    this.#epoch = push.epoch;
    return { type: "ack", nonce: push.nonce, version: push.version };
  }
}

const startPlane = ({ url, caFile }: PlanesStart, index: number): void => {
  const pod = `light-${index}`;
  startFeed({
    address: { url: new URL(url), caFile },
    identity: { pod, uid: `uid-${pod}`, boot: "boot", gateway: "default", build: "bench" },
    current: new Trusting(),
    journal: new Journal(() => clock.tick()),
    token: async () => `head.payload.${pod}`,
    clock,
    random: Math.random,
    retryMsMax: 10_000,
    say: () => undefined,
  });
};

process.on("message", (command: ToChild) => {
  if (command.type !== "planes") return;
  for (let index = 0; index < command.start.count; index += 1) startPlane(command.start, command.start.first + index);
  answer({ type: "up", port: 0 });
});
process.on("disconnect", () => process.exit(0));
// Timers of the clock do not keep a process alive, and between two attempts there is nothing else.
setInterval(() => undefined, 1_000_000);
