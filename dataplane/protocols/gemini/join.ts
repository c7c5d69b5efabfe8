// One whole response told as a stream, and a whole stream joined into the one response that it amounts to. What says nothing of
// its own end is no response.
import { isObject, parseExact } from "../../wire/json.ts";
import { readEvents } from "../../wire/sse-events.ts";
import { type JsonObject, objectsIn } from "../json-members.ts";
import { JsonElements } from "./json-elements.ts";
import { isMembers, setMember } from "./members.ts";
import { eventOf } from "./stream-frames.ts";
import { Ending, errorIn } from "./summary.ts";

const OPENING_BRACKET = 91;
const OPENING_BRACE = 123;

/** Null when the body is no response. */
export const replyToStream = (body: Buffer): Buffer | null => {
  const document = parseExact(body.toString("utf8"));
  const documents = Array.isArray(document) ? document.filter(isMembers) : isMembers(document) ? [document] : [];
  return documents.length === 0 ? null : Buffer.from(documents.map((one) => eventOf(JSON.stringify(one))).join(""));
};

/** Of either framing. */
const documentsIn = (stream: Buffer): JsonObject[] => {
  const first = stream.find((byte) => byte > 0x20);
  const isList = first === OPENING_BRACKET || first === OPENING_BRACE;
  const texts = isList ? new JsonElements(Infinity).push(stream).map((element) => element.toString("utf8")) : readEvents(stream).map(({ data }) => data);
  return texts.map((text) => parseExact(text)).filter(isMembers);
};

const isText = (part: JsonObject): boolean => typeof part["text"] === "string" && Object.keys(part).every((key) => key === "text" || key === "thought" || key === "thoughtSignature");

/** A piece of text goes on where the last one ended, until one is signed; what is empty and says nothing is left out. */
const addPart = (parts: JsonObject[], part: JsonObject): void => {
  const last = parts.at(-1);
  if (!isText(part)) return void parts.push({ ...part });
  if (part["text"] === "" && part["thoughtSignature"] === undefined) return;
  const isMore = last !== undefined && isText(last) && last["thoughtSignature"] === undefined && last["thought"] === part["thought"] && part["text"] !== "";
  if (isMore) parts[parts.length - 1] = { ...last, ...part, text: String(last["text"]) + String(part["text"]) };
  else parts.push({ ...part });
};

const indexOf = ({ index }: JsonObject): number => (typeof index === "number" ? index : 0);

class Joined {
  readonly #response: JsonObject = {};
  readonly #candidates = new Map<number, { readonly parts: JsonObject[]; readonly members: JsonObject }>();

  add({ candidates, ...rest }: JsonObject): void {
    for (const [key, value] of Object.entries(rest)) setMember(this.#response, key, value);
    for (const candidate of objectsIn(candidates)) this.#addCandidate(candidate);
  }

  written(): JsonObject {
    if (this.#candidates.size === 0) return this.#response;
    const joined = [...this.#candidates].sort(([one], [other]) => one - other).map(([, { parts, members }]) => {
      const content = isObject(members["content"]) ? members["content"] : { role: "model" };
      return { ...members, content: parts.length === 0 ? content : { ...content, parts } };
    });
    return { candidates: joined, ...this.#response };
  }

  #addCandidate(candidate: JsonObject): void {
    const index = indexOf(candidate);
    let known = this.#candidates.get(index);
    if (known === undefined) this.#candidates.set(index, (known = { parts: [], members: {} }));
    const { content, ...rest } = candidate;
    for (const [key, value] of Object.entries(rest)) setMember(known.members, key, value);
    if (!isMembers(content)) return;
    const { parts, ...others } = content;
    known.members["content"] = { ...(isMembers(known.members["content"]) ? known.members["content"] : {}), ...others };
    for (const part of objectsIn(parts)) addPart(known.parts, part);
  }
}

/** Null when it is incomplete, or an error. */
export const streamToReply = (stream: Buffer): Buffer | null => {
  const documents = documentsIn(stream);
  const ending = new Ending();
  ending.read(documents);
  if (!ending.isFinished || documents.some((document) => errorIn(document) !== null)) return null;
  const joined = new Joined();
  for (const document of documents) joined.add(document);
  return Buffer.from(JSON.stringify(joined.written()));
};
