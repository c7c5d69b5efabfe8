// Opens the port that data planes connect to, with the trust that the settings name, and counts what happens there.
// Without trust it is unencrypted and open to whoever reaches loopback: the settings allow no other address then.
import type { Leader, Term } from "../kube/leader.ts";
import type { PushEvent } from "../publish/hub.ts";
import { startPublisher, type Publisher } from "../publish/server.ts";
import type { Log } from "./log.ts";
import type { OperatorMetrics } from "./metrics.ts";
import type { ClusterSettings } from "./settings.ts";
import { endOf, openTrust, type Trusting, type TrustParts } from "./trust.ts";

export interface PushParts extends Omit<TrustParts, "say" | "alsoServes"> {
  readonly term: Term;
  readonly settings: ClusterSettings;
  readonly leader: Pick<Leader, "isLeading" | "confirm">;
  readonly metrics: OperatorMetrics;
  readonly random: () => number;
  readonly log: Log;
}

export interface Push extends Publisher {
  /** Milliseconds since 1970; 0 where no certificate is shown. */
  certificateEndsAt(): number;
}

export const openPush = async (parts: PushParts, onChange: () => void): Promise<Push> => {
  const { settings: { push: { trust }, inject }, log } = parts;
  const alsoServes = inject === undefined ? [] : [inject.service];
  const trusting = trust === undefined ? undefined : await openTrust(trust, { ...parts, alsoServes, say: (message) => log.warn("trust", message) });
  try {
    const publisher = await listen(parts, trusting, onChange);
    const close = async (): Promise<void> => {
      trusting?.close();
      await publisher.close();
    };
    return { ...publisher, close, certificateEndsAt: () => (trusting === undefined ? 0 : endOf(trusting.tls.current())) };
  } catch (error) {
    trusting?.close();
    throw error;
  }
};

const listen = ({ term, settings: { push: { host, port } }, leader, metrics, clock, random, log }: PushParts, trusting: Trusting | undefined, onChange: () => void): Promise<Publisher> =>
  startPublisher({
    listen: { host, port },
    ...(trusting === undefined ? { authorize: async () => ({}) } : { authorize: trusting.authorize, tls: trusting.tls }),
    epoch: term.epoch,
    confirmLeadership: () => leader.confirm(),
    clock,
    random,
    // Nothing is reported yet that must be kept.
    count: async () => undefined,
    onChange,
    observe: (event) => observe(metrics, event),
    say: (message) => log.warn("push", message),
  });

const observe = (metrics: OperatorMetrics, event: PushEvent): void => {
  if (event.kind === "pushed") {
    metrics.pushes.inc({ gateway: event.gateway, form: event.isFull ? "full" : "delta" });
    metrics.pushBytes.inc({ gateway: event.gateway }, event.bytes);
  } else if (event.kind === "answered") {
    metrics.answers.inc({ gateway: event.gateway, answer: event.isTaken ? "ack" : "nack" });
    metrics.answerSeconds.observe({ gateway: event.gateway }, event.tookMs / 1000);
  } else metrics.streamsRefused.inc({ reason: event.reason });
};
