// What operator and data plane say to each other, one frame each; their shapes are checked here.
// What a message means is for its reader; snapshots inside are checked by check.ts, so that a bad one can be answered.
import { z } from "zod";
import { canonical, wireText } from "./canonical.ts";
import type { Delta } from "./delta.ts";
import { encodeFrame } from "./frames.ts";
import { parseText } from "./parse.ts";
import type { Snapshot } from "./schema.ts";

/** Where the stream is asked for, and how each end names what flows. */
export const FEED_PATH = "/v1/feed";
export const FEED_CONTENT_TYPE = "application/vnd.llmgw.feed";
/** Beside a status other than 200: why, in one word. */
export const REFUSAL_HEADER = "llmgw-refusal";

const word = z.string().max(600);
const count = z.int().min(0);

const problem = z.object({ object: z.string().max(1300), path: z.string().max(2000), message: z.string().max(8000) });

const heldLease = z.object({ id: word, amount: count, epoch: count, remainingMs: count });
export type HeldLease = z.infer<typeof heldLease>;

const hello = z.object({
  type: z.literal("hello"),
  pod: z.string().min(1).max(253),
  uid: z.string().min(1).max(253),
  /** A new one for each start of the process. */
  boot: z.string().min(1).max(64),
  gateway: z.string().min(1).max(63),
  build: z.string().max(64),
  /** Snapshot formats that it can read. */
  formats: z.array(count).max(64),
  /** What it runs, "" for nothing, and the epoch that this came from. */
  version: z.string().max(64),
  epoch: count,
  leases: z.array(heldLease).max(100_000),
  /** The number of the last report that was confirmed to it. */
  sequence: count,
});
export type Hello = z.infer<typeof hello>;

const ack = z.object({ type: z.literal("ack"), nonce: count, version: z.string().max(64) });
export type Ack = z.infer<typeof ack>;

const nack = z.object({
  type: z.literal("nack"),
  nonce: count,
  /** The version that it keeps. */
  kept: z.string().max(64),
  problems: z.array(problem).max(1000),
  /** The delta does not fit what it holds: a full snapshot would. */
  isFullWanted: z.boolean(),
});
export type Nack = z.infer<typeof nack>;

const report = z.object({
  type: z.literal("report"),
  sequence: z.int().min(1),
  usage: z.array(z.unknown()).max(100_000),
  demand: z.array(z.unknown()).max(100_000),
  health: z.array(z.unknown()).max(100_000),
});
export type Report = z.infer<typeof report>;

/** A newer credential for the stream that is open, so that it need not be opened again. */
const renew = z.object({ type: z.literal("renew"), token: z.string().min(1).max(16_384) });
export type Renew = z.infer<typeof renew>;

const ping = z.object({ type: z.literal("ping") });
const pong = z.object({ type: z.literal("pong") });
const goaway = z.object({ type: z.literal("goaway"), retryAfterMs: z.int().min(0).max(3_600_000) });

const pushed = { version: z.string().min(1).max(64), epoch: count, nonce: count };
const snapshot = z.object({ type: z.literal("snapshot"), ...pushed, full: z.unknown() });
const delta = z.object({ type: z.literal("delta"), ...pushed, base: z.string().min(1).max(64), change: z.unknown() });
const lease = z.object({ type: z.literal("lease"), id: word, amount: count, epoch: count, ttlMs: count });
const confirm = z.object({ type: z.literal("confirm"), sequence: count });
export type SnapshotPush = z.infer<typeof snapshot>;
export type DeltaPush = z.infer<typeof delta>;
export type Push = SnapshotPush | DeltaPush;
export type Lease = z.infer<typeof lease>;

const fromDataPlane = z.discriminatedUnion("type", [hello, ack, nack, report, renew, ping, pong, goaway]);
const fromOperator = z.discriminatedUnion("type", [snapshot, delta, lease, confirm, ping, pong, goaway]);
export type FromDataPlane = z.infer<typeof fromDataPlane>;
export type FromOperator = z.infer<typeof fromOperator>;

export class MessageDamaged extends Error {
  override readonly name = "MessageDamaged";
}

/** Undefined for a message of a type that this build does not know: a newer peer may say more than we understand. */
const reader =
  <Message>(schema: z.ZodType<Message>, known: ReadonlySet<string>) =>
  (text: string): Message | undefined => {
    const value = parseText(text);
    if (value === undefined) throw new MessageDamaged("a message that is not JSON");
    const type = value !== null && typeof value === "object" && "type" in value ? value.type : undefined;
    if (typeof type !== "string") throw new MessageDamaged("a message without a type");
    if (!known.has(type)) return undefined;
    const checked = schema.safeParse(value);
    // Zod's own words may quote the content, and the content may be a credential.
    if (!checked.success) throw new MessageDamaged(`a message of the type ${type} with the wrong shape at ${checked.error.issues[0]?.path.join(".") ?? "its root"}`);
    return checked.data;
  };

const typesOf = (options: readonly { shape: { type: z.ZodLiteral<string> } }[]): ReadonlySet<string> => new Set(options.map((option) => option.shape.type.value));

export const readFromDataPlane = reader<FromDataPlane>(fromDataPlane, typesOf(fromDataPlane.options));
export const readFromOperator = reader<FromOperator>(fromOperator, typesOf(fromOperator.options));

export const encodeMessage = (message: FromDataPlane | FromOperator): Buffer => encodeFrame(canonical(message));

type Pushed = Pick<Push, "version" | "epoch" | "nonce">;
export const encodeSnapshot = (pushing: Pushed, full: Snapshot): Buffer => encodeFrame(`${JSON.stringify({ type: "snapshot", ...pushing }).slice(0, -1)},"full":${wireText(full)}}`);
export const encodeDelta = (pushing: Pushed, base: string, change: Delta): Buffer => encodeMessage({ type: "delta", ...pushing, base, change });
