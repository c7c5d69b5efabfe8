// Questions that are said in another way for a provider's sake, and answered in that way: the client must read the answer in
// its own. The model in the middle does what it was told, in the words that reached it.
import type { ClientCodec, ProviderCodec } from "../../../dataplane/protocols/codec.ts";
import { noDialect } from "../../../dataplane/protocols/dialect.ts";
import { fit, type Fitted } from "../../../dataplane/protocols/fit/index.ts";
import { noUsage, type Block, type Conversation, type FinishReason, type Reply } from "../../../dataplane/protocols/ir.ts";
import { eventsOf } from "../../../dataplane/protocols/replay.ts";
import { conversations } from "./conversations.ts";
import { replyMeaning, type Meaning } from "./meaning.ts";
import { bothHalves, modelOf, targetOf } from "./protocols.ts";
import { throughStream, throughWhole, type Told } from "./replies.ts";
import { askedIn, type Outcome } from "./requests.ts";
import { serverOf, type Server } from "./servers.ts";

export interface Cycle {
  readonly name: string;
  /** Of conversations. */
  readonly question: string;
  answer(heard: Conversation): Reply;
  readonly expected: Meaning;
}

const reply = (block: Block, reason: FinishReason): Reply => ({
  id: "answer-1", model: "model-x", createdAt: 1_780_000_000, serviceTier: "", usage: { ...noUsage(), inputTokens: 9, outputTokens: 9 }, choices: [{ index: 0, blocks: [block], finish: { reason, raw: "" } }],
});

const calling = (name: string, words: string, isCustom = false): Reply => reply({ kind: "tool-call", at: "", id: "call_a1", name, arguments: words, ...(isCustom ? { isCustom } : {}) }, "tool-calls");
const saying = (words: string): Reply => reply({ kind: "text", at: "", text: words }, "stop");

const PLACE = '{"city":"Rom"}';
const PATCH = 'a "patch" \\ 😀\n';

const byName = (pattern: RegExp) => ({ tools }: Conversation) => tools.find(({ name }) => pattern.test(name));

const answerPlace = (heard: Conversation): Reply => {
  const tool = byName(/place/)(heard);
  return tool === undefined ? saying(PLACE) : calling(tool.name, PLACE);
};

/** Text up to where the model stops by itself. */
const stopping = (heard: Conversation, stop: string): Reply => {
  const whole = `one ${stop} two`;
  return saying(heard.sampling.stop.includes(stop) ? "one " : whole);
};

export const cycles: readonly Cycle[] = [
  ...["a schema", "a strict schema"].flatMap((form): Cycle[] => [
    { name: `an answer by ${form}`, question: `an answer by ${form}`, answer: answerPlace, expected: { text: PLACE, calls: "", finish: "done" } },
    { name: `an answer by ${form}, beside tools`, question: `an answer by ${form}, beside tools`, answer: answerPlace, expected: { text: PLACE, calls: "", finish: "done" } },
    { name: `a call beside an answer by ${form}`, question: `an answer by ${form}, beside tools`, answer: () => calling("weather", PLACE), expected: { text: "", calls: `weather ${PLACE}`, finish: "calls" } },
  ]),
  {
    name: "a call of a tool of free text",
    question: "a tool of free text",
    answer: ({ tools: [tool] }) => (tool?.kind === "custom" ? calling(tool.name, PATCH, true) : calling(tool?.name ?? "", JSON.stringify({ input: PATCH }))),
    expected: { calls: `edit ${PATCH}`, finish: "calls" },
  },
  { name: "a call of a tool with a name of other letters", question: "a tool's name of other letters", answer: (heard) => calling(byName(/read/)(heard)?.name ?? "", PLACE), expected: { calls: `files.read ${PLACE}` } },
  { name: "text up to a stop string", question: "a stop string", answer: (heard) => stopping(heard, "mark-stop"), expected: { text: "one ", finish: "done" } },
  { name: "text up to the last of many stop strings", question: "more stop strings than most take", answer: (heard) => stopping(heard, "mark-sf"), expected: { text: "one ", finish: "done" } },
  { name: "text up to a stop string of white space", question: "a stop string of white space", answer: (heard) => stopping(heard, "\n\n"), expected: { text: "one ", finish: "done" } },
];

const unsaid = (because: string): Outcome => ({ verdict: "unsaid", losses: [], because, faults: [] });

interface Way {
  readonly client: ClientCodec;
  readonly reader: ProviderCodec;
  readonly provider: ProviderCodec;
  readonly server: Server;
  readonly asked: Conversation;
  readonly fitted: Fitted;
}

/** The provider's own losses are in the first place: it could not say it then. */
const backWhole = (heard: Reply, { client, reader, provider, server, asked, fitted }: Way): Told | string | null => {
  const first = throughWhole(heard, server, provider, fitted.conversation);
  if (typeof first === "string") return first;
  return first.losses.length > 0 ? null : throughWhole(fitted.undo.reply(first.reply), client, reader, asked);
};

const backStreamed = (heard: Reply, { client, reader, provider, server, asked, fitted }: Way): Told | string | null => {
  const first = throughStream(eventsOf(heard), server, provider, fitted.conversation);
  if (typeof first === "string") return first;
  return first.losses.length > 0 ? null : throughStream(first.events.flatMap((event) => fitted.undo.event(event)), client, reader, asked);
};

const compared = (told: Told, expected: Meaning): Outcome => {
  const meaning = replyMeaning(told.reply);
  const faults = Object.entries(expected).filter(([aspect, value]) => meaning[aspect] !== value).map(([aspect, value]) => `${aspect}: ${JSON.stringify(meaning[aspect])} instead of ${JSON.stringify(value)}`);
  return { verdict: "kept", losses: told.losses, because: "", faults };
};

export const sendAround = (client: ClientCodec, provider: ProviderCodec, { question, answer, expected }: Cycle, isStreaming: boolean): Outcome => {
  const one = conversations.find(({ name }) => name === question);
  if (one === undefined) throw new Error(`there is no conversation ${question}`);
  const read = askedIn(client, one);
  if ("verdict" in read) return read;
  const [server, reader] = [serverOf(provider), bothHalves(client)];
  if (server === null || reader === null) return unsaid("nobody writes both sides of it here");
  const asked = { ...read, isStreaming, isUsageWanted: true };
  const target = targetOf(provider, isStreaming, modelOf(provider));
  const fitted = fit(asked, target, provider.abilities(noDialect, target.model), client);
  if (fitted.losses.some(({ severity }) => severity === "major")) return unsaid("it is refused");
  const told = (isStreaming ? backStreamed : backWhole)(answer(fitted.conversation), { client, reader, provider, server, asked, fitted });
  if (typeof told === "string") return { ...unsaid(""), faults: [told] };
  return told === null ? unsaid("its providers cannot say it") : compared(told, expected);
};
