// A cluster → the world: what is watched, what is fetched, and when the first world is complete.
// It compiles nothing and writes nothing. What the server does not answer costs freshness, never what is known.
import type { KubeClient } from "../kube/client.ts";
import { GATEWAY_LABEL } from "../kube/labels.ts";
import { compareVersions, resources, wordsOf, type KubeObject, type Resource } from "../kube/types.ts";
import { keyOf, type ObjectRef, type OwnKind, type World } from "../world.ts";
import type { GatewaySettings } from "../../crds/gateway-settings.ts";
import { Contents } from "./contents.ts";
import { readObject, type Content } from "./kinds.ts";
import { ListWatch, type Change, type Kept, type ListWatchParts, type WatchTrouble } from "./list-watch.ts";
import { ownObjectOf, type OwnObject } from "./own-objects.ts";
import { isOpenToSidecars, podStateOf, readyPods, sliceStateOf, type DataPlanePod, type PodState, type SliceState } from "./pods.ts";
import { PULSE_MS_MAX, startPulse } from "./pulse.ts";
import { referencesOf } from "./references.ts";
import { trimmed } from "./trim.ts";
import { WorldBuilder } from "./world.ts";

export interface ClusterWatchParts {
  readonly client: Pick<KubeClient, "list" | "watch" | "get" | "version">;
  /** Undefined: the whole cluster. */
  readonly namespaces: readonly string[] | undefined;
  /** The operator's own namespace, where the data planes of the chart are. */
  readonly home: string;
  readonly clock: ListWatchParts<unknown>["clock"];
  readonly random: () => number;
  readonly say: (message: string) => void;
  /** The world may be different from the last one that was given out. */
  readonly onChange: () => void;
  /** Once: the world is complete. */
  readonly onSynced: () => void;
  readonly onPods: () => void;
  /** The status of this object was seen to be another. */
  readonly onStatus: (key: string) => void;
  readonly observe: (resource: string, what: WatchTrouble | "event" | "relist") => void;
}

export interface Observed {
  readonly uid: string;
  readonly version: string;
  readonly status: Readonly<Record<string, unknown>>;
}

const CALLER_SELECTOR = "llmgateway.io/caller-key=true";
const HOLD_MS_MAX = 5000;
const OWN_LABELS = "llmgateway.io/";
const ownKinds = ["LLMProvider", "LLMRoute", "LLMBudget"] as const satisfies readonly OwnKind[];

/** A list-watch, whatever it keeps. */
type Followed = Pick<ListWatch<never>, "start" | "restart" | "close" | "isSynced" | "size">;

interface Held {
  readonly version: string;
  readonly content: Content;
}

export class ClusterWatch {
  readonly #parts: ClusterWatchParts;
  readonly #builder = new WorldBuilder();
  readonly #contents: Contents;
  readonly #all: { readonly resource: Resource; readonly watch: Followed }[] = [];
  readonly #own = new Map<string, OwnObject>();
  /** Version of each Secret and ConfigMap, by key; and the uid of each Secret, for Events. */
  readonly #versions = new Map<string, Kept<true>>();
  readonly #callers = new Map<string, Held>();
  readonly #fetched = new Map<string, Held>();
  readonly #pods = new Map<string, Kept<PodState>>();
  readonly #slices = new Map<string, Kept<SliceState>>();
  readonly #serviceAccounts = new Map<string, Kept<Readonly<Record<string, string>>>>();
  #references: ReadonlySet<string> = new Set();
  #world: World | undefined;
  #isSynced = false;
  #isHeldBack = false;
  #cancelHold = (): void => undefined;
  #endPulse = (): void => undefined;

  constructor(parts: ClusterWatchParts) {
    const { client, clock, random, say } = parts;
    this.#parts = parts;
    const fetch = (key: string, signal: AbortSignal): Promise<KubeObject> => {
      const { resource, namespace, name } = placeOfKey(key);
      return client.get(resource, { namespace, name }, { signal });
    };
    this.#contents = new Contents({ fetch, onContent: (key, object) => this.#onContent(key, object), clock, random, say });
    this.#watchObjects();
    this.#watchContents();
    this.#watchSurroundings();
  }

  start(): void {
    const { client, clock } = this.#parts;
    for (const { watch } of this.#all) watch.start();
    const ask = (): Promise<unknown> => client.version({ timeoutMs: PULSE_MS_MAX });
    this.#endPulse = startPulse({ ask, clock, onDead: () => this.#restart() });
  }

  /** Stays true: what is known stays known. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** The newest whose parts are all there. */
  world(): World {
    return (this.#world ??= this.#builder.world());
  }

  setGateways(gateways: Readonly<Record<string, GatewaySettings>>): void {
    this.#builder.setGateways(gateways);
    this.#changed();
  }

  /** Data planes that exist and get traffic. */
  pods(): DataPlanePod[] {
    const world = this.world();
    return readyPods(this.#pods.values(), this.#slices.values(), (namespace) => isOpenToSidecars(world, namespace));
  }

  /** One that is or has a data plane, whatever its state; "namespace/name". */
  pod(id: string): Kept<PodState> | undefined {
    return this.#pods.get(id);
  }

  /** By key, such as "LLMRoute/team-a/chat". */
  observed(key: string): Observed | undefined {
    return this.#own.get(key);
  }

  /** Of one of our objects, or of a Secret or ConfigMap. */
  uidOf(key: string): string | undefined {
    return this.#own.get(key)?.uid ?? this.#versions.get(key)?.uid;
  }

  /** Labels of ours on a ServiceAccount, "namespace/name": which team it belongs to. */
  serviceAccount(id: string): Readonly<Record<string, string>> | undefined {
    return this.#serviceAccounts.get(id)?.value;
  }

  /** How many objects of each resource are known, and whether their copy is complete. */
  sizes(): { readonly resource: string; readonly objects: number; readonly isSynced: boolean }[] {
    return this.#all.map(({ resource, watch }) => ({ resource: resource.plural, objects: watch.size, isSynced: watch.isSynced }));
  }

  async close(): Promise<void> {
    this.#endPulse();
    this.#cancelHold();
    this.#contents.close();
    await Promise.all(this.#all.map(({ watch }) => watch.close()));
  }

  #watchObjects(): void {
    for (const kind of ownKinds) {
      this.#watch<OwnObject>(resources[kind], {
        keep: (object) => ownObjectOf(kind, object, this.#own.get(keyOf({ kind, namespace: String(object.metadata["namespace"]), name: object.metadata.name }))),
        onChanges: (changes) => this.#onOwn(kind, changes),
      });
    }
  }

  #watchContents(): void {
    for (const kind of ["Secret", "ConfigMap"] as const) {
      this.#watch<true>(resources[kind], { isMetadataOnly: true, keep: () => true, onChanges: (changes) => this.#onVersions(kind, changes) });
    }
    this.#watch<Held>(resources.Secret, {
      labelSelector: CALLER_SELECTOR,
      keep: heldSecret,
      onChanges: (changes) => {
        for (const { type, item } of changes) {
          const key = keyOfId("Secret", item.id);
          if (type === "put") this.#callers.set(key, item.value);
          else this.#callers.delete(key);
          this.#place(key);
        }
        this.#changed();
      },
    });
  }

  #watchSurroundings(): void {
    const { namespaces, home } = this.#parts;
    const labels = (object: KubeObject): Readonly<Record<string, string>> => wordsOf(object.metadata["labels"]);
    const placeNamespaces = (changes: readonly Change<Readonly<Record<string, string>>>[]): void => {
      for (const { type, item } of changes) {
        const ref = { kind: "Namespace", namespace: "", name: item.id };
        this.#put(ref, type === "put" ? { section: "namespaces", value: { labels: item.value } } : undefined);
      }
      this.#changed();
    };
    // Whoever may not see all namespaces may be allowed to see some by their names.
    if (namespaces === undefined) this.#add(resources.Namespace, { keep: labels, onChanges: placeNamespaces, isMetadataOnly: true });
    for (const name of namespaces ?? []) this.#add(resources.Namespace, { keep: labels, onChanges: placeNamespaces, isMetadataOnly: true, isOptional: true, fieldSelector: `metadata.name=${name}` });
    const keepOwnLabels = (object: KubeObject): Readonly<Record<string, string>> | undefined => {
      const own = Object.entries(labels(object)).filter(([name]) => name.startsWith(OWN_LABELS));
      return own.length === 0 ? undefined : Object.fromEntries(own);
    };
    this.#watch(resources.ServiceAccount, { isMetadataOnly: true, isOptional: true, keep: keepOwnLabels, onChanges: (changes) => mirror(this.#serviceAccounts, changes) });
    const onPods = <Value>(into: Map<string, Kept<Value>>) => (changes: readonly Change<Value>[]): void => {
      mirror(into, changes);
      this.#parts.onPods();
    };
    this.#watch<PodState>(resources.Pod, { isOptional: true, labelSelector: GATEWAY_LABEL, alsoIn: home, keep: podStateOf(home), onChanges: onPods(this.#pods) });
    this.#add<SliceState>(resources.EndpointSlice, { isOptional: true, labelSelector: GATEWAY_LABEL, namespace: home, keep: sliceStateOf, onChanges: onPods(this.#slices) });
  }

  /** In the whole cluster, or in each of the namespaces. */
  #watch<Value>(resource: Resource, parts: WatchedParts<Value> & { readonly alsoIn?: string }): void {
    const { namespaces } = this.#parts;
    if (namespaces === undefined) return this.#add(resource, parts);
    const places = new Set(parts.alsoIn === undefined ? namespaces : [...namespaces, parts.alsoIn]);
    for (const namespace of places) this.#add(resource, { ...parts, namespace });
  }

  #add<Value>(resource: Resource, parts: WatchedParts<Value>): void {
    const { client, clock, random, say, observe } = this.#parts;
    const { namespace, labelSelector, fieldSelector, isMetadataOnly, keep, onChanges, isOptional = false } = parts;
    const watch = new ListWatch<Value>({
      client, resource, selection: { namespace, labelSelector, fieldSelector, isMetadataOnly }, keep, onChanges, isOptional,
      onSynced: () => this.#settle(), clock, random, say,
      observe: (what) => {
        if (what === "restored") this.#contents.distrust();
        observe(resource.plural, what);
      },
    });
    this.#all.push({ resource, watch });
  }

  #onOwn(kind: OwnKind, changes: readonly Change<OwnObject>[]): void {
    let isChanged = changes.some(({ type }) => type === "gone");
    for (const { type, item } of changes) {
      const key = keyOf(item.value.ref);
      const before = this.#own.get(key);
      if (type === "gone") {
        this.#own.delete(key);
        this.#put(item.value.ref, undefined);
      } else {
        this.#own.set(key, item.value);
        if (before?.content === item.value.content) this.#parts.onStatus(key);
        else this.#put(item.value.ref, item.value.content);
        isChanged ||= before?.content !== item.value.content;
      }
    }
    // First what it refers to is asked for: until that is there, nobody is told.
    if (kind === "LLMProvider") this.#refer();
    if (isChanged) this.#changed();
  }

  #onVersions(kind: "Secret" | "ConfigMap", changes: readonly Change<true>[]): void {
    let isWanted = false;
    for (const { type, item } of changes) {
      const key = keyOfId(kind, item.id);
      if (type === "put") this.#versions.set(key, item);
      else this.#versions.delete(key);
      isWanted ||= this.#references.has(key);
    }
    if (isWanted) this.#want();
  }

  #refer(): void {
    this.#references = referencesOf([...this.#own.values()].flatMap(({ content }) => (content.section === "providers" && content.value.kind === "LLMProvider" ? [content.value] : [])));
    this.#want();
  }

  #want(): void {
    const wanted = [...this.#references].flatMap((key): [string, string][] => {
      const known = this.#versions.get(key);
      return known === undefined ? [] : [[key, known.version]];
    });
    this.#contents.want(new Map(wanted));
    this.#settle();
  }

  #onContent(key: string, object: KubeObject | undefined): void {
    const { resource } = placeOfKey(key);
    const held = object === undefined ? undefined : resource === resources.Secret ? heldSecret(object) : heldConfigMap(object);
    if (held === undefined) this.#fetched.delete(key);
    else this.#fetched.set(key, held);
    this.#place(key);
    this.#changed();
    this.#settle();
  }

  // A Secret may be both a caller's and referred to; of the two copies the newer one counts.
  #place(key: string): void {
    const [caller, fetched] = [this.#callers.get(key), this.#fetched.get(key)];
    const isFetchedNewer = fetched !== undefined && (caller === undefined || compareVersions(fetched.version, caller.version) > 0);
    const { resource, namespace, name } = placeOfKey(key);
    this.#put({ kind: resource.kind, namespace, name }, (isFetchedNewer ? fetched : caller)?.content);
  }

  #put(ref: ObjectRef, content: Content | undefined): void {
    if (content === undefined) this.#builder.remove(ref);
    else this.#builder.put(ref, content);
  }

  // A provider that refers to another Secret than before must not meet a world without it: until that is read, the old one stands.
  #changed(): void {
    if (!this.#isSynced) return;
    if (this.#contents.isSettled) return this.#tell();
    if (this.#isHeldBack) return;
    this.#isHeldBack = true;
    this.#cancelHold = this.#parts.clock.after(HOLD_MS_MAX, () => this.#tell());
  }

  #tell(): void {
    this.#cancelHold();
    this.#isHeldBack = false;
    this.#world = undefined;
    this.#parts.onChange();
  }

  #settle(): void {
    if (this.#isHeldBack && this.#contents.isSettled) this.#tell();
    if (this.#isSynced || !this.#all.every(({ watch }) => watch.isSynced) || !this.#contents.isSettled) return;
    this.#isSynced = true;
    this.#world = undefined;
    this.#parts.onSynced();
  }

  #restart(): void {
    this.#parts.say("the API server does not answer, all watches are opened anew; what is known stays in force");
    for (const { watch } of this.#all) watch.restart("the API server does not answer");
  }
}

interface WatchedParts<Value> {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly isMetadataOnly?: boolean;
  readonly isOptional?: boolean;
  readonly keep: (object: KubeObject) => Value | undefined;
  readonly onChanges: (changes: readonly Change<Value>[]) => void;
}

const mirror = <Value>(into: Map<string, Kept<Value>>, changes: readonly Change<Value>[]): void => {
  for (const { type, item } of changes) {
    if (type === "put") into.set(item.id, item);
    else into.delete(item.id);
  }
};

const keyOfId = (kind: "Secret" | "ConfigMap", id: string): string => `${kind}/${id}`;

const placeOfKey = (key: string): { resource: Resource; namespace: string; name: string } => {
  const [kind = "", namespace = "", name = ""] = key.split("/");
  return { resource: kind === "ConfigMap" ? resources.ConfigMap : resources.Secret, namespace, name };
};

const heldOf = (resource: Resource, object: KubeObject): Held | undefined => {
  const reading = readObject(trimmed(resource, object, "data"), () => undefined);
  return reading.outcome === "read" ? { version: String(object.metadata["resourceVersion"] ?? ""), content: reading.content } : undefined;
};

const heldSecret = (object: KubeObject): Held | undefined => heldOf(resources.Secret, object);
const heldConfigMap = (object: KubeObject): Held | undefined => heldOf(resources.ConfigMap, object);
