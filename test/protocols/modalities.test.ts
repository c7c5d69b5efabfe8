// Of what the tokens were: text, pictures, sound, film, documents. What a provider tells of it reaches the clients whose
// protocol has a word for it, whole and streamed, and is never made up.
import { describe, expect, it } from "vitest";
import { type Asked, isFailure, isInvalid } from "../../dataplane/protocols/codec.ts";
import { clientCodecs, providerCodecs } from "../../dataplane/protocols/index.ts";
import { noUsage, type Usage } from "../../dataplane/protocols/ir.ts";
import { eventsOf } from "../../dataplane/protocols/replay.ts";
import type { ProtocolName } from "../../dataplane/snapshot/schema.ts";
import { targetOf } from "./conformance/protocols.ts";

const asked: Asked = { model: "m", isStreaming: false, query: "?alt=sse", headers: {} };

const repliedBy = (name: ProtocolName, document: object) => {
  const provider = providerCodecs[name];
  if (provider === undefined) throw new Error(`no provider speaks ${name}`);
  const reply = provider.decodeReply(Buffer.from(JSON.stringify(document)), targetOf(provider, false));
  if (isFailure(reply)) throw new Error(reply.message);
  return reply;
};

const told = (client: ProtocolName, question: object, reply: ReturnType<typeof repliedBy>): { whole: object; streamed: string } => {
  const codec = clientCodecs[client];
  const conversation = codec?.decodeRequest(Buffer.from(JSON.stringify(question)), asked);
  if (codec === undefined || conversation === undefined || isInvalid(conversation)) throw new Error(`${client} is not understood`);
  const encoder = codec.encodeStream({ ...conversation, isStreaming: true, isUsageWanted: true });
  return { whole: JSON.parse(codec.encodeReply(reply, conversation).body.toString()) as object, streamed: eventsOf(reply).map((event) => encoder.push(event).toString()).join("") };
};

const chatQuestion = { model: "m", messages: [{ role: "user", content: "hi" }], stream_options: { include_usage: true } };
const geminiQuestion = { contents: [{ role: "user", parts: [{ text: "hi" }] }] };

const geminiReply = (usageMetadata: object) => ({ candidates: [{ content: { role: "model", parts: [{ text: "a" }] }, finishReason: "STOP" }], usageMetadata });
const chatReply = (usage: object) => ({ id: "c", model: "m", choices: [{ index: 0, message: { role: "assistant", content: "a" }, finish_reason: "stop" }], usage });
const dashscopeReply = (usage: object) => ({ request_id: "r", output: { choices: [{ finish_reason: "stop", message: { role: "assistant", content: "a" } }] }, usage });

const modality = (name: string, tokenCount: number) => ({ modality: name, tokenCount });
const prompted = [modality("TEXT", 40), modality("IMAGE", 258), modality("VIDEO", 500), modality("AUDIO", 32), modality("DOCUMENT", 170)];
const answered = [modality("TEXT", 20), modality("IMAGE", 1290)];
const all = geminiReply({ promptTokenCount: 1000, candidatesTokenCount: 1310, totalTokenCount: 2310, promptTokensDetails: prompted, candidatesTokensDetails: answered });

describe("what the tokens were of", () => {
  const read: readonly (readonly [ProtocolName, object, Partial<Usage>])[] = [
    ["gemini", all, { textInputTokens: 40, imageInputTokens: 258, videoInputTokens: 500, audioInputTokens: 32, documentInputTokens: 170, textOutputTokens: 20, imageOutputTokens: 1290 }],
    ["gemini", geminiReply({ promptTokenCount: 10, totalTokenCount: 10, promptTokensDetails: [{ tokenCount: 6 }, modality("SMELL", 4), modality("IMAGE", -1)] }), { textInputTokens: 6 }],
    ["openai-chat", chatReply({ prompt_tokens: 300, completion_tokens: 70, prompt_tokens_details: { text_tokens: 40, image_tokens: 200, audio_tokens: 10, video_tokens: 50 }, completion_tokens_details: { text_tokens: 20, image_tokens: 40, audio_tokens: 10 } }), { textInputTokens: 40, imageInputTokens: 200, audioInputTokens: 10, videoInputTokens: 50, textOutputTokens: 20, imageOutputTokens: 40, audioOutputTokens: 10 }],
    ["dashscope", dashscopeReply({ input_tokens: 300, output_tokens: 12, input_tokens_details: { text_tokens: 50, image_tokens: 200, video_tokens: 40, audio_tokens: 10 }, output_tokens_details: { text_tokens: 12 } }), { textInputTokens: 50, imageInputTokens: 200, videoInputTokens: 40, audioInputTokens: 10, textOutputTokens: 12 }],
  ];

  it.each(read)("is read from %s", (name, document, expected) => {
    const { usage } = repliedBy(name, document);
    const { inputTokens, outputTokens } = usage;
    expect(usage).toEqual({ ...noUsage(), inputTokens, outputTokens, ...expected });
  });

  it("is told to Gemini's clients as Gemini tells it", () => {
    const { whole, streamed } = told("gemini", geminiQuestion, repliedBy("gemini", all));
    expect(whole).toMatchObject({ usageMetadata: { promptTokensDetails: prompted, candidatesTokensDetails: answered } });
    expect(streamed).toContain(`"promptTokensDetails":${JSON.stringify(prompted)},"candidatesTokensDetails":${JSON.stringify(answered)}`);
  });

  it("is told to clients of chat completions as far as they have words for it", () => {
    const { whole, streamed } = told("openai-chat", chatQuestion, repliedBy("gemini", all));
    const prompt = { audio_tokens: 32, text_tokens: 40, image_tokens: 258, video_tokens: 500 };
    const completion = { text_tokens: 20, image_tokens: 1290 };
    expect(whole).toMatchObject({ usage: { prompt_tokens_details: prompt, completion_tokens_details: completion } });
    expect(streamed).toContain(`"prompt_tokens_details":${JSON.stringify(prompt)},"completion_tokens_details":${JSON.stringify(completion)}`);
  });

  it("is told across protocols, with the text that is left where nobody counted it", () => {
    const heard = repliedBy("openai-chat", chatReply({ prompt_tokens: 100, completion_tokens: 50, prompt_tokens_details: { image_tokens: 60 }, completion_tokens_details: { reasoning_tokens: 10, audio_tokens: 30 } }));
    expect(told("gemini", geminiQuestion, heard).whole).toMatchObject({
      usageMetadata: { promptTokenCount: 100, candidatesTokenCount: 40, promptTokensDetails: [modality("TEXT", 40), modality("IMAGE", 60)], candidatesTokensDetails: [modality("TEXT", 10), modality("AUDIO", 30)] },
    });
  });

  it("is not made up where nobody told it", () => {
    const plain = repliedBy("openai-chat", chatReply({ prompt_tokens: 3, completion_tokens: 2 }));
    expect(JSON.stringify(told("gemini", geminiQuestion, plain))).not.toContain("TokensDetails");
    expect(JSON.stringify(told("openai-chat", chatQuestion, plain))).not.toContain("tokens_details");
  });

  it("is no word in protocols that have none: their counts are as ever", () => {
    const reply = repliedBy("gemini", all);
    const questions: readonly (readonly [ProtocolName, object])[] = [["anthropic-messages", { max_tokens: 9, messages: [{ role: "user", content: "hi" }] }], ["bedrock-converse", { messages: [{ role: "user", content: [{ text: "hi" }] }] }], ["openai-responses", { input: "hi" }]];
    for (const [client, question] of questions) expect([client, JSON.stringify(told(client, question, reply).whole).match(/258|1290|"?image"?_?tokens/gi)]).toEqual([client, null]);
  });
});
