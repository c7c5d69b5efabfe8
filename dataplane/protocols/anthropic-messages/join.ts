// A whole stream of Anthropic's as the one message it tells, and a message as the stream it could have been. Every member that
// is not known is kept. A stream that is not complete is no message.
import { parseExact } from "../../wire/json.ts";
import { encodeEvent, readEvents } from "../../wire/sse-events.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import type { StreamWatch } from "../pass-through.ts";
import { closeEvent } from "../sse-watch.ts";
import { isMembers, objectOf, setMember } from "./members.ts";
import { blockStart, blockStop, delta, messageDelta, messageStart, messageStop } from "./stream-frames.ts";
import { laterUsage } from "./usage.ts";
import { MessagesWatch } from "./watch.ts";

/** Per kind of delta: the member that it adds to. */
const growing: Readonly<Record<string, string>> = { text_delta: "text", thinking_delta: "thinking", input_json_delta: "partial_json" };

const addCitation = (block: JsonObject, citation: JsonObject): void => {
  const { citations } = block;
  if (Array.isArray(citations)) citations.push(citation);
  else block["citations"] = [citation];
};

const addDelta = (block: JsonObject, change: JsonObject): void => {
  const type = stringOf(change["type"]);
  const member = Object.hasOwn(growing, type) ? growing[type] : undefined;
  if (member !== undefined) block[member] = stringOf(block[member]) + stringOf(change[member]);
  else if (type === "citations_delta" && isMembers(change["citation"])) addCitation(block, change["citation"]);
  else for (const [key, value] of Object.entries(change)) if (key !== "type") setMember(block, key, value);
};

const ended = ({ partial_json: input, ...block }: JsonObject): JsonObject => {
  if (typeof input !== "string" || input === "") return block;
  const value = parseExact(input);
  return { ...block, input: isMembers(value) ? value : { _raw: input } };
};

const isComplete = (stream: Buffer): boolean => {
  const watch = new MessagesWatch(Infinity);
  watch.push(stream);
  watch.end();
  return watch.isFinished && watch.error === null;
};

const outerMembers: ReadonlySet<string> = new Set(["type", "delta", "usage"]);

const addEnding = (message: JsonObject, event: JsonObject): void => {
  for (const [key, value] of Object.entries(event)) if (!outerMembers.has(key)) setMember(message, key, value);
  for (const [key, value] of Object.entries(objectOf(event["delta"]))) setMember(message, key, value);
  message["usage"] = laterUsage(objectOf(message["usage"]), objectOf(event["usage"]));
};

export const streamToReply = (stream: Buffer): Buffer | null => {
  if (!isComplete(stream)) return null;
  let message: JsonObject | null = null;
  const blocks = new Map<number, JsonObject>();
  for (const { data } of readEvents(stream)) {
    const event = parseExact(data);
    if (!isMembers(event)) continue;
    const index = Number(event["index"]);
    if (event["type"] === "message_start") message ??= { ...objectOf(event["message"]) };
    else if (event["type"] === "content_block_start") blocks.set(index, { ...objectOf(event["content_block"]) });
    else if (event["type"] === "content_block_delta") addDelta(blocks.get(index) ?? {}, objectOf(event["delta"]));
    else if (event["type"] === "message_delta" && message !== null) addEnding(message, event);
  }
  if (message === null) return null;
  const content = [...objectsIn(message["content"]), ...[...blocks].sort(([one], [other]) => one - other).map(([, block]) => ended(block))];
  return Buffer.from(JSON.stringify({ ...message, content }));
};

const grownBlock = (index: number, block: JsonObject, member: string, type: string, others: string): string => {
  const text = stringOf(block[member]);
  return blockStart(index, { ...block, [member]: "" }) + (text === "" ? "" : delta(index, type, member, text)) + others + blockStop(index);
};

const citationDeltas = (index: number, block: JsonObject): string => objectsIn(block["citations"]).map((citation) => delta(index, "citations_delta", "citation", citation)).join("");

const tellBlock = (block: JsonObject, index: number): string => {
  switch (block["type"]) {
    case "text":
      return grownBlock(index, Array.isArray(block["citations"]) ? { ...block, citations: [] } : block, "text", "text_delta", citationDeltas(index, block));
    case "thinking": {
      const signature = stringOf(block["signature"]);
      return grownBlock(index, { ...block, signature: "" }, "thinking", "thinking_delta", signature === "" ? "" : delta(index, "signature_delta", "signature", signature));
    }
    case "tool_use":
    case "server_tool_use":
    case "mcp_tool_use":
      return blockStart(index, { ...block, input: {} }) + delta(index, "input_json_delta", "partial_json", JSON.stringify(block["input"] ?? {})) + blockStop(index);
    default:
      return blockStart(index, block) + blockStop(index);
  }
};

export const replyToStream = (body: Buffer): Buffer | null => {
  const message = parseExact(body.toString("utf8"));
  if (!isMembers(message) || message["type"] !== "message" || !Array.isArray(message["content"])) return null;
  const { stop_reason: reason = null, stop_sequence: sequence = null, stop_details: details, context_management: management, ...rest } = message;
  const start = messageStart({ ...rest, content: [], stop_reason: null, stop_sequence: null });
  const blocks = objectsIn(message["content"]).map(tellBlock);
  const reasons = { stop_reason: reason, stop_sequence: sequence, ...(details === undefined ? {} : { stop_details: details }) };
  const end = messageDelta(reasons, { usage: objectOf(message["usage"]), ...(management === undefined ? {} : { context_management: management }) });
  return Buffer.from([start, ...blocks, end, messageStop].join(""));
};

/** The name of an event that came last counts: half an event of the provider's, completed with an error in it, becomes an error. */
const renamed = (closing: string): string => (closing.length > "\n\n".length ? `${closing.slice(0, -1)}event: error\n\n` : closing);

/** What ends a stream with a failure, and never well. */
export const failedStream = (body: JsonObject, watch: StreamWatch): string => renamed(closeEvent(watch, JSON.stringify(body["error"]))) + encodeEvent(JSON.stringify(body), "error");
