// Members of a conversation that a target has or has not, and that nothing else takes the place of.
import type { Conversation, Field, Loss, Turn } from "../ir.ts";
import { mapTurns } from "./blocks.ts";
import type { Concern, Fitting } from "./fitting.ts";

type Plain = "verbosity" | "userId" | "metadata" | "serviceTier" | "cacheKey" | "audio";

/** Only an answer without its sound is another answer. */
const severities = { verbosity: "minor", userId: "minor", metadata: "minor", serviceTier: "minor", cacheKey: "minor", audio: "major" } as const satisfies Record<Plain, Loss["severity"]>;
const names = Object.keys(severities) as Plain[];

const takes = (field: Plain, { abilities }: Fitting): boolean => {
  switch (field) {
    case "verbosity":
      return abilities.hasVerbosity;
    case "userId":
      return abilities.hasUserId;
    case "metadata":
      return abilities.hasMetadata;
    case "serviceTier":
      return abilities.hasServiceTier;
    case "cacheKey":
      return abilities.hasCacheKey;
    case "audio":
      return abilities.hasAudioOutput;
  }
};

export const without = (conversation: Conversation, field: Field): Conversation => ({ ...conversation, [field]: null });

const withoutName = ({ name: _, ...turn }: Turn): Turn => turn;

/** Told once, at the first turn that has one: a history repeats them. */
const fitNames: Concern = (conversation, fitting) => {
  if (fitting.abilities.hasTurnNames === true) return conversation;
  const named = conversation.turns.find(({ name }) => name !== undefined);
  if (named === undefined) return conversation;
  fitting.lose(`${named.at}.name`, "unsupported", "minor");
  return mapTurns(conversation, (turn) => (turn.name === undefined ? turn : withoutName(turn)));
};

export const fitMembers: Concern = (conversation, fitting) => {
  let fitted = fitNames(conversation, fitting);
  for (const field of names) {
    if (fitted[field] === null || takes(field, fitting)) continue;
    fitting.loseField(field, "unsupported", severities[field]);
    fitted = without(fitted, field);
  }
  return fitted;
};
