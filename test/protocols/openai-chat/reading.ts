// What OpenAI's own library makes of bytes that are written for its users: of a stream, joined by it, and of a whole reply.
// The bytes are handed to it without a network.
import OpenAI from "openai";

const answering = (body: Buffer | string, type: string): OpenAI =>
  new OpenAI({ apiKey: "k", baseURL: "http://gateway.test/v1", maxRetries: 0, fetch: () => Promise.resolve(new Response(typeof body === "string" ? body : new Uint8Array(body), { headers: { "content-type": type } })) });

const all = async <Item>(items: AsyncIterable<Item>): Promise<Item[]> => {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
};

const request = { model: "gpt-x", messages: [] };

export const joined = (stream: string): Promise<OpenAI.Chat.ChatCompletion> => answering(stream, "text/event-stream").chat.completions.stream(request).finalChatCompletion();

export const whole = (body: Buffer): Promise<OpenAI.Chat.ChatCompletion> => answering(body, "application/json").chat.completions.create(request);

/** Each chunk as the library hands it on; it throws at an error. */
export const chunks = async (stream: string): Promise<OpenAI.Chat.ChatCompletionChunk[]> => all(await answering(stream, "text/event-stream").chat.completions.create({ ...request, stream: true }));

export const texts = async (stream: string): Promise<OpenAI.Completion[]> => all(await answering(stream, "text/event-stream").completions.create({ model: "gpt-x", prompt: "p", stream: true }));

export const text = (body: Buffer): Promise<OpenAI.Completion> => answering(body, "application/json").completions.create({ model: "gpt-x", prompt: "p" });
