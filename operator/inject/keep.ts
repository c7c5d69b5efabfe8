// What the rest of the cluster must know so that sidecars come about and trust us, kept as it should be: the authorities in
// the webhook's configuration, for the API server, and in a ConfigMap of each namespace that is open, for the sidecars there.
// For the leader alone. It deletes nothing: a sidecar outlives our wish to have one.
import type { KubeClient } from "../kube/client.ts";
import { isNotFound, wordsOfFailure } from "../kube/failure.ts";
import { fieldsOf, listOf, resources, textOf, type Fields } from "../kube/types.ts";

export interface KeepParts {
  readonly client: Pick<KubeClient, "get" | "apply">;
  /** Names of the MutatingWebhookConfiguration, and of the ConfigMaps. */
  readonly webhook: string;
  readonly bundle: string;
  /** PEM; undefined while there is none. */
  readonly authorities: () => string | undefined;
  /** Namespaces that are open to sidecars. */
  readonly open: () => readonly string[];
  /** Whether the ConfigMap is known to be there, as far as one can see without asking. */
  readonly isThere: (namespace: string) => boolean;
  readonly isLeading: () => boolean;
  readonly clock: { tick(): number; after(delayMs: number, run: () => void): () => void };
  readonly say: (message: string) => void;
}

export interface Keeping {
  /** Something may have changed. */
  wake(): void;
  close(): void;
}

const LOOK_MS = 5000;
/** Somebody may have edited a ConfigMap of ours. */
const AGAIN_MS = 300_000;
const LABELS = { "app.kubernetes.io/managed-by": "llm-gateway-operator" };
const BUNDLE_KEY = "ca.crt";

interface Kept {
  readonly authorities: string;
  readonly tick: number;
}

export const startKeeping = (parts: KeepParts): Keeping => {
  const keeper = new Keeper(parts);
  keeper.wake();
  return keeper;
};

class Keeper implements Keeping {
  readonly #parts: KeepParts;
  /** By what was said about it: the webhook's name, or "namespace/name". */
  readonly #kept = new Map<string, Kept>();
  readonly #complaints = new Map<string, string>();
  #isBusy = false;
  #isWoken = false;
  #isClosed = false;
  #cancel = (): void => undefined;

  constructor(parts: KeepParts) {
    this.#parts = parts;
  }

  wake(): void {
    if (this.#isClosed) return;
    this.#isWoken = true;
    if (!this.#isBusy) void this.#run();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  async #run(): Promise<void> {
    this.#isBusy = true;
    this.#cancel();
    while (this.#isWoken && !this.#isClosed) {
      this.#isWoken = false;
      await this.#look();
    }
    this.#isBusy = false;
    if (!this.#isClosed) this.#cancel = this.#parts.clock.after(LOOK_MS, () => this.wake());
  }

  async #look(): Promise<void> {
    const { webhook, bundle, authorities, open, isThere } = this.#parts;
    const wanted = authorities();
    if (wanted === undefined || wanted === "") return;
    // Looked at each time: whoever puts the configuration anew takes this out, and no pod would get a sidecar until it is back.
    await this.#try(webhook, wanted, () => this.#keepWebhook(wanted));
    for (const namespace of open()) {
      const what = `${namespace}/${bundle}`;
      if (!isThere(namespace) || !this.#isKept(what, wanted)) await this.#try(what, wanted, () => this.#keepBundle(namespace, wanted));
    }
  }

  #isKept(what: string, authorities: string): boolean {
    const kept = this.#kept.get(what);
    return kept?.authorities === authorities && this.#parts.clock.tick() - kept.tick < AGAIN_MS;
  }

  async #try(what: string, authorities: string, write: () => Promise<void>): Promise<void> {
    const { clock, isLeading, say } = this.#parts;
    if (this.#isClosed || !isLeading()) return;
    try {
      await write();
      this.#kept.set(what, { authorities, tick: clock.tick() });
      this.#complaints.delete(what);
    } catch (error) {
      const words = wordsOfFailure(error);
      if (this.#complaints.get(what) !== words && !this.#isClosed) say(`the operator's authorities cannot be written to ${what}: ${words}`);
      this.#complaints.set(what, words);
    }
  }

  // The API server believes the webhook from here on. Only this one field is ours, by name of the webhook in the list.
  async #keepWebhook(authorities: string): Promise<void> {
    const { client, webhook } = this.#parts;
    const place = { name: webhook };
    const wanted = Buffer.from(authorities, "utf8").toString("base64");
    const present = listOf((await client.get(resources.MutatingWebhookConfiguration, place))["webhooks"]).map(fieldsOf);
    if (present.every((one) => fieldsOf(one["clientConfig"])["caBundle"] === wanted)) return;
    const webhooks = present.map((one): Fields => ({ name: textOf(one["name"]), clientConfig: { caBundle: wanted } }));
    await client.apply(resources.MutatingWebhookConfiguration, place, { metadata: place, webhooks });
  }

  async #keepBundle(namespace: string, authorities: string): Promise<void> {
    const { client, bundle: name } = this.#parts;
    await client
      .apply(resources.ConfigMap, { namespace, name }, { metadata: { namespace, name, labels: LABELS }, data: { [BUNDLE_KEY]: authorities } })
      // It is being deleted, and with it whoever would read this.
      .catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
  }
}
