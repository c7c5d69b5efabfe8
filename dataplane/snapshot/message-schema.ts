// The messages between operator and data plane, as schemas. Like schema.ts a source of types and of shapes.ts only:
// neither end loads it while it runs.
import { z } from "zod";

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

export const fromDataPlaneSchema = z.discriminatedUnion("type", [hello, ack, nack, report, renew, ping, pong, goaway]);
export const fromOperatorSchema = z.discriminatedUnion("type", [snapshot, delta, lease, confirm, ping, pong, goaway]);
export type FromDataPlane = z.infer<typeof fromDataPlaneSchema>;
export type FromOperator = z.infer<typeof fromOperatorSchema>;
