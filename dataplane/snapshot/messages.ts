// What operator and data plane say to each other, one frame each; their shapes are checked here.
// What a message means is for its reader; snapshots inside are checked by check.ts, so that a bad one can be answered.
import { canonical, wireText } from "./canonical.ts";
import type { Delta } from "./delta.ts";
import { encodeFrame } from "./frames.ts";
import type { FromDataPlane, FromOperator, Push } from "./message-schema.ts";
import { parseText } from "./parse.ts";
import type { Snapshot } from "./schema.ts";
import { read, type Shape } from "./shape.ts";
import { fromDataPlaneShape, fromOperatorShape } from "./shapes.ts";

export type { Ack, DeltaPush, FromDataPlane, FromOperator, HeldLease, Hello, Lease, Nack, Push, Renew, Report, SnapshotPush } from "./message-schema.ts";

/** Where the stream is asked for, and how each end names what flows. */
export const FEED_PATH = "/v1/feed";
export const FEED_CONTENT_TYPE = "application/vnd.llmgw.feed";
/** Beside a status other than 200: why, in one word. */
export const REFUSAL_HEADER = "llmgw-refusal";

export class MessageDamaged extends Error {
  override readonly name = "MessageDamaged";
}

/** Undefined for a message of a type that this build does not know: a newer peer may say more than we understand. */
const reader = <Message>(shape: Extract<Shape, { kind: "either" }>) => {
  const known: ReadonlySet<string> = new Set(Object.keys(shape.options));
  return (text: string): Message | undefined => {
    const value = parseText(text);
    if (value === undefined) throw new MessageDamaged("a message that is not JSON");
    const type = value !== null && typeof value === "object" && "type" in value ? value.type : undefined;
    if (typeof type !== "string") throw new MessageDamaged("a message without a type");
    if (!known.has(type)) return undefined;
    const checked = read<Message>(shape, value);
    // The words of an issue may quote the content, and the content may be a credential.
    if (checked.issues !== undefined) throw new MessageDamaged(`a message of the type ${type} with the wrong shape at ${checked.issues[0]?.path.join(".") ?? "its root"}`);
    return checked.value;
  };
};

export const readFromDataPlane = reader<FromDataPlane>(fromDataPlaneShape);
export const readFromOperator = reader<FromOperator>(fromOperatorShape);

export const encodeMessage = (message: FromDataPlane | FromOperator): Buffer => encodeFrame(canonical(message));

type Pushed = Pick<Push, "version" | "epoch" | "nonce">;
export const encodeSnapshot = (pushing: Pushed, full: Snapshot): Buffer => encodeFrame(`${JSON.stringify({ type: "snapshot", ...pushing }).slice(0, -1)},"full":${wireText(full)}}`);
export const encodeDelta = (pushing: Pushed, base: string, change: Delta): Buffer => encodeMessage({ type: "delta", ...pushing, base, change });
