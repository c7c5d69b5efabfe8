// One request on its way: a client's bytes, what they mean, what fits the provider, the provider's bytes, what those mean.
// Whatever has changed on the way must have been told, or be one of the ways in which the same is said otherwise.
import { isInvalid, type ClientCodec, type Codec, type Encoded, type ProviderCodec } from "../../../dataplane/protocols/codec.ts";
import { noDialect } from "../../../dataplane/protocols/dialect.ts";
import { fit, type FetchedMedia, type Fitted } from "../../../dataplane/protocols/fit/index.ts";
import type { Conversation, Loss } from "../../../dataplane/protocols/ir.ts";
import { askedBy, type ConversationCase } from "./conversations.ts";
import { conversationMeaning, differences } from "./meaning.ts";
import { bothHalves, MODEL, modelOf, modelsAskedBy, speakingTo, targetOf } from "./protocols.ts";

/**
 * "kept": said as it is. "mapped": said otherwise, with the same meaning. "near": something close to it was sent. "unsaid": one
 * of the two protocols has no words for it. "untried": it may be said, but nobody says it in these tests.
 */
export type Verdict = "kept" | "mapped" | "near" | "lost" | "refused" | "unsaid" | "untried";

export interface Outcome {
  readonly verdict: Verdict;
  readonly losses: readonly string[];
  /** Why it is "unsaid" or "untried". */
  readonly because: string;
  /** What must not be. */
  readonly faults: readonly string[];
}

const unsaid = (because: string): Outcome => ({ verdict: "unsaid", losses: [], because, faults: [] });
const fault = (...faults: readonly string[]): Outcome => ({ verdict: "unsaid", losses: [], because: "", faults });

/** The same meaning in other words: only these may differ without a loss. */
const mappable = new Set(["turns", "tools", "toolChoice", "format", "stop", "isParallel"]);

const pixel: FetchedMedia = { data: "iVBORw0KGgo=", mediaType: "image/png" };

const queryOf = (path: string): string => (path.includes("?") ? path.slice(path.indexOf("?")) : "");

const headersOf = ({ headers }: Encoded): Record<string, string> => {
  const pairs: Record<string, string> = {};
  for (let index = 0; index + 1 < headers.length; index += 2) pairs[(headers[index] ?? "").toLowerCase()] = headers[index + 1] ?? "";
  return pairs;
};

/** As the side that is asked reads it; what the protocol itself put in beside the client's words is no part of the question. */
export const readBy = (codec: ClientCodec, encoded: Encoded, isStreaming: boolean): Conversation | string => {
  const read = codec.decodeRequest(encoded.body, { model: MODEL, isStreaming, query: queryOf(encoded.path), headers: headersOf(encoded) });
  return isInvalid(read) ? `${codec.name} refuses what it wrote itself: ${read.parameter} ${read.problem}` : { ...read, extras: {} };
};

/** What a client of this protocol can send of it, asking whichever model it can ask so. */
export const askedIn = (client: ClientCodec, one: ConversationCase): Conversation | Outcome => {
  const speaker = bothHalves(client);
  if (speaker === null) return unsaid("no client of it is written here");
  const named = one.models?.[client.name];
  let asked: Conversation | Outcome = unsaid("its clients cannot say it");
  for (const model of named === undefined ? modelsAskedBy(client) : [named]) {
    asked = askedOf(model, client, speaker, one);
    if (!("verdict" in asked) || asked.faults.length > 0) return asked;
  }
  return asked;
};

const askedOf = (model: string, client: ClientCodec, speaker: Codec, one: ConversationCase): Conversation | Outcome => {
  const wanted = askedBy(one, client.name);
  const target = speakingTo(speaker, wanted.isStreaming, model);
  const own = fit(wanted, target, speaker.abilities(target.dialect, model), speaker);
  const missed = differences(conversationMeaning(wanted), conversationMeaning(own.conversation));
  if (own.losses.length > 0 || own.fetches.length > 0 || missed.length > 0) return unsaid("its clients cannot say it");
  const encoded = speaker.encodeRequest(own.conversation, target);
  const read = readBy(client, encoded, wanted.isStreaming);
  if (typeof read === "string") return fault(read);
  const changed = differences(conversationMeaning(wanted), conversationMeaning(read));
  if (changed.length === 0) return one.isSaid?.(read) === false ? unsaid("its clients cannot say it") : read;
  if (encoded.losses.length > 0) return unsaid("its clients cannot say it");
  return fault(`${client.name} reads another ${describe(changed, conversationMeaning(wanted), conversationMeaning(read))} than it writes`);
};

const describe = (aspects: readonly string[], one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): string =>
  aspects.map((aspect) => `${aspect} (${JSON.stringify(one[aspect])} ≠ ${JSON.stringify(other[aspect])})`).join(", ");

export const words = ({ path, reason, severity }: Loss): string => `${path} ${reason} ${severity}`;

const marksIn = (conversation: Conversation): string[] => [...new Set(JSON.stringify([conversation.turns, conversation.tools, conversation.userId, conversation.metadata, conversation.cacheKey]).match(/mark-[a-z]+/g))];

/** What is lost is how strictly something is meant that is sent. */
const isOfStrictness = ({ path }: Loss): boolean => path.endsWith(".strict");

const severest = (losses: readonly Loss[]): Verdict => {
  if (losses.some(({ severity }) => severity === "major")) return "refused";
  return losses.some((loss) => (loss.reason === "unsupported" || loss.reason === "foreign") && !isOfStrictness(loss)) ? "lost" : "near";
};

/** `usual`: losses of the plainest question, which are not this case's. */
export const sendRequest = (client: ClientCodec, provider: ProviderCodec, one: ConversationCase, usual: readonly string[] = [], model = one.models?.[provider.name] ?? modelOf(provider)): Outcome => {
  const asked = askedIn(client, one);
  if ("verdict" in asked) return asked;
  const target = targetOf(provider, asked.isStreaming, model);
  const first = fit(asked, target, provider.abilities(noDialect, model), client);
  const fitted = first.withFetched(new Map(first.fetches.map(({ url }) => [url, pixel])));
  const encoded = provider.encodeRequest(fitted.conversation, target);
  const losses = [...fitted.losses, ...encoded.losses].filter((loss) => !usual.includes(words(loss)));
  const faults = [...notStill(fitted.conversation, fit(fitted.conversation, target, provider.abilities(noDialect, model), client)), ...silentlyChanged(asked, fitted.conversation, fitted.losses), ...wronglyTold(client, asked, fitted.conversation, fitted.losses), ...misread(provider, fitted.conversation, encoded), ...vanished(asked, encoded, losses, spent(asked, fitted.conversation, first.fetches))];
  const isMapped = first.fetches.length > 0 || differences(conversationMeaning(asked), conversationMeaning(fitted.conversation)).length > 0;
  return { verdict: losses.length > 0 ? severest(losses) : isMapped ? "mapped" : "kept", losses: losses.map(words), because: "", faults };
};

const silentlyChanged = (asked: Conversation, fitted: Conversation, losses: readonly Loss[]): string[] => {
  const [before, after] = [conversationMeaning(asked), conversationMeaning(fitted)];
  const silent = differences(before, after).filter((aspect) => !mappable.has(aspect));
  return silent.length > losses.length ? [`changed without a word: ${describe(silent, before, after)}`] : [];
};

/** What fits, fits: made to fit again it is the same. */
const notStill = (fitted: Conversation, again: Fitted): string[] => [
  ...differences(conversationMeaning(fitted), conversationMeaning(again.conversation)).map((aspect) => `does not fit yet: ${aspect}`),
  ...again.losses.filter(({ reason }) => reason !== "approximated").map((loss) => `does not fit yet: ${words(loss)}`),
];

/** What is told as lost must be missing. */
const wronglyTold = (client: ClientCodec, asked: Conversation, fitted: Conversation, losses: readonly Loss[]): string[] => {
  const changed = differences(conversationMeaning(asked), conversationMeaning(fitted));
  const aspects = new Map(Object.entries(client.fieldNames).map(([aspect, path]) => [path, aspect]));
  return losses
    .filter(({ path, reason }) => reason !== "approximated" && !changed.includes(aspects.get(path) ?? "") && (aspects.has(path) || (!changed.includes("turns") && !changed.includes("tools"))))
    .map((loss) => `told as lost although nothing is missing: ${words(loss)}`);
};

const misread = (provider: ProviderCodec, fitted: Conversation, encoded: Encoded): string[] => {
  const reader = bothHalves(provider);
  if (reader === null || encoded.losses.length > 0) return [];
  const read = readBy(reader, encoded, fitted.isStreaming);
  if (typeof read === "string") return [read];
  const [sent, understood] = [conversationMeaning(fitted), conversationMeaning(read)];
  // A limit that the protocol demands is the gateway's own.
  const changed = differences(sent, understood).filter((aspect) => aspect !== "maxOutputTokens" || sent[aspect] !== "");
  return changed.length === 0 ? [] : [`${provider.name} understands another ${describe(changed, sent, understood)}`];
};

/** What is gone because it has served: addresses that were fetched, and tools where none may be called. */
const spent = (asked: Conversation, { tools }: Conversation, fetches: readonly { readonly url: string }[]): string =>
  JSON.stringify([fetches.map(({ url }) => url), asked.toolChoice?.mode === "none" && tools.length === 0 ? asked.tools : []]);

const vanished = (asked: Conversation, { body }: Encoded, losses: readonly Loss[], served: string): string[] => {
  if (losses.length > 0) return [];
  const text = body.toString("utf8");
  const missing = marksIn(asked).filter((mark) => !text.includes(mark) && !isInBase64(text, mark) && !served.includes(mark));
  return missing.length === 0 ? [] : [`not in the provider's bytes: ${missing.join()}`];
};

const isInBase64 = (text: string, mark: string): boolean => (text.match(/[A-Za-z0-9+/]{8,}={0,2}/g) ?? []).some((word) => Buffer.from(word, "base64").toString("utf8").includes(mark));
