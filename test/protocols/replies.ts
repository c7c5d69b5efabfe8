// Replies of all shapes, for tests by property: what a provider may say, block by block.
import fc from "fast-check";
import { noUsage, type Block, type Choice, type Reply, type Usage } from "../../dataplane/protocols/ir.ts";

const text = fc.string({ unit: "grapheme", maxLength: 20 });
const word = fc.stringMatching(/^[a-z]{1,8}$/);
const extras = fc.option(fc.record({ "openai-chat": fc.dictionary(word, fc.oneof(text, fc.integer(), fc.boolean()), { minKeys: 1, maxKeys: 2 }) }), { nil: undefined });
const opaque = fc.record({ kind: fc.constantFrom("signature", "encrypted", "redacted"), origin: fc.constantFrom("gemini", "anthropic-messages/bedrock"), value: word });
const opaques = fc.option(fc.array(opaque, { minLength: 1, maxLength: 2 }), { nil: undefined });
const tokenLogprob = { token: word, logprob: fc.double({ min: -20, max: 0, noNaN: true }), bytes: fc.constant(null) };
const logprob = fc.record({ ...tokenLogprob, top: fc.array(fc.record(tokenLogprob), { maxLength: 2 }) });
const citation = fc.record({ kind: fc.constantFrom("url", "document", "other"), start: fc.nat(9), end: fc.nat(9), url: word, title: text, citedText: text });
const some = <Item>(one: fc.Arbitrary<Item>): fc.Arbitrary<Item[] | undefined> => fc.option(fc.array(one, { minLength: 1, maxLength: 2 }), { nil: undefined });

/** A member that is not there is not there as undefined either. */
const bare = <Value extends object>(value: Value): Value => Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Value;

const at = fc.constant("");
const base64 = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString("base64"));
const bytes = fc.record({ kind: fc.constant("bytes"), data: base64, mediaType: fc.constant("") });

const block: fc.Arbitrary<Block> = fc
  .oneof(
    fc.record({ kind: fc.constant("text"), at, text, citations: some(citation), logprobs: some(logprob), opaques, extras }),
    fc.record({ kind: fc.constant("refusal"), at, text, extras }),
    fc.record({ kind: fc.constant("reasoning"), at, text, isSummary: fc.boolean(), opaques, extras }),
    fc.record({ kind: fc.constant("tool-call"), at, id: word, name: word, arguments: fc.json(), isCustom: fc.constantFrom(true, undefined), opaques, extras }),
    fc.record({ kind: fc.constant("audio"), at, id: fc.option(word, { nil: undefined }), source: bytes, format: fc.constant("wav"), transcript: fc.option(word, { nil: undefined }), extras }),
    fc.record({ kind: fc.constant("image"), at, source: bytes, opaques, extras }),
    fc.record({ kind: fc.constant("foreign"), at, protocol: fc.constant("openai-responses"), type: word, value: fc.constant({ status: "done" }), text }),
  )
  .map((value) => bare(value as Block));

const finish = fc.record({ reason: fc.constantFrom("stop", "length", "tool-calls", "filter", "other"), raw: word, stopSequence: fc.option(word, { nil: undefined }) }).map(bare);
const usage: fc.Arbitrary<Usage> = fc.record({ inputTokens: fc.integer({ min: -1, max: 99 }), outputTokens: fc.integer({ min: -1, max: 99 }) }).map((told) => ({ ...noUsage(), ...told }));
const choices = fc.array(fc.record({ blocks: fc.array(block, { maxLength: 4 }), finish }), { minLength: 1, maxLength: 3 }).map((all) => all.map((one, index) => ({ index, ...one }) as Choice));

export const reply: fc.Arbitrary<Reply> = fc
  .record({ id: word, model: word, createdAt: fc.nat(2_000_000_000), choices, usage, serviceTier: fc.constantFrom("", "flex"), extras })
  .map((value) => bare(value) as Reply);
