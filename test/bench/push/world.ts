// A world of any size: for each ten routes four providers with a Secret each, and two keys of callers. One edit at a time changes it.
import { readObject } from "../../../operator/watch/kinds.ts";
import { WorldBuilder } from "../../../operator/watch/world.ts";
import type { World } from "../../../operator/world.ts";

const NAMESPACES = 20;

export class ChangingWorld {
  readonly #builder = new WorldBuilder();
  readonly #routes: number;
  #edits = 0;

  constructor(routes: number) {
    this.#routes = routes;
    const providers = this.#providers;
    for (let index = 0; index < providers; index += 1) {
      this.#put(providerOf(index));
      this.#put(secretOf(`key-${index}`, index, {}));
    }
    for (let index = 0; index < Math.ceil(routes / 5); index += 1) this.#put(secretOf(`caller-${index}`, index, { "llmgateway.io/caller-key": "true", "llmgateway.io/team": `team-${index}` }));
    for (let index = 0; index < routes; index += 1) this.#put(this.#routeOf(index, 0));
  }

  /** Of one route its weights. Which one, and its generation since. */
  edit(): { readonly key: string; readonly generation: number } {
    this.#edits += 1;
    const index = (this.#edits * 37) % this.#routes;
    this.#put(this.#routeOf(index, this.#edits));
    return { key: `LLMRoute/${namespaceOf(index)}/route-${index}`, generation: this.#edits + 1 };
  }

  world(): World {
    return this.#builder.world();
  }

  get #providers(): number {
    return Math.max(40, Math.ceil((this.#routes * 2) / 5));
  }

  #routeOf(index: number, edit: number): object {
    return {
      apiVersion: "llmgateway.io/v1alpha1",
      kind: "LLMRoute",
      metadata: { name: `route-${index}`, namespace: namespaceOf(index), generation: edit + 1, creationTimestamp: `2026-01-01T00:00:${String(index % 60).padStart(2, "0")}Z` },
      spec: {
        models: [`model-${index}`, `alias-${index}`],
        targets: [
          { name: "a", providerRef: { name: `provider-${index % this.#providers}` }, model: "small", weight: 9 + edit },
          { name: "b", providerRef: { name: `provider-${(index + NAMESPACES) % this.#providers}` }, model: "large" },
        ],
      },
    };
  }

  #put(raw: object): void {
    const reading = readObject(raw, () => undefined);
    if (reading.outcome !== "read") throw new Error(`the bench made an object that does not read: ${JSON.stringify(raw)}`);
    this.#builder.put(reading.ref, reading.content);
  }
}

const namespaceOf = (index: number): string => `team-${index % NAMESPACES}`;

const providerOf = (index: number): object => ({
  apiVersion: "llmgateway.io/v1alpha1",
  kind: "LLMProvider",
  metadata: { name: `provider-${index}`, namespace: namespaceOf(index), generation: 1 },
  spec: { type: "OpenAI", auth: { secretRef: { name: `key-${index}` } }, models: [{ name: "small", upstreamName: "small-2026" }, { name: "large" }] },
});

const secretOf = (name: string, index: number, labels: Readonly<Record<string, string>>): object => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name, namespace: namespaceOf(index), labels },
  stringData: { "api-key": `sk-${name}-0123456789abcdef0123456789abcdef` },
});
