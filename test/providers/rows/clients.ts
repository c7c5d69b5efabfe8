// The clients that the rows are tried with: what they send, and what they understand of an answer. Bytes only, no SDK.
import { readEventText } from "../../../dataplane/wire/sse-events.ts";

export interface Understood {
  readonly text: string;
  readonly finish: string;
  /** A stream said that it is complete. */
  readonly isEnded: boolean;
}

export interface Client {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  body(isStreaming: boolean): string;
  read(text: string, isStreaming: boolean): Understood;
}

type Members = Readonly<Record<string, unknown>>;
interface Choice {
  readonly delta?: { readonly content?: unknown };
  readonly message?: { readonly content?: unknown };
  readonly finish_reason?: string | null;
}

const dataOf = (text: string): readonly string[] => readEventText(text).map(({ data }) => data);

/** Mistral's content may be a list of parts. */
const textIn = (content: unknown): string =>
  Array.isArray(content) ? content.map((part: { text?: unknown }) => (typeof part.text === "string" ? part.text : "")).join("") : typeof content === "string" ? content : "";

const readChat = (text: string, isStreaming: boolean): Understood => {
  if (!isStreaming) {
    const [choice] = (JSON.parse(text) as { choices: Choice[] }).choices;
    return { text: textIn(choice?.message?.content), finish: choice?.finish_reason ?? "", isEnded: true };
  }
  const data = dataOf(text);
  const choices = data.filter((one) => one !== "[DONE]").flatMap((one) => (JSON.parse(one) as { choices: Choice[] }).choices);
  const finish = choices.find(({ finish_reason: reason }) => typeof reason === "string")?.finish_reason ?? "";
  // Perplexity's own streams end without it.
  const isEnded = data.at(-1) === "[DONE]" || text.includes("chat.completion.done");
  return { text: choices.map(({ delta }) => textIn(delta?.content)).join(""), finish, isEnded };
};

const readMessages = (text: string, isStreaming: boolean): Understood => {
  if (!isStreaming) {
    const { content, stop_reason: finish } = JSON.parse(text) as { content: { type: string; text?: string }[]; stop_reason: string };
    return { text: content.map((block) => block.text ?? "").join(""), finish, isEnded: true };
  }
  const events = dataOf(text).map((one) => JSON.parse(one) as Members & { type: string; delta?: { text?: string; stop_reason?: string } });
  const texts = events.filter(({ type }) => type === "content_block_delta").map(({ delta }) => delta?.text ?? "");
  const finish = events.find(({ type }) => type === "message_delta")?.delta?.stop_reason ?? "";
  return { text: texts.join(""), finish, isEnded: events.at(-1)?.type === "message_stop" };
};

export const clients = {
  chat: {
    path: "/v1/chat/completions",
    headers: {},
    body: (isStreaming) => JSON.stringify({ model: "support-chat", messages: [{ role: "user", content: "hi" }], max_completion_tokens: 50, user: "u-1", logit_bias: {}, ...(isStreaming ? { stream: true, stream_options: { include_usage: true } } : {}) }),
    read: readChat,
  },
  messages: {
    path: "/v1/messages",
    headers: { "anthropic-version": "2023-06-01" },
    body: (isStreaming) => JSON.stringify({ model: "support-chat", max_tokens: 50, messages: [{ role: "user", content: "hi" }], ...(isStreaming ? { stream: true } : {}) }),
    read: readMessages,
  },
} as const satisfies Readonly<Record<string, Client>>;
