// What a conversation and a reply mean, in a form that can be compared across protocols: how turns are cut, ids, names of
// files and the protocol's own words mean nothing here.
import { unwrap } from "../../../dataplane/protocols/carrier.ts";
import { askedEffort } from "../../../dataplane/protocols/effort.ts";
import type { Block, Choice, Conversation, Reply, Source, Tool, ToolChoice } from "../../../dataplane/protocols/ir.ts";

/** Aspect → what it says; compared aspect by aspect. */
export type Meaning = Readonly<Record<string, string>>;

const canonical = (value: unknown): string => JSON.stringify(value, (_, inner: unknown) => (typeof inner === "object" && inner !== null && !Array.isArray(inner) ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1))) : inner));

/** What is no JSON stands in an object where an object must stand. */
const parsed = (text: string): string => {
  try {
    return canonical(JSON.parse(text === "" ? "{}" : text));
  } catch {
    return canonical({ _raw: text });
  }
};

const sourceOf = (source: Source): string => {
  switch (source.kind) {
    case "url":
      return source.url;
    case "bytes":
      return `data ${source.data.slice(0, 40)}`;
    case "text":
      return `data ${Buffer.from(source.text).toString("base64").slice(0, 40)}`;
    case "stored":
      return `stored ${source.id}`;
  }
};

/** Ids mean only which result belongs to which call. */
class Pairs {
  readonly #ordinals = new Map<string, number>();

  of(id: string): string {
    const ordinal = this.#ordinals.get(id) ?? this.#ordinals.size + 1;
    this.#ordinals.set(id, ordinal);
    return `#${ordinal}`;
  }
}

const mark = (block: Block): string => (block.cache === undefined ? "" : " (marked)");

/** How texts that follow each other are cut means nothing, nor does how much empty space is between them. */
const joined = (parts: readonly { readonly who: string; readonly block: Block }[], pairs: Pairs): string => {
  const lines: string[] = [];
  let before: string | null = null;
  for (const { who, block } of parts) {
    const meaning = blockMeaning(block, pairs);
    if (meaning === "") continue;
    const isText = block.kind === "text" && block.cache === undefined;
    if (isText && before === who) lines.push(`${lines.pop() ?? ""}\n${meaning.slice("text ".length)}`);
    else lines.push(`${who}${meaning}`);
    before = isText ? who : null;
  }
  return lines.join("\n").replace(/\s*\n\s*/g, "\n");
};

const valuesIn = (value: string): string[] => unwrap(value)?.flatMap((opaque) => (opaque.kind === "id" ? [] : valuesIn(opaque.value))) ?? [value];
const valueOf = (value: string): string => valuesIn(value).join();

const blockMeaning = (block: Block, pairs: Pairs): string => {
  switch (block.kind) {
    case "text":
      return block.text === "" ? "" : `text ${block.text}${mark(block)}`;
    case "refusal":
      return `refusal ${block.text}`;
    case "image":
    case "video":
    case "audio":
    case "file":
      return `${block.kind} ${sourceOf(block.source)}${mark(block)}`;
    case "reasoning":
      return `reasoning ${block.text} ${(block.opaques ?? []).map(({ kind, value }) => (kind === "id" ? "" : valueOf(value))).join("")}`;
    case "tool-call":
      return `call ${pairs.of(block.id)} ${block.name} ${block.isCustom === true ? `free ${block.arguments}` : parsed(block.arguments)}${mark(block)}`;
    case "tool-result":
      return `result ${pairs.of(block.id)}${block.isError ? " error" : ""} [${joined(block.content.map((inner) => ({ who: "", block: inner })), pairs)}]${mark(block)}`;
    case "foreign":
      return `foreign ${block.type}`;
  }
};

const spoken = ({ turns }: Conversation): string => joined(turns.flatMap(({ role, blocks }) => blocks.map((block) => ({ who: role === "developer" ? "system: " : `${role}: `, block }))), new Pairs());

const toolMeaning = (tool: Tool): string => {
  switch (tool.kind) {
    case "function":
      return `function ${tool.name}: ${tool.description} ${canonical(tool.schema ?? { type: "object", properties: {} })}${tool.isStrict === true ? " strict" : ""}${tool.cache === undefined ? "" : " (marked)"}`;
    case "custom":
      return `custom ${tool.name}: ${tool.description}`;
    case "hosted":
      return `hosted ${tool.purpose}`;
  }
};

const choiceMeaning = (choice: ToolChoice | null): string => {
  switch (choice?.mode) {
    case "tool":
      return `tool ${choice.name}`;
    case "allowed":
      return `${choice.isRequired ? "required" : "auto"} of ${choice.names.join()}`;
    default:
      return choice?.mode ?? "auto";
  }
};

const formatMeaning = ({ format }: Conversation): string => (format?.kind === "schema" ? `schema ${canonical(format.schema)}` : (format?.kind ?? "text"));

const number = (value: number | null): string => (value === null ? "" : String(value));

export const conversationMeaning = (conversation: Conversation): Meaning => {
  const { sampling, reasoning, tools } = conversation;
  const effort = reasoning === null ? null : askedEffort(reasoning);
  return {
    turns: spoken(conversation),
    tools: tools.map(toolMeaning).join("\n"),
    toolChoice: tools.length === 0 ? "auto" : choiceMeaning(conversation.toolChoice),
    isParallel: String(tools.length === 0 || conversation.isParallel !== false),
    format: formatMeaning(conversation),
    ...Object.fromEntries((["maxOutputTokens", "temperature", "topP", "topK", "seed", "presencePenalty", "frequencyPenalty", "logprobs"] as const).map((name) => [name, number(sampling[name])])),
    choices: String(sampling.choices ?? 1),
    stop: sampling.stop.join(),
    reasoning: reasoning === null ? "" : (effort ?? "as the model likes"),
    verbosity: conversation.verbosity ?? "",
    audio: conversation.audio === null ? "" : "asked",
    userId: conversation.userId === null ? "" : "told",
    metadata: conversation.metadata === null ? "" : canonical(conversation.metadata),
    serviceTier: conversation.serviceTier === null ? "" : "asked",
    cacheKey: conversation.cacheKey ?? "",
  };
};

/** Words that two protocols may have one of: what is to be done then is the same. */
const finishes = {
  stop: "done", "stop-sequence": "done", length: "cut off", "context-full": "cut off", "tool-calls": "calls", filter: "withheld", refusal: "withheld",
  paused: "paused", malformed: "broken", fault: "broken", other: "odd",
} as const;

/** What an end may be told as where there is no word for it: never as one that is well. */
export const retoldFinishes: Readonly<Record<string, readonly string[]>> = { paused: ["cut off"], broken: ["withheld", "odd"] };

/** A citation without a place is one of all of its text. */
const citationsOf = (block: Block): string[] =>
  block.kind === "text" ? (block.citations ?? []).map(({ url, title, start, end }) => `${url} ${title} "${start < 0 || end < 0 ? block.text : block.text.slice(start, end)}"`) : [];

/** Wherever they stand: some protocols have one place for them all. */
const opaquesIn = (blocks: readonly Block[]): string => [...new Set(blocks.flatMap(({ opaques = [] }) => opaques.flatMap(({ kind, value }) => (kind === "id" ? [] : valuesIn(value)))))].toSorted().join();
const logprobsOf = (block: Block): string => (block.kind === "text" ? (block.logprobs ?? []).map(({ token, logprob }) => `${token} ${logprob}`).join() : "");

const textOf = (blocks: readonly Block[], kind: "text" | "refusal" | "reasoning"): string => blocks.map((block) => (block.kind === kind ? block.text : "")).join("");

const choiceOf = ({ blocks, finish }: Choice): Meaning => {
  const calls = blocks.filter((block) => block.kind === "tool-call");
  return {
    text: textOf(blocks, "text"),
    refusal: textOf(blocks, "refusal"),
    reasoning: textOf(blocks, "reasoning"),
    calls: calls.map(({ name, arguments: text, isCustom }) => `${name} ${isCustom === true ? text : parsed(text)}`).join("\n"),
    ids: String(new Set(calls.map(({ id }) => id)).size === calls.length && calls.every(({ id }) => id !== "")),
    opaques: opaquesIn(blocks),
    citations: blocks.flatMap(citationsOf).toSorted().join(),
    foreign: blocks.flatMap((block) => (block.kind === "foreign" ? [block.type] : [])).join(),
    transcripts: blocks.map((block) => (block.kind === "audio" ? (block.transcript ?? "") : "")).join(""),
    logprobs: blocks.map(logprobsOf).join(""),
    media: blocks.flatMap((block) => (block.kind === "image" || block.kind === "audio" ? [`${block.kind} ${sourceOf(block.source)}`] : [])).toSorted().join(),
    finish: finishes[finish.reason],
  };
};

/** Not every protocol has a place for each of them; none may be made up, and the sums must be right. */
export const partsOfUsage = ["cachedInputTokens", "cacheWriteTokens", "cacheWriteHourTokens", "reasoningTokens", "audioInputTokens", "audioOutputTokens"] as const;

export const replyMeaning = (reply: Reply): Meaning => {
  const { usage } = reply;
  const choices = reply.choices.flatMap((choice) => Object.entries(choiceOf(choice)).map(([aspect, value]) => [choice.index === 0 ? aspect : `choice ${choice.index} ${aspect}`, value] as const));
  return {
    ...Object.fromEntries(choices),
    inputTokens: number(usage.inputTokens),
    outputTokens: number(usage.outputTokens),
    ...Object.fromEntries(partsOfUsage.map((part) => [part, number(Math.max(usage[part], 0))])),
  };
};

/** Aspects in which the two differ. */
export const differences = (one: Meaning, other: Meaning): string[] => [...new Set([...Object.keys(one), ...Object.keys(other)])].filter((aspect) => (one[aspect] ?? "") !== (other[aspect] ?? ""));
