// Events: what a person should see next to an object in `kubectl describe`. The same news is one Event with a count.
// Telling is best effort and bounded: what cannot be told now is dropped, and nobody waits.
import { hash } from "node:crypto";
import type { KubeClient } from "./client.ts";
import { isConflict, wordsOfFailure } from "./failure.ts";
import { apiVersionOf, fieldsOf, resources, type Fields } from "./types.ts";

export interface News {
  readonly kind: "LLMProvider" | "LLMRoute" | "LLMBudget" | "Secret";
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly type: "Normal" | "Warning";
  /** UpperCamel. */
  readonly reason: string;
  readonly note: string;
}

export interface EventsParts {
  readonly client: Pick<KubeClient, "create" | "get" | "patch">;
  /** The pod. */
  readonly instance: string;
  readonly clock: { now(): number; tick(): number };
  readonly say: (message: string) => void;
  readonly observe: (outcome: "told" | "again" | "dropped" | "failed") => void;
}

const BURST = 50;
const PER_SECOND = 2;
const UNDER_WAY_MAX = 16;
const NOTE_CHARACTERS_MAX = 1000;
const CONTROLLER = "llmgateway.io/operator";

export class Events {
  readonly #parts: EventsParts;
  #allowance = BURST;
  #filledTick: number;
  #underWay = 0;
  #trouble = "";

  constructor(parts: EventsParts) {
    this.#parts = parts;
    this.#filledTick = parts.clock.tick();
  }

  tell(news: News): void {
    if (this.#underWay >= UNDER_WAY_MAX || !this.#isAllowed()) return this.#parts.observe("dropped");
    this.#underWay += 1;
    void this.#send(news)
      .then((outcome) => this.#parts.observe(outcome))
      .catch((error: unknown) => {
        this.#parts.observe("failed");
        const words = wordsOfFailure(error);
        if (words !== this.#trouble) this.#parts.say(`an Event about ${news.kind} ${news.namespace}/${news.name} could not be written: ${words}`);
        this.#trouble = words;
      })
      .finally(() => (this.#underWay -= 1));
  }

  #isAllowed(): boolean {
    const tick = this.#parts.clock.tick();
    this.#allowance = Math.min(BURST, this.#allowance + ((tick - this.#filledTick) / 1000) * PER_SECOND);
    this.#filledTick = tick;
    if (this.#allowance < 1) return false;
    this.#allowance -= 1;
    return true;
  }

  // The name is made of what is told: the same news of another operator, or of this one before its restart, is the same Event.
  async #send(news: News): Promise<"told" | "again"> {
    const { client, instance, clock } = this.#parts;
    const { namespace } = news;
    const note = news.note.length <= NOTE_CHARACTERS_MAX ? news.note : `${news.note.slice(0, NOTE_CHARACTERS_MAX)}…`;
    const name = `${news.name.slice(0, 200).replace(/[-.]+$/, "")}.${hash("sha256", [news.kind, news.uid, news.type, news.reason, note].join("\n")).slice(0, 16)}`;
    const time = new Date(clock.now()).toISOString().replace("Z", "000Z");
    const event: Fields = {
      metadata: { namespace, name },
      eventTime: time, reportingController: CONTROLLER, reportingInstance: instance, action: "Reconcile", type: news.type, reason: news.reason, note,
      regarding: { apiVersion: apiVersionOf(resources[news.kind]), kind: news.kind, namespace, name: news.name, uid: news.uid },
    };
    try {
      await client.create(resources.Event, { namespace }, event);
      return "told";
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
    const present = await client.get(resources.Event, { namespace, name });
    const count = fieldsOf(present["series"])["count"];
    await client.patch(resources.Event, { namespace, name }, { series: { count: typeof count === "number" ? count + 1 : 2, lastObservedTime: time } });
    return "again";
  }
}
