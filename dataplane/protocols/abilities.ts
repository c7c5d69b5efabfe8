// What a protocol can carry at a provider, as data: a conversation is made to fit it, and each loss is told.
// An encoder then meets nothing that it cannot say.

/** "native": said as it is. "emulated": said in another way and undone on the way back. "none": lost. */
export type Support = "native" | "emulated" | "none";

export interface Abilities {
  /** What images, files and audio may come as. URLs of a provider that takes only bytes are fetched. */
  readonly imageSources: readonly ("url" | "bytes")[];
  readonly fileSources: readonly ("url" | "bytes" | "text")[];
  /** Media types of files, "*" for any; a text file of another type is put in as text. */
  readonly fileTypes: readonly string[];
  readonly audioFormats: readonly string[];
  readonly hasVideo: boolean;
  /** "native": in the system prompt and in the middle. "leading": only before the first turn; later ones become tagged user text. */
  readonly system: "anywhere" | "leading";
  readonly hasTools: boolean;
  /** Names of tools: what does not match is renamed, and back on the way back. */
  readonly toolName: { readonly pattern: RegExp; readonly lengthMax: number };
  /** Ids of calls: likewise. `null`: the protocol has no ids, calls and results go by name and order. */
  readonly callId: { readonly pattern: RegExp; readonly lengthMax: number } | null;
  readonly toolChoices: ReadonlySet<"auto" | "none" | "required" | "tool" | "allowed">;
  readonly hasParallelSwitch: boolean;
  /** "emulated": as a function with one string. */
  readonly customTools: Support;
  /** What may stand in a tool's result beside text. */
  readonly resultMedia: ReadonlySet<"image" | "file">;
  readonly hasResultErrors: boolean;
  /** Each call of a turn must have its result in the next one. */
  readonly needsEveryResult: boolean;
  /** "emulated": as a tool that is forced. */
  readonly schema: Support;
  /** "emulated": by an instruction. */
  readonly json: Support;
  /** Where the form of the answer is told otherwise when there are tools. */
  readonly formatBesideTools?: Support;
  /** 0: none at all. What the target does not stop at, the gateway stops at. */
  readonly stopMax: number;
  /** A stop string of white space only is refused there. */
  readonly refusesBlankStops?: boolean;
  readonly choicesMax: number;
  /** Highest number of likeliest tokens; -1: no logprobs at all. */
  readonly logprobsMax: number;
  readonly temperatureMax: number;
  readonly sampling: ReadonlySet<"temperature" | "topP" | "topK" | "seed" | "presencePenalty" | "frequencyPenalty">;
  /** "none": a conversation that asks for thinking loses it. */
  readonly reasoning: "effort" | "budget" | "switch" | "none";
  /** An assistant turn at the end is gone on with. */
  readonly hasPrefill: boolean;
  /** A conversation may begin with an assistant turn. */
  readonly mayBeginWithAssistant: boolean;
  readonly hasAudioOutput: boolean;
  /** Turns can say who of several speaks; absent: no. */
  readonly hasTurnNames?: boolean;
  readonly hasVerbosity: boolean;
  readonly hasUserId: boolean;
  /** Characters of a user's id, and of a cache's key below: a longer one is sent as its digest. Absent: any number. */
  readonly userIdMax?: number;
  /** A user's id that is an address or a telephone number is refused there, and sent as its digest. */
  readonly refusesPersonalIds?: boolean;
  readonly hasMetadata: boolean;
  /** Metadata and a user's id are labels there: in small letters, without the characters that are refused, and so long. Absent: any words. */
  readonly label?: { readonly refused: RegExp; readonly lengthMax: number; /** The label that is the user's id. */ readonly ofUser: string };
  readonly hasServiceTier: boolean;
  readonly hasCacheKey: boolean;
  readonly cacheKeyMax?: number;
  /** How many places can be marked for the cache; 0: none, which loses nothing of the meaning. */
  readonly cacheMarksMax: number;
  readonly hasHostedWebSearch: boolean;
}
