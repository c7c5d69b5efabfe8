// Fetches what a client named by a URL for a provider that takes only bytes: pictures, documents, recordings.
// The address is a stranger's, so only public ones over https are dialled, whatever providers may be reached at; size, time,
// number of redirects and type are bounded. It keeps nothing.
import type { Agent, Dispatcher } from "undici";
import type { Clock } from "../clock.ts";
import { AddressRefused, ConnectTimeout, makeConnect, type Dialling } from "./connect.ts";

const BYTES_MAX = 20_971_520;
const REDIRECTS_MAX = 3;
const TOTAL_MS = 20_000;
const CONNECT_MS = 5000;
const CONNECTIONS_MAX = 64;

export type MediaKind = "image" | "file" | "audio";

type AgentClass = new (options: Agent.Options) => Agent;

const types: Readonly<Record<MediaKind, RegExp>> = {
  image: /^image\/(?:png|jpe?g|gif|webp)$/,
  file: /^(?:application\/pdf|text\/[\w.+-]+|application\/[\w.+-]+)$/,
  audio: /^audio\/[\w.+-]+$/,
};

export type Fetched = { readonly data: string; readonly mediaType: string } | { readonly problem: string };

export interface MediaRules {
  readonly schemes: readonly string[];
  readonly network: Dialling["network"];
  readonly privateRanges: Dialling["privateRanges"];
}

const strangers: MediaRules = { schemes: ["https:"], network: "public", privateRanges: [] };

export class Media {
  readonly #rules: MediaRules;
  readonly #clock: Clock;
  #agent: Agent | null = null;

  constructor(clock: Clock, rules: MediaRules = strangers) {
    this.#rules = rules;
    this.#clock = clock;
  }

  async get(url: string, kind: MediaKind): Promise<Fetched> {
    const aborting = new AbortController();
    const cancel = this.#clock.after(TOTAL_MS, () => aborting.abort());
    try {
      return await this.#follow(url, kind, aborting.signal);
    } catch (error) {
      return { problem: aborting.signal.aborted ? `it took longer than ${TOTAL_MS / 1000} s` : whyNot(error) };
    } finally {
      cancel();
    }
  }

  async destroy(): Promise<void> {
    await this.#agent?.destroy();
  }

  #open(Agent: AgentClass): Agent {
    const { network, privateRanges } = this.#rules;
    return new Agent({
      connections: CONNECTIONS_MAX,
      pipelining: 1,
      allowH2: false,
      maxHeaderSize: 16_384,
      connect: makeConnect({ network, privateRanges, connectTimeoutMs: CONNECT_MS, clock: this.#clock }),
    });
  }

  async #follow(first: string, kind: MediaKind, signal: AbortSignal): Promise<Fetched> {
    // Loaded when somebody needs it: it is a tenth of what an idle process holds.
    const undici = await import("undici");
    this.#agent ??= this.#open(undici.Agent);
    let url = first;
    for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
      const parsed = URL.parse(url);
      if (parsed === null || !this.#rules.schemes.includes(parsed.protocol)) return { problem: `only ${this.#rules.schemes.join(" and ")}// addresses are fetched` };
      if (parsed.username !== "" || parsed.password !== "") return { problem: "addresses with a name and a password are not fetched" };
      const answer = await undici.request(parsed, { dispatcher: this.#agent, signal, headers: { accept: kind === "image" ? "image/*" : "*/*" } });
      const location = answer.headers["location"];
      if (answer.statusCode < 300 || answer.statusCode >= 400 || typeof location !== "string") return await readAnswer(answer, kind);
      await answer.body.dump({ limit: 65_536 });
      url = new URL(location, parsed).href;
    }
    return { problem: `it was redirected more than ${REDIRECTS_MAX} times` };
  }
}

const readAnswer = async ({ statusCode, headers, body }: Dispatcher.ResponseData, kind: MediaKind): Promise<Fetched> => {
  const mediaType = String(headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const problem = whyUnfit(statusCode, Number(headers["content-length"] ?? 0), mediaType, kind);
  if (problem !== null) {
    // What is given up in the middle tells of it as an error.
    body.on("error", () => undefined).destroy();
    return { problem };
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BYTES_MAX) return { problem: `it is larger than ${BYTES_MAX} bytes` };
    chunks.push(chunk);
  }
  return { data: Buffer.concat(chunks).toString("base64"), mediaType };
};

const whyUnfit = (status: number, length: number, mediaType: string, kind: MediaKind): string | null => {
  if (status !== 200) return `its server answered with ${status}`;
  if (length > BYTES_MAX) return `it is larger than ${BYTES_MAX} bytes`;
  return types[kind].test(mediaType) ? null : `its type is ${mediaType === "" ? "not said" : mediaType}`;
};

/** Without hosts and addresses: a stranger must not learn from us what is inside. */
const whyNot = (error: unknown): string => {
  if (error instanceof AddressRefused) return "its address may not be dialled";
  if (error instanceof ConnectTimeout) return "its server did not answer";
  return "its server could not be reached";
};
