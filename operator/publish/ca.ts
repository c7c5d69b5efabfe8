// What to do about our own certificate authority: what is kept and the time in, the things to be made, taken over or dropped out.
// Pure: it makes no keys, reads no clock and writes nothing. The makers are in issue.ts, the keeping in keep-authority.ts.

/** What can be seen of a certificate with its key; anything that cannot be read is absent. */
export interface Seen {
  /** Names the certificate. */
  readonly fingerprint: string;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface SeenLeaf extends Seen {
  /** The fingerprint of the authority that signed it, where it is one of ours. */
  readonly issuer: string | undefined;
  readonly names: readonly string[];
}

export interface SeenAuthority {
  /** Signs now. */
  readonly signing: Seen | undefined;
  /** Trusted already, signs later. */
  readonly next: Seen | undefined;
  /** Signs no more, and is trusted until what it signed has ended. Without keys. */
  readonly former: readonly Seen[];
  readonly leaf: SeenLeaf | undefined;
}

export interface Lives {
  readonly authorityMs: number;
  readonly leafMs: number;
  /** How long an authority is trusted everywhere before it signs: longer than a mounted file takes to arrive. */
  readonly overlapMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export const defaultLives: Lives = { authorityMs: 365 * DAY_MS, leafMs: 30 * DAY_MS, overlapMs: HOUR_MS };

/** Each certificate begins so much in the past, because clocks of others may be behind. */
export const BACKDATE_MS = 2 * HOUR_MS;

export type Step =
  | { readonly what: "make-signing"; readonly why: string }
  | { readonly what: "make-next"; readonly why: string }
  | { readonly what: "take-over"; readonly why: string }
  | { readonly what: "drop-next"; readonly why: string }
  | { readonly what: "drop-former"; readonly fingerprint: string; readonly why: string }
  | { readonly what: "issue-leaf"; readonly why: string };

export interface Plan {
  readonly steps: readonly Step[];
  /** When there will be something to do if nothing else happens. */
  readonly lookAgainAt: number;
}

/*
 * nothing, damaged or over ──▶ make-signing, issue-leaf: at once, since nobody can connect without it
 * signing ── two thirds of its life ──▶ make-next: both are trusted ── overlap ──▶ take-over, issue-leaf ── the old one's end ──▶ drop-former
 */
export const planAuthority = (seen: SeenAuthority, now: number, names: readonly string[], lives: Lives = defaultLives): Plan => {
  const steps = [...stepsOfAuthority(seen, now, lives)];
  const isReplaced = steps.some(({ what }) => what === "make-signing" || what === "take-over");
  const why = isReplaced ? "it is signed by an authority that signs no more" : leafObjection(seen, now, names);
  if (why !== undefined) steps.push({ what: "issue-leaf", why });
  for (const former of seen.former) if (former.notAfter <= now) steps.push({ what: "drop-former", fingerprint: former.fingerprint, why: "it is over" });
  return { steps, lookAgainAt: steps.length > 0 ? now : nextMoment(seen, now, lives) };
};

const stepsOfAuthority = ({ signing, next }: SeenAuthority, now: number, lives: Lives): Step[] => {
  const [objection, nextObjection] = [objectionTo(signing, now), objectionTo(next, now)];
  if (objection !== undefined) return next !== undefined && nextObjection === undefined ? [{ what: "take-over", why: objection }] : [{ what: "make-signing", why: objection }];
  if (signing === undefined) return [];
  if (next === undefined) return now >= renewalOf(signing) ? [{ what: "make-next", why: "two thirds of the authority's life are over" }] : [];
  if (nextObjection !== undefined) return [{ what: "drop-next", why: nextObjection }];
  return now >= takeOverAt(signing, next, lives) ? [{ what: "take-over", why: "the next one has been trusted long enough" }] : [];
};

/** Why it cannot be used now; undefined when it can. */
const objectionTo = (seen: Seen | undefined, now: number): string | undefined => {
  if (seen === undefined) return "there is none that can be read";
  if (seen.notAfter <= now) return "it is over";
  // It was begun in the past by whoever made it: that clock is wrong by hours, or ours is, and who connects goes by a third.
  return seen.notBefore > now ? "it begins in the future" : undefined;
};

const leafObjection = ({ leaf, signing }: SeenAuthority, now: number, names: readonly string[]): string | undefined => {
  const objection = objectionTo(leaf, now);
  if (leaf === undefined || objection !== undefined) return objection;
  if (leaf.issuer === undefined || leaf.issuer !== signing?.fingerprint) return "it is not signed by the authority that signs now";
  const missing = names.filter((name) => !leaf.names.includes(name));
  if (missing.length > 0) return `it does not have the name ${missing.join(", ")}`;
  return now >= renewalOf(leaf) ? "two thirds of its life are over" : undefined;
};

const renewalOf = ({ notBefore, notAfter }: Seen): number => notBefore + ((notAfter - notBefore) * 2) / 3;

// The overlap counts from when it was made; an authority near its end waits no longer than it has.
const takeOverAt = (signing: Seen, next: Seen, { overlapMs }: Lives): number => Math.min(next.notBefore + BACKDATE_MS + overlapMs, signing.notAfter - overlapMs / 2);

const nextMoment = (seen: SeenAuthority, now: number, lives: Lives): number => {
  const { signing, next, leaf, former } = seen;
  const moments = [
    ...(leaf === undefined ? [] : [renewalOf(leaf)]),
    ...(signing === undefined ? [] : [next === undefined ? renewalOf(signing) : takeOverAt(signing, next, lives)]),
    ...former.map(({ notAfter }) => notAfter),
  ];
  return Math.max(now, Math.min(...moments));
};
