// What the generations of Claude differ in, read from a model's name as any vendor spells it. Seen 2026-11, from Anthropic's
// migration guides. A name without "claude" belongs to a vendor that only speaks the protocol: it is asked for what it is asked for.

export interface Traits {
  readonly isClaude: boolean;
  /** How thinking is asked for; "both" takes a budget and decides by itself as well. */
  readonly thinking: "none" | "budget" | "both" | "adaptive" | "any";
  /** How it is turned off. */
  readonly off: "disabled" | "between_tools" | "never";
  readonly hasEffort: boolean;
  readonly hasHighestEfforts: boolean;
  readonly hasSampling: boolean;
  /** temperature and top_p exclude each other. */
  readonly hasOneSampler: boolean;
  readonly hasForcedTools: boolean;
  readonly hasSchema: boolean;
  readonly hasPrefill: boolean;
  readonly hasMidSystem: boolean;
}

const VERSION = /claude\D*?(\d+)(?:[-.](\d{1,2}))?(?!\d)/;
const FAMILY = /opus|sonnet|haiku|fable|mythos/;
/** Of a Claude that tells no version: "claude-mythos-preview" came without one. */
const NEWEST = 599;

/** 4.5 is 405. */
const versionOf = (model: string): number => {
  const [, major, minor] = VERSION.exec(model) ?? [];
  return major === undefined ? NEWEST : Number(major) * 100 + Number(minor ?? 0);
};

const compatible: Traits = {
  isClaude: false,
  thinking: "any",
  off: "disabled",
  hasEffort: true,
  hasHighestEfforts: true,
  hasSampling: true,
  hasOneSampler: false,
  hasForcedTools: true,
  hasSchema: false,
  hasPrefill: true,
  hasMidSystem: false,
};

const thinkingOf = (version: number): Traits["thinking"] => {
  if (version < 307) return "none";
  if (version < 406) return "budget";
  return version === 406 ? "both" : "adaptive";
};

const offOf = (family: string, version: number): Traits["off"] => {
  if (family === "fable" || family === "mythos" || (family === "opus" && version >= 505)) return "never";
  return family === "sonnet" && version >= 505 ? "between_tools" : "disabled";
};

const claude = (family: string, version: number): Traits => {
  const isGreatest = family === "fable" || family === "mythos";
  return {
    isClaude: true,
    thinking: thinkingOf(version),
    off: offOf(family, version),
    hasEffort: version >= 406 || (version === 405 && family === "opus"),
    hasHighestEfforts: version >= 407,
    hasSampling: version <= 406,
    hasOneSampler: version >= 401 && version <= 406,
    hasForcedTools: !(isGreatest && version >= 501) && !(family === "opus" && version >= 505),
    hasSchema: version >= 405 || (version === 401 && family === "opus"),
    hasPrefill: version < 406,
    hasMidSystem: version >= 408,
  };
};

export const traitsOf = (name: string): Traits => {
  const model = name.toLowerCase();
  return model.includes("claude") ? claude(FAMILY.exec(model)?.[0] ?? "", versionOf(model)) : compatible;
};
