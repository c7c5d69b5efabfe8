// The three protocols that stream, as far as a story needs them: how one is asked, what its provider sends, how it ends.
// They know nothing of the gateway.
import { chatEvents, dataEvent, responsesEvents, type ChatUsage } from "../doubles/provider-bytes.ts";
import { asked } from "./clients-bare.ts";

export interface Told {
  readonly words: readonly string[];
  readonly usage?: ChatUsage;
  /** Whether the stream says that it is complete; yes unless told. */
  readonly isFinished?: boolean;
}

export interface Spoken {
  readonly name: string;
  readonly path: string;
  /** Asks for a stream, and not for its usage. */
  readonly body: string;
  /** Asks for its usage too, where that has to be asked for. */
  readonly counted: string;
  readonly events: (told: Told) => Buffer[];
  readonly terminator: string;
}

const completionEvents = ({ words, usage, isFinished = true }: Told): Buffer[] => {
  const chunk = (choices: object[], more: object = {}): Buffer => dataEvent({ id: "cmpl-1", object: "text_completion", created: 1, model: "upstream-model", choices, ...more });
  const choice = (text: string, reason: string | null = null): object[] => [{ text, index: 0, logprobs: null, finish_reason: reason }];
  const counted = usage === undefined ? [] : [chunk([], { usage: { prompt_tokens: usage.input, completion_tokens: usage.output, total_tokens: usage.input + usage.output } })];
  return [...words.map((word) => chunk(choice(word))), ...(isFinished ? [chunk(choice("", "stop")), ...counted, Buffer.from("data: [DONE]\n\n")] : counted)];
};

export const chat: Spoken = {
  name: "chat",
  path: "/v1/chat/completions",
  body: asked({ stream: true }),
  counted: asked({ stream: true, stream_options: { include_usage: true } }),
  events: ({ isFinished = true, ...told }) => chatEvents(isFinished ? told : { ...told, finish: null, done: false }),
  terminator: "[DONE]",
};

export const completions: Spoken = {
  name: "completions",
  path: "/v1/completions",
  body: '{"model":"support-chat","prompt":"hi","stream":true}',
  counted: '{"model":"support-chat","prompt":"hi","stream":true,"stream_options":{"include_usage":true}}',
  events: completionEvents,
  terminator: "[DONE]",
};

export const responses: Spoken = {
  name: "responses",
  path: "/v1/responses",
  body: '{"model":"support-chat","input":"hi","stream":true}',
  counted: '{"model":"support-chat","input":"hi","stream":true}',
  events: ({ isFinished = true, ...told }) => responsesEvents(isFinished ? told : { ...told, terminal: null }),
  terminator: "response.completed",
};

export const protocols: readonly Spoken[] = [chat, completions, responses];

const BARE_CHUNK = /data: ?(\{[^\r\n]*"choices": ?\[\][^\r\n]*\})(?:\r\n\r\n|\n\n|\r\r)/g;

/** What of a stream is for a client that did not ask for usage: all but the event that has nothing else. */
export const uncounted = (bytes: Buffer): Buffer =>
  Buffer.from(bytes.toString("latin1").replaceAll(BARE_CHUNK, (event, data: string) => (JSON.parse(data).usage?.total_tokens === undefined ? event : "")), "latin1");

export interface SeenEvent {
  readonly name: string;
  readonly data: string;
}

/** Events of a reply, read as a client does. */
export const eventsIn = (text: string): SeenEvent[] =>
  text
    .split(/\r\n\r\n|\n\n/)
    .map((event) => {
      const lines = event.split(/\r\n|\n/);
      const valuesOf = (field: string): string => lines.filter((line) => line.startsWith(`${field}:`)).map((line) => line.slice(field.length + 1).trimStart()).join("\n");
      return { name: valuesOf("event"), data: valuesOf("data") };
    })
    .filter(({ data }) => data !== "");

export interface SeenError {
  readonly code: string;
  readonly message: string;
}

/** What a client of this protocol takes for an error, in order. */
export const errorsIn = ({ name }: Spoken, text: string): SeenError[] => {
  const found: SeenError[] = [];
  for (const event of eventsIn(text)) {
    if (event.data === "[DONE]") continue;
    const document = JSON.parse(event.data) as { type?: string; error?: SeenError; code?: string; message?: string; response?: { error?: SeenError } };
    if (name !== "responses" && document.error !== undefined) found.push(document.error);
    if (name === "responses" && document.type === "error") found.push({ code: document.code ?? "", message: document.message ?? "" });
    if (name === "responses" && document.type === "response.failed" && document.response?.error !== undefined) found.push(document.response.error);
  }
  return found;
};
