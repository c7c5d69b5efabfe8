// Where statements of an answer come from, in Gemini's words and in ours. Google counts bytes of UTF-8 in a part; we count the
// units of a string in a block. Which part is meant is told by the cited text better than by its number: parts of a stream
// are pieces of parts.
import type { Citation } from "../ir.ts";
import { BLOCK_CHARACTERS } from "../held.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import type { Json } from "../../wire/json.ts";
import { isMembers, membersOf } from "./members.ts";

const NOWHERE = -1;
/** More than any answer has: each is looked for in the texts. */
const STATEMENTS_MAX = 4096;
/** Looking through whole texts is only worth it for a few. */
const SEARCHES_MAX = 50;

interface Origin {
  readonly kind: Citation["kind"];
  readonly url: string;
  readonly title: string;
}

interface Segment {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const originOf = (chunk: JsonObject): Origin => {
  const web = chunk["web"] ?? chunk["maps"] ?? chunk["image"];
  if (isMembers(web)) return { kind: "url", url: stringOf(web["uri"] ?? web["sourceUri"]), title: stringOf(web["title"]) };
  const document = membersOf(chunk["retrievedContext"]);
  return { kind: "document", url: stringOf(document["uri"]), title: stringOf(document["title"]) };
};

const indexOf = (value: Json | undefined): number => (typeof value === "number" && value >= 0 ? value : NOWHERE);

/** A beginning of 0 is not written. */
const segmentOf = (value: JsonObject): Segment => ({ start: Math.max(0, indexOf(value["startIndex"])), end: indexOf(value["endIndex"]), text: stringOf(value["text"]) });

interface Statement {
  readonly segment: Segment;
  readonly origin: Origin;
}

const statementsIn = (grounding: JsonObject): Statement[] => {
  const origins = objectsIn(grounding["groundingChunks"]).map(originOf);
  return objectsIn(grounding["groundingSupports"]).flatMap((support) => {
    const segment = segmentOf(membersOf(support["segment"]));
    const indices = Array.isArray(support["groundingChunkIndices"]) ? support["groundingChunkIndices"] : [];
    return indices.flatMap((index) => {
      const origin = typeof index === "number" ? origins[index] : undefined;
      return origin === undefined ? [] : [{ segment, origin }];
    });
  });
};

const recitalsIn = (metadata: JsonObject): Statement[] =>
  objectsIn(metadata["citations"] ?? metadata["citationSources"]).map((one) => ({ segment: segmentOf(one), origin: { kind: "url", url: stringOf(one["uri"]), title: stringOf(one["title"]) } }));

/** What a candidate told of its sources; a stream may tell it more than once, and it is held once. */
export class Sources {
  /** Of what is held. */
  characters = 0;
  readonly #statements: Statement[] = [];
  /** Sources that no statement names are told without a place. */
  readonly #unused: Origin[] = [];
  readonly #told = new Set<string>();

  see(candidate: JsonObject): void {
    const { groundingMetadata: grounding, citationMetadata: citations } = candidate;
    if (isMembers(citations)) this.#add(recitalsIn(citations));
    if (!isMembers(grounding)) return;
    const said = statementsIn(grounding);
    this.#add(said);
    if (said.length === 0) for (const origin of objectsIn(grounding["groundingChunks"]).map(originOf)) if (this.#isNew(origin)) this.#unused.push(origin);
  }

  #add(statements: readonly Statement[]): void {
    for (const statement of statements) if (this.#isNew(statement)) this.#statements.push(statement);
  }

  #isNew(told: Statement | Origin): boolean {
    const key = JSON.stringify(told);
    if (this.#told.has(key)) return false;
    this.#told.add(key);
    this.characters += BLOCK_CHARACTERS + key.length;
    return true;
  }

  /** More of them than can be looked for. */
  get isOverfull(): boolean {
    return this.#told.size > STATEMENTS_MAX;
  }

  get isEmpty(): boolean {
    return this.#statements.length === 0 && this.#unused.length === 0;
  }

  /** Of the text blocks, first to last; each with the block that it is in, which is the last where it is in none. */
  citations(texts: readonly string[]): { readonly block: number; readonly citation: Citation }[] {
    const places = new Places(texts, this.#statements.map(({ segment }) => segment));
    const seen = new Set<string>();
    const found = [
      ...this.#statements.map(({ segment, origin }) => ({ ...places.find(segment), origin, citedText: segment.text })),
      ...this.#unused.map((origin) => ({ block: texts.length - 1, start: NOWHERE, end: NOWHERE, origin, citedText: "" })),
    ];
    return found.flatMap(({ block, start, end, origin, citedText }) => {
      const key = JSON.stringify([block, start, end, origin.url, origin.title, start === NOWHERE ? citedText : ""]);
      if (seen.has(key)) return [];
      seen.add(key);
      return [{ block, citation: { kind: origin.kind, start, end, url: origin.url, title: origin.title, citedText } }];
    });
  }
}

/** Bytes to units, for all segments in one walk through each text. */
class Places {
  readonly #texts: readonly string[];
  readonly #bytes: readonly Buffer[];
  readonly #units: readonly ReadonlyMap<number, number>[];
  #searches = 0;

  constructor(texts: readonly string[], segments: readonly Segment[]) {
    this.#texts = texts;
    this.#bytes = texts.map((text) => Buffer.from(text));
    const wanted = [...new Set(segments.flatMap(({ start, end }) => [start, end]))].sort((one, other) => one - other);
    this.#units = this.#bytes.map((bytes) => unitsAt(bytes, wanted));
  }

  find({ start, end, text }: Segment): { readonly block: number; readonly start: number; readonly end: number } {
    const cited = Buffer.from(text);
    const last = this.#texts.length - 1;
    const isHere = (bytes: Buffer): boolean => end > start && end <= bytes.length && (text === "" || bytes.compare(cited, 0, cited.length, start, end) === 0);
    const exact = this.#bytes.findIndex(isHere);
    const block = exact === -1 && end > start && end <= (this.#bytes[last]?.length ?? 0) && text === "" ? last : exact;
    const units = this.#units[block];
    if (units !== undefined) return { block, start: units.get(start) ?? NOWHERE, end: units.get(end) ?? NOWHERE };
    return this.#search(text) ?? { block: last, start: NOWHERE, end: NOWHERE };
  }

  #search(text: string): { readonly block: number; readonly start: number; readonly end: number } | null {
    if (text === "" || this.#searches++ >= SEARCHES_MAX) return null;
    const block = this.#texts.findIndex((one) => one.includes(text));
    const start = this.#texts[block]?.indexOf(text) ?? NOWHERE;
    return block === -1 ? null : { block, start, end: start + text.length };
  }
}

const unitsAt = (bytes: Buffer, wanted: readonly number[]): Map<number, number> => {
  const units = new Map<number, number>();
  let [at, count] = [0, 0];
  for (const offset of wanted) {
    if (offset > bytes.length) break;
    if (offset < 0) continue;
    count += bytes.toString("utf8", at, offset).length;
    at = offset;
    units.set(offset, count);
  }
  return units;
};

/** "groundingMetadata" of an answer for a client. */
export class Grounding {
  readonly #chunks: JsonObject[] = [];
  readonly #supports: JsonObject[] = [];
  readonly #known = new Map<string, number>();

  add({ kind, start, end, url, title, citedText }: Citation, text: string, partIndex: number): void {
    const index = this.#chunkFor({ kind, url, title }, citedText);
    if (start < 0 || end <= start || end > text.length) return;
    const startIndex = Buffer.byteLength(text.slice(0, start));
    const cited = text.slice(start, end);
    const segment = { ...(partIndex === 0 ? {} : { partIndex }), ...(startIndex === 0 ? {} : { startIndex }), endIndex: startIndex + Buffer.byteLength(cited), text: cited };
    this.#supports.push({ segment, groundingChunkIndices: [index] });
  }

  /** For spreading into a candidate. */
  written(): JsonObject {
    if (this.#chunks.length === 0) return {};
    return { groundingMetadata: { groundingChunks: this.#chunks, ...(this.#supports.length === 0 ? {} : { groundingSupports: this.#supports }) } };
  }

  #chunkFor({ kind, url, title }: Origin, citedText: string): number {
    const key = JSON.stringify([kind, url, title]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const inner = { ...(url === "" ? {} : { uri: url }), ...(title === "" ? {} : { title }) };
    this.#chunks.push(kind === "url" ? { web: inner } : { retrievedContext: { ...inner, ...(citedText === "" ? {} : { text: citedText }) } });
    this.#known.set(key, this.#chunks.length - 1);
    return this.#chunks.length - 1;
  }
}
