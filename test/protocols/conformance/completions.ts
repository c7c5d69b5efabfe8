// How older text completions are written by those who ask, and read by them: the gateway itself only takes them, so the
// other half of the protocol is here. It says one text and the sampling, and nothing else.
import type { Abilities } from "../../../dataplane/protocols/abilities.ts";
import type { ProviderCodec, TargetModel } from "../../../dataplane/protocols/codec.ts";
import { noUsage, type Conversation, type Event, type FinishReason, type Loss, type ProviderFailure, type Reply, type Usage } from "../../../dataplane/protocols/ir.ts";
import { eventsOf } from "../../../dataplane/protocols/replay.ts";
import { readEvents } from "../../../dataplane/wire/sse-events.ts";

interface Document {
  readonly id: string;
  readonly model: string;
  readonly created: number;
  readonly choices: readonly { index: number; text: string; finish_reason: string | null; logprobs: { tokens: string[]; token_logprobs: number[] } | null }[];
  readonly usage?: { prompt_tokens: number; completion_tokens: number; prompt_tokens_details?: { cached_tokens?: number; cache_write_tokens?: number }; completion_tokens_details?: { reasoning_tokens?: number } } | null;
}

const abilities: Abilities = {
  imageSources: [], fileSources: [], fileTypes: [], audioFormats: [], hasVideo: false, system: "anywhere", hasTools: false, toolName: { pattern: /^\w+$/, lengthMax: 64 }, callId: null,
  toolChoices: new Set(), hasParallelSwitch: false, customTools: "none", resultMedia: new Set(), hasResultErrors: false, needsEveryResult: false, schema: "none", json: "none",
  stopMax: 4, choicesMax: 128, logprobsMax: 5, temperatureMax: 2, sampling: new Set(["temperature", "topP", "seed", "presencePenalty", "frequencyPenalty"]), reasoning: "none", hasPrefill: true,
  mayBeginWithAssistant: true, hasAudioOutput: false, hasVerbosity: false, hasUserId: true, hasMetadata: false, hasServiceTier: false, hasCacheKey: false, cacheMarksMax: 0, hasHostedWebSearch: false,
};

const promptOf = ({ turns }: Conversation): string => turns.flatMap(({ role, blocks }) => blocks.map((block) => (role === "user" && block.kind === "text" ? block.text : ""))).join("");

/** What is more than one text of a user's has no place in a prompt. */
const lossesOf = ({ turns }: Conversation): Loss[] => (turns.length === 1 && turns[0]?.role === "user" && turns[0].blocks.length === 1 && turns[0].blocks[0]?.kind === "text" ? [] : [{ path: "prompt", reason: "unsupported", severity: "major" }]);

const bodyOf = (conversation: Conversation, { model }: TargetModel): Buffer => {
  const { sampling, userId, isStreaming } = conversation;
  const { maxOutputTokens, temperature, topP, seed, presencePenalty, frequencyPenalty, stop, choices, logprobs } = sampling;
  const said = {
    model, prompt: promptOf(conversation), max_tokens: maxOutputTokens, temperature, top_p: topP, seed, presence_penalty: presencePenalty, frequency_penalty: frequencyPenalty,
    stop: stop.length === 0 ? null : stop, n: choices, logprobs, user: userId, stream: isStreaming,
  };
  return Buffer.from(JSON.stringify(Object.fromEntries(Object.entries(said).filter(([, value]) => value !== null))));
};

const reasons: Readonly<Record<string, FinishReason>> = { stop: "stop", length: "length", content_filter: "filter" };

const usageOf = ({ usage }: Document): Usage => ({
  ...noUsage(),
  inputTokens: usage?.prompt_tokens ?? -1,
  outputTokens: usage?.completion_tokens ?? -1,
  cachedInputTokens: usage?.prompt_tokens_details?.cached_tokens ?? -1,
  cacheWriteTokens: usage?.prompt_tokens_details?.cache_write_tokens ?? -1,
  reasoningTokens: usage?.completion_tokens_details?.reasoning_tokens ?? -1,
});

const replyOf = (document: Document): Reply => ({
  id: document.id,
  model: document.model,
  createdAt: document.created,
  serviceTier: "",
  usage: usageOf(document),
  choices: document.choices.map(({ index, text, finish_reason: word, logprobs }) => {
    const told = logprobs?.tokens.map((token, place) => ({ token, logprob: logprobs.token_logprobs[place] ?? 0, bytes: null, top: [] }));
    return { index, blocks: [{ kind: "text", at: "", text, ...(told === undefined ? {} : { logprobs: told }) }], finish: { reason: reasons[word ?? ""] ?? "other", raw: word ?? "" } };
  }),
});

const failure: ProviderFailure = { kind: "internal", status: 0, message: "no [DONE]", type: "", code: "", parameter: "", retryAfterSeconds: 0 };

/** The chunks of all choices joined as a reader joins them. */
const joined = (chunks: readonly Document[]): Document | undefined => {
  const [first] = chunks;
  if (first === undefined) return undefined;
  const all = chunks.flatMap(({ choices }) => choices);
  const indices = [...new Set(all.map(({ index }) => index))].sort();
  const choices = indices.map((index) => {
    const own = all.filter((choice) => choice.index === index);
    const lists = own.flatMap(({ logprobs }) => (logprobs === null ? [] : [logprobs]));
    const logprobs = lists.length === 0 ? null : { tokens: lists.flatMap(({ tokens }) => tokens), token_logprobs: lists.flatMap((list) => list.token_logprobs) };
    return { index, text: own.map(({ text }) => text).join(""), finish_reason: own.findLast((choice) => choice.finish_reason !== null)?.finish_reason ?? null, logprobs };
  });
  return { ...first, choices, usage: chunks.findLast(({ usage }) => usage !== null && usage !== undefined)?.usage ?? null };
};

const eventsIn = (bytes: Buffer): Event[] => {
  const data = readEvents(bytes).map((event) => event.data);
  if (data.at(-1) !== "[DONE]") return [{ kind: "failure", failure }];
  const whole = joined(data.slice(0, -1).map((text) => JSON.parse(text) as Document));
  return whole === undefined ? [{ kind: "failure", failure }] : eventsOf(replyOf(whole));
};

export const completionsHalf: ProviderCodec = {
  name: "openai-completions",
  encodeRequest: (conversation, target) => ({ path: "/completions", headers: [], body: bodyOf(conversation, target), losses: lossesOf(conversation) }),
  decodeReply: (body) => replyOf(JSON.parse(body.toString("utf8")) as Document),
  decodeStream: () => {
    const pieces: Buffer[] = [];
    return {
      push: (bytes) => {
        pieces.push(bytes);
        return [];
      },
      end: () => eventsIn(Buffer.concat(pieces)),
    };
  },
  decodeFailure: () => failure,
  abilities: () => abilities,
};
