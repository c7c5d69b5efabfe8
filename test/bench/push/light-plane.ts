// A data plane that carries no traffic: it has a connection and a token of its own and says what a real one says, but it
// takes every push on trust, so that what is measured is the operator and the way to it.
import { systemClock as clock } from "../../../dataplane/clock.ts";
import { startFeed, type Feed } from "../../../dataplane/feed/connect.ts";
import { Current } from "../../../dataplane/feed/current.ts";
import { Journal } from "../../../dataplane/feed/journal.ts";
import type { Ack, Push } from "../../../dataplane/snapshot/messages.ts";

const RETRY_MS_MAX = 10_000;

export interface LightPlane {
  readonly url: string;
  readonly caFile: string;
  readonly pod: string;
  readonly uid: string;
  readonly token: string;
}

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

export const startLightPlane = ({ url, caFile, pod, uid, token }: LightPlane): Feed =>
  startFeed({
    address: { url: new URL(url), caFile },
    identity: { pod, uid, boot: "boot", gateway: "default", build: "bench" },
    current: new Trusting(),
    journal: new Journal(() => clock.tick()),
    token: async () => token,
    clock,
    random: Math.random,
    retryMsMax: RETRY_MS_MAX,
    say: () => undefined,
  });
