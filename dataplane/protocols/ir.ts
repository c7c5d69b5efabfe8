// The neutral model between two protocols: what a client asks and a provider answers, in nobody's words.
// Values only. What a protocol says and this does not name is kept beside it under the protocol's name, and told as a
// loss where the other side cannot carry it.
import type { FailureKind } from "../errors.ts";
import type { ProtocolName } from "../snapshot/schema.ts";
import type { Json } from "../wire/json.ts";
import type { JsonObject } from "./json-members.ts";

/** While it is being read or made: what is not said is not there, and members that are there need no copy to be added to. */
export type Draft<Value> = { -readonly [member in keyof Value]: Value[member] };

/** Members that the model does not name, in the words of the protocol in which they came. Given back to that protocol only. */
export type Extras = { readonly [protocol in ProtocolName]?: JsonObject };

/**
 * What only its maker can read and wants back unchanged: a signature of thinking, encrypted reasoning, a thought signature.
 * `origin` is the protocol, with "/" and the provider's type where it is known ("gemini/vertex-ai"): it is sent to nobody else.
 */
export interface Opaque {
  readonly kind: "signature" | "encrypted" | "redacted" | "id";
  readonly origin: string;
  readonly value: string;
}

/** Where bytes are. A URL is fetched only by whoever needs bytes, by the rules for upstreams. */
export type Source =
  | { readonly kind: "url"; readonly url: string }
  /** Base64 without line breaks. `mediaType` "" when nobody said. */
  | { readonly kind: "bytes"; readonly data: string; readonly mediaType: string }
  | { readonly kind: "text"; readonly text: string; readonly mediaType: string }
  /** Bound to an account of a provider that speaks `protocol`. */
  | { readonly kind: "stored"; readonly protocol: ProtocolName; readonly id: string; readonly mediaType: string };

/** Up to here a prompt may be cached; `ttlSeconds` 0: as long as the provider's default. */
export interface CacheMark {
  readonly ttlSeconds: number;
}

export interface Citation {
  readonly kind: "url" | "document" | "other";
  /** UTF-16 positions in the text of its block; -1 when the protocol does not tell. */
  readonly start: number;
  readonly end: number;
  readonly url: string;
  readonly title: string;
  readonly citedText: string;
  readonly extras?: Extras;
}

export interface TokenLogprob {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[] | null;
}
export interface Logprob extends TokenLogprob {
  readonly top: readonly TokenLogprob[];
}

interface Part {
  /** Where it stood in the body it came from, in that protocol's own words ("messages[3].content[1]"); "" when unknown. */
  readonly at: string;
  readonly cache?: CacheMark;
  readonly opaques?: readonly Opaque[];
  readonly extras?: Extras;
}

export interface TextBlock extends Part {
  readonly kind: "text";
  readonly text: string;
  readonly citations?: readonly Citation[];
  readonly logprobs?: readonly Logprob[];
}
export interface RefusalBlock extends Part {
  readonly kind: "refusal";
  readonly text: string;
}
export interface ImageBlock extends Part {
  readonly kind: "image";
  readonly source: Source;
  readonly detail?: "low" | "high" | "auto";
}
/** A document: PDF, text or any other file. */
export interface FileBlock extends Part {
  readonly kind: "file";
  readonly source: Source;
  readonly name: string;
  readonly title?: string;
  readonly about?: string;
  readonly isCited?: boolean;
}
export interface AudioBlock extends Part {
  readonly kind: "audio";
  readonly source: Source;
  /** "wav", "mp3", "pcm16"…; "" when only the media type is known. */
  readonly format: string;
  readonly transcript?: string;
  /** The provider's name for what it said, by which a later turn may mean it. */
  readonly id?: string;
}
export interface VideoBlock extends Part {
  readonly kind: "video";
  readonly source: Source;
}
/** `text` is "" where only the opaque part was given. `isSummary`: not the thinking itself but a summary of it. */
export interface ReasoningBlock extends Part {
  readonly kind: "reasoning";
  readonly text: string;
  readonly isSummary: boolean;
}
/**
 * `arguments` is the JSON text as the model wrote it, "" for none; it is parsed only where an object is needed.
 * Of a custom tool it is free text.
 */
export interface ToolCallBlock extends Part {
  readonly kind: "tool-call";
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
  readonly isCustom?: boolean;
}
export interface ToolResultBlock extends Part {
  readonly kind: "tool-result";
  readonly id: string;
  /** Of the tool, where the protocol says it; otherwise it is found by the call's id. */
  readonly name: string;
  readonly content: readonly Block[];
  readonly isError: boolean;
  readonly isCustom?: boolean;
}
/** A block that only its own protocol understands (hosted tools' calls and results, compaction…), with the text that others may read. */
export interface ForeignBlock extends Part {
  readonly kind: "foreign";
  readonly protocol: ProtocolName;
  readonly type: string;
  readonly value: JsonObject;
  readonly text: string;
  /** Without it the conversation means something else, although it stands in a turn of the model's ("item_reference"). */
  readonly isNeeded?: boolean;
}

export type Block =
  | TextBlock | RefusalBlock | ImageBlock | FileBlock | AudioBlock | VideoBlock
  | ReasoningBlock | ToolCallBlock | ToolResultBlock | ForeignBlock;

/**
 * "system" and "developer" stand where they stood: leading ones are the system prompt, later ones are turns in the middle.
 * Results of tools are blocks of a user turn. Turns of one role may follow each other.
 */
export interface Turn {
  readonly role: "system" | "developer" | "user" | "assistant";
  readonly blocks: readonly Block[];
  readonly at: string;
  readonly name?: string;
  readonly extras?: Extras;
}

export type Tool =
  | {
      readonly kind: "function";
      readonly at: string;
      readonly name: string;
      readonly description: string;
      /** JSON Schema; null when the client gave none. */
      readonly schema: JsonObject | null;
      readonly isStrict: boolean | null;
      readonly cache?: CacheMark;
      readonly extras?: Extras;
    }
  /** Takes free text, or text of a grammar. */
  | { readonly kind: "custom"; readonly at: string; readonly name: string; readonly description: string; readonly format: Json; readonly extras?: Extras }
  /** Run by the provider itself. */
  | { readonly kind: "hosted"; readonly at: string; readonly protocol: ProtocolName; readonly name: string; readonly purpose: "web-search" | "other"; readonly value: JsonObject };

export type ToolChoice =
  | { readonly mode: "auto" | "none" | "required" }
  | { readonly mode: "tool"; readonly name: string }
  | { readonly mode: "allowed"; readonly names: readonly string[]; readonly isRequired: boolean };

export type Format =
  | { readonly kind: "text" }
  | { readonly kind: "json" }
  | { readonly kind: "schema"; readonly name: string; readonly description: string; readonly schema: JsonObject; readonly isStrict: boolean | null };

export const efforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"] as const;
export type Effort = (typeof efforts)[number];

/** What the client said of thinking; null where it said nothing. The table between effort and budget is in effort.ts. */
export interface Reasoning {
  readonly effort: Effort | null;
  readonly budgetTokens: number | null;
  /** The model decides itself how much it thinks. */
  readonly isAdaptive: boolean;
  /** Whether the client wants to see the thinking, or a summary of it; null: the provider's default. */
  readonly isShown: boolean | null;
  /** It is shown because its protocol shows it: nobody asked for that. */
  readonly isShownUnasked?: boolean;
  readonly extras?: Extras;
}

/** null: the client said nothing, which is not the same as the default's value. */
export interface Sampling {
  readonly maxOutputTokens: number | null;
  readonly temperature: number | null;
  readonly topP: number | null;
  readonly topK: number | null;
  readonly seed: number | null;
  readonly presencePenalty: number | null;
  readonly frequencyPenalty: number | null;
  readonly stop: readonly string[];
  /** How many answers; null: one. */
  readonly choices: number | null;
  /** null: none asked for; 0: of the chosen tokens only; n: and of the n likeliest beside each. */
  readonly logprobs: number | null;
}

export interface Conversation {
  readonly protocol: ProtocolName;
  /** As the client spelt it: what it reads back. */
  readonly model: string;
  readonly isStreaming: boolean;
  /** Whether the client's stream tells usage where the protocol leaves the choice to the client. */
  readonly isUsageWanted: boolean;
  readonly turns: readonly Turn[];
  readonly tools: readonly Tool[];
  readonly toolChoice: ToolChoice | null;
  readonly isParallel: boolean | null;
  readonly format: Format | null;
  readonly sampling: Sampling;
  readonly reasoning: Reasoning | null;
  readonly verbosity: "low" | "medium" | "high" | null;
  /** Audio beside text in the answer. */
  readonly audio: { readonly voice: string; readonly format: string } | null;
  readonly userId: string | null;
  readonly metadata: Readonly<Record<string, string>> | null;
  /** The client's own word. */
  readonly serviceTier: string | null;
  readonly cacheKey: string | null;
  readonly extras: Extras;
  /** Paths of members inside of members that were read and have no place here: lost to every other protocol. */
  readonly unread?: readonly string[];
}

/** Names of the conversation's members that can be lost as a whole; each client codec says what they are called there. */
export const fields = [
  "maxOutputTokens", "temperature", "topP", "topK", "seed", "presencePenalty", "frequencyPenalty", "stop", "choices", "logprobs",
  "tools", "toolChoice", "isParallel", "format", "reasoning", "verbosity", "audio", "userId", "metadata", "serviceTier", "cacheKey",
] as const;
export type Field = (typeof fields)[number];

/** -1: the provider did not say, which is not 0. Values are snapshots: a later one replaces an earlier one, field by field. */
export interface Usage {
  /** All of the input, cached or not. */
  inputTokens: number;
  /** All of the output, reasoning included. */
  outputTokens: number;
  /** Of the input: read from a cache. */
  cachedInputTokens: number;
  /** Of the input: written into a cache. */
  cacheWriteTokens: number;
  /** Of those written: for an hour instead of minutes. */
  cacheWriteHourTokens: number;
  /** Of the output. */
  reasoningTokens: number;
  /** What the input's were of, as far as it is told. */
  textInputTokens: number;
  imageInputTokens: number;
  videoInputTokens: number;
  audioInputTokens: number;
  documentInputTokens: number;
  /** And the output's. */
  textOutputTokens: number;
  imageOutputTokens: number;
  videoOutputTokens: number;
  audioOutputTokens: number;
}

export const noUsage = (): Usage => ({
  inputTokens: -1,
  outputTokens: -1,
  cachedInputTokens: -1,
  cacheWriteTokens: -1,
  cacheWriteHourTokens: -1,
  reasoningTokens: -1,
  textInputTokens: -1,
  imageInputTokens: -1,
  videoInputTokens: -1,
  audioInputTokens: -1,
  documentInputTokens: -1,
  textOutputTokens: -1,
  imageOutputTokens: -1,
  videoOutputTokens: -1,
  audioOutputTokens: -1,
});

/** What a later snapshot says replaces, what it leaves out stays. */
export const updateUsage = (usage: Usage, later: Usage): void => {
  for (const key of Object.keys(later) as (keyof Usage)[]) if (later[key] >= 0) usage[key] = later[key];
};

export type FinishReason =
  | "stop" | "stop-sequence" | "length" | "context-full" | "tool-calls" | "filter" | "refusal"
  /** A hosted tool of the provider's wants to be continued. */
  | "paused"
  /** The model wrote a call that could not be read. */
  | "malformed"
  /** The provider failed while the model wrote. */
  | "fault"
  | "other";

export interface Finish {
  readonly reason: FinishReason;
  /** The provider's own word, "" when it said none. */
  readonly raw: string;
  /** Which stop string was met, where it is known. */
  readonly stopSequence?: string;
  /** What the provider says of it: why it refused, which filter it was. */
  readonly detail?: string;
}

export interface Choice {
  readonly index: number;
  readonly blocks: readonly Block[];
  readonly finish: Finish;
}

export interface Reply {
  /** The provider's id of the answer, "" when it has none. */
  readonly id: string;
  /** The model that the provider says it used, "" when it does not say. */
  readonly model: string;
  /** Seconds since 1970, 0 when it is not said. */
  readonly createdAt: number;
  readonly choices: readonly Choice[];
  readonly usage: Usage;
  readonly serviceTier: string;
  readonly extras?: Extras;
}

/** How a block begins: what grows comes in events behind it. */
export type BlockHead =
  | { readonly kind: "text" | "refusal" }
  | { readonly kind: "reasoning"; readonly isSummary: boolean }
  | { readonly kind: "tool-call"; readonly id: string; readonly name: string; readonly isCustom: boolean }
  | { readonly kind: "audio"; readonly id: string; readonly format: string }
  /** Comes whole: nothing but its end follows. */
  | { readonly kind: "whole"; readonly block: ImageBlock | VideoBlock | FileBlock | ForeignBlock };

/**
 * An answer as it grows. A decoder keeps this order, and an encoder may rely on it:
 * `start` first and once; blocks of a choice have ascending indices from 0, and each is begun and ended once; a block is
 * filled only while it is open; `finish` once for each choice, when its blocks are ended; `usage` any time; then `end` once,
 * or `failure` once, as the last of all. Blocks of one choice may be open at the same time; who cannot write
 * that asks one-at-a-time.ts. `ping` may stand anywhere.
 */
export type Event =
  | { readonly kind: "start"; readonly id: string; readonly model: string; readonly createdAt: number; readonly serviceTier: string; readonly extras?: Extras }
  | { readonly kind: "block-start"; readonly choice: number; readonly index: number; readonly head: BlockHead; readonly extras?: Extras }
  /** More of a text, a refusal, a reasoning or a tool call's arguments, or of an audio's transcript. */
  | { readonly kind: "text"; readonly choice: number; readonly index: number; readonly text: string; readonly logprobs?: readonly Logprob[] }
  /** More of an audio's bytes: base64 that can be decoded by itself. */
  | { readonly kind: "media"; readonly choice: number; readonly index: number; readonly data: string }
  | { readonly kind: "opaque"; readonly choice: number; readonly index: number; readonly opaque: Opaque }
  | { readonly kind: "citation"; readonly choice: number; readonly index: number; readonly citation: Citation }
  | { readonly kind: "block-stop"; readonly choice: number; readonly index: number; readonly extras?: Extras }
  | { readonly kind: "usage"; readonly usage: Usage }
  | { readonly kind: "finish"; readonly choice: number; readonly finish: Finish }
  | { readonly kind: "failure"; readonly failure: ProviderFailure }
  | { readonly kind: "ping" }
  /** The provider said that this was all. */
  | { readonly kind: "end"; readonly extras?: Extras };

export type { FailureKind };

/** An error of a provider's: in the head, in a body with status 200, or inside a stream. */
export interface ProviderFailure {
  readonly kind: FailureKind;
  /** As the provider sent it; 0 when it stood inside a success. */
  readonly status: number;
  readonly message: string;
  /** The provider's own words for it, "" for none. */
  readonly type: string;
  readonly code: string;
  readonly parameter: string;
  /** 0: not said. */
  readonly retryAfterSeconds: number;
  /** The provider did not say it: it was found in what the provider sent. */
  readonly isFoundHere?: boolean;
}

/** One thing that the other side cannot carry. `major`: the answer would mean something else. */
export interface Loss {
  /** In the words of the one who said it: "tools[2]", "response_format". */
  readonly path: string;
  readonly reason: LossReason;
  readonly severity: "minor" | "major";
}

export const lossReasons = [
  /** The other side has no such thing. */
  "unsupported",
  /** It has one, but not as much, as many or as long: what it takes was sent. */
  "limited",
  /** It has something near to it, which was sent. */
  "approximated",
  /** Bound to an account or a vendor that the other side is not. */
  "foreign",
  /** The model of the target takes it with no other value than its own. */
  "fixed-by-model",
] as const;
export type LossReason = (typeof lossReasons)[number];
