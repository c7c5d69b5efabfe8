// Usage that the gateway asks for in a client's place: what it writes into the request, and nothing else of it moves.
import { describe, expect, test } from "vitest";
import { noDialect } from "../../dataplane/protocols/dialect.ts";
import { passThroughs } from "../../dataplane/protocols/index.ts";
import { HeldBytes } from "../../dataplane/wire/held-bytes.ts";
import { findTopLevel, TopLevelReader, type TopLevel } from "../../dataplane/wire/json-top-level.ts";
import { joined, withReplaced } from "../../dataplane/wire/pieces.ts";

const asking = passThroughs["openai-chat"].usageOnRequest;

const askedIn = (body: readonly Buffer[], found: TopLevel, dialect = noDialect): string | null => {
  const replacement = asking?.ask(body, found, dialect) ?? null;
  return replacement === null ? null : joined(withReplaced(body, replacement.start, replacement.end, replacement.bytes)).toString();
};

/** "wanted" where the client asks itself, null where nothing is asked, else the body as it is sent. */
const asked = (text: string): string | null => {
  const body = Buffer.from(text);
  const found = findTopLevel(body);
  expect(found).toMatchObject({ problem: "", isStreaming: true });
  return found.isUsageWanted ? "wanted" : askedIn([body], found);
};

const INSIDE = '"include_usage":true';
const MEMBER = `"stream_options":{${INSIDE}}`;

const cases: readonly (readonly [name: string, body: string, sent: string | null])[] = [
  ["nothing is said of it", '{"model":"m","stream":true}', `{"model":"m","stream":true,${MEMBER}}`],
  ["more follows, and spaces", ' {\n "stream" : true , "model":"ä" }\n', ` {\n "stream" : true,${MEMBER} , "model":"ä" }\n`],
  ["it is null", '{"stream_options":null,"stream":true}', `{${MEMBER},"stream":true}`],
  ["the object is empty", '{"stream":true,"stream_options":{}}', `{"stream":true,${MEMBER}}`],
  ["the object is empty but for a space", '{"stream":true,"stream_options":{ }}', `{"stream":true,"stream_options":{${INSIDE} }}`],
  ["it is refused", '{"stream":true,"stream_options":{"include_usage":false},"n":1.0}', `{"stream":true,${MEMBER},"n":1.0}`],
  ["it is refused among others", '{"stream":true,"stream_options":{"a":[1.0],"include_usage" : false,"include_obfuscation":false}}', '{"stream":true,"stream_options":{"a":[1.0],"include_usage" : true,"include_obfuscation":false}}'],
  ["others are said", '{"stream":true,"stream_options":{ "include_obfuscation":false}}', `{"stream":true,"stream_options":{${INSIDE}, "include_obfuscation":false}}`],
  ["the member is there twice, and the last one does not ask", `{"stream":true,${MEMBER},"stream_options":{}}`, `{"stream":true,${MEMBER},${MEMBER}}`],
  ["the member is there twice, and the last one asks", `{"stream":true,"stream_options":null,${MEMBER}}`, "wanted"],
  ["it is said twice, and no the last time", `{"stream":true,"stream_options":{${INSIDE},"include_usage":false}}`, `{"stream":true,"stream_options":{${INSIDE},${INSIDE}}}`],
  ["a stream is asked for twice", '{"stream":false,"model":"m","stream":true}', `{"stream":false,"model":"m","stream":true,${MEMBER}}`],
  ["a text looks like it", `{"messages":[{"content":${JSON.stringify(`,"stream":true,${MEMBER}`)}}],"stream":true}`, `{"messages":[{"content":${JSON.stringify(`,"stream":true,${MEMBER}`)}}],"stream":true,${MEMBER}}`],
  ["something inside is called so", `{"metadata":{"stream":true,${MEMBER}},"stream":true}`, `{"metadata":{"stream":true,${MEMBER}},"stream":true,${MEMBER}}`],
  ["something inside of it is called so", `{"stream":true,"stream_options":{"x":{${INSIDE}},"y":"${INSIDE.replaceAll('"', '\\"')}"}}`, `{"stream":true,"stream_options":{${INSIDE},"x":{${INSIDE}},"y":"${INSIDE.replaceAll('"', '\\"')}"}}`],
  ["it is spelt with escapes", '{"stream":true,"stream_options":{"include\\u005fusage":true}}', "wanted"],
  ["it is no object", '{"stream":true,"stream_options":"all"}', null],
  ["it is a list", `{"stream":true,"stream_options":[{${INSIDE}}]}`, null],
  ["it is neither yes nor no", '{"stream":true,"stream_options":{"include_usage":"yes"}}', null],
  ["it is a number", '{"stream":true,"stream_options":{"include_usage":1}}', null],
  ["it is longer than anybody writes", `{"stream":true,"stream_options":{"x":"${"x".repeat(5000)}"}}`, "wanted"],
];

describe("a request whose client did not ask for usage", () => {
  test.each(cases)("asks for it where %s, and is the same in all else", (_, body, sent) => {
    expect(asked(body)).toBe(sent);
  });

  test.each(cases)("is the same when it came in pieces: %s", (_, body, sent) => {
    const bytes = Buffer.from(body);
    for (let cut = 1; cut < bytes.length; cut += bytes.length > 1000 ? 97 : 1) {
      const held = new HeldBytes();
      const reader = new TopLevelReader(held);
      for (const piece of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
        held.append(piece);
        reader.feed(piece);
      }
      const found = reader.finish(Buffer.alloc(0));
      expect(found.isUsageWanted ? "wanted" : askedIn(held.pieces(), found), `cut at ${cut}`).toBe(sent);
    }
  });

  test("does not ask vendors that refuse to be asked so", () => {
    const body = Buffer.from('{"stream":true}');
    expect(askedIn([body], findTopLevel(body), { refusesStreamOptions: true })).toBeNull();
    expect(askedIn([body], findTopLevel(body), { refuses: ["stream_options"] })).toBeNull();
    expect(askedIn([body], findTopLevel(body), { refuses: ["store"] })).not.toBeNull();
  });

  test("asks in the two protocols that know such a member, and in no other", () => {
    expect(Object.values(passThroughs).filter(({ usageOnRequest }) => usageOnRequest !== undefined).map(({ name }) => name)).toEqual(["openai-chat", "openai-completions"]);
  });
});
