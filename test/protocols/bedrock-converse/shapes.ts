// Requests of every kind that Converse's clients may send, for properties. Only such as the API itself takes: roles that take
// turns, texts that are not blank, points of the cache behind something.
import fc from "fast-check";

export type Members = Record<string, unknown>;

const word = fc.string({ minLength: 1, maxLength: 12 }).map((text) => `w${text}`);
const name = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_-]{0,20}$/);
const base64 = fc.uint8Array({ minLength: 1, maxLength: 30 }).map((bytes) => Buffer.from(bytes).toString("base64"));
const json = fc.dictionary(name, fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.constant([1, { a: "b" }])), { maxKeys: 3 });
const some = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> => fc.option(arbitrary, { nil: undefined });
const source = fc.oneof(base64.map((bytes) => ({ bytes })), fc.constant({ s3Location: { uri: "s3://bucket/key" } }), fc.constant({ s3Location: { uri: "s3://bucket/key", bucketOwner: "1" } }));

const text = word.map((one) => ({ text: one }));
const image = fc.record({ format: fc.constantFrom("png", "jpeg", "gif", "webp"), source }).map((one) => ({ image: one }));
const video = fc.record({ format: fc.constantFrom("mp4", "mov", "mkv", "webm", "flv", "mpeg", "mpg", "wmv", "three_gp"), source }).map((one) => ({ video: one }));
const audio = fc.record({ format: fc.constantFrom("mp3", "wav", "pcm", "m4a", "mka", "x-aac", "mpga"), source }).map((one) => ({ audio: one }));
const document = fc
  .record({ format: fc.constantFrom("pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"), source: fc.oneof(source, word.map((one) => ({ text: one })), word.map((one) => ({ content: [{ text: one }] }))), context: some(word), citations: some(fc.constant({ enabled: true })) })
  .map((one) => ({ document: one }));
const guarded = fc.oneof(word.map((one) => ({ guardContent: { text: { text: one, qualifiers: ["query"] } } })), word.map((one) => ({ guardContent: { text: { text: one } } })));
const cited = word.map((one) => ({ citationsContent: { content: [{ text: one }], citations: [{ title: "A", location: { documentPage: { documentIndex: 0, start: 1, end: 2 } } }] } }));
const thinking = fc.oneof(fc.record({ text: word, signature: base64 }).map((reasoningText) => ({ reasoningContent: { reasoningText } })), base64.map((redactedContent) => ({ reasoningContent: { redactedContent } })));
const call = fc.record({ toolUseId: name, name, input: json }).map((toolUse) => ({ toolUse }));
const result = fc
  .record({ toolUseId: name, content: fc.array(fc.oneof(text, json.map((one) => ({ json: one })), image), { maxLength: 3 }), status: some(fc.constant("error")) })
  .map((toolResult) => ({ toolResult }));
const unknown = json.map((one) => ({ hologram: one }));
const point = fc.constantFrom({ cachePoint: { type: "default" } }, { cachePoint: { type: "default", ttl: "5m" } }, { cachePoint: { type: "default", ttl: "1h" } });

const marked = (part: fc.Arbitrary<Members>): fc.Arbitrary<Members[]> => fc.tuple(part, fc.option(point, { nil: null, freq: 4 })).map(([one, mark]) => (mark === null ? [one] : [one, mark]));
const content = (...parts: fc.Arbitrary<Members>[]): fc.Arbitrary<Members[]> => fc.array(marked(fc.oneof(...parts)), { minLength: 1, maxLength: 4 }).map((lists) => lists.flat());

/** Names are each once in a request, and a text stands beside a document. */
const named = (messages: Members[]): Members[] => {
  let count = 0;
  return messages.map((message) => {
    const parts = (message["content"] as Members[]).map((part) => (part["document"] === undefined ? part : { document: { name: `Report ${++count}`, ...(part["document"] as Members) } }));
    const hasDocument = parts.some((part) => part["document"] !== undefined);
    return { ...message, content: hasDocument ? [{ text: "See." }, ...parts] : parts };
  });
};

const messages = fc
  .array(fc.tuple(content(text, image, video, audio, document, guarded, result, unknown), content(text, cited, thinking, call, unknown)), { minLength: 1, maxLength: 3 })
  .map((turns) => named(turns.flatMap(([asked, answered]): Members[] => [{ role: "user", content: asked }, { role: "assistant", content: answered }]).concat([{ role: "user", content: [{ text: "Go on" }] }])));

const spec = fc.record({ name, description: some(word), inputSchema: fc.constant({ json: { type: "object", properties: { a: { type: "string" } } } }), strict: some(fc.boolean()) }).map((toolSpec) => ({ toolSpec }));
const toolConfig = fc.record({ tools: fc.uniqueArray(spec, { minLength: 1, maxLength: 4, selector: ({ toolSpec }) => toolSpec.name }), toolChoice: some(fc.constantFrom<Members>({ auto: {} }, { any: {} }, { tool: { name: "f" } })) });
const additional = fc.record({ top_k: some(fc.nat(100)), thinking: some(fc.constantFrom<Members>({ type: "enabled", budget_tokens: 2048 }, { type: "disabled" })), anthropic_beta: some(fc.constant(["a"])), other: json });

const defined = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;

export const asConverse: fc.Arbitrary<Members> = fc
  .record({
    toolConfig: some(toolConfig),
    system: some(content(text, guarded)),
    messages,
    inferenceConfig: some(fc.record({ maxTokens: fc.integer({ min: 1, max: 1000 }), temperature: fc.constantFrom(0, 0.5, 1), topP: fc.constantFrom(0.1, 0.9), stopSequences: fc.array(word, { minLength: 1, maxLength: 3 }) })),
    additionalModelRequestFields: some(additional),
    additionalModelResponseFieldPaths: some(fc.constant(["/a"])),
    outputConfig: some(fc.record({ textFormat: fc.constant({ type: "json_schema", structure: { jsonSchema: { schema: '{"type":"object"}', name: "n" } } }), effort: fc.constantFrom("low", "max") })),
    serviceTier: some(fc.constantFrom({ type: "default" }, { type: "priority" })),
    requestMetadata: some(fc.dictionary(name, word, { minKeys: 1, maxKeys: 3 })),
    guardrailConfig: some(fc.constant({ guardrailIdentifier: "g", guardrailVersion: "1" })),
    promptVariables: some(fc.constant({ a: { text: "b" } })),
    performanceConfig: some(fc.constant({ latency: "optimized" })),
  })
  .map((body) => defined(body) as Members);
