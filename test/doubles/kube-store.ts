// The store of an API server double: objects by collection, one counter of versions for all, and what happened since the last compaction.
// It knows no HTTP. Objects that are handed out are copies.
import { randomUUID } from "node:crypto";

export type Raw = { apiVersion?: string; kind?: string; metadata: Record<string, unknown> & { name: string; namespace?: string }; [field: string]: unknown };

/** "llmgateway.io/v1alpha1/llmroutes", "v1/secrets". */
export type Collection = string;

export interface Happening {
  readonly revision: number;
  readonly collection: Collection;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: Raw;
  readonly before: Raw | undefined;
}

const clone = <Value>(value: Value): Value => structuredClone(value);
export const idIn = ({ metadata }: Raw): string => (metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`);

export class KubeStore {
  #revision = 100;
  #compacted = 0;
  #objects = new Map<Collection, Map<string, Raw>>();
  readonly #history: Happening[] = [];
  readonly #listeners = new Set<(happening: Happening) => void>();

  get revision(): number {
    return this.#revision;
  }

  get compacted(): number {
    return this.#compacted;
  }

  get(collection: Collection, id: string): Raw | undefined {
    return clone(this.#objects.get(collection)?.get(id));
  }

  all(collection: Collection): Raw[] {
    return [...(this.#objects.get(collection) ?? new Map<string, Raw>())].toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([, object]) => clone(object));
  }

  /** Puts the object there as given, with the metadata that a server adds. A change of the spec alone makes a new generation. */
  put(collection: Collection, given: Raw): Raw {
    const object = clone(given);
    const id = idIn(object);
    const before = this.#objects.get(collection)?.get(id);
    this.#revision += 1;
    const isSameSpec = before !== undefined && JSON.stringify(before["spec"]) === JSON.stringify(object["spec"]);
    const generation = typeof before?.metadata["generation"] === "number" ? before.metadata["generation"] + (isSameSpec ? 0 : 1) : 1;
    object.metadata = {
      ...object.metadata,
      uid: before?.metadata["uid"] ?? object.metadata["uid"] ?? randomUUID(),
      creationTimestamp: before?.metadata["creationTimestamp"] ?? object.metadata["creationTimestamp"] ?? "2026-01-01T00:00:00Z",
      generation,
      resourceVersion: String(this.#revision),
    };
    this.#in(collection).set(id, object);
    this.#happened({ revision: this.#revision, collection, type: before === undefined ? "ADDED" : "MODIFIED", object, before });
    return clone(object);
  }

  remove(collection: Collection, id: string): Raw | undefined {
    const before = this.#objects.get(collection)?.get(id);
    if (before === undefined) return undefined;
    this.#in(collection).delete(id);
    this.#revision += 1;
    const object = { ...before, metadata: { ...before.metadata, resourceVersion: String(this.#revision) } };
    this.#happened({ revision: this.#revision, collection, type: "DELETED", object, before });
    return clone(object);
  }

  /** What happened after that version; undefined when that is not kept any more. */
  since(revision: number): Happening[] | undefined {
    return revision < this.#compacted ? undefined : this.#history.filter((happening) => happening.revision > revision);
  }

  /** Forgets what happened until now. */
  compact(): void {
    this.#compacted = this.#revision;
    this.#history.length = 0;
  }

  listen(listener: (happening: Happening) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Changes without a word to anybody who listens: what happens while a watch is not there. */
  silently(change: () => void): void {
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    change();
    for (const listener of listeners) this.#listeners.add(listener);
  }

  save(): () => void {
    const [revision, objects] = [this.#revision, clone(this.#objects)];
    return () => {
      this.#revision = revision;
      this.#objects = clone(objects);
      this.#history.length = 0;
      this.#compacted = 0;
    };
  }

  #in(collection: Collection): Map<string, Raw> {
    const objects = this.#objects.get(collection) ?? new Map<string, Raw>();
    this.#objects.set(collection, objects);
    return objects;
  }

  #happened(happening: Happening): void {
    this.#history.push(happening);
    for (const listener of this.#listeners) listener(happening);
  }
}
