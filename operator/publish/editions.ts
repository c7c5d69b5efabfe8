// What is published, by audience: the newest edition, a few older ones to build deltas on, and their frames.
// A frame is made once and sent to every data plane that needs the same; who has which is not known here.
import { snapshotVersion } from "../../dataplane/snapshot/canonical.ts";
import { diff, differences, type Difference } from "../../dataplane/snapshot/delta.ts";
import { lowered, lowerings, type Lowering } from "../../dataplane/snapshot/formats.ts";
import { encodeDelta, encodeSnapshot } from "../../dataplane/snapshot/messages.ts";
import type { Snapshot } from "../../dataplane/snapshot/schema.ts";
import { FORMAT } from "../../dataplane/snapshot/terms.ts";
import { audienceKey, isConcerned, viewFor, type Audience } from "./audience.ts";

export interface Edition {
  readonly gateway: string;
  readonly version: string;
  readonly snapshot: Snapshot;
}

export interface Publication {
  readonly edition: Edition;
  /** Undefined for the first of its gateway. */
  readonly before: Edition | undefined;
  readonly differences: readonly Difference[];
}

export interface Frame {
  readonly nonce: number;
  readonly bytes: Buffer;
  readonly isFull: boolean;
}

/** Who is to be told, and in which format. */
export interface Hearer {
  readonly audience: Audience;
  readonly format: number;
}

/** What one kind of hearer gets: the edition cut out for it, and of which editions of the gateway that is what it gets. */
interface Shelf {
  /** Newest first. */
  editions: readonly Edition[];
  /** The gateway's version that the newest was cut from last. */
  cutFrom: string;
  /** By version of the hearer: the newest version of the gateway that looked like this to it. */
  readonly wholes: Map<string, string>;
  /** Frames that lead to the newest edition, by the version they build on; "" is the full one. */
  frames: Map<string, Frame>;
}

const OLDER_MAX = 4;

export class Editions {
  #epoch: number;
  readonly #formers: ReadonlyMap<number, Lowering>;
  readonly #byGateway = new Map<string, Edition>();
  /** By gateway: nearly everybody needs the way from there to here. */
  readonly #latest = new Map<string, Publication>();
  readonly #shelves = new Map<string, Shelf>();
  #nonce = 0;

  constructor(epoch: number, formers: ReadonlyMap<number, Lowering> = lowerings) {
    this.#epoch = epoch;
    this.#formers = formers;
  }

  get formers(): ReadonlyMap<number, Lowering> {
    return this.#formers;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** From now on everything is said with this authority. */
  raiseEpoch(epoch: number): void {
    this.#epoch = Math.max(this.#epoch, epoch);
    for (const shelf of this.#shelves.values()) shelf.frames = new Map();
  }

  /** Undefined when nothing changed. */
  publish(snapshot: Snapshot): Publication | undefined {
    const { gateway } = snapshot;
    const edition: Edition = { gateway, version: snapshotVersion(snapshot), snapshot };
    const before = this.#byGateway.get(gateway);
    if (before?.version === edition.version) return undefined;
    this.#byGateway.set(gateway, edition);
    // At once, whether or not anybody is connected: who comes back with this version later gets a delta.
    this.#shelf({ audience: { gateway }, format: FORMAT });
    const publication = { edition, before, differences: before === undefined ? [] : differences(before.snapshot, snapshot) };
    this.#latest.set(gateway, publication);
    return publication;
  }

  /** What the gateway has now, cut for the audience when somebody first asks for it. */
  newest(audience: Audience, format: number = FORMAT): Edition | undefined {
    return this.#shelf({ audience, format })?.editions[0];
  }

  /** The gateway's version that is this version to the hearer; what was never published here stands for itself. */
  wholeVersion(hearer: Hearer, version: string): string {
    return this.#shelf(hearer)?.wholes.get(version) ?? version;
  }

  /** The way from what a data plane holds to the newest edition: a delta where its version is known here. */
  frame(hearer: Hearer, heldVersion: string): Frame | undefined {
    const shelf = this.#shelf(hearer);
    const newest = shelf?.editions[0];
    if (shelf === undefined || newest === undefined) return undefined;
    const base = shelf.editions.find((edition) => edition.version === heldVersion);
    const key = base?.version ?? "";
    const frame = shelf.frames.get(key) ?? this.#makeFrame(newest, base);
    shelf.frames.set(key, frame);
    return frame;
  }

  /** Nobody who hears this is connected any more. */
  forget({ audience, format }: Hearer): void {
    if (audience.namespace !== undefined || format !== FORMAT) this.#shelves.delete(hearerKey({ audience, format }));
  }

  #shelf(hearer: Hearer): Shelf | undefined {
    const whole = this.#byGateway.get(hearer.audience.gateway);
    if (whole === undefined) return undefined;
    const key = hearerKey(hearer);
    const shelf = this.#shelves.get(key) ?? { editions: [], cutFrom: "", wholes: new Map(), frames: new Map() };
    this.#shelves.set(key, shelf);
    if (shelf.cutFrom !== whole.version) cut(shelf, whole, this.#unchanged(shelf, whole, hearer) ?? this.#editionFor(whole, hearer));
    return shelf;
  }

  /** Of hundreds of namespaces an edit concerns few; for the others nothing is cut. */
  #unchanged({ cutFrom, editions: [newest] }: Shelf, whole: Edition, { audience: { gateway, namespace }, format }: Hearer): Edition | undefined {
    const { before, differences: found = [] } = this.#latest.get(gateway) ?? {};
    if (namespace === undefined || format !== FORMAT || newest === undefined || before?.version !== cutFrom) return undefined;
    return isConcerned(namespace, newest.snapshot, { before: before.snapshot, after: whole.snapshot, differences: found }) ? undefined : newest;
  }

  #editionFor(whole: Edition, { audience: { gateway, namespace }, format }: Hearer): Edition {
    const lowering = this.#formers.get(format);
    if (namespace === undefined && lowering === undefined) return whole;
    const seen = namespace === undefined ? whole.snapshot : viewFor(whole.snapshot, namespace);
    const snapshot = lowering === undefined ? seen : lowered(seen, format, lowering);
    return { gateway, version: snapshotVersion(snapshot), snapshot };
  }

  #makeFrame({ version, snapshot }: Edition, base: Edition | undefined): Frame {
    this.#nonce += 1;
    const nonce = this.#nonce;
    const pushing = { version, epoch: this.#epoch, nonce };
    if (base === undefined) return { nonce, isFull: true, bytes: encodeSnapshot(pushing, snapshot) };
    return { nonce, isFull: false, bytes: encodeDelta(pushing, base.version, diff(base.snapshot, snapshot, this.#known(base, snapshot))) };
  }

  #known({ gateway, snapshot: from }: Edition, to: Snapshot): readonly Difference[] | undefined {
    const latest = this.#latest.get(gateway);
    return latest?.before?.snapshot === from && latest.edition.snapshot === to ? latest.differences : undefined;
  }
}

export const hearerKey = ({ audience, format }: Hearer): string => `${format} ${audienceKey(audience)}`;

const cut = (shelf: Shelf, whole: Edition, edition: Edition): void => {
  shelf.cutFrom = whole.version;
  shelf.wholes.set(edition.version, whole.version);
  if (shelf.editions[0]?.version === edition.version) return;
  shelf.editions = [edition, ...shelf.editions.filter((known) => known.version !== edition.version).slice(0, OLDER_MAX)];
  shelf.frames = new Map();
  const kept = new Set(shelf.editions.map(({ version }) => version));
  for (const version of shelf.wholes.keys()) if (!kept.has(version)) shelf.wholes.delete(version);
};
