// Which tools may or must be called, said in the words that the target has: a subset by leaving the others out, one tool by
// leaving all others out and forcing a call, none by leaving all out. Not for the tool that stands for a schema: format.ts.
import type { Abilities } from "../abilities.ts";
import type { Conversation, Tool, ToolChoice } from "../ir.ts";
import { hasToolBlocks, instruct } from "./blocks.ts";
import type { Concern, Fitting } from "./fitting.ts";

const NO_CALLS = "Do not call any tool in this answer.";

const keepOnly = (tools: readonly Tool[], names: readonly string[]): readonly Tool[] => tools.filter(({ name }) => names.includes(name));

/** Targets that know tools in the history want to know the tools too, so they stay, and the model is told. */
const chooseNone = (conversation: Conversation, fitting: Fitting): Conversation => {
  if (!hasToolBlocks(conversation)) return { ...conversation, tools: [], toolChoice: null };
  fitting.loseField("toolChoice", "approximated", "minor");
  return instruct({ ...conversation, toolChoice: null }, NO_CALLS);
};

const force = (conversation: Conversation, fitting: Fitting): Conversation => {
  if (conversation.tools.length === 0) return { ...conversation, toolChoice: null };
  if (fitting.abilities.toolChoices.has("required")) return { ...conversation, toolChoice: { mode: "required" } };
  fitting.loseField("toolChoice", "unsupported", "major");
  return { ...conversation, toolChoice: null };
};

const choose = (conversation: Conversation, choice: ToolChoice, fitting: Fitting): Conversation => {
  const { tools } = conversation;
  switch (choice.mode) {
    case "auto":
      return { ...conversation, toolChoice: null };
    case "none":
      return chooseNone(conversation, fitting);
    case "required":
      return force(conversation, fitting);
    case "tool":
      return force({ ...conversation, tools: keepOnly(tools, [choice.name]) }, fitting);
    case "allowed": {
      const allowed = { ...conversation, tools: keepOnly(tools, choice.names), toolChoice: null };
      return choice.isRequired ? force(allowed, fitting) : allowed;
    }
  }
};

const isKnown = (choice: ToolChoice, tools: readonly Tool[]): boolean => choice.mode !== "tool" || tools.some(({ name }) => name === choice.name);

const fitChoice: Concern = (conversation, fitting) => {
  const { toolChoice, tools } = conversation;
  if (toolChoice === null) return conversation;
  // A choice among tools that are not there: what was left out has been told already, and the rest is the client's own.
  if (tools.length === 0 || !isKnown(toolChoice, tools)) return { ...conversation, toolChoice: null };
  return has(fitting.abilities, toolChoice) ? conversation : choose(conversation, toolChoice, fitting);
};

/** Last: without tools nothing is called side by side. */
export const fitToolChoice: Concern = (conversation, fitting) => fitParallel(fitChoice(conversation, fitting), fitting);

const has = ({ toolChoices }: Abilities, { mode }: ToolChoice): boolean => toolChoices.has(mode);

const fitParallel = (conversation: Conversation, fitting: Fitting): Conversation => {
  const { isParallel, tools } = conversation;
  if (isParallel === null || (fitting.abilities.hasParallelSwitch && tools.length > 0)) return conversation;
  if (!isParallel && tools.length > 0) fitting.loseField("isParallel", "unsupported", "minor");
  return { ...conversation, isParallel: null };
};
