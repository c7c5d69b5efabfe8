// Who a data plane is: its projected ServiceAccount token, reviewed by the API server, and what that account may speak for.
// It keeps verdicts, never tokens, and it lets nobody in because nobody could be asked.
import { hash } from "node:crypto";
import { parseText } from "../../dataplane/snapshot/parse.ts";
import type { Audience } from "./audience.ts";

/** What a credential proves about a data plane; its hello must not say otherwise. */
export interface Claims {
  readonly pod?: string;
  readonly uid?: string;
  /** Milliseconds since 1970. */
  readonly expiresAt?: number;
  /** What of a gateway it may have, or why nothing. Absent: anything. */
  readonly speaksFor?: (gateway: string) => Audience | Refusal;
}

export type RefusalReason = "no-token" | "not-authenticated" | "other-audience" | "no-pod" | "not-yours" | "other-gateway" | "no-sidecar" | "other-pod" | "old-epoch" | "unavailable";

export interface Refusal {
  readonly refusal: RefusalReason;
  /** For the log: it never holds the token. */
  readonly message: string;
}

/** The status of a TokenReview, as the API server gives it. */
export interface ReviewStatus {
  readonly authenticated?: boolean;
  readonly audiences?: readonly string[];
  readonly error?: string;
  readonly user?: { readonly username?: string; readonly extra?: Readonly<Record<string, readonly string[]>> };
}

export interface ServiceAccount {
  readonly namespace: string;
  readonly name: string;
}

/** What a token is bound to, in the namespace of its account. */
export interface BoundPod {
  readonly name: string;
  readonly uid: string;
}

export interface AuthenticationParts {
  /** Creates a TokenReview for this one audience; rejects when the API server cannot be asked. */
  review: (token: string, audience: string) => Promise<ReviewStatus>;
  audience: string;
  /** Asked for each hello, and again whenever a credential is looked at again. */
  speaksFor: (account: ServiceAccount, gateway: string, pod: BoundPod) => Audience | Refusal;
  clock: { now(): number; tick(): number };
}

const TOKEN_LENGTH_MAX = 16_384;
const FRESH_MS_MAX = 60_000;
/** How long a verdict holds while the API server cannot be asked; never beyond the token's own end. */
const STALE_MS_MAX = 600_000;
const REFUSED_MS = 10_000;
const REMEMBERED_MAX = 10_000;
const REVIEWS_MAX = 32;
const POD_NAME = "authentication.kubernetes.io/pod-name";
const POD_UID = "authentication.kubernetes.io/pod-uid";
const LEEWAY_MS = 60_000;

interface Remembered {
  readonly verdict: Claims | Refusal;
  readonly tick: number;
}

/** One for the life of the process. What it returns is the publisher's `authorize`. */
export const startAuthentication = (parts: AuthenticationParts): ((authorization: string | undefined) => Promise<Claims | Refusal>) => {
  const { clock } = parts;
  const remembered = new Map<string, Remembered>();
  const underWay = new Map<string, Promise<Claims | Refusal>>();
  const turns = new Turns(REVIEWS_MAX);

  const remember = (key: string, verdict: Claims | Refusal): Claims | Refusal => {
    remembered.delete(key);
    if (remembered.size >= REMEMBERED_MAX) forgetOldest(remembered);
    remembered.set(key, { verdict, tick: clock.tick() });
    return verdict;
  };

  const ask = async (key: string, token: string): Promise<Claims | Refusal> => {
    try {
      return remember(key, verdictOf(parts, token, await turns.take(() => parts.review(token, parts.audience))));
    } catch (error) {
      const known = remembered.get(key);
      const isStillGood = known !== undefined && !("refusal" in known.verdict) && clock.tick() - known.tick < STALE_MS_MAX && !isOver(known.verdict, clock.now());
      if (isStillGood) return known.verdict;
      return { refusal: "unavailable", message: `its token could not be reviewed: ${error instanceof Error ? error.message : "a failure without words"}` };
    }
  };

  return async (authorization) => {
    const token = bearerOf(authorization);
    if (token === undefined) return { refusal: "no-token", message: "it shows no token" };
    const key = hash("sha256", token, "hex");
    const known = remembered.get(key);
    if (known !== undefined && isFresh(known, clock)) return known.verdict;
    const asking = underWay.get(key) ?? ask(key, token).finally(() => underWay.delete(key));
    underWay.set(key, asking);
    return asking;
  };
};

const forgetOldest = (remembered: Map<string, Remembered>): void => {
  const [oldest] = remembered.keys();
  if (oldest !== undefined) remembered.delete(oldest);
};

const isFresh = ({ verdict, tick }: Remembered, clock: AuthenticationParts["clock"]): boolean => {
  const age = clock.tick() - tick;
  return "refusal" in verdict ? age < REFUSED_MS : age < FRESH_MS_MAX && !isOver(verdict, clock.now());
};

const isOver = ({ expiresAt = Infinity }: Claims, now: number): boolean => expiresAt + LEEWAY_MS <= now;

const bearerOf = (authorization: string | undefined): string | undefined => {
  const token = /^Bearer ([\w.~+/=-]+)$/i.exec(authorization ?? "")?.[1];
  return token !== undefined && token.length <= TOKEN_LENGTH_MAX ? token : undefined;
};

const verdictOf = ({ audience, speaksFor }: AuthenticationParts, token: string, status: ReviewStatus): Claims | Refusal => {
  if (status.authenticated !== true) return { refusal: "not-authenticated", message: `its token is not accepted: ${(status.error ?? "no reason given").slice(0, 300)}` };
  // An API server that does not know audiences leaves them out, and would let tokens for anybody pass.
  if (status.audiences?.includes(audience) !== true) return { refusal: "other-audience", message: `its token is not for the audience ${audience}` };
  const account = accountOf(status.user?.username);
  if (account === undefined) return { refusal: "not-yours", message: `${status.user?.username ?? "nobody"} is no service account` };
  const extra = status.user?.extra ?? {};
  const [pod] = extra[POD_NAME] ?? [];
  const [uid] = extra[POD_UID] ?? [];
  if (pod === undefined || uid === undefined) return { refusal: "no-pod", message: `the token of ${account.namespace}/${account.name} is not bound to a pod` };
  const expiresAt = expiryOf(token);
  return { pod, uid, speaksFor: (gateway) => speaksFor(account, gateway, { name: pod, uid }), ...(expiresAt !== undefined && { expiresAt }) };
};

const accountOf = (username: string | undefined): ServiceAccount | undefined => {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username ?? "") ?? [];
  return namespace === undefined || name === undefined ? undefined : { namespace, name };
};

/** Read only after the review found the token good: milliseconds since 1970. */
const expiryOf = (token: string): number | undefined => {
  const payload = parseText(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
  const seconds = payload !== null && typeof payload === "object" && "exp" in payload ? payload.exp : undefined;
  return typeof seconds === "number" && Number.isFinite(seconds) ? seconds * 1000 : undefined;
};

/** The accounts, namespaces and pods that a fleet consists of. */
export interface Fleet {
  /** "namespace/name" of the service account → the gateways that its pods may speak for. */
  readonly gateways: ReadonlyMap<string, readonly string[]>;
  /** Whether pods of this namespace may have sidecars. */
  isOpenToSidecars: (namespace: string) => boolean;
  /** What its labels say of a pod; undefined for one that is not known, or has no data plane. */
  podOf: (namespace: string, pod: BoundPod) => { readonly gateway: string; readonly isInjected: boolean } | undefined;
}

/** A gateway's own account gets all of its gateway; a pod with a sidecar, where these may be, what its namespace may use of it. */
export const audienceIn = (fleet: Fleet, { namespace, name }: ServiceAccount, gateway: string, pod: BoundPod): Audience | Refusal => {
  const gateways = fleet.gateways.get(`${namespace}/${name}`);
  const labelled = fleet.podOf(namespace, pod);
  // A gateway's account may be the namespace's default one, which a pod with a sidecar has too: the narrower counts.
  const isSidecar = gateways === undefined || labelled?.isInjected === true;
  if (isSidecar && !fleet.isOpenToSidecars(namespace)) return { refusal: "not-yours", message: `the pod ${pod.name} with the service account ${namespace}/${name} is no gateway's, and its namespace is not open to sidecars` };
  if (gateways?.includes(gateway) === false) return { refusal: "not-yours", message: `the service account ${namespace}/${name} speaks for ${gateways.join(", ")}, not for the gateway ${gateway}` };
  if (labelled !== undefined && labelled.gateway !== gateway) return { refusal: "other-gateway", message: `its pod is labelled for the gateway ${labelled.gateway}, not for ${gateway}` };
  // Its account is proof enough: a gateway's pods are let in also when nobody may list pods.
  if (!isSidecar) return { gateway };
  return labelled?.isInjected === true ? { gateway, namespace } : { refusal: "no-sidecar", message: `the pod ${namespace}/${pod.name} is not known as one with a sidecar` };
};

/** So many at a time; the others wait for their turn. */
class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async take<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
