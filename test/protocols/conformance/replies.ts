// One answer on its way back: a provider's bytes, what they mean, the client's bytes, what those mean to a client of that
// protocol; whole and as a stream, which must say the same.
import { Collector } from "../../../dataplane/protocols/collect.ts";
import { isFailure, type ClientCodec, type Codec, type ProviderCodec } from "../../../dataplane/protocols/codec.ts";
import { fit, type Undo } from "../../../dataplane/protocols/fit/index.ts";
import type { Block, Conversation, Event, Reply } from "../../../dataplane/protocols/ir.ts";
import { eventsOf } from "../../../dataplane/protocols/replay.ts";
import { ownWords, type AnswerCase } from "./answers.ts";
import { askedBy, conversations } from "./conversations.ts";
import { differences, partsOfUsage as partNames, replyMeaning, retoldFinishes, type Meaning } from "./meaning.ts";
import { bothHalves, targetOf } from "./protocols.ts";
import { askedIn, type Outcome, words } from "./requests.ts";
import { serverOf, signs, unwritten } from "./servers.ts";

const EVENT_BYTES_MAX = 8_388_608;

/** What is undone when the conversation has tools: calls that came without an id get one. */
const undoFor = (client: ClientCodec, provider: ProviderCodec, asked: Conversation): Undo => {
  const target = targetOf(provider, asked.isStreaming);
  const tools: Conversation["tools"] = [{ kind: "function", at: "", name: "weather", description: "", schema: null, isStrict: null }];
  return fit({ ...asked, tools }, target, provider.abilities(target.dialect, target.model), client).undo;
};

const untold: ReadonlySet<string> = new Set(["inputTokens", "outputTokens"]);
const partsOfUsage: ReadonlySet<string> = new Set(partNames);

const unsaid = (because: string): Outcome => ({ verdict: "unsaid", losses: [], because, faults: [] });

export const questionOf = (client: ClientCodec, isStreaming: boolean): Conversation => {
  const [plain] = conversations;
  if (plain === undefined) throw new Error("there are no conversations");
  const asked = askedBy(plain, client.name);
  // Thinking is shown to those who ask for it.
  const reasoning = { effort: null, budgetTokens: null, isAdaptive: true, isShown: true };
  return { ...asked, isStreaming, isUsageWanted: true, reasoning, sampling: { ...asked.sampling, logprobs: 4, choices: 2 } };
};

const canAsk = (one: ClientCodec, { after }: Pick<AnswerCase, "after">): boolean => {
  const question = conversations.find(({ name }) => name === after);
  return question === undefined || !("verdict" in askedIn(one, question));
};

/** Without one nothing comes back that only the provider could read. */
const hasHistory = (client: ClientCodec): boolean => canAsk(client, { after: "several turns" });

/** Null: it can be tried. */
const idle = (client: ClientCodec, provider: ProviderCodec, one: AnswerCase): Outcome | null => {
  const server = bothHalves(provider);
  if (one.own !== undefined && one.own[provider.name] === undefined) return unsaid("its providers have no such thing");
  if (one.about.includes("opaques") && !hasHistory(client)) return unsaid("its clients have no history");
  if (!canAsk(client, one)) return unsaid("its clients cannot ask for it");
  return server === null || canAsk(server, one) ? null : unsaid("its providers cannot say it");
};

const owned = (block: Block, provider: ProviderCodec): Block => {
  const { opaques, ...bare } = block;
  if (opaques === undefined) return block;
  return signs(provider) ? { ...block, opaques: opaques.map((opaque) => ({ ...opaque, origin: provider.name })) } : bare;
};

/** What is opaque is the provider's own, and so are some blocks and words. */
export const ofProvider = ({ reply, own = {} }: AnswerCase, provider: ProviderCodec): Reply => ({
  ...reply,
  choices: reply.choices.map((choice) => ({
    ...choice,
    finish: { ...choice.finish, raw: ownWords[provider.name]?.[choice.finish.reason] ?? choice.finish.raw },
    blocks: [...choice.blocks, ...(own[provider.name] ?? [])].map((block) => owned(block, provider)),
  })),
});

export interface Told {
  readonly reply: Reply;
  readonly losses: readonly string[];
}

const bytesOf = (written: string | Buffer): Buffer => (typeof written === "string" ? Buffer.from(written) : written);

const collected = (events: readonly Event[]): Reply | string => {
  const collector = new Collector();
  for (const event of events) collector.push(event);
  return collector.reply() ?? `the stream failed: ${collector.failure?.message ?? "it has no end"}`;
};

/** Cut in the middle of its bytes: what it means does not depend on where. */
const decodeStream = (codec: ProviderCodec, bytes: Buffer): Event[] => {
  const decoder = codec.decodeStream(targetOf(codec, true), EVENT_BYTES_MAX);
  const middle = bytes.length >> 1;
  return [...decoder.push(bytes.subarray(0, middle)), ...decoder.push(bytes.subarray(middle)), ...decoder.end()];
};

const writeStream = (client: Pick<ClientCodec, "encodeStream">, events: readonly Event[], asked: Conversation): { bytes: Buffer; losses: string[] } => {
  const encoder = client.encodeStream(asked);
  const bytes = Buffer.concat(events.map((event) => bytesOf(encoder.push(event))));
  return { bytes, losses: encoder.losses.map(words) };
};

export const throughWhole = (reply: Reply, writer: Pick<ClientCodec, "encodeReply">, reader: ProviderCodec, asked: Conversation): Told | string => {
  const { body, losses } = writer.encodeReply(reply, asked);
  const read = reader.decodeReply(body, targetOf(reader, false));
  return isFailure(read) ? `${reader.name} reads a failure: ${read.message}` : { reply: read, losses: losses.map(words) };
};

export const throughStream = (events: readonly Event[], writer: Pick<ClientCodec, "encodeStream">, reader: ProviderCodec, asked: Conversation): (Told & { readonly events: Event[] }) | string => {
  const { bytes, losses } = writeStream(writer, events, asked);
  const read = decodeStream(reader, bytes);
  const reply = collected(read);
  return typeof reply === "string" ? `${reader.name} reads: ${reply}` : { reply, losses, events: read };
};

/** Other words for the same: a refusal may be told as text, with an end that says so. */
export const unexplained = (before: Meaning, after: Meaning, losses: readonly string[]): string[] => {
  if (losses.length > 0) return [];
  return differences(before, after).filter((aspect) => {
    if (partsOfUsage.has(aspect)) return after[aspect] !== "0" && after[aspect] !== undefined;
    // Two counts are numbers always there.
    if (untold.has(aspect) && before[aspect] === "-1") return after[aspect] !== "0";
    if (aspect === "finish" && retoldFinishes[before[aspect] ?? ""]?.includes(after[aspect] ?? "") === true) return false;
    // What a filter says of itself may be told where a refusal stands.
    if (aspect === "refusal" && before["finish"] === "withheld" && before[aspect] === "") return false;
    if (aspect !== "refusal" && aspect !== "text" && aspect !== "finish") return true;
    const isRetold = `${before["text"] ?? ""}${before["refusal"] ?? ""}` === `${after["text"] ?? ""}${after["refusal"] ?? ""}`;
    return aspect === "finish" ? !(isRetold && before["refusal"] !== "" && after[aspect] === "withheld") : !isRetold;
  });
};

export const described = (aspects: readonly string[], one: Meaning, other: Meaning): string => aspects.map((aspect) => `${aspect} (${JSON.stringify(one[aspect])} ≠ ${JSON.stringify(other[aspect])})`).join(", ");

const verdictOf = (about: readonly string[], before: Meaning, after: Meaning, losses: readonly string[]): Outcome["verdict"] => {
  if (losses.some((loss) => loss.endsWith("major"))) return "refused";
  if (losses.length > 0) return losses.every((loss) => / (?:approximated|limited) /.test(loss)) ? "near" : "lost";
  const changed = differences(before, after).filter((aspect) => aspect !== "ids" && about.includes(aspect));
  if (changed.length === 0) return "kept";
  return changed.every((aspect) => partsOfUsage.has(aspect) || untold.has(aspect)) ? "lost" : "mapped";
};

const onward = (client: ClientCodec, one: AnswerCase, first: Told, through: (reader: Codec) => Told | string): Outcome => {
  const reader = bothHalves(client);
  if (reader === null) return unsaid("no client of it is written here");
  const second = through(reader);
  const before = replyMeaning(first.reply);
  // What is broken is well told as a failure.
  if (typeof second === "string") return before["finish"] === "broken" ? { verdict: "mapped", losses: [], because: "", faults: [] } : { ...unsaid(""), faults: [second] };
  const after = replyMeaning(second.reply);
  // Where the provider gave none, the gateway did.
  const open = unexplained({ ...before, ids: "true" }, after, second.losses);
  return { verdict: verdictOf(one.about, before, after, second.losses), losses: second.losses, because: "", faults: open.length === 0 ? [] : [`${client.name} tells another ${described(open, before, after)}`] };
};

/** What a provider of this protocol can say of it; why not, otherwise. */
const saidWhole = (provider: ProviderCodec, one: AnswerCase, asked: Conversation): Told | string | null => {
  const server = serverOf(provider);
  return server === null ? null : throughWhole(ofProvider(one, provider), server, provider, asked);
};

const cannotSay = (one: AnswerCase, provider: ProviderCodec, said: Told): boolean => {
  const missed = differences(replyMeaning(ofProvider(one, provider)), replyMeaning(said.reply));
  return said.losses.length > 0 || missed.some((aspect) => aspect !== "ids" && one.about.includes(aspect));
};

const silentServer = (one: AnswerCase, provider: ProviderCodec, said: Told): string[] => {
  const [before, after] = [replyMeaning(ofProvider(one, provider)), replyMeaning(said.reply)];
  const open = unexplained(before, after, said.losses).filter((aspect) => aspect !== "ids");
  return open.length === 0 ? [] : [`${provider.name} reads another ${described(open, before, after)} than it writes`];
};

/** Null: what the provider told can be told to clients. */
const unfitFor = (one: AnswerCase, provider: ProviderCodec, first: Told | string): Outcome | null => {
  const isBroken = replyMeaning(ofProvider(one, provider))["finish"] === "broken";
  if (typeof first === "string") return isBroken ? unsaid("its providers tell it as a failure") : { ...unsaid(""), faults: [first] };
  const faults = silentServer(one, provider, first);
  if (faults.length > 0) return { ...unsaid(""), faults };
  if (!cannotSay(one, provider, first)) return null;
  const why = unwritten[provider.name]?.[one.name];
  return why === undefined ? unsaid("its providers cannot say it") : { verdict: "untried", losses: [], because: why, faults: [] };
};

export const sendReply = (client: ClientCodec, provider: ProviderCodec, one: AnswerCase): Outcome => {
  const skipped = idle(client, provider, one);
  if (skipped !== null) return skipped;
  const asked = questionOf(client, false);
  const first = saidWhole(provider, one, asked);
  if (first === null) return unsaid("no provider of it is written here");
  const unfit = unfitFor(one, provider, first);
  if (unfit !== null || typeof first === "string") return unfit ?? unsaid("");
  const undone = undoFor(client, provider, asked).reply(first.reply);
  return onward(client, one, first, (reader) => throughWhole(undone, client, reader, asked));
};

export const sendStream = (client: ClientCodec, provider: ProviderCodec, one: AnswerCase): Outcome => {
  const skipped = idle(client, provider, one);
  if (skipped !== null) return skipped;
  const asked = questionOf(client, true);
  const server = serverOf(provider);
  if (server === null) return unsaid("no provider of it is written here");
  const first = throughStream(eventsOf(ofProvider(one, provider)), server, provider, asked);
  const unfit = unfitFor(one, provider, first);
  if (unfit !== null || typeof first === "string") return unfit ?? unsaid("");
  const undo = undoFor(client, provider, asked);
  return onward(client, one, first, (reader) => throughStream(first.events.flatMap((event) => undo.event(event)), client, reader, asked));
};
