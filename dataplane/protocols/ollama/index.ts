// Ollama's own chat: for providers that speak it. No client speaks it to us.
import type { ProviderCodec } from "../codec.ts";
import { refusalIn } from "../provider-failure.ts";
import { abilities } from "./abilities.ts";
import { decodeReply } from "./decode-reply.ts";
import { decodeStream } from "./decode-stream.ts";
import { encodeRequest } from "./encode-request.ts";
import { failureWords } from "./words.ts";

export const ollamaCodec: ProviderCodec = {
  name: "ollama",
  encodeRequest,
  decodeReply,
  decodeStream,
  decodeFailure: (status, headers, body) => refusalIn(status, headers, body, failureWords),
  abilities,
};
