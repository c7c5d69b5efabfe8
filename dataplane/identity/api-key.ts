// Callers by API key. The gateway knows keys by their SHA-256 only; a verdict is remembered by the raw header.
// One instance serves one snapshot, so a revoked key is gone with the swap. It does not decide what a caller may do.
import { hash, timingSafeEqual } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { Caller } from "../snapshot/schema.ts";
import type { Verdict } from "./identity.ts";

/** What is remembered at most, in each of two halves: verdicts on known keys, and apart from them those on unknown ones. */
const KNOWN_MAX = 5000;
const UNKNOWN_MAX = 1000;
/** Longer header values are judged anew each time, so that garbage cannot fill memory. */
const REMEMBERED_LENGTH_MAX = 512;

export interface ApiKeys {
  /** `url` is the request target as sent, with its query. */
  authenticate(rawHeaders: readonly string[], url: string): Verdict;
}

interface Judgement {
  readonly verdict: Verdict;
  /** Infinity: never. */
  readonly expiresAt: number;
}

const MISSING: Verdict = { refusal: "AUTH_MISSING" };
const INVALID: Verdict = { refusal: "AUTH_INVALID" };
const EXPIRED: Verdict = { refusal: "AUTH_EXPIRED" };

/**
 * Where SDKs put a key, in the order in which the places count: authorization (Bearer), x-api-key, x-goog-api-key,
 * api-key, ?key=. The first that holds something usable decides, known or not: another scheme in authorization
 * (Basic) is passed over, an unknown Bearer key is not. Of a header that comes twice the first counts.
 * `stranger`: who somebody without a known key is; undefined where such requests are refused.
 */
export const openApiKeys = (callers: Readonly<Record<string, Caller>>, stranger: Caller | undefined, clock: Clock): ApiKeys => {
  const strange: Verdict = stranger === undefined ? INVALID : { caller: stranger };
  const judge = judgeBy(callers, strange);
  const missing = stranger === undefined ? MISSING : strange;
  // Apart, since "Bearer x" is the key "x" in one place and the key "Bearer x" in another.
  const bearers = new Memory(strange, (value) => judgeUsable(bearerOf(value), judge));
  const plains = new Memory(strange, (value) => judgeUsable(value.trim(), judge));

  const inForce = ({ verdict, expiresAt }: Judgement): Verdict => (expiresAt !== Infinity && clock.now() >= expiresAt ? EXPIRED : verdict);

  const authenticate = (rawHeaders: readonly string[], url: string): Verdict => {
    let authorization = "";
    let xApiKey = "";
    let googleKey = "";
    let apiKey = "";
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const name = rawHeaders[index] as string;
      switch (name.length) {
        case 13:
          if (authorization === "" && isHeader(name, "authorization")) authorization = rawHeaders[index + 1] as string;
          break;
        case 9:
          if (xApiKey === "" && isHeader(name, "x-api-key")) xApiKey = rawHeaders[index + 1] as string;
          break;
        case 14:
          if (googleKey === "" && isHeader(name, "x-goog-api-key")) googleKey = rawHeaders[index + 1] as string;
          break;
        case 7:
          if (apiKey === "" && isHeader(name, "api-key")) apiKey = rawHeaders[index + 1] as string;
          break;
        default:
      }
    }
    const judgement =
      (authorization === "" ? null : bearers.recall(authorization)) ??
      (xApiKey === "" ? null : plains.recall(xApiKey)) ??
      (googleKey === "" ? null : plains.recall(googleKey)) ??
      (apiKey === "" ? null : plains.recall(apiKey)) ??
      judgeUsable(keyInQuery(url), judge);
    return judgement === null ? missing : inForce(judgement);
  };

  return { authenticate };
};

/** `name` has the length of `lowerCase`. No new string is made; most names fail at the first letter. */
const isHeader = (name: string, lowerCase: string): boolean => {
  for (let index = 0; index < lowerCase.length; index++) {
    if ((name.charCodeAt(index) | 0x20) !== lowerCase.charCodeAt(index)) return false;
  }
  return true;
};

const bearerOf = (value: string): string => (/^bearer[ \t]/i.test(value) ? value.slice(7).trim() : "");

const keyInQuery = (url: string): string => {
  const query = url.indexOf("?");
  if (query === -1) return "";
  const pair = url.slice(query + 1).split("#", 1)[0]?.split("&").find((text) => text.startsWith("key="));
  if (pair === undefined) return "";
  try {
    // Headers come as bytes in a string; so does this.
    return Buffer.from(decodeURIComponent(pair.slice(4)), "utf8").toString("latin1");
  } catch {
    return pair.slice(4);
  }
};

type Judge = (key: string) => Judgement;

/** Null: nothing usable is there, look elsewhere. */
const judgeUsable = (key: string, judge: Judge): Judgement | null => (key === "" ? null : judge(key));

interface Entry extends Judgement {
  readonly digest: Buffer;
}

/** Digests are found by their first half and compared whole in constant time. */
const judgeBy = (callers: Readonly<Record<string, Caller>>, otherwise: Verdict): Judge => {
  const unknown: Judgement = { verdict: otherwise, expiresAt: Infinity };
  const entries = new Map<string, Entry[]>();
  for (const [hex, caller] of Object.entries(callers)) {
    const digest = Buffer.from(hex, "hex");
    const entry: Entry = { digest, verdict: { caller }, expiresAt: caller.expiresAt ?? Infinity };
    const slot = slotOf(digest);
    entries.set(slot, [...(entries.get(slot) ?? []), entry]);
  }
  return (key) => {
    const digest = hash("sha256", Buffer.from(key, "latin1"), "buffer");
    return entries.get(slotOf(digest))?.find((entry) => timingSafeEqual(entry.digest, digest)) ?? unknown;
  };
};

const slotOf = (digest: Buffer): string => digest.toString("latin1", 0, 16);

/** Verdicts by raw value. What is not usable at all is cheap to find out and not remembered. */
class Memory {
  readonly #strange: Verdict;
  readonly #judge: (value: string) => Judgement | null;
  readonly #known = new Halves(KNOWN_MAX);
  readonly #unknown = new Halves(UNKNOWN_MAX);

  constructor(strange: Verdict, judge: (value: string) => Judgement | null) {
    this.#strange = strange;
    this.#judge = judge;
  }

  recall(value: string): Judgement | null {
    return this.#known.get(value) ?? this.#unknown.get(value) ?? this.#learn(value);
  }

  #learn(value: string): Judgement | null {
    const judgement = this.#judge(value);
    if (judgement === null || value.length > REMEMBERED_LENGTH_MAX) return judgement;
    const isKnown = judgement.verdict !== this.#strange;
    (isKnown ? this.#known : this.#unknown).set(value, judgement);
    return judgement;
  }
}

/** A bounded map: when the young half is full it becomes the old one, and what was not asked for since is forgotten. */
class Halves {
  readonly #halfMax: number;
  #young = new Map<string, Judgement>();
  #old = new Map<string, Judgement>();

  constructor(halfMax: number) {
    this.#halfMax = halfMax;
  }

  get(value: string): Judgement | undefined {
    const young = this.#young.get(value);
    if (young !== undefined) return young;
    const old = this.#old.get(value);
    if (old !== undefined) this.set(value, old);
    return old;
  }

  set(value: string, judgement: Judgement): void {
    if (this.#young.size >= this.#halfMax) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(value, judgement);
  }
}
