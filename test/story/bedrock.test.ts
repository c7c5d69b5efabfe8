// Bedrock's frames on both sides of the gateway: passed on, made of other protocols' answers, and broken off.
import { describe, expect, it } from "vitest";
import { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand, type ConverseStreamOutput } from "@aws-sdk/client-bedrock-runtime";
import { KEY } from "../doubles/gateway.ts";
import { dataEvent } from "../doubles/provider-bytes.ts";
import { brokenStream, eventStream, json, truncated } from "../doubles/provider-replies.ts";
import { accumulate, blockStop, exceptionOf, framesIn, METADATA, plainHttp, START, STOP, STREAM_TYPE, streamOf, textDelta } from "../protocols/bedrock-converse/driving.ts";
import { openScene, type Scene } from "./streams-scene.ts";

const FRAMES = { headers: { "content-type": STREAM_TYPE } };
const bedrock = { provider: { type: "bedrock" } } as const;
const STREAM = { path: "/model/support-chat/converse-stream" };
const ASKED = JSON.stringify({ messages: [{ role: "user", content: [{ text: "Hi" }] }] });
const whole = streamOf(START, textDelta("Hello"), textDelta(" there"), blockStop(), STOP, METADATA);
const begun = streamOf(START, textDelta("Hello"));

/** Amazon's own library, on HTTP/1.1 and with a key of the gateway's. */
const libraryFor = ({ gateway: { port } }: Scene, key = KEY): BedrockRuntimeClient =>
  new BedrockRuntimeClient({
    region: "eu-central-1",
    endpoint: `http://127.0.0.1:${port}`,
    token: { token: key },
    authSchemePreference: ["httpBearerAuth"],
    maxAttempts: 1,
    requestHandler: plainHttp(port),
  });

const question = { modelId: "support-chat", messages: [{ role: "user" as const, content: [{ text: "Hi" }] }] };

const streamed = async (scene: Scene): Promise<ConverseStreamOutput[]> => {
  const { stream } = await libraryFor(scene).send(new ConverseStreamCommand(question));
  const events: ConverseStreamOutput[] = [];
  for await (const event of stream ?? []) events.push(event);
  return events;
};

describe("a stream of Bedrock's to a client of Bedrock's", () => {
  it("passes byte by byte the same, and its counts are settled", async () => {
    const scene = await openScene(eventStream([whole.subarray(0, 50), whole.subarray(50)], FRAMES), bedrock);
    const reply = await scene.ask(ASKED, STREAM);
    expect([reply.status, reply.headers["content-type"], reply.body.equals(whole)]).toEqual([200, STREAM_TYPE, true]);
    expect(scene.provider.requests[0]?.target).toMatch(/\/model\/provider-model\/converse-stream$/);
    expect(await scene.over(1)).toMatchObject([{ status: 200, error: "", input_tokens: 5, output_tokens: 7 }]);
  });

  it("that ends between frames without its end is told as an exception", async () => {
    const scene = await openScene(eventStream([begun], FRAMES), bedrock);
    const reply = await scene.ask(ASKED, STREAM);
    expect(framesIn(reply.body).map(([name]) => name)).toEqual(["messageStart", "contentBlockDelta", "modelStreamErrorException"]);
    expect(await scene.over(1)).toMatchObject([{ error: "UPSTREAM_TRUNCATED" }]);
  });

  it("that ends inside a frame breaks the client's connection, which cannot be taken for an end", async () => {
    const scene = await openScene(brokenStream([whole.subarray(0, begun.length + 20)], "close", FRAMES), bedrock);
    const reply = await scene.ask(ASKED, STREAM);
    expect([reply.isWhole, reply.body.equals(whole.subarray(0, begun.length + 20))]).toEqual([false, true]);
    expect(await scene.over(1)).toMatchObject([{ error: "UPSTREAM_TRUNCATED" }]);
  });

  it("that begins with an exception is a refusal with the exception's meaning", async () => {
    const scene = await openScene(eventStream([exceptionOf("throttlingException", { message: "Slow down" })], FRAMES), bedrock);
    await expect(streamed(scene)).rejects.toMatchObject({ name: "ThrottlingException" });
    expect(await scene.over(1)).toHaveLength(1);
  });

  it("that is cut off before its length is told between frames", async () => {
    const scene = await openScene(truncated(whole, begun.length, "close", FRAMES), bedrock);
    await expect(streamed(scene)).rejects.toMatchObject({ name: "ModelStreamErrorException" });
    expect(await scene.over(1)).toMatchObject([{ error: "UPSTREAM_TRUNCATED" }]);
  });
});

describe("another protocol behind the gateway", () => {
  const chunk = (delta: object, finish: string | null = null) => dataEvent({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason: finish }] });

  it("answers a client of Bedrock's in frames that Amazon's library reads", async () => {
    const usage = dataEvent({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "m", choices: [], usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 } });
    const scene = await openScene(eventStream([chunk({ role: "assistant", content: "Hello" }), chunk({ content: " there" }), chunk({}, "stop"), usage, "data: [DONE]\n\n"]));
    expect(accumulate(await streamed(scene))).toMatchObject({
      output: { message: { content: [{ text: "Hello there" }] } }, stopReason: "end_turn", usage: { inputTokens: 5, outputTokens: 2, totalTokens: 7 },
    });
    expect(await scene.over(1)).toMatchObject([{ error: "", input_tokens: 5, output_tokens: 2 }]);
  });

  it("that breaks off is told as an exception", async () => {
    const scene = await openScene(brokenStream([chunk({ role: "assistant", content: "Hello" })]));
    await expect(streamed(scene)).rejects.toMatchObject({ name: "ModelStreamErrorException" });
    expect(await scene.over(1)).toMatchObject([{ error: "UPSTREAM_TRUNCATED" }]);
  });

  it("is Bedrock to a client of Chat's", async () => {
    const scene = await openScene(eventStream([whole], FRAMES), bedrock);
    const reply = await scene.ask(JSON.stringify({ model: "support-chat", stream: true, stream_options: { include_usage: true }, messages: [{ role: "user", content: "Hi" }] }));
    expect(reply.headers["content-type"]).toMatch(/^text\/event-stream/);
    expect(reply.text).toMatch(/"content":"Hello".*" there".*"finish_reason":"stop".*"prompt_tokens":5.*\[DONE\]\n\n$/s);
    expect(scene.provider.requests[0]?.target).toMatch(/\/model\/provider-model\/converse-stream$/);
    expect(await scene.over(1)).toMatchObject([{ error: "", input_tokens: 5, output_tokens: 7 }]);
  });
});

describe("a refusal", () => {
  it("of the gateway's is thrown by Amazon's library under its name", async () => {
    const scene = await openScene(eventStream([whole], FRAMES), bedrock);
    await expect(libraryFor(scene, "sk-nobody").send(new ConverseCommand(question))).rejects.toMatchObject({ name: "AccessDeniedException", $metadata: { httpStatusCode: 401 } });
    expect(await scene.over(1)).toMatchObject([{ error: "AUTH_INVALID" }]);
  });

  it("of the provider's keeps the header that says what it is", async () => {
    const scene = await openScene(json({ message: "No such field" }, { status: 400, headers: { "x-amzn-errortype": "ValidationException:http://internal/" } }), bedrock);
    await expect(libraryFor(scene).send(new ConverseCommand(question))).rejects.toMatchObject({ name: "ValidationException", message: "No such field" });
    expect(await scene.over(1)).toMatchObject([{ status: 400 }]);
  });
});
