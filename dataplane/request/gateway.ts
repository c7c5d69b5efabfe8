// What all requests of one process share: the router in force, the wheel of deadlines, the pools, the counters.
// It holds things; the steps act on them.
import type { Clock } from "../clock.ts";
import type { Deadlines } from "../deadlines.ts";
import { Credentials } from "../providers/credentials/index.ts";
import { Media, type MediaRules } from "../providers/media.ts";
import { Upstreams } from "../providers/upstream.ts";
import type { Problem } from "../snapshot/check.ts";
import type { Caller, Snapshot } from "../snapshot/schema.ts";
import type { Store } from "../state/store.ts";
import type { Telemetry } from "../telemetry/index.ts";
import { newWarnings } from "./places.ts";
import { buildRouter, type Router } from "./router.ts";

export interface GatewayParts {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly telemetry: Telemetry;
  readonly store: Store;
  readonly build: string;
  readonly random: () => number;
  /** Of a sidecar: who a request without a known key is from. Absent: the settings of the gateway say. */
  readonly localCaller?: Caller | undefined;
  /** For what clients name by URL. Absent: for addresses of strangers. */
  readonly mediaRules?: MediaRules | undefined;
}

export class Gateway {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly telemetry: Telemetry;
  readonly store: Store;
  readonly random: () => number;
  readonly userAgent: string;
  readonly localCaller: Caller | undefined;
  readonly upstreams: Upstreams;
  readonly credentials: Credentials;
  readonly media: Media;
  router: Router | null = null;
  openRequests = 0;
  /** Answers of which this process still holds something: a slow client gets its last bytes after the request is over. */
  openResponses = 0;
  isDraining = false;
  /** Called whenever a request or an answer is over while draining. */
  onIdle: (() => void) | null = null;

  constructor(parts: GatewayParts) {
    this.clock = parts.clock;
    this.deadlines = parts.deadlines;
    this.telemetry = parts.telemetry;
    this.store = parts.store;
    this.random = parts.random;
    this.userAgent = `llm-gateway/${parts.build}`;
    this.localCaller = parts.localCaller;
    this.upstreams = new Upstreams(parts.clock);
    this.media = new Media(parts.clock, parts.mediaRules);
    this.credentials = new Credentials({
      clock: parts.clock,
      random: parts.random,
      onFailure: (provider, cause) => parts.telemetry.log.warn("a provider's credential could not be renewed", { provider, reason: cause.message }),
    });
  }

  /** Takes a snapshot whole or not at all; what is in flight finishes on the old one. */
  apply(snapshot: Snapshot, version: string): Problem[] {
    const former = this.router;
    const { router, problems } = buildRouter(snapshot, version, this, former);
    if (router === undefined) return problems;
    this.router = router;
    this.upstreams.keepOnly(router.places.upstreams);
    this.credentials.keepOnly(router.places.live);
    for (const warning of newWarnings(router.places, former?.places)) this.telemetry.log.warn("a provider's endpoint cannot be used", { ...warning });
    return [];
  }
}
