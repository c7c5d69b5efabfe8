// A whole stream of the Responses protocol as the one response it ends with.
// A stream without its terminal event, or with an error, is no reply.
import { isObject, parseJson } from "../../wire/json.ts";
import { readEvents } from "../../wire/sse-events.ts";
import { type JsonObject, objectsIn } from "../json-members.ts";
import { ResponsesWatch } from "./watch.ts";

/** Some servers leave the output out of the terminal event because each item was told when it was done. */
const withOutput = (response: JsonObject, items: Map<number, JsonObject>): JsonObject => {
  if (objectsIn(response["output"]).length > 0 || items.size === 0) return response;
  return { ...response, output: [...items].sort(([left], [right]) => left - right).map(([, item]) => item) };
};

export const streamToReply = (stream: Buffer): Buffer | null => {
  const watch = new ResponsesWatch(Infinity);
  watch.push(stream);
  watch.end();
  if (!watch.isFinished || watch.error !== null) return null;
  const items = new Map<number, JsonObject>();
  for (const { data } of readEvents(stream)) {
    const event = parseJson(data);
    if (!isObject(event)) continue;
    const { type, item, response, output_index: index } = event;
    if (type === "response.output_item.done" && isObject(item)) items.set(typeof index === "number" ? index : items.size, item);
    const isTerminal = type === "response.completed" || type === "response.incomplete";
    if (isTerminal && isObject(response)) return Buffer.from(JSON.stringify(withOutput(response, items)));
  }
  return null;
};
