// Dialects of chat completions that several vendors share, to be written once. Data only.
import type { Abilities } from "../protocols/abilities.ts";
import type { Dialect } from "../protocols/dialect.ts";

/** What OpenAI has and hardly anybody who is compatible with it: grammar tools, verbosity, a key of the cache, a tier, metadata. */
export const plain = {
  customTools: "emulated",
  toolChoices: new Set(["auto", "none", "required", "tool"]),
  hasVerbosity: false,
  hasMetadata: false,
  hasServiceTier: false,
  hasCacheKey: false,
  hasUserId: false,
} as const satisfies Partial<Abilities>;

/** Neither pictures nor files nor sound. */
export const textOnly = { imageSources: [], fileSources: [], audioFormats: [] } as const satisfies Partial<Abilities>;

/** Pictures, but neither files nor sound. */
export const picturesOnly = { fileSources: [], audioFormats: [] } as const satisfies Partial<Abilities>;

/** A schema is asked for as a tool that is forced. */
export const noSchema = { schema: "emulated" } as const satisfies Partial<Abilities>;

/** Servers with open models: they take what their samplers know, and nothing that OpenAI sells. */
export const openModels = {
  ...plain,
  ...picturesOnly,
  hasUserId: true,
  system: "leading",
  sampling: new Set(["temperature", "topP", "topK", "seed", "presencePenalty", "frequencyPenalty"]),
} as const satisfies Partial<Abilities>;

/** OpenAI's models behind somebody else's address take the newer member only, and all others know the older one. */
export const OPENAI_THINKERS = /(?:^|\/)(?:o\d|gpt-5)/;

export const byOpenai: Dialect = { outputLimit: "max_completion_tokens" };

/** One whole answer is joined from a stream, which is asked to tell its usage. */
export const onlyStreams: Dialect = { onlyStreams: true, streamMembers: { stream: true, stream_options: { include_usage: true } } };

/** For protocols that count tokens, at vendors that do not. */
export const uncounted: Dialect = { countsTokens: false };

/** At servers of which only the newer ones count, or only some of those who are behind them. */
export const perhapsCounted: Dialect = { mayLackCount: true };
