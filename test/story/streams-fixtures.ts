// Streams as providers send them, whole, with the oddities that were seen on the wire. Some are written here; where a
// folder of recorded ones stands beside the repository, those of the protocols that pass through are added.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { chat, completions, responses, type Spoken } from "./streams-protocols.ts";

export interface Fixture {
  readonly name: string;
  readonly spoken: Spoken;
  readonly bytes: Buffer;
}

const usage = { input: 11, output: 4, cached: 5 };
const words = ["Grüße an 世界", ' 👩‍🚀 "data: [DONE]\\n\\n"'];
const lines = (...all: string[]): Buffer => Buffer.from(all.join(""));

export const written: readonly Fixture[] = [
  { name: "a usual chat stream", spoken: chat, bytes: Buffer.concat(chat.events({ words, usage })) },
  { name: "a usual completions stream", spoken: completions, bytes: Buffer.concat(completions.events({ words, usage })) },
  { name: "a usual responses stream", spoken: responses, bytes: Buffer.concat(responses.events({ words, usage })) },
  {
    name: "line ends of all kinds, comments, ids, retries, several data lines, events without data, a byte order mark",
    spoken: chat,
    bytes: lines(
      "\uFEFF: OPENROUTER PROCESSING\r\n\r\n",
      'data: {"choices":[{"index":0,\r\ndata: "delta":{"content":"ä"},"finish_reason":null}]}\r\n\r\n',
      ":\n\nretry: 3000\nid: 7\n\nevent: ping\n\n",
      'data:{"choices":[{"index":0,"delta":{"content":"€"},"finish_reason":null}]}\r\r',
      'id: 8\ndata: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":11,"completion_tokens":4,"total_tokens":15}}\n\n',
      "data: [DONE]\n\n",
    ),
  },
  {
    name: "a terminator without its blank line",
    spoken: chat,
    bytes: lines('data: {"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}\n\n', "data: [DONE]"),
  },
];

const folder = join(import.meta.dirname, "../../../shared/fixtures/recorded");
const byProtocol: Readonly<Record<string, Spoken>> = { "openai-chat": chat, "openai-responses": responses };

const recordedIn = (name: string): Fixture[] =>
  readdirSync(join(folder, name))
    .filter((file) => file.endsWith(".response.sse"))
    .flatMap((file) => {
      const meta = JSON.parse(readFileSync(join(folder, name, file.replace("response.sse", "meta.json")), "utf8")) as { protocol?: string; status?: number };
      const spoken = byProtocol[meta.protocol ?? ""];
      if (spoken === undefined || meta.status !== 200) return [];
      return [{ name: `${name}/${file}`, spoken, bytes: readFileSync(join(folder, name, file)) }];
    });

/** Empty when the folder is not there. */
export const recorded: readonly Fixture[] = existsSync(folder) ? readdirSync(folder).filter((name) => /^\d+-/.test(name)).flatMap(recordedIn) : [];
