// The label by which the Service finds the leader's pod: on our own pod while we lead, and on no other.
// A leader that was killed or cut off cannot take its label off; whoever leads next does.
import type { KubeClient } from "./client.ts";
import { isNotFound, wordsOfFailure } from "./failure.ts";
import { resources, wordsOf } from "./types.ts";

export interface RoleLabelParts {
  readonly client: Pick<KubeClient, "list" | "patch">;
  readonly namespace: string;
  readonly pod: string;
  readonly clock: { sleep(ms: number, signal?: AbortSignal): Promise<void> };
  readonly say: (message: string) => void;
}

const ROLE = "llmgateway.io/role";
const LEADER = "leader";
const RETRY_MS = 500;
const RETRY_MS_MAX = 30_000;
const PODS_MAX = 100;

export class RoleLabel {
  readonly #parts: RoleLabelParts;
  #wish = new AbortController();

  constructor(parts: RoleLabelParts) {
    this.#parts = parts;
  }

  /** Resolves when it is so, or when the opposite was asked for meanwhile. */
  async wear(): Promise<void> {
    await this.#until(async (signal) => {
      await this.#set(this.#parts.pod, LEADER, signal);
      for (const pod of await this.#wearers(signal)) if (pod !== this.#parts.pod) await this.#set(pod, null, signal);
    });
  }

  async takeOff(): Promise<void> {
    await this.#until((signal) => this.#set(this.#parts.pod, null, signal));
  }

  /** What a process before this one, in the same pod, may have left behind. Tried once: a pod that is not ours to label is no reason to stop. */
  async takeOffIfWorn(): Promise<void> {
    const { signal } = this.#wish;
    if ((await this.#wearers(signal)).includes(this.#parts.pod)) await this.#set(this.#parts.pod, null, signal);
  }

  close(): void {
    this.#wish.abort();
  }

  async #until(act: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.#wish.abort();
    this.#wish = new AbortController();
    const { signal } = this.#wish;
    let told = "";
    let delayMs = RETRY_MS;
    while (!signal.aborted) {
      try {
        return await act(signal);
      } catch (error) {
        const words = wordsOfFailure(error);
        if (!signal.aborted && words !== told) this.#parts.say(`the label ${ROLE} of pod ${this.#parts.pod} cannot be set: ${words}`);
        told = words;
        await this.#parts.clock.sleep(delayMs, signal).catch(() => undefined);
        delayMs = Math.min(RETRY_MS_MAX, delayMs * 2);
      }
    }
  }

  async #wearers(signal: AbortSignal): Promise<string[]> {
    const selection = { namespace: this.#parts.namespace, labelSelector: `${ROLE}=${LEADER}`, isMetadataOnly: true };
    const { items } = await this.#parts.client.list(resources.Pod, selection, { limit: PODS_MAX, continueToken: "" }, signal);
    return items.filter(({ metadata }) => wordsOf(metadata["labels"])[ROLE] === LEADER).map(({ metadata }) => metadata.name);
  }

  async #set(pod: string, role: string | null, signal: AbortSignal): Promise<void> {
    const patch = { metadata: { labels: { [ROLE]: role } } };
    await this.#parts.client.patch(resources.Pod, { namespace: this.#parts.namespace, name: pod }, patch, { signal }).catch((error: unknown) => {
      // Another pod that is gone wears nothing any more.
      if (!isNotFound(error) || pod === this.#parts.pod) throw error;
    });
  }
}
