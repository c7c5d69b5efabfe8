// The events of a Converse stream as frames. It knows no state.
import type { Failure } from "../../errors.ts";
import { encodeFrame, joinFrame } from "../../wire/aws-event-stream.ts";
import { words, writeHeaders } from "../../wire/aws-event-headers.ts";
import type { JsonObject } from "../json-members.ts";
import { streamFailureBody, streamTypeOf } from "./failure.ts";

export const STREAM_TYPE = "application/vnd.amazon.eventstream";

const headersOf = (event: string): Buffer => writeHeaders(words({ ":event-type": event, ":content-type": "application/json", ":message-type": "event" }));

const headers = {
  messageStart: headersOf("messageStart"),
  contentBlockStart: headersOf("contentBlockStart"),
  contentBlockDelta: headersOf("contentBlockDelta"),
  contentBlockStop: headersOf("contentBlockStop"),
  messageStop: headersOf("messageStop"),
  metadata: headersOf("metadata"),
} as const;

const frame = (event: keyof typeof headers, members: JsonObject): Buffer => joinFrame(headers[event], JSON.stringify(members));

export const messageStart = (): Buffer => frame("messageStart", { role: "assistant" });
export const messageStop = (members: JsonObject): Buffer => frame("messageStop", members);
export const metadata = (members: JsonObject): Buffer => frame("metadata", members);
export const blockStart = (contentBlockIndex: number, start: JsonObject): Buffer => frame("contentBlockStart", { contentBlockIndex, start });
export const blockStop = (contentBlockIndex: number): Buffer => frame("contentBlockStop", { contentBlockIndex });
export const blockDelta = (contentBlockIndex: number, delta: JsonObject): Buffer => frame("contentBlockDelta", { contentBlockIndex, delta });

/** How a delta that grows begins and ends: between them stands the text as JSON. */
export interface DeltaShape {
  readonly begin: string;
  readonly end: string;
}

export const textShape = (index: number): DeltaShape => ({ begin: `{"contentBlockIndex":${index},"delta":{"text":`, end: "}}" });
export const reasoningShape = (index: number): DeltaShape => ({ begin: `{"contentBlockIndex":${index},"delta":{"reasoningContent":{"text":`, end: "}}}" });
export const inputShape = (index: number): DeltaShape => ({ begin: `{"contentBlockIndex":${index},"delta":{"toolUse":{"input":`, end: "}}}" });

export const growth = ({ begin, end }: DeltaShape, text: string): Buffer => joinFrame(headers.contentBlockDelta, begin + JSON.stringify(text) + end);

/** Nothing may follow it. */
export const exception = (failure: Failure): Buffer =>
  encodeFrame(words({ ":exception-type": streamTypeOf(failure), ":content-type": "application/json", ":message-type": "exception" }), streamFailureBody(failure));
