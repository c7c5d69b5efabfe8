// What the fuzzers feed to decoders: streams, answers and requests that are whole, then damaged, and bytes that were never any.
// The streams are those of test/fixtures, what the gateway itself writes, and recorded traffic where it lies beside the repository.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import type { ClientCodec } from "../../dataplane/protocols/codec.ts";
import { eventsOf } from "../../dataplane/protocols/replay.ts";
import { answers } from "./conformance/answers.ts";
import { questionOf } from "./conformance/replies.ts";
import { fixture, fixtureNames } from "./watching.ts";

const folder = fileURLToPath(new URL("../../../shared/fixtures/recorded/", import.meta.url));
export const hasRecordings = existsSync(folder);

/** Longer ones take the time of many others. */
const BYTES_MAX = 60_000;

interface Recorded {
  /** As the recording says it: "anthropic", "bedrock-converse-stream". */
  readonly protocol: string;
  readonly bytes: Buffer;
}

const recorded = (part: "request" | "response"): Recorded[] =>
  (hasRecordings ? readdirSync(folder, { recursive: true, encoding: "utf8" }) : [])
    .filter((path) => path.includes(`.${part}.`))
    .toSorted()
    .map((path) => ({
      protocol: (JSON.parse(readFileSync(folder + path.replace(new RegExp(`${part}\\.\\w+$`), "meta.json"), "utf8")) as { protocol?: string }).protocol ?? "",
      bytes: readFileSync(folder + path),
    }))
    .filter(({ bytes }) => bytes.length > 0 && bytes.length < BYTES_MAX);

const bytesOf = (written: string | Buffer): Buffer => Buffer.from(written);

/** All answers of the suite about pairs, as a client of this protocol would see them streamed. */
const streamOf = (client: ClientCodec): Buffer[] =>
  answers.map(({ reply }) => {
    const encoder = client.encodeStream(questionOf(client, true));
    return Buffer.concat(eventsOf(reply).map((event) => bytesOf(encoder.push(event))));
  });

const replyOf = (client: ClientCodec): Buffer[] => answers.map(({ reply }) => client.encodeReply(reply, questionOf(client, false)).body);

const handMade = ["openai-chat", "openai-responses"].flatMap((name) => fixtureNames(name).map((path) => ({ protocol: name, bytes: fixture(`${name}/${path}`) })));

/** The recording's "anthropic" is "anthropic-messages", its "bedrock-converse-stream" is "bedrock-converse". */
const isOf = (protocol: string, name: string): boolean => protocol !== "" && (name.startsWith(protocol) || protocol.startsWith(name) || name.split("-")[0] === protocol.split("-")[0]);

/** Those of the protocol are likelier than all others. */
const ownFirst = (name: string, all: readonly Recorded[], own: readonly Buffer[]): fc.Arbitrary<Buffer> => {
  const mine = [...own, ...all.filter(({ protocol }) => isOf(protocol, name)).map(({ bytes }) => bytes)];
  const everybodys = [...mine, ...all.map(({ bytes }) => bytes)];
  return mine.length === 0 ? fc.constantFrom(...everybodys) : fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...mine) }, { weight: 1, arbitrary: fc.constantFrom(...everybodys) });
};

const words = [
  "data: ", "event: ", "event: error\n", "id: 1\n", ":\n", "\n", "\r\n", "\n\n", "\r\n\r\n", "\uFEFF", "[DONE]", "{", "}", "[", "]", ",", '"', ":", "null", "true", "-1", "1e999", "9007199254740993", "\\", "\\ud83c", "🌅", "\0",
  '{"error":{"message":"m"}}', '{"__proto__":{"polluted":1}}', '{"type":"error","error":"m"}', '"index":-1', '"index":99999999', '{"usage":null}', '{"choices":[{}]}', '{"candidates":[{}]}', '{"message":{}}', '{"output":{"choices":[]}}',
];
const garbage = fc.oneof(fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)), fc.array(fc.constantFrom(...words), { maxLength: 40 }).map((parts) => Buffer.from(parts.join(""))));

type Damage = (bytes: Buffer) => Buffer;

const at = (bytes: Buffer, place: number): number => place % (bytes.length + 1);

const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.tuple(fc.nat(), fc.nat(255)).map(([place, byte]): Damage => (bytes) => Buffer.concat([bytes.subarray(0, at(bytes, place)), Buffer.of(byte), bytes.subarray(at(bytes, place) + 1)])),
  fc.tuple(fc.nat(), fc.nat(200)).map(([place, length]): Damage => (bytes) => Buffer.concat([bytes.subarray(0, at(bytes, place)), bytes.subarray(at(bytes, place) + length)])),
  fc.tuple(fc.nat(), fc.nat(), fc.nat(400)).map(([place, from, length]): Damage => (bytes) => Buffer.concat([bytes.subarray(0, at(bytes, place)), bytes.subarray(at(bytes, from), at(bytes, from) + length), bytes.subarray(at(bytes, place))])),
  fc.tuple(fc.nat(), fc.constantFrom(...words)).map(([place, word]): Damage => (bytes) => Buffer.concat([bytes.subarray(0, at(bytes, place)), Buffer.from(word), bytes.subarray(at(bytes, place))])),
  fc.nat().map((place): Damage => (bytes) => bytes.subarray(0, at(bytes, place))),
);

const damaged = (whole: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> =>
  fc.oneof({ weight: 1, arbitrary: garbage }, { weight: 5, arbitrary: fc.tuple(whole, fc.array(damage, { maxLength: 4 })).map(([bytes, damages]) => damages.reduce((sofar, one) => one(sofar), bytes)) });

const responses = [...handMade, ...recorded("response")];
const requests = recorded("request");

/** `client`: who speaks the protocol too, so that its answers are written by the gateway itself. */
export const streamsFor = (name: string, client: ClientCodec | undefined): fc.Arbitrary<Buffer> => damaged(ownFirst(name, responses, client === undefined ? [] : streamOf(client)));

export const repliesFor = (name: string, client: ClientCodec | undefined): fc.Arbitrary<Buffer> => damaged(ownFirst(name, responses, client === undefined ? [] : replyOf(client)));

export const requestsFor = (name: string, written: readonly Buffer[]): fc.Arbitrary<Buffer> => damaged(ownFirst(name, requests, written));

export const cuts = fc.array(fc.nat(), { maxLength: 12 });

export const piecesOf = (bytes: Buffer, places: readonly number[]): Buffer[] => {
  const sorted = [0, ...places.map((place) => at(bytes, place)).toSorted((left, right) => left - right), bytes.length];
  return sorted.slice(1).map((place, index) => bytes.subarray(sorted[index], place));
};
