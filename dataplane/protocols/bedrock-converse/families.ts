// What the families of models behind Converse differ in, read from a model's id: "us.anthropic.claude-…", the ARN of a profile
// that has it in its name. An id that says nothing of its family is asked for what most of them take. Seen 2026-11.
import { type Traits, traitsOf } from "../claude-traits.ts";

type Choice = "auto" | "none" | "required" | "tool";

export interface Family {
  /** Null for models that are not Claude. */
  readonly claude: Traits | null;
  /** Which of the words for a choice among tools it takes. Claude is told "none" beside the request. */
  readonly choices: readonly Choice[];
  /** How thinking is asked for: as Claude is, by Nova's member, by a word, or not at all. */
  readonly thinking: "claude" | "nova" | "effort" | "none";
  readonly topK: "top_k" | "nova" | "none";
  readonly cacheMarksMax: number;
  readonly hasImages: boolean;
  readonly hasVideo: boolean;
  readonly hasAudio: boolean;
}

const plain: Family = { claude: null, choices: ["auto"], thinking: "none", topK: "none", cacheMarksMax: 0, hasImages: true, hasVideo: false, hasAudio: false };
const nova: Family = { ...plain, choices: ["auto", "required", "tool"], topK: "nova", cacheMarksMax: 4, hasVideo: true };

const rows: readonly (readonly [pattern: RegExp, family: Family])[] = [
  [/amazon\.nova-2/, { ...nova, thinking: "nova", hasAudio: true }],
  [/amazon\.nova/, nova],
  [/(?:^|[./])mistral\./, { ...plain, choices: ["auto", "required"], topK: "top_k", hasAudio: true }],
  [/openai\.gpt-oss/, { ...plain, thinking: "effort", hasImages: false }],
  [/deepseek\./, { ...plain, hasImages: false }],
  [/(?:^|[./])(?:meta|cohere|ai21|qwen|zai|moonshot|moonshotai|minimax|google|nvidia|writer|luma|stability|twelvelabs)\.|amazon\.titan/, plain],
];

const unsaid: Family = { claude: null, choices: ["auto", "required", "tool"], thinking: "claude", topK: "top_k", cacheMarksMax: 4, hasImages: true, hasVideo: true, hasAudio: true };

const claudeOf = (traits: Traits): Family => ({
  ...unsaid,
  claude: traits,
  choices: traits.hasForcedTools ? ["auto", "none", "required", "tool"] : ["auto", "none"],
  thinking: traits.thinking === "none" ? "none" : "claude",
  hasVideo: false,
  hasAudio: false,
});

export const familyOf = (name: string): Family => {
  const model = name.toLowerCase();
  const traits = traitsOf(model);
  if (traits.isClaude) return claudeOf(traits);
  return rows.find(([pattern]) => pattern.test(model))?.[1] ?? unsaid;
};
