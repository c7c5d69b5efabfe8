// What is sent: chat requests as applications send them, with the quotes, line breaks and tools that a scanner must get past.
// Deterministic: the same bytes in every run.

export const MODEL_ASKED = "support-chat";
export const MODEL_SENT = "gpt-5.5-mini-2026-08-07";
export const CALLER_KEY = "sk-bench-caller-0123456789abcdef";
export const PATH = "/v1/chat/completions";

export type BodyName = "1 KB" | "32 KB" | "1 MB";
export const bodyNames = ["1 KB", "32 KB", "1 MB"] as const satisfies readonly BodyName[];

const BYTES = { "1 KB": 1024, "32 KB": 32_768, "1 MB": 1_048_576 } as const satisfies Record<BodyName, number>;

const SENTENCES = [
  'The customer wrote: "My order never arrived, and the tracking page only says \\"in transit\\"."\n',
  "Please answer within two sentences, name the next step, and keep a friendly tone.\n",
  'const reply = await client.send({ "id": 4711, "path": "C:\\\\orders\\\\new" });\n',
  "\tIndented text, a tab before it, and an umlaut: für, naïve, 東京, 🚚.\n",
  "Refunds are possible within thirty days; afterwards only an exchange is offered, and the model of the device matters.\n",
  '{"model": "not the one that is meant", "stream": false}\n',
] as const;

/** Around a string, in JSON. */
const QUOTES = 2;

const text = (bytes: number, from: number): string => {
  let built = "";
  for (let [index, length] = [from, QUOTES]; length < bytes; index += 1) {
    const sentence = SENTENCES[index % SENTENCES.length] ?? "";
    built += sentence;
    length += Buffer.byteLength(JSON.stringify(sentence)) - QUOTES;
  }
  return built;
};

const tool = (index: number): object => ({
  type: "function",
  function: {
    name: `look_up_order_${index}`,
    description: 'Looks up an order by its number. Answers "not found" when there is none.',
    parameters: {
      type: "object",
      properties: {
        number: { type: "string", pattern: "^[A-Z]{2}\\d{8}$", description: "The order's number." },
        model: { type: "string", enum: ["a", "b"], description: 'The "model" of the device.' },
        stream: { type: "boolean" },
      },
      required: ["number"],
      additionalProperties: false,
    },
  },
});

const messagesOf = (bytes: number, count: number): object[] => {
  const roles = ["system", "user", "assistant"] as const;
  return Array.from({ length: count }, (_, index) => ({ role: index === 0 ? "system" : (roles[2 - (index % 2)] ?? "user"), content: text(bytes / count, index) }));
};

const made = new Map<string, Buffer>();

export const requestBody = (name: BodyName, isStreaming: boolean): Buffer => {
  const key = `${name} ${isStreaming}`;
  const known = made.get(key);
  if (known !== undefined) return known;
  const rest = {
    temperature: 0.2,
    max_completion_tokens: 512,
    ...(name === "32 KB" ? { tools: Array.from({ length: 12 }, (_, index) => tool(index)), tool_choice: "auto" } : {}),
    ...(isStreaming ? { stream: true, stream_options: { include_usage: true } } : {}),
  };
  const spare = BYTES[name] - Buffer.byteLength(JSON.stringify({ model: MODEL_ASKED, messages: [], ...rest }));
  const count = name === "1 KB" ? 2 : 9;
  // What JSON adds around each message, and the last sentence that goes beyond what was asked for.
  const messages = messagesOf(spare - count * 110, count);
  const body = Buffer.from(JSON.stringify({ model: MODEL_ASKED, messages, ...rest }));
  made.set(key, body);
  return body;
};

/** A whole HTTP/1.1 request as the OpenAI SDK's headers would look. */
export const requestBytes = (name: BodyName, isStreaming: boolean, port: number): Buffer => {
  const body = requestBody(name, isStreaming);
  const head = [
    `POST ${PATH} HTTP/1.1`,
    `host: 127.0.0.1:${port}`,
    "connection: keep-alive",
    "accept: application/json",
    "content-type: application/json",
    "user-agent: OpenAI/JS 7.57.0",
    "x-stainless-lang: js",
    "x-stainless-package-version: 7.57.0",
    "x-stainless-os: Linux",
    "x-stainless-arch: x64",
    "x-stainless-runtime: node",
    "x-stainless-runtime-version: v24.21.0",
    "x-stainless-retry-count: 0",
    `authorization: Bearer ${CALLER_KEY}`,
    `content-length: ${body.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body]);
};
