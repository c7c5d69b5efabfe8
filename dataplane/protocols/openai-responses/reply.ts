// One whole response told as the stream it could have been: the full order of events, each text in one delta.
// Only a response that has ended can be told so.
import { isObject, type Json, parseJson } from "../../wire/json.ts";
import { encodeEvent } from "../../wire/sse-events.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";

type Write = (type: string, members: JsonObject) => void;

/** Where an event of an item belongs. */
interface Place {
  output_index: number;
  item_id: Json;
  [key: string]: Json;
}

/** Per kind of part: the member with the text, and the event that carries it. */
const parts: Readonly<Record<string, { member: string; event: string; tells: readonly string[] }>> = {
  output_text: { member: "text", event: "response.output_text", tells: ["logprobs"] },
  refusal: { member: "refusal", event: "response.refusal", tells: [] },
  reasoning_text: { member: "text", event: "response.reasoning_text", tells: [] },
};

const pick = (from: JsonObject, keys: readonly string[]): JsonObject => Object.fromEntries(keys.map((key): [string, Json] => [key, from[key] ?? []]));

const writePart = (write: Write, place: Place, part: JsonObject): void => {
  const row = parts[stringOf(part["type"])];
  const emptied = row === undefined ? part : { ...part, [row.member]: "", ...(part["annotations"] === undefined ? {} : { annotations: [] }) };
  write("response.content_part.added", { ...place, part: emptied });
  if (row !== undefined) {
    const text = stringOf(part[row.member]);
    if (text !== "") write(`${row.event}.delta`, { ...place, delta: text, ...pick(part, row.tells) });
    objectsIn(part["annotations"]).forEach((annotation, index) => {
      write("response.output_text.annotation.added", { ...place, annotation_index: index, annotation });
    });
    write(`${row.event}.done`, { ...place, [row.member]: text, ...pick(part, row.tells) });
  }
  write("response.content_part.done", { ...place, part });
};

const writeContent = (write: Write, place: Place, item: JsonObject): void =>
  objectsIn(item["content"]).forEach((part, index) => writePart(write, { ...place, content_index: index }, part));

const writeSummaryPart = (write: Write, place: Place, part: JsonObject): void => {
  const text = stringOf(part["text"]);
  write("response.reasoning_summary_part.added", { ...place, part: { ...part, text: "" } });
  write("response.reasoning_summary_text.delta", { ...place, delta: text });
  write("response.reasoning_summary_text.done", { ...place, text });
  write("response.reasoning_summary_part.done", { ...place, part });
};

const writeWhole = (write: Write, place: Place, event: string, member: string, item: JsonObject): void => {
  const whole = stringOf(item[member]);
  if (whole !== "") write(`${event}.delta`, { ...place, delta: whole });
  write(`${event}.done`, { ...place, [member]: whole });
};

/** Per kind of item: how its inside is told. */
const insides: Readonly<Record<string, (write: Write, place: Place, item: JsonObject) => void>> = {
  message: writeContent,
  reasoning: (write, place, item) => {
    objectsIn(item["summary"]).forEach((part, index) => writeSummaryPart(write, { ...place, summary_index: index }, part));
    writeContent(write, place, item);
  },
  function_call: (write, place, item) => writeWhole(write, place, "response.function_call_arguments", "arguments", item),
  custom_tool_call: (write, place, item) => writeWhole(write, place, "response.custom_tool_call_input", "input", item),
};

/** What is not yet there while an item is being told. */
const untold: JsonObject = { content: [], summary: [], arguments: "", input: "", status: "in_progress" };

const begunItem = (item: JsonObject): JsonObject => {
  if (insides[stringOf(item["type"])] === undefined) return item;
  return Object.fromEntries(Object.entries(item).map(([key, value]) => [key, untold[key] ?? value]));
};

const writeItem = (write: Write, item: JsonObject, index: number): void => {
  write("response.output_item.added", { output_index: index, item: begunItem(item) });
  insides[stringOf(item["type"])]?.(write, { item_id: item["id"] ?? "", output_index: index }, item);
  write("response.output_item.done", { output_index: index, item });
};

const endings: ReadonlySet<string> = new Set(["completed", "incomplete", "failed"]);

export const replyToStream = (body: Buffer): Buffer | null => {
  const response = parseJson(body.toString("utf8"));
  if (!isObject(response) || !endings.has(stringOf(response["status"])) || !Array.isArray(response["output"])) return null;
  const events: string[] = [];
  const write: Write = (type, members) => events.push(encodeEvent(JSON.stringify({ type, sequence_number: events.length, ...members }), type));
  const begun = { ...response, status: "in_progress", output: [], usage: null, error: null, incomplete_details: null };
  write("response.created", { response: begun });
  write("response.in_progress", { response: begun });
  objectsIn(response["output"]).forEach((item, index) => writeItem(write, item, index));
  write(`response.${stringOf(response["status"])}`, { response });
  return Buffer.from(events.join(""));
};
