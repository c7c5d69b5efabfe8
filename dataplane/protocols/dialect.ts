// How a vendor's form of a protocol differs from the protocol, as data of its catalogue row. Codecs and the splice read it.
// Everything is optional: an empty dialect is the protocol itself.
import type { JsonObject } from "./json-members.ts";
import type { Abilities } from "./abilities.ts";

export interface Dialect {
  /** Top-level members of a request that the vendor refuses: left out, each a loss; in pass-through too. */
  readonly refuses?: readonly string[];
  /** Top-level members that are called otherwise there. */
  readonly renames?: Readonly<Record<string, string>>;
  /** Top-level members that every request must have. */
  readonly adds?: JsonObject;
  /** The path of an operation where it is another: "/chat/completions" → "/deployments/{model}/chat/completions?api-version=2026-10-01". */
  readonly paths?: Readonly<Record<string, string>>;
  /** The model stands in the path only. */
  readonly omitsModel?: boolean;
  /** Differences in what it can carry. */
  readonly abilities?: Partial<Abilities>;
  /** Chat: the member that limits the output. */
  readonly outputLimit?: "max_tokens" | "max_completion_tokens";
  /** Chat: where thinking stands in messages and deltas that are sent there; all are read. */
  readonly reasoningMember?: "reasoning_content" | "reasoning" | "reasoning_details" | "thinking-parts";
  /** Chat: how an amount of thinking is asked for. */
  readonly reasoningRequest?: "reasoning_effort" | "reasoning" | "thinking" | "enable_thinking" | "none";
  /** Chat: thinking must be sent back with the turns that hold tool calls, even when it is empty. */
  readonly replaysReasoning?: boolean;
  /** Chat: thinking stands in the text between <think> and </think>. */
  readonly hasThinkTags?: boolean;
  /** Chat: `stream_options` is refused; usage comes without it. */
  readonly refusesStreamOptions?: boolean;
  /** Chat: an assistant turn at the end is marked so that it is gone on with. */
  readonly prefillMember?: "prefix" | "partial";
  /** Chat: the member of a part that marks it for the cache; OpenAI's own when it is not said. */
  readonly cacheMember?: "cache_control" | "prompt_cache_breakpoint";
  /** Chat: several calls in one turn are made only when that is asked for. */
  readonly callsOneByOne?: boolean;
  /** The model can only stream; a reply is joined from it. */
  readonly onlyStreams?: boolean;
  /** By which members a request for one whole answer becomes one for a stream, where `onlyStreams`; in pass-through. */
  readonly streamMembers?: JsonObject;
  /** Streams come in Amazon's frames, each with one event of the protocol in it. */
  readonly streamFraming?: "aws-frames";
  /**
   * False: the vendor speaks the protocol without its counting of tokens; the gateway estimates. "invoke": Bedrock's own counting,
   * of a body to be invoked with. For Chat, which has none: "chat", llama.cpp's route, and "tokenize", vLLM's tokenizer.
   */
  readonly countsTokens?: boolean | "invoke" | "chat" | "tokenize";
  /** Of those that count there are some that do not, by their age or by who is behind them: one that says so is estimated for. */
  readonly mayLackCount?: boolean;
  /** The seed is called otherwise ("random_seed"). */
  readonly seedMember?: string;
  /** Responses: summaries of thinking are refused to accounts that have not proved who they are. */
  readonly summariesNeedProof?: boolean;
  /** Gemini: the tier is asked for in this header, and not in the body. */
  readonly tierHeader?: string;
  /** Gemini: counts and vectors are asked for in another form than Google AI's. */
  readonly sideForm?: "vertex";
  /** Gemini: refuses to be asked to tell what tools of its own did beside the client's. */
  readonly hidesServerTools?: boolean;
  /** Messages: where betas are named (a header when it is not said), which are known (all of the client's when it is not said), and which by another name. */
  readonly betas?: { readonly in?: "header" | "body"; readonly takes?: readonly string[]; readonly renames?: Readonly<Record<string, string>> };
}

export const noDialect: Dialect = {};
