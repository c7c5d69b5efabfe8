// Sidecars on a cluster: every operator answers the API server about new pods, the leader keeps what the answers rely on.
// It wires; what a pod becomes is decided in inject/pod.ts.
import type { Clock } from "../clock.ts";
import { startKeeping, type Keeping } from "../inject/keep.ts";
import { startInjectServer, type InjectServer } from "../inject/server.ts";
import type { KubeClient } from "../kube/client.ts";
import { authorityStore } from "../publish/api-server.ts";
import { follow, inFiles, inSecret, type Following } from "../publish/follow.ts";
import type { ClusterWatch } from "../watch/cluster.ts";
import { keyOf } from "../world.ts";
import type { Log } from "./log.ts";
import type { OperatorMetrics } from "./metrics.ts";
import type { Injecting, Trust } from "./settings.ts";
import { openNamespaces } from "./trust.ts";

export interface InjectionParts {
  readonly inject: Injecting;
  readonly trust: Trust;
  readonly client: KubeClient;
  /** The operator's own. */
  readonly namespace: string;
  readonly watch: Pick<ClusterWatch, "world" | "uidOf">;
  readonly isLeading: () => boolean;
  readonly metrics: OperatorMetrics;
  readonly clock: Clock;
  readonly log: Log;
}

const LINGER_MS = 4000;
const CERTIFICATE_MS_MAX = 10_000;

export class SidecarInjection {
  readonly #parts: InjectionParts;
  readonly #server: InjectServer;
  readonly #following: Following;
  readonly #startTick: number;
  #keeping: Keeping | undefined;

  static async open(parts: InjectionParts): Promise<SidecarInjection> {
    const { inject: { host, port, template }, trust: { audience }, watch, metrics } = parts;
    const server = await startInjectServer({
      host, port,
      release: () => ({ template, audience, gateways: Object.keys(watch.world().gateways) }),
      observe: (outcome) => metrics.injections.inc({ outcome }),
      say: (message) => parts.log.warn("inject", message),
    });
    return new SidecarInjection(parts, server);
  }

  private constructor(parts: InjectionParts, server: InjectServer) {
    const { inject: { caFile = "" }, trust: { certificate }, client, namespace, clock } = parts;
    this.#parts = parts;
    this.#startTick = clock.tick();
    this.#server = server;
    this.#following = follow({
      read: certificate.isOwn ? inSecret(authorityStore(client, namespace), certificate.secretName) : inFiles({ ...certificate, caFile }),
      onChange: (credentials) => {
        server.serve(credentials);
        this.#keeping?.wake();
      },
      clock,
      say: (message) => parts.log.warn("inject", message),
    });
  }

  get port(): number {
    return this.#server.port;
  }

  /** Undefined when ready. Not for long: whoever waits for us may be the one who would make the certificate. */
  unready(): string | undefined {
    const isPatient = this.#parts.clock.tick() - this.#startTick < CERTIFICATE_MS_MAX;
    return isPatient && this.#following.current() === undefined ? "there is no certificate to show the API server yet" : undefined;
  }

  /** We lead from here on. */
  lead(): void {
    const { inject: { webhook, template: { bundle } }, client, watch, isLeading, clock } = this.#parts;
    this.#keeping ??= startKeeping({
      client, webhook, bundle, isLeading, clock,
      authorities: () => this.#following.current()?.bundle,
      open: () => openNamespaces(watch.world()),
      isThere: (namespace) => watch.uidOf(keyOf({ kind: "ConfigMap", namespace, name: bundle })) !== undefined,
      say: (message) => this.#parts.log.warn("inject", message),
    });
    // Whoever leads has just seen to the certificate.
    void this.#following.look();
  }

  /** The world may be another one: a namespace more is open. */
  wake(): void {
    this.#keeping?.wake();
  }

  /** The port is the last thing to go: until the API server's way to it is closed, it would ask here in vain. */
  async close(): Promise<void> {
    this.#keeping?.close();
    this.#following.close();
    this.#server.retire();
    if (this.#following.current() !== undefined) await this.#parts.clock.sleep(LINGER_MS);
    await this.#server.close();
  }
}
